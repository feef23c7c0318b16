//! Permits of one signer, made and changed at will.
#![allow(dead_code)] // each test file uses its part

pub mod watched;

use cosmwasm_std::testing::{mock_dependencies, mock_env};
use cosmwasm_std::{Addr, Binary, Env};
use k256::ecdsa::{Signature, SigningKey};
use secret_ai_contract_kit::permit::{sign_bytes, validate, KEY_TYPE};
use secret_ai_interface::auth::{
    Permission, Permit, PermitParams, PermitPublicKey, PermitSignature,
};
use sha2::{Digest, Sha256};

/// A permit for the contract and chain of `env`, without dates.
pub fn params(env: &Env) -> PermitParams {
    PermitParams {
        allowed_tokens: vec![env.contract.address.to_string()],
        created: None,
        expires: None,
        permit_name: "test".into(),
        chain_id: env.block.chain_id.clone(),
        permissions: vec![Permission::Owner],
    }
}

pub fn signed(params: PermitParams) -> Permit {
    let key = SigningKey::from_slice(&[1; 32]).unwrap();
    let digest = Sha256::digest(sign_bytes(&params).unwrap());
    let (signature, _): (Signature, _) = key.sign_prehash_recoverable(&digest);
    let public_key = key.verifying_key().to_sec1_point(true).as_bytes().to_vec();
    Permit {
        params,
        signature: PermitSignature {
            pub_key: PermitPublicKey {
                key_type: KEY_TYPE.into(),
                value: Binary(public_key),
            },
            signature: Binary(signature.normalize_s().to_bytes().to_vec()),
        },
    }
}

/// The good permit after a change, signed.
pub fn changed(env: &Env, change: impl FnOnce(&mut PermitParams)) -> Permit {
    let mut params = params(env);
    change(&mut params);
    signed(params)
}

/// A permit made at this time.
pub fn created(env: &Env, date: &str) -> Permit {
    changed(env, |params| params.created = Some(date.to_string()))
}

/// The address behind [`signed`].
pub fn signer() -> Addr {
    let (deps, env) = (mock_dependencies(), mock_env());
    let permit = signed(params(&env));
    validate(deps.as_ref(), &env, &permit, &[Permission::Owner]).unwrap()
}
