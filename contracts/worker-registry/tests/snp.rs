//! Workers on AMD SEV-SNP: chips and providers' keys, products, patch levels, collateral.

mod common;

use common::{policy, product, refused, Boot, Cpu, Snp, Suite, LEASE_S, START};
use cosmwasm_std::{Addr, Binary};
use secret_ai_attestation::snp::Product;
use secret_ai_interface::registry::*;

const DAY: u64 = 86_400;

fn with_snp() -> (Suite, Addr) {
    let suite = Suite::with_snp();
    let alice = suite.user("alice");
    (suite, alice)
}

fn lax(change: impl Fn(&mut SnpPolicy)) -> Policy {
    let mut policy = policy();
    change(&mut policy.snp);
    policy
}

#[test]
fn an_honest_worker_gets_a_lease() {
    let (mut suite, alice) = with_snp();
    let (snp, boot) = (Snp::new(), Boot::new("1"));
    let answer = suite.register_on(&snp, &alice, None, &boot).unwrap();
    assert_eq!(answer.lease_until, START + LEASE_S);
    let worker = suite.worker(answer.worker_id);
    assert_eq!(
        (worker.tee.as_str(), worker.tcb_status.as_str()),
        ("snp", "UpToDate")
    );
    assert_eq!(
        (worker.image, worker.workload),
        (snp.image(), snp.workload())
    );
    assert_eq!(worker.platform, snp.platform());
    assert!(worker.active);
}

#[test]
fn a_renewal_names_the_certificate_by_hash() {
    let (mut suite, alice) = with_snp();
    let (snp, boot) = (Snp::new(), Boot::new("1"));
    suite.register_on(&snp, &alice, None, &boot).unwrap();
    suite.app.advance(LEASE_S / 2);
    let answer = suite.renew_on(&snp.by_hash(), &alice, &boot).unwrap();
    assert_eq!(answer.lease_until, START + LEASE_S / 2 + LEASE_S);
}

#[test]
fn another_chip_or_technology_does_not_renew() {
    let (mut suite, alice) = with_snp();
    let (snp, boot) = (Snp::new(), Boot::new("1"));
    suite.register_on(&snp, &alice, None, &boot).unwrap();
    suite.app.advance(LEASE_S / 2);
    let (tee, other) = (suite.tee.clone(), Snp::other_chip());
    let cpus: [&dyn Cpu; 2] = [&other, &tee];
    for cpu in cpus {
        refused(suite.renew_on(cpu, &alice, &boot), "renewal");
    }
}

#[test]
fn a_chip_has_so_many_seats() {
    let (mut suite, alice) = with_snp();
    let (snp, other) = (Snp::new(), Snp::other_chip());
    for name in ["1", "2"] {
        suite
            .register_on(&snp, &alice, None, &Boot::new(name))
            .unwrap();
    }
    refused(
        suite.register_on(&snp, &alice, None, &Boot::new("3")),
        "platform_full",
    );
    suite
        .register_on(&other, &alice, None, &Boot::new("3"))
        .unwrap();
}

#[test]
fn a_chip_can_be_revoked() {
    let (mut suite, alice) = with_snp();
    let (snp, boot) = (Snp::new(), Boot::new("1"));
    suite.register_on(&snp, &alice, None, &boot).unwrap();
    let target = RevocationTarget::Platform(snp.platform());
    suite.revoke(target, RevocationSpeed::Compromised).unwrap();
    assert_eq!(suite.status(&boot), KidStatus::Compromised);
    refused(
        suite.register_on(&snp, &alice, None, &Boot::new("2")),
        "compromised",
    );
}

