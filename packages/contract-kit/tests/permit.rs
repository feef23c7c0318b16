//! Permits: signed by the wallet, for this contract, chain and query, and not revoked.

use cosmwasm_std::testing::{mock_dependencies, mock_env};
use cosmwasm_std::{Addr, Binary, Env};
use k256::ecdsa::{Signature, SigningKey};
use secret_ai_contract_kit::permit::{revoke, sign_bytes, validate, KEY_TYPE};
use secret_ai_interface::auth::{
    Permission, Permit, PermitParams, PermitPublicKey, PermitSignature,
};
use sha2::{Digest, Sha256};

fn params(env: &Env) -> PermitParams {
    PermitParams {
        allowed_tokens: vec![env.contract.address.to_string()],
        permit_name: "test".into(),
        chain_id: env.block.chain_id.clone(),
        permissions: vec![Permission::Owner],
    }
}

fn signed(params: PermitParams) -> Permit {
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

/// The document is the one of SNIP-24, byte for byte: sorted keys, no spaces.
#[test]
fn the_signed_document_is_that_of_the_standard() {
    let params = PermitParams {
        allowed_tokens: vec!["secret1a".into()],
        permit_name: "p".into(),
        chain_id: "secret-4".into(),
        permissions: vec![Permission::Owner],
    };
    let expected = concat!(
        r#"{"account_number":"0","chain_id":"secret-4","fee":{"amount":[{"amount":"0","#,
        r#""denom":"uscrt"}],"gas":"1"},"memo":"","msgs":[{"type":"query_permit","value":"#,
        r#"{"allowed_tokens":["secret1a"],"permissions":["owner"],"permit_name":"p"}}],"#,
        r#""sequence":"0"}"#
    );
    assert_eq!(
        String::from_utf8(sign_bytes(&params).unwrap()).unwrap(),
        expected
    );
}

#[test]
fn a_good_permit_names_its_signer() {
    let (deps, env) = (mock_dependencies(), mock_env());
    let signer = validate(
        deps.as_ref(),
        &env,
        &signed(params(&env)),
        &[Permission::Owner],
    );
    // RIPEMD160(SHA256(public key of private key 0x01…01)) in bech32.
    let signer = signer.unwrap();
    assert!(
        signer.as_str().starts_with("secret1") && signer.as_str().len() == 45,
        "{signer}"
    );
}

#[test]
fn whatever_is_wrong_gives_the_same_error() {
    let (mut deps, env) = (mock_dependencies(), mock_env());
    let good = signed(params(&env));
    let change = |f: &dyn Fn(&mut PermitParams)| {
        let mut params = params(&env);
        f(&mut params);
        signed(params)
    };
    let mut forged = good.clone();
    forged.params.permit_name = "other".into();
    let mut foreign_key = good.clone();
    foreign_key.signature.pub_key.key_type = "tendermint/PubKeyEd25519".into();
    let bad = [
        forged,
        foreign_key,
        change(&|p| p.allowed_tokens = vec!["secret1other".into()]),
        change(&|p| p.chain_id = "other-1".into()),
        change(&|p| p.permissions = vec![Permission::History]),
    ];
    let mut errors: Vec<_> = bad
        .iter()
        .map(|p| {
            validate(deps.as_ref(), &env, p, &[Permission::Owner])
                .unwrap_err()
                .to_string()
        })
        .collect();
    let signer = validate(deps.as_ref(), &env, &good, &[Permission::Owner]).unwrap();
    revoke(deps.as_mut().storage, &signer, "test").unwrap();
    let revoked = validate(deps.as_ref(), &env, &good, &[Permission::Owner]).unwrap_err();
    errors.push(revoked.to_string());
    errors.dedup();
    assert_eq!(errors.len(), 1, "{errors:?}");
}

#[test]
fn a_revocation_is_the_signers_own() {
    let (mut deps, env) = (mock_dependencies(), mock_env());
    revoke(
        deps.as_mut().storage,
        &Addr::unchecked("somebody else"),
        "test",
    )
    .unwrap();
    assert!(validate(
        deps.as_ref(),
        &env,
        &signed(params(&env)),
        &[Permission::Owner]
    )
    .is_ok());
    let long = "n".repeat(129);
    let refused = revoke(deps.as_mut().storage, &Addr::unchecked("x"), &long).unwrap_err();
    assert!(refused
        .to_string()
        .contains("permit_name: 129 bytes, must be at most 128"));
}
