//! Queries from outside and from contracts.

#[allow(dead_code)] // each test file uses its part
mod pair;

use pair::{wrong_hash, CounterQuery, RelayMsg, RelayQuery, Suite};
use secret_ai_multi_test::ContractRef;

#[test]
fn query_with_the_right_code_hash_answers() {
    let mut suite = Suite::new();
    suite.add(2).unwrap();
    assert_eq!(suite.count(), 2);
    let bytes = suite
        .app
        .query_bytes(&suite.counter, &CounterQuery::Count {})
        .unwrap();
    assert_eq!(bytes.as_slice(), b"2");
}

#[test]
fn query_with_the_wrong_code_hash_fails() {
    let suite = Suite::new();
    let bad = ContractRef {
        address: suite.counter.address.clone(),
        code_hash: wrong_hash(),
    };
    let error = suite
        .app
        .query::<u64>(&bad, &CounterQuery::Count {})
        .unwrap_err();
    assert!(error.contains("code hash mismatch"), "{error}");
}

#[test]
fn contract_queries_contract() {
    let mut suite = Suite::new();
    suite.add(6).unwrap();
    let counter = suite.counter.address.to_string();
    let code_hash = suite.counter.code_hash.clone();

    let through = RelayQuery::Count {
        counter: counter.clone(),
        code_hash: code_hash.clone(),
    };
    assert_eq!(suite.app.query::<u64>(&suite.relay, &through).unwrap(), 6);

    suite
        .relay(&RelayMsg::Ask {
            counter: counter.clone(),
            code_hash,
        })
        .unwrap();
    assert_eq!(suite.note(), "6");

    let wrong = RelayMsg::Ask {
        counter,
        code_hash: wrong_hash(),
    };
    let error = suite.relay(&wrong).unwrap_err();
    assert!(error.contains("code hash mismatch"), "{error}");
    assert_eq!(suite.note(), "6");
}

#[test]
fn error_of_a_query_arrives_as_text() {
    let suite = Suite::new();
    let error = suite
        .app
        .query::<u64>(&suite.counter, &CounterQuery::Seen {})
        .unwrap_err();
    assert!(error.contains("nothing seen"), "{error}");
}
