//! `approve_image`: images, the workloads in them, and for how long they count.

mod common;

use common::{refused, Boot, Snp, Suite, Tee, LEASE_S, START};
use cosmwasm_std::{Addr, Binary};
use secret_ai_attestation::{workload_digest, Workload as Measures};
use secret_ai_interface::registry::*;
use secret_ai_interface::{Digest, Hex};
use KidStatus::{Active, Compromised, Retired};

const COMPOSE: [u8; 32] = [0xc0; 32];
const ROOTFS: [u8; 32] = [0xf5; 32];
const FILES: [u8; 32] = [0xd0; 32];

/// A registry with the TEE's collateral, in which no image is approved.
fn without_images() -> (Suite, Addr) {
    let mut suite = Suite::with_snp();
    let image = RevocationTarget::Image(suite.tee.image());
    // A retired image that is approved again has the workloads alone that are approved then.
    suite.revoke(image, RevocationSpeed::Retired).unwrap();
    let alice = suite.user("alice");
    (suite, alice)
}

/// Registers with evidence of this TEE and this claim of what runs in it.
fn register(
    suite: &mut Suite,
    alice: &Addr,
    tee: &Tee,
    claim: Option<Workload>,
    name: &str,
) -> Result<RegisterAnswer, String> {
    let boot = Boot::new(name);
    let challenge = suite.challenge(alice, &boot)?.challenge;
    let evidence = suite.evidence(tee, alice, &boot, &challenge);
    let claimed = Attestation {
        workload: claim,
        ..evidence
    };
    suite.send_register(alice, None, claimed)
}

fn attest_tool(docker_files: Option<[u8; 32]>) -> (Measures<'static>, Workload) {
    let measures = Measures::AttestTool {
        compose_sha256: COMPOSE,
        rootfs: ROOTFS,
        docker_files_sha256: docker_files,
    };
    let claim = Workload::AttestTool {
        compose_sha256: Hex(COMPOSE),
        rootfs: Hex(ROOTFS),
        docker_files_sha256: docker_files.map(Hex),
    };
    (measures, claim)
}

fn dstack(app_id: &[u8]) -> (Measures<'_>, Workload) {
    let measures = Measures::Dstack {
        app_id,
        compose_sha256: COMPOSE,
        os_image_sha256: ROOTFS,
        docker_files_sha256: Some(FILES),
    };
    let claim = Workload::Dstack {
        app_id: Binary(app_id.to_vec()),
        compose_sha256: Hex(COMPOSE),
        os_image_sha256: Hex(ROOTFS),
        docker_files_sha256: Some(Hex(FILES)),
    };
    (measures, claim)
}

fn digest(measures: &Measures) -> Digest {
    Hex(workload_digest(measures))
}

fn image(suite: &Suite, image: Digest, workload: Option<Digest>) -> ImageAnswer {
    suite.ask(QueryMsg::Image { image, workload }).unwrap()
}

#[test]
fn an_image_may_be_approved_for_any_workload() {
    let mut suite = Suite::new();
    let alice = suite.user("alice");
    let (measures, claim) = attest_tool(None);
    let tee = Tee::running(&measures);
    let own = suite.tee.clone();
    let plain = register(&mut suite, &alice, &own, None, "1").unwrap();
    assert_eq!(suite.worker(plain.worker_id).workload, own.workload());
    // Named by what it is made of, it has that digest, also where nobody asked.
    let claimed = register(&mut suite, &alice, &tee, Some(claim), "2").unwrap();
    assert_eq!(suite.worker(claimed.worker_id).workload, digest(&measures));
}

#[test]
fn or_for_one_value_of_rtmr3() {
    let (mut suite, alice) = without_images();
    let (tee, other) = (suite.tee.clone(), Tee::running(&attest_tool(None).0));
    suite.approve(tee.image(), Some(tee.rtmr3())).unwrap();
    register(&mut suite, &alice, &tee, None, "1").unwrap();
    refused(register(&mut suite, &alice, &other, None, "2"), "workload");
    // Several workloads of one image.
    suite.approve(tee.image(), Some(other.rtmr3())).unwrap();
    register(&mut suite, &alice, &other, None, "2").unwrap();
}

