//! `approve_platform`: platforms whose place somebody trusted knows, and classes that say so.

mod common;

use common::{policy, refused, Boot, Cpu, Snp, Suite, LEASE_S};
use secret_ai_interface::registry::*;
use secret_ai_interface::Digest;

/// Bit 1 of a class.
const KNOWN: u8 = 0b10;

fn known(name: &str) -> Boot {
    Boot {
        class: KNOWN,
        ..Boot::new(name)
    }
}

fn only_known(suite: &mut Suite) {
    suite
        .set_policy(Policy {
            known_platforms_only: true,
            ..policy()
        })
        .unwrap();
}

#[test]
fn the_class_may_say_known_of_an_approved_platform_only() {
    let mut suite = Suite::with_snp();
    let alice = suite.user("alice");
    let tdx = suite.tee.clone();
    let snp = Snp::new();
    let machines: [(&dyn Cpu, Digest); 2] = [(&tdx, tdx.platform()), (&snp, snp.platform())];
    for (number, (cpu, platform)) in machines.into_iter().enumerate() {
        let boots = ["a", "b"].map(|name| known(&format!("{number}{name}")));
        refused(
            suite.register_on(cpu, &alice, None, &boots[0]),
            "platform_unknown",
        );
        suite.approve_platform(platform, true).unwrap();
        let answer = suite.register_on(cpu, &alice, None, &boots[1]).unwrap();
        let worker = suite.worker(answer.worker_id);
        assert_eq!((worker.class, worker.platform), (KNOWN, platform));
    }
}

#[test]
fn policy_may_want_all_platforms_known() {
    let mut suite = Suite::new();
    let alice = suite.user("alice");
    only_known(&mut suite);
    refused(suite.register(&alice, &Boot::new("1")), "platform_unknown");
    let platform = suite.tee.platform();
    suite.approve_platform(platform, true).unwrap();
    // What policy wants, the class need not say.
    let answer = suite.register(&alice, &Boot::new("1")).unwrap();
    assert_eq!(suite.worker(answer.worker_id).class, 0);
}

#[test]
fn what_is_not_known_any_more_neither_registers_nor_renews() {
    let mut suite = Suite::new();
    let (alice, boot, platform) = (suite.user("alice"), known("1"), suite.tee.platform());
    suite.approve_platform(platform, true).unwrap();
    suite.register(&alice, &boot).unwrap();
    suite.approve_platform(platform, false).unwrap();
    refused(suite.register(&alice, &known("2")), "platform_unknown");
    suite.app.advance(LEASE_S / 2);
    refused(suite.renew(&alice, &boot), "platform_unknown");
    suite.approve_platform(platform, true).unwrap();
    suite.renew(&alice, &boot).unwrap();
}

#[test]
fn a_policy_of_known_platforms_holds_for_renewals() {
    let mut suite = Suite::new();
    let (alice, boot) = (suite.user("alice"), Boot::new("1"));
    suite.register(&alice, &boot).unwrap();
    only_known(&mut suite);
    suite.app.advance(LEASE_S / 2);
    refused(suite.renew(&alice, &boot), "platform_unknown");
}

#[test]
fn a_known_platform_can_be_revoked() {
    let mut suite = Suite::new();
    let (alice, platform) = (suite.user("alice"), suite.tee.platform());
    suite.approve_platform(platform, true).unwrap();
    let target = RevocationTarget::Platform(platform);
    suite.revoke(target, RevocationSpeed::Retired).unwrap();
    refused(suite.register(&alice, &known("1")), "retired");
    // Approval undoes no revocation.
    suite.approve_platform(platform, true).unwrap();
    refused(suite.register(&alice, &known("1")), "retired");
}

#[test]
fn no_other_bit_of_the_class_has_a_meaning() {
    let mut suite = Suite::new();
    let alice = suite.user("alice");
    for bit in [0, 2, 3] {
        let boot = Boot {
            class: 1 << bit,
            ..Boot::new("1")
        };
        refused(suite.register(&alice, &boot), "class");
    }
}

#[test]
fn the_class_is_bound() {
    let mut suite = Suite::new();
    let (alice, boot) = (suite.user("alice"), Boot::new("1"));
    suite.approve_platform(suite.tee.platform(), true).unwrap();
    let challenge = suite.challenge(&alice, &boot).unwrap().challenge;
    let plain = suite.evidence(&suite.tee, &alice, &boot, &challenge);
    let raised = Attestation {
        class: KNOWN,
        ..plain
    };
    refused(suite.send_register(&alice, None, raised), "binding");
}

#[test]
fn a_renewal_cannot_change_the_class() {
    let mut suite = Suite::new();
    let (alice, boot) = (suite.user("alice"), Boot::new("1"));
    suite.approve_platform(suite.tee.platform(), true).unwrap();
    suite.register(&alice, &boot).unwrap();
    suite.app.advance(LEASE_S / 2);
    refused(suite.renew(&alice, &known("1")), "renewal");
}