#[test]
fn the_product_is_the_one_that_was_said() {
    let (mut suite, alice) = with_snp();
    let boot = Boot::new("1");
    let challenge = suite.challenge(&alice, &boot).unwrap().challenge;
    let said = |suite: &Suite, said| {
        let mut evidence = suite.evidence(&Snp::new(), &alice, &boot, &challenge);
        if let CpuEvidence::Snp { product, .. } = &mut evidence.cpu {
            *product = said;
        }
        evidence
    };
    for other in [SnpProduct::Milan, SnpProduct::Turin] {
        let evidence = said(&suite, other);
        refused(
            suite.send_register(&alice, None, evidence),
            "collateral_unknown",
        );
    }
    // Nor does it pass under the collateral of another product.
    let mut milan = Snp::new();
    milan.soft.product = Product::Milan;
    suite
        .submit_any(RootKind::Development, milan.own_collateral())
        .unwrap();
    let evidence = said(&suite, SnpProduct::Milan);
    refused(suite.send_register(&alice, None, evidence), "issuer");
    suite
        .register_on(&Snp::new(), &alice, None, &Boot::new("2"))
        .unwrap();
    let mut evidence = said(&suite, SnpProduct::Milan);
    if let CpuEvidence::Snp { certificate, .. } = &mut evidence.cpu {
        *certificate = CertificateRef::Known(Snp::new().certificate());
    }
    refused(
        suite.send_register(&alice, None, evidence),
        "snp_endorsement",
    );
    let evidence = said(&suite, product(Product::Genoa));
    suite.send_register(&alice, None, evidence).unwrap();
}

#[test]
fn a_providers_key_needs_a_policy_and_collateral_of_its_own() {
    let (mut suite, alice) = with_snp();
    let (vlek, boot) = (Snp::vlek(), Boot::new("1"));
    refused(
        suite.register_on(&vlek, &alice, None, &boot),
        "collateral_unknown",
    );
    suite
        .submit_any(RootKind::Development, vlek.own_collateral())
        .unwrap();
    refused(
        suite.register_on(&vlek, &alice, None, &boot),
        "policy_snp_vlek",
    );
    suite.set_policy(lax(|it| it.allow_vlek = true)).unwrap();
    suite.register_on(&vlek, &alice, None, &boot).unwrap();
    // Chips behind it cannot be told apart, so seats are not counted,
    for name in ["2", "3"] {
        suite
            .register_on(&vlek, &alice, None, &Boot::new(name))
            .unwrap();
    }
    // and the chip's own key goes on as before.
    suite
        .register_on(&Snp::new(), &alice, None, &Boot::new("4"))
        .unwrap();
    for vlek in [false, true] {
        let product = SnpProduct::Genoa;
        let info: SnpCollateralInfo = suite
            .ask(QueryMsg::SnpCollateral { product, vlek })
            .unwrap();
        let shown = (info.root, info.issued_at);
        assert_eq!(shown, (RootKind::Development, START - DAY));
    }
}

#[test]
fn a_provider_can_be_revoked_as_one_platform() {
    let (mut suite, alice) = with_snp();
    let (vlek, boot) = (Snp::vlek(), Boot::new("1"));
    suite
        .submit_any(RootKind::Development, vlek.own_collateral())
        .unwrap();
    suite.set_policy(lax(|it| it.allow_vlek = true)).unwrap();
    let answer = suite.register_on(&vlek, &alice, None, &boot).unwrap();
    let target = RevocationTarget::Platform(suite.worker(answer.worker_id).platform);
    suite.revoke(target, RevocationSpeed::Retired).unwrap();
    assert_eq!(suite.status(&boot), KidStatus::Retired);
    refused(
        suite.register_on(&vlek, &alice, None, &Boot::new("2")),
        "retired",
    );
}

