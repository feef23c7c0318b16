//! Earnings and claims, through rewards and billing together.

mod common;

use common::{Suite, KEY};
use cosmwasm_std::{Binary, Uint128};
use secret_ai_interface::billing::SettleEntry;
use secret_ai_interface::rewards::{Earnings, EarningsAnswer, ExecuteMsg, QueryMsg};

/// A worker has earned 300 base units.
fn earned() -> Suite {
    let mut suite = Suite::new();
    let id = suite.open(suite.terms(1_000, 1_000)).unwrap();
    let receipt = suite.receipt(&id, 1, 300, false);
    suite
        .settle(vec![SettleEntry { receipt, ack: None }])
        .unwrap();
    suite.finalize();
    let set = ExecuteMsg::SetViewingKey {
        key: KEY.into(),
        padding: None,
    };
    let operator = suite.user("operator");
    suite.app.execute(&operator, &suite.rewards, &set).unwrap();
    suite
}

fn claim(suite: &mut Suite, who: &str, amount: Option<u128>) -> Result<(), String> {
    let token = suite.token.address.clone();
    let msg = ExecuteMsg::Claim {
        token,
        amount: amount.map(Uint128::new),
        padding: None,
    };
    let sender = suite.user(who);
    suite.app.execute(&sender, &suite.rewards, &msg).map(|_| ())
}

fn earnings(suite: &Suite) -> Earnings {
    let address = suite.user("operator");
    let msg = QueryMsg::Earnings {
        address,
        key: KEY.into(),
    };
    let answer: EarningsAnswer = suite.app.query(&suite.rewards, &msg).unwrap();
    answer.earnings[0].clone()
}

#[test]
fn a_claim_may_be_partial_and_never_exceeds_what_was_earned() {
    let mut suite = earned();
    claim(&mut suite, "operator", Some(100)).unwrap();
    let refused = claim(&mut suite, "operator", Some(201)).unwrap_err();
    assert!(
        refused.contains("amount: 201 base units, 200 can be claimed"),
        "{refused}"
    );
    claim(&mut suite, "operator", None).unwrap();
    let row = earnings(&suite);
    assert_eq!(
        (row.earned, row.claimed),
        (Uint128::new(300), Uint128::new(300))
    );
    // Nothing left, and nothing ever: a claim must not show which.
    claim(&mut suite, "operator", None).unwrap();
    claim(&mut suite, "stranger", None).unwrap();
    assert_eq!(earnings(&suite), row);
}

#[test]
fn a_token_that_billing_does_not_accept_cannot_be_claimed() {
    let mut suite = earned();
    let token = suite.user("not a token");
    let msg = ExecuteMsg::Claim {
        token,
        amount: None,
        padding: None,
    };
    let operator = suite.user("operator");
    let refused = suite
        .app
        .execute(&operator, &suite.rewards, &msg)
        .unwrap_err();
    assert!(
        refused.contains("token: not accepted by billing"),
        "{refused}"
    );
}

/// Attack: a stranger, or the operator itself, invents credits.
#[test]
fn credits_come_from_billing_alone() {
    let mut suite = earned();
    let msg = ExecuteMsg::Credit {
        sealed: Binary(vec![0; 1_024]),
    };
    for who in ["stranger", "operator", "admin"] {
        let sender = suite.user(who);
        let refused = suite
            .app
            .execute(&sender, &suite.rewards, &msg)
            .unwrap_err();
        assert!(
            refused.contains("sender: must be the billing contract"),
            "{refused}"
        );
    }
    let billing = suite.billing.address.clone();
    let refused = suite
        .app
        .execute(&billing, &suite.rewards, &msg)
        .unwrap_err();
    assert!(refused.contains("sealed message: refused"), "{refused}");
    assert_eq!(earnings(&suite).earned, Uint128::new(300));
}

#[test]
fn nobody_reads_anothers_earnings() {
    let suite = earned();
    let ask = |address, key: &str| {
        let msg = QueryMsg::Earnings {
            address,
            key: key.into(),
        };
        suite
            .app
            .query::<EarningsAnswer>(&suite.rewards, &msg)
            .unwrap_err()
    };
    let wrong = ask(suite.user("operator"), "not the key");
    assert_eq!(wrong, ask(suite.user("nobody"), KEY));
}
