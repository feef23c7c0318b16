//! `register`: an honest worker is accepted, and nothing of its proof can be taken by another.

mod common;

use common::{listing, refused, Boot, Suite, Tee, CHALLENGE_S, LEASE_S, START};
use cosmwasm_std::Binary;
use secret_ai_attestation::report_data;
use secret_ai_interface::registry::*;
use secret_ai_interface::Hex;

#[test]
fn an_honest_worker_gets_a_lease() {
    let mut suite = Suite::new();
    let (alice, boot) = (suite.user("alice"), Boot::new("one"));
    let answer = suite.register(&alice, &boot).unwrap();
    assert_eq!(answer.kid, boot.kid());
    assert_eq!(answer.lease_until, START + LEASE_S);

    let worker = suite.worker(answer.worker_id);
    assert_eq!(worker.operator, alice);
    assert_eq!(
        (worker.kid, worker.receipt_pk),
        (boot.kid(), boot.receipt_pk)
    );
    assert_eq!(worker.tls_spki_sha256, boot.tls_spki_sha256);
    assert_eq!(worker.e2ee_pk, boot.e2ee_pk);
    assert_eq!(worker.image, suite.tee.image());
    assert_eq!(worker.platform, suite.tee.platform());
    assert_eq!(worker.tcb_status, "UpToDate");
    assert_eq!(worker.listing, listing());
    assert_eq!(worker.status, KidStatus::Active);
    assert!(worker.active);

    let kid = suite.kid(boot.kid()).unwrap();
    assert_eq!((kid.worker_id, kid.operator), (answer.worker_id, alice));
    assert_eq!(kid.lease_until, answer.lease_until);
}

#[test]
fn the_lease_ends_with_the_collateral_at_the_latest() {
    let mut suite = Suite::empty(true);
    let collateral = suite.tee.collateral(START);
    let valid_until = suite
        .submit(RootKind::Development, collateral)
        .unwrap()
        .valid_until;
    suite.approve(suite.tee.image(), None).unwrap();
    suite.app.set_block(2_000, valid_until - 60);
    let (alice, boot) = (suite.user("alice"), Boot::new("one"));
    let answer = suite.register(&alice, &boot).unwrap();
    assert_eq!(answer.lease_until, valid_until);
    suite.app.advance(61);
    assert!(!suite.worker(answer.worker_id).active);
}

#[test]
fn a_replayed_challenge_is_refused() {
    let mut suite = Suite::new();
    let (alice, boot) = (suite.user("alice"), Boot::new("one"));
    let challenge = suite.challenge(&alice, &boot).unwrap().challenge;
    let evidence = suite.evidence(&suite.tee, &alice, &boot, &challenge);
    suite.send_register(&alice, None, evidence.clone()).unwrap();
    refused(
        suite.send_register(&alice, None, evidence.clone()),
        "kid_used",
    );
    suite.app.advance(LEASE_S / 2);
    refused(suite.send_renew(&alice, evidence), "challenge_unknown");
}

#[test]
fn another_operators_challenge_is_refused() {
    let mut suite = Suite::new();
    let (alice, mallory, boot) = (suite.user("alice"), suite.user("mallory"), Boot::new("one"));
    let challenge = suite.challenge(&alice, &boot).unwrap().challenge;
    let evidence = suite.evidence(&suite.tee, &alice, &boot, &challenge);
    refused(
        suite.send_register(&mallory, None, evidence.clone()),
        "challenge_unknown",
    );
    // With a challenge of her own the evidence is still not hers.
    suite.challenge(&mallory, &boot).unwrap();
    refused(
        suite.send_register(&mallory, None, evidence),
        "receipt_signature",
    );
}

#[test]
fn a_challenge_lives_to_its_last_second() {
    for (wait, accepted) in [(CHALLENGE_S, true), (CHALLENGE_S + 1, false)] {
        let mut suite = Suite::new();
        let (alice, boot) = (suite.user("alice"), Boot::new("one"));
        let challenge = suite.challenge(&alice, &boot).unwrap().challenge;
        let evidence = suite.evidence(&suite.tee, &alice, &boot, &challenge);
        suite.app.advance(wait);
        let result = suite.send_register(&alice, None, evidence);
        if accepted {
            result.unwrap();
        } else {
            refused(result, "challenge_expired");
        }
    }
}

#[test]
fn a_challenge_for_another_tls_key_is_refused() {
    let mut suite = Suite::new();
    let (alice, boot) = (suite.user("alice"), Boot::new("one"));
    let challenge = suite.challenge(&alice, &boot).unwrap().challenge;
    let other = Boot {
        tls_spki_sha256: Hex([9; 32]),
        ..boot
    };
    let evidence = suite.evidence(&suite.tee, &alice, &other, &challenge);
    refused(suite.send_register(&alice, None, evidence), "challenge_tls");
}

