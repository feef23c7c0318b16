//! `renew`: the same boot, in the second half of its lease, with fresh evidence.

mod common;

use common::{refused, Boot, Suite, Tee, LEASE_S, START};
use secret_ai_interface::registry::*;
use secret_ai_interface::Hex;

fn registered() -> (Suite, cosmwasm_std::Addr, Boot, RegisterAnswer) {
    let mut suite = Suite::new();
    let (alice, boot) = (suite.user("alice"), Boot::new("one"));
    let answer = suite.register(&alice, &boot).unwrap();
    (suite, alice, boot, answer)
}

#[test]
fn extends_the_lease_from_half_of_it() {
    let (mut suite, alice, boot, first) = registered();
    suite.app.advance(LEASE_S / 2);
    let answer = suite.renew(&alice, &boot).unwrap();
    assert_eq!((answer.worker_id, answer.kid), (first.worker_id, first.kid));
    assert_eq!(answer.lease_until, START + LEASE_S / 2 + LEASE_S);
    assert_eq!(
        suite.worker(first.worker_id).lease_until,
        answer.lease_until
    );
}

#[test]
fn too_early_is_refused() {
    let (mut suite, alice, boot, _) = registered();
    suite.app.advance(LEASE_S / 2 - 1);
    refused(suite.renew(&alice, &boot), "lease_early");
}

#[test]
fn after_the_lease_is_refused() {
    let (mut suite, alice, boot, _) = registered();
    suite.app.advance(LEASE_S);
    suite.renew(&alice, &boot).unwrap();
    suite.app.advance(LEASE_S + 1);
    refused(suite.renew(&alice, &boot), "lease_over");
}

#[test]
fn another_receipt_key_is_refused() {
    let (mut suite, alice, _, _) = registered();
    suite.app.advance(LEASE_S / 2);
    refused(suite.renew(&alice, &Boot::new("two")), "unknown_kid");
}

#[test]
fn other_keys_of_the_same_boot_are_refused() {
    let (mut suite, alice, boot, _) = registered();
    suite.app.advance(LEASE_S / 2);
    let tls = Boot {
        tls_spki_sha256: Hex([8; 32]),
        ..boot.clone()
    };
    refused(suite.renew(&alice, &tls), "renewal");
    let e2ee = Boot {
        e2ee_pk: Hex([8; 32]),
        ..boot
    };
    refused(suite.renew(&alice, &e2ee), "renewal");
}

#[test]
fn another_operator_is_refused() {
    let (mut suite, _, boot, _) = registered();
    suite.app.advance(LEASE_S / 2);
    let mallory = suite.user("mallory");
    refused(suite.renew(&mallory, &boot), "not_operator");
}

#[test]
fn another_machine_is_refused() {
    let (mut suite, alice, boot, _) = registered();
    suite.app.advance(LEASE_S / 2);
    refused(
        suite.renew_on(&Tee::other_platform(), &alice, &boot),
        "renewal",
    );
    let other = Tee::other_image();
    suite.approve(other.image(), None).unwrap();
    refused(suite.renew_on(&other, &alice, &boot), "renewal");
}

#[test]
fn after_retirement_or_revocation_is_refused() {
    let (tee, boot) = (Tee::new(), Boot::new("one"));
    for target in [
        RevocationTarget::Kid(boot.kid()),
        RevocationTarget::Image(tee.image()),
        RevocationTarget::Platform(tee.platform()),
    ] {
        for (speed, code) in [
            (RevocationSpeed::Retired, "retired"),
            (RevocationSpeed::Compromised, "compromised"),
        ] {
            let (mut suite, alice, boot, _) = registered();
            suite.app.advance(LEASE_S / 2);
            suite.revoke(target.clone(), speed).unwrap();
            refused(suite.renew(&alice, &boot), code);
        }
    }
    let (mut suite, alice, boot, answer) = registered();
    suite.app.advance(LEASE_S / 2);
    suite.retire(&alice, answer.worker_id).unwrap();
    refused(suite.renew(&alice, &boot), "retired");
}

#[test]
fn a_workload_that_is_not_approved_any_more_cannot_renew() {
    let (mut suite, alice, boot, _) = registered();
    suite.app.advance(LEASE_S / 2);
    let image = suite.tee.image();
    let target = RevocationTarget::Image(image);
    suite.revoke(target, RevocationSpeed::Retired).unwrap();
    suite.approve(image, Some(Hex([1; 48]))).unwrap();
    refused(suite.renew(&alice, &boot), "retired");
}