#[test]
fn what_the_attest_tool_measured_is_recomputed() {
    for files in [None, Some(FILES)] {
        let (mut suite, alice) = without_images();
        let (measures, claim) = attest_tool(files);
        let tee = Tee::running(&measures);
        let workload = Some(digest(&measures));
        suite.approve_image(tee.image(), workload, None).unwrap();
        // The value alone was not approved.
        refused(register(&mut suite, &alice, &tee, None, "1"), "workload");
        let answer = register(&mut suite, &alice, &tee, Some(claim), "1").unwrap();
        assert_eq!(Some(suite.worker(answer.worker_id).workload), workload);
    }
}

#[test]
fn a_claim_that_does_not_give_the_register_is_refused() {
    let (mut suite, alice) = without_images();
    let (measures, claim) = attest_tool(None);
    let tee = Tee::running(&measures);
    let workload = Some(digest(&measures));
    suite.approve_image(tee.image(), workload, None).unwrap();
    let others = [
        // An approved claim, but something else runs.
        (suite.tee.clone(), claim.clone()),
        (Tee::running(&attest_tool(Some(FILES)).0), claim),
        (tee.clone(), attest_tool(Some(FILES)).1),
        (tee, dstack(b"app").1),
    ];
    for (tee, claim) in others {
        refused(
            register(&mut suite, &alice, &tee, Some(claim), "1"),
            "workload_mismatch",
        );
    }
}

#[test]
fn one_approval_holds_for_all_deployments_of_dstack() {
    let (mut suite, alice) = without_images();
    let (measures, _) = dstack(b"");
    let workload = Some(digest(&measures));
    suite
        .approve_image(suite.tee.image(), workload, None)
        .unwrap();
    for (app_id, name) in [(&[1u8; 20][..], "1"), (&[2u8; 64][..], "2")] {
        let (measures, claim) = dstack(app_id);
        let tee = Tee::running(&measures);
        let answer = register(&mut suite, &alice, &tee, Some(claim), name).unwrap();
        assert_eq!(Some(suite.worker(answer.worker_id).workload), workload);
    }
    let (measures, _) = dstack(&[1; 20]);
    let (_, other) = dstack(&[2; 20]);
    refused(
        register(
            &mut suite,
            &alice,
            &Tee::running(&measures),
            Some(other),
            "3",
        ),
        "workload_mismatch",
    );
    let (measures, claim) = dstack(&[1; 65]);
    refused(
        register(
            &mut suite,
            &alice,
            &Tee::running(&measures),
            Some(claim),
            "3",
        ),
        "length",
    );
}

#[test]
fn the_workload_of_snp_is_its_host_data() {
    let mut suite = Suite::with_snp();
    let alice = suite.user("alice");
    let mut snp = Snp::new();
    snp.measurements.measurement = [0xee; 48];
    let exact = Some(snp.workload());
    suite.approve_image(snp.image(), exact, None).unwrap();
    suite
        .register_on(&snp, &alice, None, &Boot::new("1"))
        .unwrap();
    let mut other = snp.clone();
    other.measurements.host_data = [0; 32];
    refused(
        suite.register_on(&other, &alice, None, &Boot::new("2")),
        "workload",
    );
    // There is nothing to recompute.
    let boot = Boot::new("2");
    let challenge = suite.challenge(&alice, &boot).unwrap().challenge;
    let claimed = Attestation {
        workload: Some(attest_tool(None).1),
        ..suite.evidence(&snp, &alice, &boot, &challenge)
    };
    refused(suite.send_register(&alice, None, claimed), "format");
}