#[test]
fn the_quote_of_another_worker_is_refused() {
    let mut suite = Suite::new();
    let (alice, one, two) = (suite.user("alice"), Boot::new("one"), Boot::new("two"));
    let for_one = suite.challenge(&alice, &one).unwrap().challenge;
    let for_two = suite.challenge(&alice, &two).unwrap().challenge;
    let of_one = suite.evidence(&suite.tee, &alice, &one, &for_one).cpu;
    let spliced = suite.attestation(&alice, &two, &for_two, of_one);
    refused(suite.send_register(&alice, None, spliced), "binding");
}

#[test]
fn each_bound_field_is_bound() {
    let mut suite = Suite::new();
    let (alice, bob, boot) = (suite.user("alice"), suite.user("bob"), Boot::new("one"));
    let challenge = suite.challenge(&alice, &boot).unwrap().challenge;
    let mut quotes = Vec::new();
    let right = suite.registration(&alice, &boot, &challenge);
    for wrong in [
        secret_ai_attestation::Registration {
            chain_id: "secret-4",
            ..right
        },
        secret_ai_attestation::Registration {
            registry: bob.as_str(),
            ..right
        },
        secret_ai_attestation::Registration {
            operator: bob.as_str(),
            ..right
        },
        secret_ai_attestation::Registration {
            receipt_pk: &[2; 33],
            ..right
        },
        secret_ai_attestation::Registration {
            tls_spki_sha256: &[1; 32],
            ..right
        },
        secret_ai_attestation::Registration {
            e2ee_pk: &[1; 32],
            ..right
        },
        secret_ai_attestation::Registration {
            challenge: &[1; 32],
            ..right
        },
        secret_ai_attestation::Registration { class: 1, ..right },
    ] {
        quotes.push(suite.tee.quote(&report_data(&wrong, &[]).unwrap()));
    }
    for quote in quotes {
        let evidence = suite.evidence_with(&alice, &boot, &challenge, quote);
        refused(suite.send_register(&alice, None, evidence), "binding");
    }
}

#[test]
fn a_secretvm_boot_quote_is_no_registration() {
    let mut suite = Suite::new();
    let (alice, boot) = (suite.user("alice"), Boot::new("one"));
    let challenge = suite.challenge(&alice, &boot).unwrap().challenge;
    // TLS key hash, then the nonce of the GPU's report.
    let boot_data = [boot.tls_spki_sha256.0, [7; 32]].concat();
    let quote = suite.tee.quote(&boot_data.try_into().unwrap());
    let evidence = suite.evidence_with(&alice, &boot, &challenge, quote);
    refused(suite.send_register(&alice, None, evidence), "binding");
}

#[test]
fn a_tampered_quote_is_refused() {
    let mut suite = Suite::new();
    let (alice, boot) = (suite.user("alice"), Boot::new("one"));
    let challenge = suite.challenge(&alice, &boot).unwrap().challenge;
    let data = report_data(&suite.registration(&alice, &boot, &challenge), &[]).unwrap();
    let good = suite.tee.quote(&data);
    let mut send = |quote: Vec<u8>| {
        let evidence = suite.evidence_with(&alice, &boot, &challenge, quote);
        suite.send_register(&alice, None, evidence)
    };
    // User data, MRTD, report data, signature, attestation key.
    for at in [40, 48 + 140, 48 + 530, 640, 700] {
        let mut bad = good.clone();
        bad[at] ^= 1;
        assert!(send(bad).is_err(), "byte {at}");
    }
    for cut in [0, 1, 631, good.len() - 1] {
        assert!(send(good[..cut].to_vec()).is_err(), "cut at {cut}");
    }
    refused(send([&good[..], &[0]].concat()), "quote_length");
    send(good).unwrap();
}

#[test]
fn the_receipt_key_must_agree() {
    let mut suite = Suite::new();
    let (alice, boot) = (suite.user("alice"), Boot::new("one"));
    let challenge = suite.challenge(&alice, &boot).unwrap().challenge;
    let good = suite.evidence(&suite.tee, &alice, &boot, &challenge);
    let high_s = Binary(with_high_s(&good.signature));
    let foreign = Boot::new("two").sign(&[3; 32]);
    for signature in [
        high_s,
        foreign,
        Binary(vec![0; 64]),
        Binary(vec![]),
        Binary(vec![1; 65]),
    ] {
        let bad = Attestation {
            signature,
            ..good.clone()
        };
        refused(suite.send_register(&alice, None, bad), "receipt_signature");
    }
}

/// The other signature of the same message: r ‖ n − s.
fn with_high_s(signature: &[u8]) -> Vec<u8> {
    let signature = k256::ecdsa::Signature::from_slice(signature).unwrap();
    let (r, s) = signature.split_scalars();
    k256::ecdsa::Signature::from_scalars(r, -s)
        .unwrap()
        .to_bytes()
        .to_vec()
}

