//! `send` and `register_receive`.

#[allow(dead_code)] // each test file uses its part
mod common;

use common::{Suite, VaultMsg};
use cosmwasm_std::{Addr, Binary};
use secret_ai_interface::token::{ExecuteAnswer, ExecuteMsg, ResponseStatus};

fn send(to: &Addr, code_hash: Option<&str>, amount: u128, msg: Option<&[u8]>) -> ExecuteMsg {
    ExecuteMsg::Send {
        recipient: to.to_string(),
        recipient_code_hash: code_hash.map(str::to_string),
        amount: amount.into(),
        msg: msg.map(Binary::from),
        memo: None,
        padding: None,
    }
}

fn register(suite: &mut Suite) {
    let msg = VaultMsg::Register {
        token: suite.token.address.to_string(),
        token_hash: suite.token.code_hash.clone(),
    };
    let vault = suite.vault.clone();
    suite.app.execute(&suite.bob.clone(), &vault, &msg).unwrap();
}

#[test]
fn recipient_is_called_by_the_given_code_hash() {
    let mut suite = Suite::new();
    let (alice, vault) = (suite.alice.clone(), suite.vault.clone());
    let msg = send(
        &vault.address,
        Some(&vault.code_hash),
        250,
        Some(b"deposit"),
    );
    let answer = suite.answer(&alice, &msg);
    assert_eq!(
        answer,
        ExecuteAnswer::Send {
            status: ResponseStatus::Success
        }
    );
    assert_eq!(
        (suite.balance(&alice), suite.balance(&vault.address)),
        (750, 250)
    );
    let (caller, received) = suite.last_received().unwrap();
    assert_eq!(caller, suite.token.address);
    let expected = VaultMsg::Receive {
        sender: alice.to_string(),
        from: alice.to_string(),
        amount: 250u128.into(),
        memo: None,
        msg: Some(Binary::from(b"deposit")),
    };
    assert_eq!(received, expected);
}

#[test]
fn recipient_is_called_once_registered() {
    let mut suite = Suite::new();
    let (alice, vault) = (suite.alice.clone(), suite.vault.clone());
    suite.answer(&alice, &send(&vault.address, None, 10, None));
    assert_eq!(suite.balance(&vault.address), 10);
    assert_eq!(
        suite.last_received(),
        None,
        "neither given nor registered: no call"
    );

    register(&mut suite);
    suite.answer(&alice, &send(&vault.address, None, 20, None));
    assert_eq!(suite.balance(&vault.address), 30);
    match suite.last_received().unwrap().1 {
        VaultMsg::Receive { amount, msg, .. } => assert_eq!((amount.u128(), msg), (20, None)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn memo_is_handed_on() {
    let mut suite = Suite::new();
    let (alice, vault) = (suite.alice.clone(), suite.vault.clone());
    let msg = ExecuteMsg::Send {
        recipient: vault.address.to_string(),
        recipient_code_hash: Some(vault.code_hash),
        amount: 1u128.into(),
        msg: None,
        memo: Some("for June".to_string()),
        padding: None,
    };
    suite.answer(&alice, &msg);
    match suite.last_received().unwrap().1 {
        VaultMsg::Receive { memo, .. } => assert_eq!(memo.as_deref(), Some("for June")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn refusal_by_the_recipient_returns_the_tokens() {
    let mut suite = Suite::new();
    let (alice, vault) = (suite.alice.clone(), suite.vault.clone());
    let msg = send(&vault.address, Some(&vault.code_hash), 250, Some(b"refuse"));
    let error = suite.refused(&alice, &msg);
    assert!(error.contains("vault refuses"), "{error}");
    assert_eq!(suite.balance(&alice), 1_000);
}

#[test]
fn attack_wrong_code_hash_returns_the_tokens() {
    let mut suite = Suite::new();
    let (alice, vault) = (suite.alice.clone(), suite.vault.clone());
    let error = suite.refused(
        &alice,
        &send(&vault.address, Some(&"0".repeat(64)), 250, None),
    );
    assert!(error.contains("code hash mismatch"), "{error}");
}

#[test]
fn attack_send_of_more_than_one_has_calls_nobody() {
    let mut suite = Suite::new();
    let (alice, vault) = (suite.alice.clone(), suite.vault.clone());
    suite.refused(
        &alice,
        &send(&vault.address, Some(&vault.code_hash), 1_001, None),
    );
    assert_eq!(suite.last_received(), None);
}

#[test]
fn code_hash_has_64_characters() {
    let mut suite = Suite::new();
    let alice = suite.alice.clone();
    let msg = ExecuteMsg::RegisterReceive {
        code_hash: "ab".to_string(),
        padding: None,
    };
    assert_eq!(
        suite.refused(&alice, &msg),
        "code_hash: 2, must be 64 characters"
    );
}
