//! The two-worlds test: what is secret must not show (docs/privacy.md), on the real wasm; and the test
//! can see each leak, shown by builds that break one rule each.

use std::sync::{Mutex, OnceLock, PoisonError};

use secret_ai_tests::worlds::list::{
    pairs, served_by, AMOUNT_WITHDRAWN, CLAIM, LINES, WORKER, WRONG_KEY,
};
use secret_ai_tests::worlds::stage::{Finding, Stage};

/// What is found on these artifacts. The workers are registered once for all tests; no play depends
/// on another.
fn found_on(replaced: &[(&str, &str)]) -> Vec<Finding> {
    static STAGE: OnceLock<Mutex<Stage>> = OnceLock::new();
    let stage = STAGE.get_or_init(|| Mutex::new(Stage::set()));
    let mut stage = stage.lock().unwrap_or_else(PoisonError::into_inner);
    stage.play_all(replaced, &pairs())
}

fn list(found: &[Finding]) -> String {
    let lines = found.iter().map(|finding| format!("\n{finding}"));
    lines.collect()
}

#[test]
fn worlds_that_differ_in_secrets_look_the_same() {
    let found = found_on(&[]);
    let all = pairs().len();
    assert!(
        found.is_empty(),
        "{} of {all} pairs do not look the same:{}",
        found.len(),
        list(&found)
    );
}

/// The build must be told from a tight one by this pair at least, and by what its leak is about: a
/// field with this in its path.
fn is_caught(contract: &str, build: &str, pair: &str, field: &str) {
    assert!(
        pairs().iter().any(|listed| listed.name == pair),
        "{pair}: not in the list"
    );
    let found = found_on(&[(contract, build)]);
    println!("{build}: {} findings{}", found.len(), list(&found));
    assert!(
        found.iter().any(|finding| finding.is_leak_of(pair, field)),
        "{build} leaks on purpose, but this pair does not show it by {field}: {pair}; found instead:{}",
        list(&found)
    );
}

#[test]
fn answers_of_telling_length_are_caught() {
    is_caught("billing", "billing-leak-p1", AMOUNT_WITHDRAWN, "_length");
}

#[test]
fn telling_gas_is_caught() {
    is_caught("billing", "billing-leak-p2", LINES, "gas_used");
}

#[test]
fn a_touch_of_the_workers_slot_is_caught() {
    is_caught("billing", "billing-leak-p3", WORKER, ".storage");
}

#[test]
fn pages_worked_off_in_order_are_caught() {
    is_caught(
        "billing",
        "billing-leak-p4",
        &served_by([1, 0, 2]),
        ".storage",
    );
}

#[test]
fn rows_of_earners_alone_are_caught() {
    is_caught("rewards", "rewards-leak-p5", CLAIM, " rewards]");
}

#[test]
fn a_missing_account_that_answers_differently_is_caught() {
    is_caught("billing", "billing-leak-p6", WRONG_KEY, "error");
}