#[test]
fn a_revoked_workload_takes_its_keys_along_and_no_others() {
    let (mut suite, alice) = without_images();
    let (measures, claim) = attest_tool(None);
    let (tee, other) = (Tee::running(&measures), suite.tee.clone());
    let (image, workload) = (tee.image(), digest(&measures));
    suite.approve_image(image, Some(workload), None).unwrap();
    suite.approve(image, Some(other.rtmr3())).unwrap();
    register(&mut suite, &alice, &tee, Some(claim.clone()), "1").unwrap();
    register(&mut suite, &alice, &other, None, "2").unwrap();
    let (one, two) = (Boot::new("1"), Boot::new("2"));

    suite.app.advance(70);
    let target = RevocationTarget::Workload { image, workload };
    let keys = |suite: &Suite| {
        let mut rows = suite.state();
        rows.retain(|(slot, _)| slot.starts_with(b"kid/"));
        rows
    };
    let before = keys(&suite);
    suite
        .revoke(target.clone(), RevocationSpeed::Retired)
        .unwrap();
    assert_eq!(keys(&suite), before, "no key was written to");
    assert_eq!([suite.status(&one), suite.status(&two)], [Retired, Active]);
    assert_eq!(suite.kid(one.kid()).unwrap().lease_until, START + 70);
    refused(
        register(&mut suite, &alice, &tee, Some(claim), "3"),
        "retired",
    );
    register(&mut suite, &alice, &Tee::other_platform(), None, "3").unwrap();

    refused(
        suite.revoke(target.clone(), RevocationSpeed::Retired),
        "no_fall",
    );
    suite.revoke(target, RevocationSpeed::Compromised).unwrap();
    assert_eq!(suite.status(&one), Compromised);
    refused(
        suite.approve_image(image, Some(workload), None),
        "compromised",
    );
}

#[test]
fn a_retired_workload_can_be_approved_again() {
    let (mut suite, alice) = without_images();
    let (tee, boot) = (suite.tee.clone(), Boot::new("1"));
    let (image, workload) = (tee.image(), tee.workload());
    suite.approve_image(image, Some(workload), None).unwrap();
    suite.register(&alice, &boot).unwrap();
    let target = RevocationTarget::Workload { image, workload };
    suite.revoke(target, RevocationSpeed::Retired).unwrap();
    refused(suite.register(&alice, &Boot::new("2")), "retired");
    suite.approve_image(image, Some(workload), None).unwrap();
    assert_eq!(suite.status(&boot), Active);
    suite.register(&alice, &Boot::new("2")).unwrap();
}

#[test]
fn a_revoked_workload_is_out_even_where_any_other_is_in() {
    let mut suite = Suite::new();
    let (alice, tee) = (suite.user("alice"), suite.tee.clone());
    let (image, workload) = (tee.image(), tee.workload());
    // It need not have been approved, nor seen.
    let target = RevocationTarget::Workload { image, workload };
    suite.revoke(target, RevocationSpeed::Compromised).unwrap();
    refused(suite.register(&alice, &Boot::new("1")), "compromised");
}

/// Nobody can hide what runs by not saying what it is made of.
#[test]
fn a_revoked_workload_cannot_come_back_unnamed() {
    let mut suite = Suite::new();
    let alice = suite.user("alice");
    let (measures, claim) = attest_tool(None);
    let tee = Tee::running(&measures);
    let target = RevocationTarget::Workload {
        image: tee.image(),
        workload: digest(&measures),
    };
    suite.revoke(target, RevocationSpeed::Compromised).unwrap();
    refused(
        register(&mut suite, &alice, &tee, Some(claim), "1"),
        "compromised",
    );
    let unnamed = register(&mut suite, &alice, &tee, None, "1");
    assert!(unnamed.is_err(), "{unnamed:?}");
}

#[test]
fn one_more_workload_takes_nothing_from_an_image_of_any() {
    let mut suite = Suite::new();
    let (alice, tee) = (suite.user("alice"), suite.tee.clone());
    let more = Tee::running(&attest_tool(None).0);
    suite.approve(tee.image(), Some(more.rtmr3())).unwrap();
    suite.register(&alice, &Boot::new("1")).unwrap();
    assert!(image(&suite, tee.image(), None).usable);
}

#[test]
fn a_retired_image_comes_back_with_the_workloads_that_are_named() {
    let mut suite = Suite::new();
    let (alice, tee) = (suite.user("alice"), suite.tee.clone());
    let target = RevocationTarget::Image(tee.image());
    suite.revoke(target, RevocationSpeed::Retired).unwrap();
    let named = Tee::running(&attest_tool(None).0);
    suite.approve(tee.image(), Some(named.rtmr3())).unwrap();
    refused(suite.register(&alice, &Boot::new("1")), "workload");
    register(&mut suite, &alice, &named, None, "1").unwrap();
}