#[test]
fn patch_levels_are_at_least_those_of_the_policy() {
    let (mut suite, alice) = with_snp();
    let tcb = Snp::new().soft.reported_tcb;
    let exact = SnpMinTcb {
        product: SnpProduct::Genoa,
        fmc: tcb.fmc,
        boot_loader: tcb.boot_loader,
        tee: tcb.tee,
        snp: tcb.snp,
        microcode: tcb.microcode,
    };
    let raise = |change: fn(&mut SnpMinTcb)| {
        let mut min = exact;
        change(&mut min);
        lax(move |it| it.min_tcb = vec![min])
    };
    let changes: [fn(&mut SnpMinTcb); 5] = [
        |it| it.fmc += 1,
        |it| it.boot_loader += 1,
        |it| it.tee += 1,
        |it| it.snp += 1,
        |it| it.microcode += 1,
    ];
    for change in changes {
        suite.set_policy(raise(change)).unwrap();
        refused(
            suite.register_on(&Snp::new(), &alice, None, &Boot::new("1")),
            "policy_snp_min_tcb",
        );
    }
    suite
        .set_policy(lax(|it| {
            it.min_tcb.retain(|min| min.product == SnpProduct::Milan)
        }))
        .unwrap();
    refused(
        suite.register_on(&Snp::new(), &alice, None, &Boot::new("1")),
        "policy_snp_no_minimum",
    );
    suite.set_policy(raise(|_| ())).unwrap();
    suite
        .register_on(&Snp::new(), &alice, None, &Boot::new("1"))
        .unwrap();
}

#[test]
fn multithreading_and_version_2_need_a_policy() {
    let (mut suite, alice) = with_snp();
    suite.set_policy(lax(|it| it.allow_smt = false)).unwrap();
    refused(
        suite.register_on(&Snp::new(), &alice, None, &Boot::new("1")),
        "policy_snp_smt",
    );
    let mut single = Snp::new();
    single.measurements.policy &= !(1 << 16);
    suite.approve(single.image(), None).unwrap();
    suite
        .register_on(&single, &alice, None, &Boot::new("1"))
        .unwrap();
    let mut old = single.clone();
    old.soft.version = 2;
    refused(
        suite.register_on(&old, &alice, None, &Boot::new("2")),
        "policy_snp_version",
    );
    suite
        .set_policy(lax(|it| it.allow_version_2 = true))
        .unwrap();
    suite
        .register_on(&old, &alice, None, &Boot::new("2"))
        .unwrap();
}

#[test]
fn an_image_is_all_that_was_launched() {
    let (mut suite, alice) = with_snp();
    let changes: [fn(&mut Snp); 6] = [
        |it| it.measurements.measurement[0] ^= 1,
        |it| it.measurements.vmpl = 0,
        |it| it.measurements.policy |= 1 << 20,
        |it| it.measurements.family_id[0] ^= 1,
        |it| it.measurements.image_id[0] ^= 1,
        |it| it.measurements.id_key_digest[0] ^= 1,
    ];
    for change in changes {
        let mut other = Snp::new();
        change(&mut other);
        refused(
            suite.register_on(&other, &alice, None, &Boot::new("1")),
            "image_unknown",
        );
    }
}

#[test]
fn collateral_is_never_replaced_by_older() {
    let mut suite = Suite::empty(true);
    let at = |days: u64, number| {
        let mut world = Snp::new();
        let issued = START - DAY + days * DAY;
        world.soft.crl_validity = (issued, issued + 30 * DAY);
        world.soft.crl_number = number;
        world.own_collateral()
    };
    let shown = |suite: &Suite| {
        let (product, vlek) = (SnpProduct::Genoa, false);
        suite.ask::<SnpCollateralInfo>(QueryMsg::SnpCollateral { product, vlek })
    };
    refused(shown(&suite), "unknown_product");
    suite.app.advance(3 * DAY);
    let mut send = |collateral| {
        let root = RootKind::Development;
        suite.submit_any(root, collateral).unwrap()
    };
    let first = send(at(2, 5));
    assert!(first.stored);
    assert_eq!(first.subject, "Genoa");
    assert_eq!(first.valid_until, START + 31 * DAY);
    for older in [at(1, 5), at(2, 4), at(1, 9), at(3, 4)] {
        let answer = send(older);
        assert_eq!(
            (answer.stored, answer.valid_until),
            (false, first.valid_until)
        );
    }
    assert!(send(at(2, 5)).stored);
    assert!(send(at(3, 6)).stored);
    assert_eq!(shown(&suite).unwrap().issued_at, START + 2 * DAY);
}

