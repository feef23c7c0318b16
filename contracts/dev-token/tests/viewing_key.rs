//! `set_viewing_key`, `create_viewing_key` and the queries behind them.

#[allow(dead_code)] // each test file uses its part
mod common;

use common::{Suite, KEY};
use cosmwasm_std::Addr;
use secret_ai_interface::token::{ExecuteAnswer, ExecuteMsg, QueryAnswer, QueryMsg};

fn balance(address: &Addr, key: &str) -> QueryMsg {
    QueryMsg::Balance {
        address: address.to_string(),
        key: key.to_string(),
    }
}

fn allowance(suite: &Suite, key: &str) -> QueryMsg {
    QueryMsg::Allowance {
        owner: suite.alice.to_string(),
        spender: suite.bob.to_string(),
        key: key.to_string(),
    }
}

fn create(suite: &mut Suite, owner: &Addr) -> String {
    let msg = ExecuteMsg::CreateViewingKey {
        entropy: None,
        padding: None,
    };
    match suite.answer(owner, &msg) {
        ExecuteAnswer::CreateViewingKey { key } => key,
        other => panic!("{other:?}"),
    }
}

#[test]
fn key_opens_the_balance() {
    let suite = Suite::new();
    let answer = suite.query(&balance(&suite.alice, KEY)).unwrap();
    assert_eq!(
        answer,
        QueryAnswer::Balance {
            amount: 1_000u128.into()
        }
    );
}

#[test]
fn attack_wrong_key_and_no_account_answer_alike() {
    let suite = Suite::new();
    let stranger = suite.app.user("nobody");
    let questions = [
        balance(&suite.alice, "a wrong key"),
        balance(&stranger, "a wrong key"),
        balance(&stranger, ""),
        balance(&Addr::unchecked("no address"), KEY),
        allowance(&suite, "a wrong key"),
    ];
    let answers = questions.map(|q| suite.app.query_bytes(&suite.token, &q).unwrap());
    let text = String::from_utf8(answers[0].0.clone()).unwrap();
    let expected = concat!(
        r#"{"viewing_key_error":{"msg":"#,
        r#""Wrong viewing key for this address or viewing key not set"}}"#
    );
    assert_eq!(text.trim(), expected);
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    let right = suite
        .app
        .query_bytes(&suite.token, &balance(&suite.alice, KEY))
        .unwrap();
    assert_eq!(
        right.len(),
        answers[0].len(),
        "right and wrong have one length"
    );
}

#[test]
fn created_keys_are_random_and_replace_each_other() {
    let mut suite = Suite::new();
    let alice = suite.alice.clone();
    let (first, second) = (create(&mut suite, &alice), create(&mut suite, &alice));
    assert_ne!(first, second);
    let opened = |key: &str| {
        matches!(
            suite.query(&balance(&alice, key)).unwrap(),
            QueryAnswer::Balance { .. }
        )
    };
    assert_eq!([KEY, &first, &second].map(opened), [false, false, true]);
}

#[test]
fn either_side_reads_an_allowance_and_nobody_else() {
    let mut suite = Suite::new();
    suite.allow(9, None);
    let (alice, bob, admin) = (suite.alice.clone(), suite.bob.clone(), suite.admin.clone());
    let keys = [&alice, &bob, &admin].map(|owner| create(&mut suite, owner));
    let opened = keys.map(|key| {
        matches!(
            suite.query(&allowance(&suite, &key)).unwrap(),
            QueryAnswer::Allowance { .. }
        )
    });
    assert_eq!(opened, [true, true, false]);
}

#[test]
fn short_keys_are_refused() {
    let mut suite = Suite::new();
    let alice = suite.alice.clone();
    let msg = ExecuteMsg::SetViewingKey {
        key: "1234567".to_string(),
        padding: None,
    };
    let error = suite.refused(&alice, &msg);
    assert!(error.contains("key: 7 bytes"), "{error}");
}
