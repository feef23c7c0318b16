//! A notification seed of one's own (SNIP-52, "UpdateSeed Method").

use bech32::{Bech32, Hrp};
use cosmwasm_std::testing::{mock_dependencies, mock_env, mock_info};
use cosmwasm_std::{from_binary, Addr, Binary, Env, StdResult, Storage};
use k256::ecdsa::{Signature, SigningKey};
use ripemd::Ripemd160;
use secret_ai_contract_kit::notification::{make_secret, seed_of, seed_sign_bytes, update_seed};
use secret_ai_contract_kit::permit::KEY_TYPE;
use secret_ai_contract_kit::sha256;
use secret_ai_interface::auth::{PermitPublicKey, PermitSignature};
use secret_ai_interface::notifications::{SeedUpdateParams, SignedSeedUpdate, UpdateSeedAnswer};
use sha2::{Digest, Sha256};

fn key(byte: u8) -> SigningKey {
    SigningKey::from_slice(&[byte; 32]).unwrap()
}

fn public_key(key: &SigningKey) -> Vec<u8> {
    key.verifying_key().to_sec1_point(true).as_bytes().to_vec()
}

fn address(key: &SigningKey) -> Addr {
    let hash = Ripemd160::digest(Sha256::digest(public_key(key)));
    let hrp = Hrp::parse("secret").unwrap();
    Addr::unchecked(bech32::encode::<Bech32>(hrp, &hash).unwrap())
}

fn signed(key: &SigningKey, env: &Env, previous: &[u8; 32]) -> SignedSeedUpdate {
    let document = seed_sign_bytes(&env.block.chain_id, &env.contract.address, previous);
    let (signature, _): (Signature, _) = key.sign_prehash_recoverable(&sha256(&[&document]));
    SignedSeedUpdate {
        params: SeedUpdateParams {
            chain_id: env.block.chain_id.clone(),
            contract: None,
            previous_seed: None,
        },
        signature: PermitSignature {
            pub_key: PermitPublicKey {
                key_type: KEY_TYPE.into(),
                value: Binary(public_key(key)),
            },
            signature: Binary(signature.normalize_s().to_bytes().to_vec()),
        },
    }
}

/// The document is the standard's, byte for byte: sorted keys, no spaces.
#[test]
fn the_signed_document_is_that_of_the_standard() {
    let expected = concat!(
        r#"{"account_number":"0","chain_id":"secret-4","fee":{"amount":[{"amount":"0","#,
        r#""denom":"uscrt"}],"gas":"1"},"memo":"","msgs":[{"type":"notification_seed","#,
        r#""value":{"contract":"secret1a","previous_seed":"#,
        r#""AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="}}],"sequence":"0"}"#
    );
    let bytes = seed_sign_bytes("secret-4", &Addr::unchecked("secret1a"), &[1; 32]);
    assert_eq!(String::from_utf8(bytes).unwrap(), expected);
}

#[test]
fn a_signature_gives_a_new_seed_which_the_next_must_name() {
    let (mut deps, env) = (mock_dependencies(), mock_env());
    make_secret(&mut deps.storage, &env).unwrap();
    let alice = address(&key(1));
    let info = mock_info(alice.as_str(), &[]);
    let derived = seed_of(&deps.storage, &alice).unwrap();
    assert_ne!(derived, seed_of(&deps.storage, &address(&key(2))).unwrap());

    let update = signed(&key(1), &env, &derived);
    let response = update_seed(deps.as_mut(), &env, &info, &update).unwrap();
    let chosen = seed_of(&deps.storage, &alice).unwrap();
    assert_eq!(chosen, sha256(&[&update.signature.signature]));
    let UpdateSeedAnswer::UpdateSeed { seed } = from_binary(&response.data.unwrap()).unwrap();
    assert_eq!(seed.as_slice(), chosen);

    // The same document again names a seed that is gone.
    assert!(update_seed(deps.as_mut(), &env, &info, &update).is_err());
    let mut next = signed(&key(1), &env, &chosen);
    next.params.contract = Some(env.contract.address.clone());
    next.params.previous_seed = Some(seed);
    update_seed(deps.as_mut(), &env, &info, &next).unwrap();
    assert_ne!(seed_of(&deps.storage, &alice).unwrap(), chosen);
}

#[test]
fn whatever_is_wrong_gives_the_same_error_and_changes_nothing() {
    let (mut deps, env) = (mock_dependencies(), mock_env());
    make_secret(&mut deps.storage, &env).unwrap();
    let alice = address(&key(1));
    let derived = seed_of(&deps.storage, &alice).unwrap();
    let good = signed(&key(1), &env, &derived);
    let change = |f: &dyn Fn(&mut SignedSeedUpdate)| {
        let mut changed = good.clone();
        f(&mut changed);
        changed
    };
    let mut elsewhere = env.clone();
    elsewhere.contract.address = Addr::unchecked("elsewhere");
    let bad = [
        change(&|s| s.params.chain_id.push('x')),
        change(&|s| s.params.contract = Some(Addr::unchecked("elsewhere"))),
        change(&|s| s.params.previous_seed = Some(Binary(vec![0; 32]))),
        change(&|s| s.signature.pub_key.key_type.push('x')),
        change(&|s| s.signature.signature.0[0] ^= 1),
        change(&|s| s.signature.signature.0.clear()),
        change(&|s| s.signature.pub_key.value.0.clear()),
        signed(&key(2), &env, &derived),
        signed(&key(1), &elsewhere, &derived),
        signed(&key(1), &env, &[0; 32]),
    ];
    let info = mock_info(alice.as_str(), &[]);
    let mut update = |signed: &SignedSeedUpdate| -> StdResult<_> {
        update_seed(deps.as_mut(), &env, &info, signed)
    };
    let errors: Vec<_> = bad.iter().map(|b| update(b).unwrap_err()).collect();
    assert!(errors.windows(2).all(|w| w[0] == w[1]), "{errors:?}");
    update(&good).unwrap();
}

#[test]
fn the_secret_differs_between_contracts() {
    let seed = |random: u8| {
        let (mut deps, mut env) = (mock_dependencies(), mock_env());
        env.block.random = Some(Binary(vec![random; 32]));
        make_secret(&mut deps.storage, &env).unwrap();
        assert_eq!(deps.storage.get(b"notified_tx"), Some(vec![0; 32]));
        seed_of(&deps.storage, &address(&key(1))).unwrap()
    };
    assert_ne!(seed(1), seed(2));
}
