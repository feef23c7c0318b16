//! Certificates that were verified once and are named by their hash from then on.

mod common;

use common::{refused, Boot, Cpu, Gpu, Snp, Suite, Tee, LEASE_S, START};
use secret_ai_interface::registry::*;
use secret_ai_interface::Hex;

/// A registry that can verify everything, and an operator.
fn everything() -> (Suite, cosmwasm_std::Addr) {
    let mut suite = Suite::with_snp();
    suite
        .submit_any(RootKind::Development, Gpu::authorities())
        .unwrap();
    suite.approve_golden(Gpu::new(0).golden()).unwrap();
    let alice = suite.user("alice");
    (suite, alice)
}

#[test]
fn are_known_once_evidence_with_them_was_accepted() {
    let (mut suite, alice) = everything();
    let (tee, snp, gpu) = (suite.tee.clone(), Snp::new(), Gpu::new(0));
    assert!(suite.knows(Gpu::authority()));
    for certificate in [tee.pck(), snp.certificate(), gpu.leaf(), Hex([0; 32])] {
        assert!(!suite.knows(certificate));
    }
    let boot = Boot::new("1").with_gpus(1);
    suite
        .register_gpus(&tee, std::slice::from_ref(&gpu), &alice, None, &boot)
        .unwrap();
    suite
        .register_on(&snp, &alice, None, &Boot::new("2"))
        .unwrap();
    for certificate in [tee.pck(), snp.certificate(), gpu.leaf()] {
        assert!(suite.knows(certificate));
    }
}

#[test]
fn are_not_known_if_the_evidence_was_refused() {
    let (mut suite, alice) = everything();
    let boot = Boot::new("1");
    let challenge = suite.challenge(&alice, &boot).unwrap().challenge;
    let cpus: [&dyn Cpu; 2] = [&Tee::new(), &Snp::new()];
    for cpu in cpus {
        let cpu = cpu.evidence(&[0x5a; 64]);
        let unbound = suite.attestation(&alice, &boot, &challenge, cpu);
        let before = suite.state();
        refused(suite.send_register(&alice, None, unbound), "binding");
        assert_eq!(suite.state(), before);
    }
    assert!(!suite.knows(Tee::new().pck()));
    assert!(!suite.knows(Snp::new().certificate()));
}

#[test]
fn that_were_never_verified_cannot_be_named() {
    let (mut suite, alice) = everything();
    let (tee, snp, gpu) = (suite.tee.by_hash(), Snp::new().by_hash(), Gpu::new(0));
    let cpus: [&dyn Cpu; 2] = [&tee, &snp];
    for cpu in cpus {
        refused(
            suite.register_on(cpu, &alice, None, &Boot::new("1")),
            "certificate_unknown",
        );
    }
    let boot = Boot::new("1").with_gpus(1);
    refused(
        suite.register_gpus(&Tee::new(), &[gpu.by_hash()], &alice, None, &boot),
        "certificate_unknown",
    );
}

#[test]
fn serve_whoever_comes_next_on_the_same_machine() {
    let (mut suite, alice) = everything();
    let bob = suite.user("bob");
    let (tee, snp) = (suite.tee.clone(), Snp::new());
    let machines: [(&dyn Cpu, &dyn Cpu); 2] = [(&tee, &tee.by_hash()), (&snp, &snp.by_hash())];
    for (number, (whole, by_hash)) in machines.into_iter().enumerate() {
        let boots = ["a", "b"].map(|name| Boot::new(&format!("{number}{name}")));
        suite.register_on(whole, &alice, None, &boots[0]).unwrap();
        let first = suite.status(&boots[0]);
        suite.register_on(by_hash, &bob, None, &boots[1]).unwrap();
        assert_eq!(suite.status(&boots[1]), first);
    }
}

#[test]
fn spare_a_renewal_all_certificates() {
    let (mut suite, alice) = everything();
    let (tee, gpus) = (suite.tee.clone(), Gpu::first(2));
    let boot = Boot::new("1").with_gpus(2);
    suite
        .register_gpus(&tee, &gpus, &alice, None, &boot)
        .unwrap();
    suite.app.advance(LEASE_S / 2);
    let known: Vec<Gpu> = gpus.iter().map(Gpu::by_hash).collect();
    let answer = suite
        .renew_gpus(&tee.by_hash(), &known, &alice, &boot)
        .unwrap();
    assert_eq!(answer.lease_until, START + LEASE_S / 2 + LEASE_S);
}

