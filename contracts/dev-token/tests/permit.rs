//! `with_permit` and `revoke_permit` (SNIP-24); dates and `revoke_all_permits` (SNIP-24.1).

#[allow(dead_code)] // each test file uses its part
mod common;

use common::{Suite, KEY};
use cosmwasm_std::{Binary, Uint64};
use secret_ai_interface::auth::{
    Permission, Permit, PermitParams, PermitPublicKey, PermitRevocation, PermitSignature,
    RevokedInterval, Viewer, ANY_TOKEN,
};
use secret_ai_interface::token::{
    ExecuteAnswer, ExecuteMsg, QueryAnswer, QueryMsg, QueryWithPermit, ResponseStatus,
};
use secret_ai_multi_test::Wallet;

/// What a wallet signs, written by hand: it must not come from the code under test.
fn sign_doc(token: &str, dates: &str, permission: &str) -> String {
    format!(
        concat!(
            r#"{{"account_number":"0","chain_id":"secretdev-1","#,
            r#""fee":{{"amount":[{{"amount":"0","denom":"uscrt"}}],"gas":"1"}},"memo":"","#,
            r#""msgs":[{{"type":"query_permit","value":{{"allowed_tokens":["{}"],{}"#,
            r#""permissions":["{}"],"permit_name":"test"}}}}],"sequence":"0"}}"#
        ),
        token, dates, permission
    )
}

/// For the token, without dates.
fn permit(suite: &Suite, signer: &str, permission: Permission) -> Permit {
    let token = suite.token.address.as_str();
    dated(token, None, None, signer, permission)
}