#[test]
fn a_kid_lives_once() {
    let mut suite = Suite::new();
    let (alice, bob, boot) = (suite.user("alice"), suite.user("bob"), Boot::new("one"));
    let worker_id = suite.register(&alice, &boot).unwrap().worker_id;
    refused(suite.register(&alice, &boot), "kid_used");
    refused(suite.register(&bob, &boot), "kid_used");
    suite.retire(&alice, worker_id).unwrap();
    refused(
        suite.register_on(&suite.tee.clone(), &alice, Some(worker_id), &boot),
        "kid_used",
    );
}

#[test]
fn a_new_boot_retires_the_old_key() {
    let mut suite = Suite::new();
    let tee = suite.tee.clone();
    let (alice, one, two) = (suite.user("alice"), Boot::new("one"), Boot::new("two"));
    let worker_id = suite.register(&alice, &one).unwrap().worker_id;
    suite.app.advance(100);
    let answer = suite
        .register_on(&tee, &alice, Some(worker_id), &two)
        .unwrap();
    assert_eq!(answer.worker_id, worker_id);
    assert_eq!(suite.worker(worker_id).kid, two.kid());
    assert_eq!(suite.status(&one), KidStatus::Retired);
    assert_eq!(suite.status(&two), KidStatus::Active);
    // Grace counts from now.
    assert_eq!(suite.kid(one.kid()).unwrap().lease_until, START + 100);
    let all: WorkersAnswer = suite
        .ask(QueryMsg::Workers {
            start: None,
            limit: None,
        })
        .unwrap();
    assert_eq!(all.total, 1);
}

#[test]
fn a_worker_of_another_operator_cannot_be_taken_over() {
    let mut suite = Suite::new();
    let tee = suite.tee.clone();
    let (alice, mallory) = (suite.user("alice"), suite.user("mallory"));
    let worker_id = suite.register(&alice, &Boot::new("one")).unwrap().worker_id;
    let two = Boot::new("two");
    refused(
        suite.register_on(&tee, &mallory, Some(worker_id), &two),
        "not_operator",
    );
    let unknown = Some(Hex([5; 16]));
    refused(
        suite.register_on(&tee, &mallory, unknown, &two),
        "unknown_worker_id",
    );
}

#[test]
fn a_platform_holds_so_many_workers() {
    let mut suite = Suite::new();
    let tee = suite.tee.clone();
    let alice = suite.user("alice");
    let first = suite.register(&alice, &Boot::new("1")).unwrap();
    suite.app.advance(10);
    suite.register(&alice, &Boot::new("2")).unwrap();
    refused(suite.register(&alice, &Boot::new("3")), "platform_full");
    // Another platform has seats of its own.
    suite
        .register_on(&Tee::other_platform(), &alice, None, &Boot::new("4"))
        .unwrap();
    // A new boot of a worker takes the seat of the old one.
    suite
        .register_on(&tee, &alice, Some(first.worker_id), &Boot::new("5"))
        .unwrap();
    refused(suite.register(&alice, &Boot::new("6")), "platform_full");
    suite.retire(&alice, first.worker_id).unwrap();
    suite.register(&alice, &Boot::new("7")).unwrap();
}

#[test]
fn a_tenant_that_left_without_a_word_blocks_nobody() {
    let mut suite = Suite::new();
    let alice = suite.user("alice");
    suite.register(&alice, &Boot::new("1")).unwrap();
    suite.register(&alice, &Boot::new("2")).unwrap();
    suite.app.advance(LEASE_S);
    refused(suite.register(&alice, &Boot::new("3")), "platform_full");
    suite.app.advance(1);
    suite.register(&alice, &Boot::new("3")).unwrap();
}

#[test]
fn images_and_workloads_must_be_approved() {
    let mut suite = Suite::new();
    let (alice, image) = (suite.user("alice"), suite.tee.image());
    let other = Tee::other_image();
    refused(
        suite.register_on(&other, &alice, None, &Boot::new("1")),
        "image_unknown",
    );
    let target = RevocationTarget::Image(image);
    suite.revoke(target, RevocationSpeed::Retired).unwrap();
    refused(suite.register(&alice, &Boot::new("2")), "retired");
    suite.approve(image, Some(Hex([1; 48]))).unwrap();
    refused(suite.register(&alice, &Boot::new("2")), "workload");
    suite.approve(image, Some(suite.tee.rtmr3())).unwrap();
    suite.register(&alice, &Boot::new("3")).unwrap();
}

#[test]
fn no_collateral_no_registration() {
    let mut suite = Suite::empty(true);
    let alice = suite.user("alice");
    refused(
        suite.register(&alice, &Boot::new("1")),
        "collateral_unknown",
    );
}

#[test]
fn an_oversized_quote_is_refused_unread() {
    let mut suite = Suite::new();
    let (alice, boot) = (suite.user("alice"), Boot::new("one"));
    let challenge = suite.challenge(&alice, &boot).unwrap().challenge;
    let evidence = suite.evidence_with(&alice, &boot, &challenge, vec![4; 16_385]);
    refused(suite.send_register(&alice, None, evidence), "length");
}
