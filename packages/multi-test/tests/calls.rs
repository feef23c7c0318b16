//! Executing, calling across contracts, replies, rollback.

#[allow(dead_code)] // each test file uses its part
mod pair;

use cosmwasm_std::from_binary;
use pair::{wrong_hash, CounterMsg, RelayMsg, Suite};
use secret_ai_multi_test::{canonical, ContractRef};

fn call(suite: &Suite, step: u64) -> RelayMsg {
    let counter = suite.counter.address.to_string();
    RelayMsg::Call {
        counter,
        code_hash: suite.counter.code_hash.clone(),
        step,
    }
}

fn try_call(suite: &Suite, step: u64) -> RelayMsg {
    let counter = suite.counter.address.to_string();
    RelayMsg::Try {
        counter,
        code_hash: suite.counter.code_hash.clone(),
        step,
    }
}

#[test]
fn execute_returns_data_attributes_and_events() {
    let mut suite = Suite::new();
    let done = suite.add(3).unwrap();
    assert_eq!(from_binary::<u64>(&done.data.clone().unwrap()).unwrap(), 3);
    assert_eq!(done.attribute("step"), Some("3"));
    assert_eq!(
        done.attribute("count"),
        Some("3"),
        "plaintext attributes come as well"
    );
    assert_eq!(done.attribute("by"), Some(suite.user.as_str()));
    assert_eq!(suite.count(), 3);
}

#[test]
fn failed_execute_rolls_back_what_it_wrote() {
    let mut suite = Suite::new();
    suite.add(3).unwrap();
    let before = suite.app.storage(&suite.counter);
    let error = suite.add(11).unwrap_err();
    assert_eq!(error, "step: 11, must be at most 10");
    assert_eq!(suite.app.storage(&suite.counter), before);
}

#[test]
fn unknown_messages_are_refused_by_the_parser() {
    let mut suite = Suite::new();
    let error = suite
        .app
        .execute(&suite.user, &suite.counter, &"nonsense")
        .unwrap_err();
    assert!(error.contains("Error parsing into type"), "{error}");
}

#[test]
fn cross_contract_call_reaches_the_callee() {
    let mut suite = Suite::new();
    suite.relay(&call(&suite, 4)).unwrap();
    assert_eq!((suite.count(), suite.note().as_str()), (4, "called"));
}

#[test]
fn uncaught_failure_of_the_callee_rolls_back_the_caller() {
    let mut suite = Suite::new();
    let error = suite.relay(&call(&suite, 12)).unwrap_err();
    assert_eq!(error, "step: 12, must be at most 10");
    assert_eq!((suite.count(), suite.note().as_str()), (0, ""));
}

#[test]
fn reply_gets_the_bare_data_of_the_callee() {
    let mut suite = Suite::new();
    let done = suite.relay(&try_call(&suite, 5)).unwrap();
    assert_eq!(suite.note(), "counted to 5");
    assert_eq!(done.data.unwrap().as_slice(), b"from the reply");
}

#[test]
fn caught_failure_rolls_back_the_callee_only() {
    let mut suite = Suite::new();
    suite.relay(&try_call(&suite, 12)).unwrap();
    assert_eq!(suite.count(), 0);
    let note = suite.note();
    assert!(
        note.starts_with("failed: ") && note.contains("step: 12"),
        "{note}"
    );
}

#[test]
fn call_with_the_wrong_code_hash_fails_at_the_callee() {
    let mut suite = Suite::new();
    let counter = suite.counter.address.to_string();
    let wrong = RelayMsg::Call {
        counter: counter.clone(),
        code_hash: wrong_hash(),
        step: 1,
    };
    let error = suite.relay(&wrong).unwrap_err();
    assert!(error.starts_with("code hash mismatch"), "{error}");
    assert_eq!(suite.count(), 0);

    let caught = RelayMsg::Try {
        counter,
        code_hash: wrong_hash(),
        step: 1,
    };
    suite.relay(&caught).unwrap();
    assert!(
        suite.note().contains("code hash mismatch"),
        "{}",
        suite.note()
    );
}

#[test]
fn user_with_the_wrong_code_hash_is_refused() {
    let mut suite = Suite::new();
    for code_hash in [
        wrong_hash(),
        String::new(),
        suite.counter.code_hash.to_uppercase(),
    ] {
        let bad = ContractRef {
            address: suite.counter.address.clone(),
            code_hash,
        };
        let error = suite
            .app
            .execute(&suite.user, &bad, &CounterMsg::Add { step: 1 })
            .unwrap_err();
        assert!(error.starts_with("code hash mismatch"), "{error}");
    }
    assert_eq!(suite.count(), 0);
}

#[test]
fn contract_makes_contract() {
    let mut suite = Suite::new();
    let code_id = suite.counter_code.id;
    let wrong = RelayMsg::Make {
        code_id,
        code_hash: wrong_hash(),
    };
    assert!(suite
        .relay(&wrong)
        .unwrap_err()
        .starts_with("code hash mismatch"));

    let code_hash = suite.counter_code.hash.clone();
    suite.relay(&RelayMsg::Make { code_id, code_hash }).unwrap();
    let note = suite.note();
    let address = note
        .strip_prefix("made ")
        .and_then(|rest| rest.strip_suffix(" None"))
        .unwrap();
    assert!(canonical(address).is_some(), "{address}");
    assert_ne!(address, suite.counter.address.as_str());
}