#[test]
fn collateral_is_bounded_in_size() {
    let mut suite = Suite::empty(true);
    let Collateral::Snp(good) = Snp::collateral() else {
        panic!("collateral of AMD's kind");
    };
    let before = suite.state();
    for size in [0, 4_097] {
        let mut bad = good.clone();
        bad.ask = Binary(vec![0x30; size]);
        let sent = suite.submit_any(RootKind::Development, Collateral::Snp(bad));
        refused(sent, "length");
    }
    for size in [0, 32_769] {
        let mut bad = good.clone();
        bad.crl = Binary(vec![0x30; size]);
        let sent = suite.submit_any(RootKind::Development, Collateral::Snp(bad));
        refused(sent, "length");
    }
    assert_eq!(suite.state(), before);
}

#[test]
fn a_lease_ends_with_the_collateral_and_none_begins_after_it() {
    let (mut suite, alice) = with_snp();
    let until = Snp::new().soft.crl_validity.1;
    suite.app.set_block(9_000, until - 60);
    let answer = suite
        .register_on(&Snp::new(), &alice, None, &Boot::new("1"))
        .unwrap();
    assert_eq!(answer.lease_until, until);
    suite.app.advance(61);
    refused(
        suite.register_on(&Snp::new(), &alice, None, &Boot::new("2")),
        "expired",
    );
}

/// An authority that the newest list names signs nothing more, although collateral with that list does
/// not verify.
#[test]
fn an_authority_that_was_revoked_is_dropped() {
    let (mut suite, alice) = with_snp();
    let (snp, boot) = (Snp::new(), Boot::new("1"));
    suite.register_on(&snp, &alice, None, &boot).unwrap();
    suite.app.advance(LEASE_S / 2);
    let mut world = snp.clone();
    world.soft.revoked.push(snp.soft.ask_serial());
    world.soft.crl_number += 1;
    let answer = suite
        .submit_any(RootKind::Development, world.own_collateral())
        .unwrap();
    assert!(!answer.stored);
    for cpu in [snp.clone(), snp.by_hash()] {
        refused(suite.renew_on(&cpu, &alice, &boot), "collateral_unknown");
    }
    // The list from before it, still in its dates, does not bring the authority back.
    refused(
        suite.submit_any(RootKind::Development, snp.own_collateral()),
        "revoked",
    );
    refused(
        suite.submit_any(RootKind::Development, world.own_collateral()),
        "revoked",
    );
}

/// Old firmware may have let a guest's memory be changed before the platform was updated.
#[test]
fn a_guest_that_was_launched_below_the_minimum_is_refused() {
    let (mut suite, alice) = with_snp();
    let mut snp = Snp::new();
    snp.soft.launch_tcb.snp -= 1;
    refused(
        suite.register_on(&snp, &alice, None, &Boot::new("1")),
        "policy_snp_min_tcb",
    );
}

#[test]
fn reports_and_certificates_are_bounded_in_size() {
    let (mut suite, alice) = with_snp();
    let boot = Boot::new("1");
    let challenge = suite.challenge(&alice, &boot).unwrap().challenge;
    let good = suite.evidence(&Snp::new(), &alice, &boot, &challenge);
    let CpuEvidence::Snp {
        product,
        report: good_report,
        certificate: good_certificate,
    } = good.cpu.clone()
    else {
        panic!("evidence of AMD's kind");
    };
    let sized = |size: usize| Binary(vec![0x30; size]);
    let reports = [0, 1_183, 1_185, 16_385, 65_536].map(|size| {
        let mut report = good_report.0.clone();
        report.resize(size, 0);
        (Binary(report), good_certificate.clone(), "snp_length")
    });
    let certificates = [0, 4_097].map(|size| {
        let certificate = CertificateRef::Der(sized(size));
        (good_report.clone(), certificate, "length")
    });
    let before = suite.state();
    for (report, certificate, code) in reports.into_iter().chain(certificates) {
        let bad = Attestation {
            cpu: CpuEvidence::Snp {
                product,
                report,
                certificate,
            },
            ..good.clone()
        };
        refused(suite.send_register(&alice, None, bad), code);
    }
    assert_eq!(suite.state(), before);
    suite.send_register(&alice, None, good).unwrap();
}