#[test]
fn an_image_counts_to_its_last_second() {
    let mut suite = Suite::new();
    let (alice, tee) = (suite.user("alice"), suite.tee.clone());
    let (boot, until) = (Boot::new("1"), START + 1_000);
    suite.approve_image(tee.image(), None, Some(until)).unwrap();
    let answer = suite.register(&alice, &boot).unwrap();
    assert_eq!(answer.lease_until, until);
    suite.app.advance(1_000);
    assert!(suite.worker(answer.worker_id).active);
    assert!(image(&suite, tee.image(), None).usable);
    suite.register(&alice, &Boot::new("2")).unwrap();

    suite.app.advance(1);
    assert!(!suite.worker(answer.worker_id).active);
    let ended = image(&suite, tee.image(), None);
    assert_eq!(
        (ended.usable, ended.status, ended.until),
        (false, Active, Some(until))
    );
    refused(suite.register(&alice, &Boot::new("3")), "image_ended");
}

#[test]
fn an_earlier_end_cuts_leases_that_run() {
    let mut suite = Suite::new();
    let (alice, tee, boot) = (suite.user("alice"), suite.tee.clone(), Boot::new("1"));
    suite.register(&alice, &boot).unwrap();
    let until = START + LEASE_S / 2;
    suite.approve_image(tee.image(), None, Some(until)).unwrap();
    assert_eq!(suite.kid(boot.kid()).unwrap().lease_until, until);
    suite.app.advance(LEASE_S / 2 + 1);
    refused(suite.renew(&alice, &boot), "image_ended");
    // A later end gives them back what they had, and no more.
    suite.approve_image(tee.image(), None, None).unwrap();
    assert_eq!(suite.kid(boot.kid()).unwrap().lease_until, START + LEASE_S);
    suite.renew(&alice, &boot).unwrap();
}

#[test]
fn the_query_tells_what_may_register() {
    let (mut suite, _) = without_images();
    let (id, exact) = (suite.tee.image(), suite.tee.workload());
    let shown = |suite: &Suite, workload| {
        let ImageAnswer { usable, status, .. } = image(suite, id, workload);
        (usable, status)
    };
    let unseen = image(&suite, Hex([9; 32]), None);
    assert_eq!((unseen.usable, unseen.until), (false, None));
    assert_eq!(shown(&suite, None), (false, Retired));

    suite.approve_image(id, Some(exact), None).unwrap();
    assert_eq!(shown(&suite, Some(exact)), (true, Active));
    assert_eq!(shown(&suite, None), (false, Active));
    assert_eq!(shown(&suite, Some(Hex([1; 32]))), (false, Active));

    suite.approve_image(id, None, None).unwrap();
    assert_eq!(shown(&suite, Some(Hex([1; 32]))), (true, Active));
    let target = RevocationTarget::Workload {
        image: id,
        workload: exact,
    };
    suite.revoke(target, RevocationSpeed::Retired).unwrap();
    assert_eq!(shown(&suite, Some(exact)), (false, Retired));
    let target = RevocationTarget::Image(id);
    suite.revoke(target, RevocationSpeed::Compromised).unwrap();
    assert_eq!(shown(&suite, Some(exact)), (false, Compromised));
}

/// Keys under workloads that nobody named fall when the image stops taking any.
#[test]
fn unnamed_workloads_end_when_the_image_takes_named_ones_only() {
    let mut suite = Suite::new();
    let (alice, boot) = (suite.user("alice"), Boot::new("1"));
    let image = suite.tee.image();
    suite.register(&alice, &boot).unwrap();
    suite.app.advance(30);
    let other = RevocationTarget::Workload {
        image,
        workload: Hex([9; 32]),
    };
    suite.revoke(other, RevocationSpeed::Compromised).unwrap();
    assert_eq!(suite.status(&boot), Retired);
    assert_eq!(suite.kid(boot.kid()).unwrap().lease_until, START + 30);
    // Any workload would let the compromised one back in under the name of its register's value.
    refused(suite.approve_image(image, None, None), "format");
    let own = suite.tee.workload();
    suite.approve_image(image, Some(own), None).unwrap();
    assert_eq!(suite.status(&boot), Active);
}
