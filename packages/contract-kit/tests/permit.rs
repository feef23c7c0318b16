//! Permits: signed by the wallet, for this contract, chain, time and query, and not revoked.

mod common;

use common::{changed, created, params, signed, signer};
use cosmwasm_std::testing::{mock_dependencies, mock_env};
use cosmwasm_std::{from_slice, to_vec, Addr, Env, StdResult, Timestamp};
use secret_ai_contract_kit::permit::{revoke, revoke_all, sign_bytes, validate};
use secret_ai_interface::auth::{Permission, Permit, PermitParams, RevokedInterval, ANY_TOKEN};

const NOON: &str = "2026-01-01T12:00:00.500Z";
const NOON_NANOS: u64 = 1_767_268_800_500_000_000;

fn at(nanos: u64) -> Env {
    let mut env = mock_env();
    env.block.time = Timestamp::from_nanos(nanos);
    env
}

fn check(env: &Env, permit: &Permit) -> StdResult<Addr> {
    let deps = mock_dependencies();
    validate(deps.as_ref(), env, permit, &[Permission::Owner])
}

/// The documents are those of SNIP-24 and SNIP-24.1, byte for byte: sorted keys, no spaces, no key
/// without a value.
#[test]
fn the_signed_documents_are_those_of_the_standards() {
    let (created, expires) = ("2024-12-17T16:59:00.000Z", "2024-12-20T06:59:30.333Z");
    let golden = |tokens: &str, dates: &str| {
        let head = concat!(
            r#"{"account_number":"0","chain_id":"secret-4","fee":{"amount":[{"amount":"0","#,
            r#""denom":"uscrt"}],"gas":"1"},"memo":"","msgs":[{"type":"query_permit","value":"#,
        );
        let tail = r#""permissions":["balance"],"permit_name":"test"}}],"sequence":"0"}"#;
        format!(r#"{head}{{"allowed_tokens":["{tokens}"],{dates}{tail}"#)
    };
    let cases = [
        ("secret1a", None, None, ""),
        (
            "secret1a",
            Some(created),
            None,
            r#""created":"2024-12-17T16:59:00.000Z","#,
        ),
        (
            "secret1a",
            None,
            Some(expires),
            r#""expires":"2024-12-20T06:59:30.333Z","#,
        ),
        (
            ANY_TOKEN,
            Some(created),
            Some(expires),
            r#""created":"2024-12-17T16:59:00.000Z","expires":"2024-12-20T06:59:30.333Z","#,
        ),
    ];
    for (token, created, expires, dates) in cases {
        let params = PermitParams {
            allowed_tokens: vec![token.into()],
            created: created.map(String::from),
            expires: expires.map(String::from),
            permit_name: "test".into(),
            chain_id: "secret-4".into(),
            permissions: vec![Permission::Balance],
        };
        let document = String::from_utf8(sign_bytes(&params).unwrap()).unwrap();
        assert_eq!(document, golden(token, dates));
    }
}

/// Permits of SNIP-24 read and write as before; permissions of other contracts are kept as signed.
#[test]
fn permits_travel_with_and_without_dates() {
    let old = concat!(
        r#"{"allowed_tokens":["a"],"permit_name":"p","chain_id":"c","#,
        r#""permissions":["owner","balance","history","allowance","mint badges"]}"#
    );
    let dated = old.replace(r#""permit"#, &format!(r#""created":"{NOON}","permit"#));
    for (text, created) in [(old, None), (dated.as_str(), Some(NOON.to_string()))] {
        let params: PermitParams = from_slice(text.as_bytes()).unwrap();
        assert_eq!(params.created, created);
        assert_eq!(
            params.permissions[4],
            Permission::Other("mint badges".into())
        );
        assert_eq!(String::from_utf8(to_vec(&params).unwrap()).unwrap(), text);
    }
}

#[test]
fn a_good_permit_names_its_signer() {
    // RIPEMD160(SHA256(public key of private key 0x01…01)) in bech32.
    let signer = signer();
    assert!(
        signer.as_str().starts_with("secret1") && signer.as_str().len() == 45,
        "{signer}"
    );
}

#[test]
fn a_permit_is_good_from_its_date_on() {
    for (time, good) in [
        (NOON_NANOS - 1_000_000, false),
        (NOON_NANOS - 1, false),
        (NOON_NANOS, true),
        (u64::MAX, true),
    ] {
        let env = at(time);
        assert_eq!(check(&env, &created(&env, NOON)).is_ok(), good, "{time}");
    }
}

#[test]
fn a_permit_ends_at_its_date() {
    for (time, good) in [
        (0, true),
        (NOON_NANOS - 1, true),
        (NOON_NANOS, false),
        (u64::MAX, false),
    ] {
        let env = at(time);
        let permit = changed(&env, |p| p.expires = Some(NOON.into()));
        assert_eq!(check(&env, &permit).is_ok(), good, "{time}");
    }
}

#[test]
fn a_blanket_permit_is_good_anywhere_if_it_is_dated_and_says_nothing_else() {
    let env = at(NOON_NANOS);
    let here = env.contract.address.as_str();
    let cases: [(&[&str], bool, bool); 5] = [
        (&[ANY_TOKEN], true, true),
        (&[ANY_TOKEN], false, false),
        (&[ANY_TOKEN, here], true, false),
        (&[here, ANY_TOKEN], true, false),
        (&[ANY_TOKEN, ANY_TOKEN], true, false),
    ];
    for (tokens, dated, good) in cases {
        let permit = changed(&env, |p| {
            p.allowed_tokens = tokens.iter().map(|t| t.to_string()).collect();
            p.created = dated.then(|| NOON.to_string());
        });
        assert_eq!(check(&env, &permit).is_ok(), good, "{tokens:?} {dated}");
    }
}

#[test]
fn whatever_is_wrong_gives_the_same_error() {
    let env = at(NOON_NANOS);
    let good = created(&env, NOON);
    let mut forged = good.clone();
    forged.params.created = None;
    let mut extended = changed(&env, |p| p.expires = Some(NOON.into()));
    extended.params.expires = Some("2027-01-01T00:00:00.000Z".into());
    let mut foreign_key = good.clone();
    foreign_key.signature.pub_key.key_type = "tendermint/PubKeyEd25519".into();
    let mut no_key = good.clone();
    no_key.signature.pub_key.value = vec![0; 33].into();
    let blanket = |change: fn(&mut PermitParams)| {
        changed(&env, |p| {
            p.allowed_tokens = vec![ANY_TOKEN.into()];
            p.created = Some(NOON.into());
            change(p);
        })
    };
    let bad = [
        forged,
        extended,
        foreign_key,
        no_key,
        changed(&env, |p| p.allowed_tokens = vec!["secret1other".into()]),
        changed(&env, |p| p.allowed_tokens = vec![]),
        changed(&env, |p| p.chain_id = "other-1".into()),
        changed(&env, |p| p.permissions = vec![Permission::History]),
        changed(&env, |p| {
            p.permissions = vec![Permission::Other("OWNER".into())]
        }),
        changed(&env, |p| p.permit_name = "n".repeat(129)),
        changed(&env, |p| p.expires = Some(NOON.into())),
        changed(&env, |p| p.expires = Some("never".into())),
        created(&env, "2026-01-01T12:00:00.501Z"),
        created(&env, ""),
        blanket(|p| p.chain_id = "other-1".into()),
        blanket(|p| p.permissions = vec![Permission::Balance]),
        blanket(|p| p.created = Some("2026-02-30T00:00:00.000Z".into())),
    ];
    let mut errors: Vec<_> = bad.iter().map(|p| check(&env, p).unwrap_err()).collect();

    let refused_after = |revoke: &dyn Fn(&mut dyn cosmwasm_std::Storage)| {
        let mut deps = mock_dependencies();
        validate(deps.as_ref(), &env, &good, &[Permission::Owner]).unwrap();
        revoke(&mut deps.storage);
        validate(deps.as_ref(), &env, &good, &[Permission::Owner]).unwrap_err()
    };
    errors.push(refused_after(&|storage| {
        revoke(storage, &signer(), "test").unwrap();
    }));
    errors.push(refused_after(&|storage| {
        revoke_all(storage, &signer(), RevokedInterval::default()).unwrap();
    }));
    let count = errors.len();
    errors.dedup();
    assert_eq!((count, errors.len()), (bad.len() + 2, 1), "{errors:?}");
}

#[test]
fn a_revocation_is_the_signers_own() {
    let (mut deps, env) = (mock_dependencies(), mock_env());
    let somebody = Addr::unchecked("somebody else");
    revoke(deps.as_mut().storage, &somebody, "test").unwrap();
    revoke_all(deps.as_mut().storage, &somebody, RevokedInterval::default()).unwrap();
    let permit = signed(params(&env));
    assert!(validate(deps.as_ref(), &env, &permit, &[Permission::Owner]).is_ok());
    let long = "n".repeat(129);
    let refused = revoke(deps.as_mut().storage, &Addr::unchecked("x"), &long).unwrap_err();
    assert!(refused
        .to_string()
        .contains("permit_name: 129 bytes, must be at most 128"));
}
