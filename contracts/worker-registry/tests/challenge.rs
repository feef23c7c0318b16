//! `challenge`: random, of one operator and key, for one use and a short time.

mod common;

use common::{refused, Boot, Suite, CHALLENGE_S};
use secret_ai_interface::registry::ExecuteMsg;
use secret_ai_interface::Hex;

#[test]
fn is_other_bytes_for_every_call_operator_and_key() {
    let mut suite = Suite::new();
    let (alice, bob) = (suite.user("alice"), suite.user("bob"));
    let (one, two) = (Boot::new("one"), Boot::new("two"));
    let mut seen = vec![
        suite.challenge(&alice, &one).unwrap().challenge,
        suite.challenge(&alice, &one).unwrap().challenge,
        suite.challenge(&alice, &two).unwrap().challenge,
        suite.challenge(&bob, &one).unwrap().challenge,
    ];
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 4);
}

#[test]
fn says_when_it_ends() {
    let mut suite = Suite::new();
    let alice = suite.user("alice");
    let answer = suite.challenge(&alice, &Boot::new("one")).unwrap();
    assert_eq!(answer.expires_at, suite.now() + CHALLENGE_S);
}

#[test]
fn a_new_one_replaces_the_open_one() {
    let mut suite = Suite::new();
    let (alice, boot) = (suite.user("alice"), Boot::new("one"));
    let old = suite.challenge(&alice, &boot).unwrap().challenge;
    let evidence = suite.evidence(&suite.tee, &alice, &boot, &old);
    suite.challenge(&alice, &boot).unwrap();
    refused(
        suite.send_register(&alice, None, evidence),
        "receipt_signature",
    );
}

#[test]
fn a_key_that_is_no_compressed_point_is_refused() {
    let mut suite = Suite::new();
    let alice = suite.user("alice");
    for first in [0, 1, 4, 0xff] {
        let mut receipt_pk = Boot::new("one").receipt_pk;
        receipt_pk.0[0] = first;
        let msg = ExecuteMsg::Challenge {
            receipt_pk,
            tls_spki_sha256: Hex([1; 32]),
            padding: None,
        };
        refused(suite.send(&alice, msg), "format");
    }
}
