//! Revocations of permits by date (SNIP-24.1), in billing and in rewards.

mod common;

use common::{Suite, KEY};
use cosmwasm_std::{from_slice, Uint64};
use secret_ai_contract_kit::permit::{sign_bytes, KEY_TYPE};
use secret_ai_interface::auth::{
    Permission, Permit, PermitParams, PermitPublicKey, PermitSignature, RevocationAnswer,
    RevocationsAnswer, RevokedInterval, Viewer,
};
use secret_ai_interface::{billing, rewards};
use secret_ai_multi_test::Wallet;

/// Alice's, for any contract, made when the chain started.
fn blanket() -> Permit {
    let wallet = Wallet::new("alice");
    let params = PermitParams {
        allowed_tokens: vec!["ANY_TOKEN".into()],
        created: Some("2026-01-01T00:00:00.000Z".into()),
        expires: None,
        permit_name: "p".into(),
        chain_id: "secretdev-1".into(),
        permissions: vec![Permission::Owner],
    };
    let signature = wallet.sign(&sign_bytes(&params).unwrap()).into();
    let pub_key = PermitPublicKey {
        key_type: KEY_TYPE.into(),
        value: wallet.public_key().into(),
    };
    Permit {
        params,
        signature: PermitSignature { pub_key, signature },
    }
}

fn after(seconds: u64) -> RevokedInterval {
    RevokedInterval {
        created_before: None,
        created_after: Some(Uint64::new(seconds)),
    }
}

#[test]
fn billing_lists_and_obeys_revocations() {
    let mut suite = Suite::new();
    let permit = blanket();
    let start = suite.app.block_time();
    let ask = |suite: &Suite| {
        let query = billing::PermitQuery::ListPermitRevocations {
            page: None,
            page_size: None,
        };
        let permit = permit.clone();
        let msg = billing::QueryMsg::WithPermit { permit, query };
        suite.app.query::<RevocationsAnswer>(&suite.billing, &msg)
    };
    assert!(ask(&suite).unwrap().revocations.is_empty());
    // The first interval begins after the permit was made, the second before.
    for (interval, good) in [(after(start), true), (after(start - 1), false)] {
        let msg = billing::ExecuteMsg::RevokeAllPermits {
            interval,
            padding: None,
        };
        suite.send("alice", &msg).unwrap();
        assert_eq!(ask(&suite).is_ok(), good);
    }

    suite.set_key("alice");
    let msg = billing::QueryMsg::ListPermitRevocations {
        viewer: Viewer {
            address: suite.app.user("alice"),
            viewing_key: KEY.into(),
        },
        page: None,
        page_size: None,
    };
    let listed: RevocationsAnswer = suite.app.query(&suite.billing, &msg).unwrap();
    let intervals: Vec<_> = listed.revocations.iter().map(|r| r.interval).collect();
    assert_eq!(intervals, [after(start), after(start - 1)]);

    let delete = billing::ExecuteMsg::DeletePermitRevocation {
        revocation_id: "1".into(),
        padding: None,
    };
    suite.send("alice", &delete).unwrap();
    assert_eq!(ask(&suite).unwrap().revocations.len(), 1);
}

#[test]
fn rewards_lists_and_obeys_revocations() {
    let mut suite = Suite::new();
    let permit = blanket();
    let alice = suite.app.user("alice");
    let ask = |suite: &Suite| {
        let query = rewards::PermitQuery::ListPermitRevocations {
            page: None,
            page_size: None,
        };
        let permit = permit.clone();
        let msg = rewards::QueryMsg::WithPermit { permit, query };
        suite.app.query::<RevocationsAnswer>(&suite.rewards, &msg)
    };
    assert!(ask(&suite).unwrap().revocations.is_empty());
    let msg = rewards::ExecuteMsg::RevokeAllPermits {
        interval: RevokedInterval::default(),
        padding: None,
    };
    let response = suite.app.execute(&alice, &suite.rewards, &msg).unwrap();
    let answer: RevocationAnswer = from_slice(&response.data.unwrap()).unwrap();
    assert_eq!(answer.revocation_id, "REVOKED_ALL");
    assert!(ask(&suite).is_err());

    let delete = rewards::ExecuteMsg::DeletePermitRevocation {
        revocation_id: answer.revocation_id,
        padding: None,
    };
    suite.app.execute(&alice, &suite.rewards, &delete).unwrap();
    assert!(ask(&suite).unwrap().revocations.is_empty());
}