fn dated(
    token: &str,
    created: Option<&str>,
    expires: Option<&str>,
    signer: &str,
    permission: Permission,
) -> Permit {
    let wallet = Wallet::new(signer);
    let name = match permission {
        Permission::Owner => "owner",
        Permission::Balance => "balance",
        Permission::History => "history",
        Permission::Allowance => "allowance",
        Permission::Other(ref name) => name,
    };
    let field = |name, date: Option<&str>| {
        date.map_or(String::new(), |date| format!(r#""{name}":"{date}","#))
    };
    let dates = field("created", created) + &field("expires", expires);
    let signature = wallet.sign(sign_doc(token, &dates, name).as_bytes());
    Permit {
        params: PermitParams {
            allowed_tokens: vec![token.to_string()],
            created: created.map(str::to_string),
            expires: expires.map(str::to_string),
            permit_name: "test".to_string(),
            chain_id: "secretdev-1".to_string(),
            permissions: vec![permission],
        },
        signature: PermitSignature {
            pub_key: PermitPublicKey {
                key_type: "tendermint/PubKeySecp256k1".to_string(),
                value: Binary(wallet.public_key()),
            },
            signature: Binary(signature),
        },
    }
}

fn ask(suite: &Suite, permit: Permit, query: QueryWithPermit) -> Result<QueryAnswer, String> {
    suite.query(&QueryMsg::WithPermit { permit, query })
}

fn allowance(suite: &Suite) -> QueryWithPermit {
    QueryWithPermit::Allowance {
        owner: suite.alice.to_string(),
        spender: suite.bob.to_string(),
    }
}

#[test]
fn permit_opens_the_signers_balance() {
    let suite = Suite::new();
    for permission in [Permission::Owner, Permission::Balance] {
        let permit = permit(&suite, "alice", permission);
        let answer = ask(&suite, permit, QueryWithPermit::Balance {}).unwrap();
        assert_eq!(
            answer,
            QueryAnswer::Balance {
                amount: 1_000u128.into()
            }
        );
    }
}

#[test]
fn permission_must_fit_the_query() {
    let suite = Suite::new();
    for permission in [Permission::History, Permission::Allowance] {
        let permit = permit(&suite, "alice", permission);
        assert!(ask(&suite, permit, QueryWithPermit::Balance {}).is_err());
    }
}

#[test]
fn either_side_reads_an_allowance_and_nobody_else() {
    let mut suite = Suite::new();
    suite.allow(9, None);
    for signer in ["alice", "bob"] {
        let permit = permit(&suite, signer, Permission::Allowance);
        match ask(&suite, permit, allowance(&suite)).unwrap() {
            QueryAnswer::Allowance { allowance, .. } => assert_eq!(allowance.u128(), 9),
            other => panic!("{other:?}"),
        }
    }
    let permit = permit(&suite, "mallory", Permission::Allowance);
    let error = ask(&suite, permit, allowance(&suite)).unwrap_err();
    assert!(error.contains("neither owner nor spender"), "{error}");
}

#[test]
fn attack_changed_permits_are_refused_alike() {
    let suite = Suite::new();
    let good = permit(&suite, "alice", Permission::Balance);
    let mut errors = vec![];
    let changes: [fn(&mut Permit); 5] = [
        |p| p.params.permit_name = "other".to_string(),
        |p| p.params.chain_id = "secret-4".to_string(),
        |p| p.params.allowed_tokens.push("ANY".to_string()),
        |p| p.params.permissions = vec![Permission::Owner],
        |p| p.signature.signature.0[0] ^= 1,
    ];
    for change in changes {
        let mut changed = good.clone();
        change(&mut changed);
        errors.push(ask(&suite, changed, QueryWithPermit::Balance {}).unwrap_err());
    }
    assert!(errors.iter().all(|error| *error == errors[0]), "{errors:?}");
    assert!(ask(&suite, good, QueryWithPermit::Balance {}).is_ok());
}

#[test]
fn revoked_permit_opens_nothing_and_only_for_its_signer() {
    let mut suite = Suite::new();
    let alice = suite.alice.clone();
    let msg = ExecuteMsg::RevokePermit {
        permit_name: "test".to_string(),
        padding: None,
    };
    suite.answer(&alice, &msg);
    let of = |signer| permit(&suite, signer, Permission::Balance);
    assert!(ask(&suite, of("alice"), QueryWithPermit::Balance {}).is_err());
    assert!(ask(&suite, of("bob"), QueryWithPermit::Balance {}).is_ok());
}

const NEW_YEAR: &str = "2026-01-01T00:00:00.000Z";

/// The chain starts at new year.
#[test]
fn permit_is_good_between_its_dates_for_any_token_too() {
    let mut suite = Suite::new();
    let here = suite.token.address.to_string();
    let of = |token: &str| {
        let expires = Some("2026-01-01T01:00:00.000Z");
        dated(token, Some(NEW_YEAR), expires, "alice", Permission::Balance)
    };
    let open = |suite: &Suite, permit| ask(suite, permit, QueryWithPermit::Balance {}).is_ok();
    let future = dated(
        &here,
        Some("2026-01-01T00:00:00.001Z"),
        None,
        "alice",
        Permission::Balance,
    );
    assert!(!open(&suite, future));
    for token in [here.as_str(), ANY_TOKEN] {
        assert!(open(&suite, of(token)), "{token}");
    }
    suite.app.advance(3_600);
    for token in [here.as_str(), ANY_TOKEN] {
        assert!(!open(&suite, of(token)), "{token}");
    }
}

fn revoke_all(suite: &mut Suite, before: Option<u64>, after: Option<u64>) -> String {
    let msg = ExecuteMsg::RevokeAllPermits {
        interval: RevokedInterval {
            created_before: before.map(Uint64::new),
            created_after: after.map(Uint64::new),
        },
        padding: None,
    };
    let alice = suite.alice.clone();
    match suite.answer(&alice, &msg) {
        ExecuteAnswer::RevokeAllPermits { revocation_id, .. } => revocation_id,
        other => panic!("{other:?}"),
    }
}

#[test]
fn permits_of_an_interval_are_revoked_until_it_is_deleted() {
    let mut suite = Suite::new();
    let start = suite.app.block_time();
    suite.app.advance(600);
    let here = suite.token.address.to_string();
    let old = dated(&here, Some(NEW_YEAR), None, "alice", Permission::Balance);
    let young = Some("2026-01-01T00:05:00.000Z");
    let young = dated(&here, young, None, "alice", Permission::Balance);
    let undated = permit(&suite, "alice", Permission::Balance);
    let open = |suite: &Suite| {
        [&old, &young, &undated]
            .map(|permit| ask(suite, permit.clone(), QueryWithPermit::Balance {}).is_ok())
    };
    assert_eq!(open(&suite), [true; 3]);
    let id = revoke_all(&mut suite, Some(start + 60), None);
    assert_eq!((id.as_str(), open(&suite)), ("0", [false, true, false]));
    let all = revoke_all(&mut suite, None, None);
    assert_eq!((all.as_str(), open(&suite)), ("REVOKED_ALL", [false; 3]));
    let alice = suite.alice.clone();
    for revocation_id in [all, id] {
        let msg = ExecuteMsg::DeletePermitRevocation {
            revocation_id,
            padding: None,
        };
        let status = ResponseStatus::Success;
        let expected = ExecuteAnswer::DeletePermitRevocation { status };
        assert_eq!(suite.answer(&alice, &msg), expected);
    }
    assert_eq!(open(&suite), [true; 3]);
}

#[test]
fn revocations_are_listed_by_key_and_by_permit_of_the_owner() {
    let mut suite = Suite::new();
    revoke_all(&mut suite, Some(9), Some(5));
    let interval = RevokedInterval {
        created_before: Some(Uint64::new(9)),
        created_after: Some(Uint64::new(5)),
    };
    let expected = QueryAnswer::ListPermitRevocations {
        revocations: vec![PermitRevocation {
            revocation_id: "0".to_string(),
            interval,
        }],
    };
    let by_key = |key: &str| {
        suite.query(&QueryMsg::ListPermitRevocations {
            viewer: Viewer {
                address: suite.alice.clone(),
                viewing_key: key.to_string(),
            },
            page: None,
            page_size: None,
        })
    };
    assert_eq!(by_key(KEY).unwrap(), expected);
    let refused = by_key("a wrong key").unwrap();
    assert!(matches!(refused, QueryAnswer::ViewingKeyError { .. }));

    let here = suite.token.address.as_str();
    let by_permit = |permission| {
        let query = QueryWithPermit::ListPermitRevocations {
            page: None,
            page_size: None,
        };
        let permit = dated(here, Some(NEW_YEAR), None, "alice", permission);
        ask(&suite, permit, query)
    };
    assert_eq!(by_permit(Permission::Owner).unwrap(), expected);
    assert!(by_permit(Permission::Balance).is_err());
}
