//! `retire`: out of service at once, receipts settle through the grace.

mod common;

use common::{refused, Boot, Suite, START};
use secret_ai_interface::registry::*;
use secret_ai_interface::Hex;

#[test]
fn ends_the_lease_now() {
    let mut suite = Suite::new();
    let (alice, boot) = (suite.user("alice"), Boot::new("one"));
    let worker_id = suite.register(&alice, &boot).unwrap().worker_id;
    suite.app.advance(60);
    suite.retire(&alice, worker_id).unwrap();
    let worker = suite.worker(worker_id);
    assert_eq!((worker.status, worker.active), (KidStatus::Retired, false));
    assert_eq!(suite.kid(boot.kid()).unwrap().lease_until, START + 60);
    refused(suite.retire(&alice, worker_id), "no_fall");
}

#[test]
fn only_the_operator_retires_a_worker() {
    let mut suite = Suite::new();
    let (alice, mallory, admin) = (
        suite.user("alice"),
        suite.user("mallory"),
        suite.admin.clone(),
    );
    let worker_id = suite.register(&alice, &Boot::new("one")).unwrap().worker_id;
    refused(suite.retire(&mallory, worker_id), "not_operator");
    refused(suite.retire(&admin, worker_id), "not_operator");
    refused(suite.retire(&alice, Hex([0; 16])), "unknown_worker_id");
}

#[test]
fn a_new_boot_brings_the_worker_back() {
    let mut suite = Suite::new();
    let tee = suite.tee.clone();
    let alice = suite.user("alice");
    let worker_id = suite.register(&alice, &Boot::new("one")).unwrap().worker_id;
    suite.retire(&alice, worker_id).unwrap();
    suite
        .register_on(&tee, &alice, Some(worker_id), &Boot::new("two"))
        .unwrap();
    assert!(suite.worker(worker_id).active);
}

#[test]
fn does_not_soften_a_compromise() {
    let mut suite = Suite::new();
    let tee = suite.tee.clone();
    let (alice, boot) = (suite.user("alice"), Boot::new("one"));
    let worker_id = suite.register(&alice, &boot).unwrap().worker_id;
    suite
        .revoke(
            RevocationTarget::Kid(boot.kid()),
            RevocationSpeed::Compromised,
        )
        .unwrap();
    refused(suite.retire(&alice, worker_id), "no_fall");
    suite
        .register_on(&tee, &alice, Some(worker_id), &Boot::new("two"))
        .unwrap();
    assert_eq!(suite.status(&boot), KidStatus::Compromised);
}
