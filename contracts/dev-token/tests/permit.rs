//! `with_permit` and `revoke_permit` (SNIP-24).

#[allow(dead_code)] // each test file uses its part
mod common;

use common::Suite;
use cosmwasm_std::Binary;
use secret_ai_interface::auth::{
    Permission, Permit, PermitParams, PermitPublicKey, PermitSignature,
};
use secret_ai_interface::token::{ExecuteMsg, QueryAnswer, QueryMsg, QueryWithPermit};
use secret_ai_multi_test::Wallet;

/// What a wallet signs, written by hand: it must not come from the code under test.
fn sign_doc(token: &str, permission: &str) -> String {
    format!(
        concat!(
            r#"{{"account_number":"0","chain_id":"secretdev-1","#,
            r#""fee":{{"amount":[{{"amount":"0","denom":"uscrt"}}],"gas":"1"}},"memo":"","#,
            r#""msgs":[{{"type":"query_permit","value":{{"allowed_tokens":["{}"],"#,
            r#""permissions":["{}"],"permit_name":"test"}}}}],"sequence":"0"}}"#
        ),
        token, permission
    )
}

fn permit(suite: &Suite, signer: &str, permission: Permission) -> Permit {
    let wallet = Wallet::new(signer);
    let name = match permission {
        Permission::Owner => "owner",
        Permission::Balance => "balance",
        Permission::History => "history",
        Permission::Allowance => "allowance",
    };
    let token = suite.token.address.to_string();
    let signature = wallet.sign(sign_doc(&token, name).as_bytes());
    Permit {
        params: PermitParams {
            allowed_tokens: vec![token],
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
