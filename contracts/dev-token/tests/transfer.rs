//! `transfer`.

#[allow(dead_code)] // each test file uses its part
mod common;

use common::{transfer, Suite};
use cosmwasm_schema::cw_serde;
use secret_ai_interface::token::{ExecuteAnswer, ResponseStatus};

#[test]
fn tokens_move() {
    let mut suite = Suite::new();
    let (alice, bob) = (suite.alice.clone(), suite.bob.clone());
    let answer = suite.answer(&alice, &transfer(&bob, 400));
    assert_eq!(
        answer,
        ExecuteAnswer::Transfer {
            status: ResponseStatus::Success
        }
    );
    assert_eq!((suite.balance(&alice), suite.balance(&bob)), (600, 400));
    suite.answer(&alice, &transfer(&bob, 600));
    suite.answer(&bob, &transfer(&alice, 0));
    assert_eq!((suite.balance(&alice), suite.balance(&bob)), (0, 1_000));
    assert_eq!(suite.supply(), 1_000);
}

#[test]
fn attack_transfer_of_more_than_one_has() {
    let mut suite = Suite::new();
    let (alice, bob) = (suite.alice.clone(), suite.bob.clone());
    for amount in [1_001, u128::MAX] {
        let error = suite.refused(&alice, &transfer(&bob, amount));
        assert_eq!(
            error,
            format!("amount: {amount} is more than the owner has")
        );
    }
    suite.refused(&bob, &transfer(&alice, 1));
}

#[test]
fn attack_transfer_to_oneself_makes_nothing() {
    let mut suite = Suite::new();
    let alice = suite.alice.clone();
    for amount in [0, 1, 1_000] {
        suite.answer(&alice, &transfer(&alice, amount));
        assert_eq!(suite.balance(&alice), 1_000);
    }
    suite.refused(&alice, &transfer(&alice, 1_001));
}

#[test]
fn recipient_must_be_an_address() {
    let mut suite = Suite::new();
    let alice = suite.alice.clone();
    let error = suite.refused(&alice, &transfer(&cosmwasm_std::Addr::unchecked("bob"), 1));
    assert!(error.contains("recipient: not an address"), "{error}");
}

/// The reference implementation's JSON, written by hand.
#[cw_serde]
enum Wire {
    Transfer {
        recipient: String,
        amount: String,
        memo: Option<String>,
        padding: Option<String>,
    },
}

#[test]
fn wire_form_is_the_standards() {
    let mut suite = Suite::new();
    let (alice, bob) = (suite.alice.clone(), suite.bob.clone());
    let wire = Wire::Transfer {
        recipient: bob.to_string(),
        amount: "7".to_string(),
        memo: Some("thanks".to_string()),
        padding: Some(" ".repeat(99)),
    };
    let done = suite.app.execute(&alice, &suite.token, &wire).unwrap();
    let data = done.data.unwrap();
    assert_eq!(data.len(), 256);
    let text = String::from_utf8(data.0).unwrap();
    assert_eq!(text.trim(), r#"{"transfer":{"status":"success"}}"#);
    assert_eq!(suite.balance(&bob), 7);
}

#[test]
fn rows_have_one_size_whatever_they_hold() {
    let mut suite = Suite::new();
    let (alice, bob) = (suite.alice.clone(), suite.bob.clone());
    suite.answer(&alice, &transfer(&bob, 1));
    suite.allow(3, None);
    suite.allow(u128::MAX - 3, Some(1_900_000_000));
    for (key, value) in suite.app.storage(&suite.token) {
        let key = String::from_utf8(key).unwrap();
        let size = match key.split('/').next().unwrap() {
            "config" => 100,
            "supply" | "balance" => 16,
            "allowance" => 24,
            "viewing_key" => 32,
            "minters" => continue,
            other => panic!("unknown slot {other}"),
        };
        assert_eq!(value.len(), size, "{key}");
    }
}
