//! `increase_allowance`, `decrease_allowance`, `transfer_from`, `send_from`.

#[allow(dead_code)] // each test file uses its part
mod common;

use common::{transfer_from, Suite, VaultMsg, KEY};
use secret_ai_interface::token::{ExecuteAnswer, ExecuteMsg, QueryAnswer, QueryMsg};

fn granted(answer: ExecuteAnswer) -> u128 {
    match answer {
        ExecuteAnswer::IncreaseAllowance { allowance, .. }
        | ExecuteAnswer::DecreaseAllowance { allowance, .. } => allowance.u128(),
        other => panic!("{other:?}"),
    }
}

fn stored(suite: &Suite) -> (u128, Option<u64>) {
    let msg = QueryMsg::Allowance {
        owner: suite.alice.to_string(),
        spender: suite.bob.to_string(),
        key: KEY.to_string(),
    };
    match suite.query(&msg).unwrap() {
        QueryAnswer::Allowance {
            allowance,
            expiration,
            ..
        } => (allowance.u128(), expiration),
        other => panic!("{other:?}"),
    }
}

fn decrease(suite: &mut Suite, amount: u128) -> u128 {
    let msg = ExecuteMsg::DecreaseAllowance {
        spender: suite.bob.to_string(),
        amount: amount.into(),
        expiration: None,
        padding: None,
    };
    let alice = suite.alice.clone();
    granted(suite.answer(&alice, &msg))
}

#[test]
fn spender_moves_up_to_the_allowance() {
    let mut suite = Suite::new();
    let (alice, bob, admin) = (suite.alice.clone(), suite.bob.clone(), suite.admin.clone());
    suite.allow(100, None);
    suite.answer(&bob, &transfer_from(&alice, &admin, 60));
    assert_eq!((suite.balance(&alice), suite.balance(&admin)), (940, 60));
    assert_eq!(stored(&suite), (40, None));
    let error = suite.refused(&bob, &transfer_from(&alice, &admin, 41));
    assert_eq!(error, "amount: 41 is more than the allowance of 40");
}

#[test]
fn attack_spender_without_allowance() {
    let mut suite = Suite::new();
    let (alice, bob, admin) = (suite.alice.clone(), suite.bob.clone(), suite.admin.clone());
    suite.refused(&bob, &transfer_from(&alice, &bob, 1));
    suite.allow(100, None);
    suite.refused(&admin, &transfer_from(&alice, &admin, 1));
    suite.refused(&alice, &transfer_from(&alice, &bob, 1));
}

#[test]
fn attack_allowance_does_not_tell_the_balance() {
    let mut suite = Suite::new();
    let (alice, bob) = (suite.alice.clone(), suite.bob.clone());
    suite.allow(5_000, None);
    let error = suite.refused(&bob, &transfer_from(&alice, &bob, 1_001));
    assert_eq!(error, "amount: 1001 is more than the owner has");
    assert_eq!(stored(&suite).0, 5_000);
}

#[test]
fn attack_expired_allowance_stays_dead() {
    let mut suite = Suite::new();
    let (alice, bob) = (suite.alice.clone(), suite.bob.clone());
    let end = suite.app.block_time() + 100;
    suite.allow(100, Some(end));
    suite.app.advance(99);
    suite.answer(&bob, &transfer_from(&alice, &bob, 1));
    suite.app.advance(1);
    let error = suite.refused(&bob, &transfer_from(&alice, &bob, 1));
    assert_eq!(error, "amount: 1 is more than the allowance of 0");

    assert_eq!(
        granted(suite.allow(10, None)),
        10,
        "what expired is not added to"
    );
    assert_eq!(stored(&suite), (10, None));
}

#[test]
fn attack_increase_beyond_128_bits() {
    let mut suite = Suite::new();
    suite.allow(u128::MAX, None);
    let msg = ExecuteMsg::IncreaseAllowance {
        spender: suite.bob.to_string(),
        amount: 1u128.into(),
        expiration: None,
        padding: None,
    };
    let alice = suite.alice.clone();
    let error = suite.refused(&alice, &msg);
    assert!(error.contains("128 bits"), "{error}");
}

#[test]
fn decrease_stops_at_nothing() {
    let mut suite = Suite::new();
    suite.allow(100, Some(1_900_000_000));
    assert_eq!(decrease(&mut suite, 30), 70);
    assert_eq!(stored(&suite), (70, Some(1_900_000_000)));
    assert_eq!(decrease(&mut suite, 71), 0);
}

#[test]
fn send_from_names_spender_and_owner() {
    let mut suite = Suite::new();
    let (alice, bob, vault) = (suite.alice.clone(), suite.bob.clone(), suite.vault.clone());
    suite.allow(100, None);
    let msg = ExecuteMsg::SendFrom {
        owner: alice.to_string(),
        recipient: vault.address.to_string(),
        recipient_code_hash: Some(vault.code_hash),
        amount: 80u128.into(),
        msg: None,
        memo: None,
        padding: None,
    };
    suite.answer(&bob, &msg);
    assert_eq!(suite.balance(&vault.address), 80);
    match suite.last_received().unwrap().1 {
        VaultMsg::Receive { sender, from, .. } => {
            assert_eq!((sender, from), (bob.to_string(), alice.to_string()));
        }
        other => panic!("{other:?}"),
    }
    let error = suite.refused(&bob, &msg);
    assert_eq!(error, "amount: 80 is more than the allowance of 20");
}