#[test]
fn of_one_kind_do_not_pass_as_another() {
    let (mut suite, alice) = everything();
    let (tee, gpu) = (suite.tee.clone(), Gpu::new(0));
    let boot = Boot::new("1").with_gpus(1);
    suite
        .register_gpus(&tee, std::slice::from_ref(&gpu), &alice, None, &boot)
        .unwrap();
    let boot = Boot::new("2").with_gpus(1);
    let challenge = suite.challenge(&alice, &boot).unwrap().challenge;
    let right = suite.answers(&[Gpu::new(1)], &alice, &boot, &challenge);
    let DeviceCertificates::Der { certificates, .. } = right[0].report.certificates.clone() else {
        panic!("sent with its certificates");
    };
    let wrong = [
        DeviceCertificates::Known(tee.pck()),
        DeviceCertificates::Known(Gpu::authority()),
        DeviceCertificates::Der {
            certificates: certificates.clone(),
            issuer: gpu.leaf(),
        },
        DeviceCertificates::Der {
            certificates,
            issuer: tee.pck(),
        },
    ];
    for certificates in wrong {
        let mut answers = right.clone();
        answers[0].report.certificates = certificates;
        let evidence = suite.evidence_with_gpus(&tee, &answers, &alice, &boot, &challenge);
        refused(
            suite.send_register(&alice, None, evidence),
            "certificate_unknown",
        );
    }
    let boot = Boot::new("3");
    let challenge = suite.challenge(&alice, &boot).unwrap().challenge;
    let mut evidence = suite.evidence(&Snp::new(), &alice, &boot, &challenge);
    if let CpuEvidence::Snp { certificate, .. } = &mut evidence.cpu {
        *certificate = CertificateRef::Known(gpu.leaf());
    }
    refused(
        suite.send_register(&alice, None, evidence),
        "certificate_unknown",
    );
}

#[test]
fn that_were_revoked_since_are_refused_by_hash_too() {
    let (mut suite, alice) = everything();
    let (tee, boot) = (suite.tee.clone(), Boot::new("1"));
    suite.register(&alice, &boot).unwrap();
    suite.app.advance(LEASE_S / 2);

    let mut world = tee.clone();
    world.soft.revoked_pck.push(tee.soft.pck_serial());
    let newer = world.collateral(START + 60);
    assert!(suite.submit(RootKind::Development, newer).unwrap().stored);
    assert!(suite.knows(tee.pck()));
    refused(suite.renew_on(&tee.by_hash(), &alice, &boot), "revoked");
    refused(suite.renew_on(&tee, &alice, &boot), "revoked");
    refused(
        suite.register_on(&tee.by_hash(), &alice, None, &Boot::new("2")),
        "revoked",
    );
}

#[test]
fn that_ended_since_are_refused_by_hash_too() {
    let (mut suite, alice) = everything();
    let mut tee = suite.tee.clone();
    tee.soft.pck_validity.1 = START + LEASE_S / 2;
    let mut snp = Snp::new();
    snp.soft.certificate_validity.1 = START + LEASE_S / 2;
    let (one, two) = (Boot::new("1"), Boot::new("2"));
    let leases = [
        suite.register_on(&tee, &alice, None, &one).unwrap(),
        suite.register_on(&snp, &alice, None, &two).unwrap(),
    ];
    // The lease ended with the certificate.
    assert!(leases
        .iter()
        .all(|it| it.lease_until == START + LEASE_S / 2));
    suite.app.advance(LEASE_S / 2 + 1);
    let cpus: [&dyn Cpu; 2] = [&tee.by_hash(), &snp.by_hash()];
    for cpu in cpus {
        refused(
            suite.register_on(cpu, &alice, None, &Boot::new("3")),
            "expired",
        );
    }
}

#[test]
fn the_hash_of_one_platform_does_not_carry_the_quote_of_another() {
    let (mut suite, alice) = everything();
    let (tee, other) = (suite.tee.clone(), Tee::other_platform());
    suite.register(&alice, &Boot::new("1")).unwrap();
    refused(
        suite.register_on(&other.by_hash(), &alice, None, &Boot::new("2")),
        "certificate_unknown",
    );
    let (snp, other) = (Snp::new(), Snp::other_chip());
    suite
        .register_on(&snp, &alice, None, &Boot::new("2"))
        .unwrap();
    let boot = Boot::new("3");
    let challenge = suite.challenge(&alice, &boot).unwrap().challenge;
    let mut evidence = suite.evidence(&other.by_hash(), &alice, &boot, &challenge);
    if let CpuEvidence::Snp { certificate, .. } = &mut evidence.cpu {
        *certificate = CertificateRef::Known(snp.certificate());
    }
    refused(
        suite.send_register(&alice, None, evidence),
        "snp_hardware_id",
    );
    assert!(suite.knows(tee.pck()));
}
