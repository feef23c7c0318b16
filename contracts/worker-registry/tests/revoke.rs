//! `revoke`: at two speeds, at once for all keys concerned, never undone.

mod common;

use common::{refused, Boot, Suite, Tee, START};
use secret_ai_interface::registry::*;
use secret_ai_interface::Hex;
use KidStatus::{Active, Compromised, Retired};

#[test]
fn a_revoked_image_flips_its_kids_and_no_others() {
    let mut suite = Suite::new();
    let other = Tee::other_image();
    suite.approve(other.image(), None).unwrap();
    let alice = suite.user("alice");
    let (one, two, elsewhere) = (Boot::new("1"), Boot::new("2"), Boot::new("3"));
    suite.register(&alice, &one).unwrap();
    suite
        .register_on(&Tee::other_platform(), &alice, None, &two)
        .unwrap();
    suite.register_on(&other, &alice, None, &elsewhere).unwrap();

    let target = RevocationTarget::Image(suite.tee.image());
    suite.revoke(target, RevocationSpeed::Compromised).unwrap();
    let statuses = [&one, &two, &elsewhere].map(|boot| suite.status(boot));
    assert_eq!(statuses, [Compromised, Compromised, Active]);
    refused(suite.register(&alice, &Boot::new("4")), "compromised");
}

#[test]
fn a_revoked_platform_flips_its_kids_and_no_others() {
    let mut suite = Suite::new();
    let alice = suite.user("alice");
    let (one, two) = (Boot::new("1"), Boot::new("2"));
    suite.register(&alice, &one).unwrap();
    suite
        .register_on(&Tee::other_platform(), &alice, None, &two)
        .unwrap();
    suite.app.advance(50);
    let target = RevocationTarget::Platform(suite.tee.platform());
    suite.revoke(target, RevocationSpeed::Retired).unwrap();
    assert_eq!([suite.status(&one), suite.status(&two)], [Retired, Active]);
    assert_eq!(suite.kid(one.kid()).unwrap().lease_until, START + 50);
    refused(suite.register(&alice, &Boot::new("3")), "retired");
}

#[test]
fn compromised_cannot_be_undone_or_downgraded() {
    let mut suite = Suite::new();
    let (alice, boot, image) = (suite.user("alice"), Boot::new("1"), suite.tee.image());
    suite.register(&alice, &boot).unwrap();
    for target in [
        RevocationTarget::Kid(boot.kid()),
        RevocationTarget::Image(image),
        RevocationTarget::Platform(suite.tee.platform()),
    ] {
        suite
            .revoke(target.clone(), RevocationSpeed::Retired)
            .unwrap();
        refused(
            suite.revoke(target.clone(), RevocationSpeed::Retired),
            "no_fall",
        );
        suite
            .revoke(target.clone(), RevocationSpeed::Compromised)
            .unwrap();
        refused(
            suite.revoke(target.clone(), RevocationSpeed::Compromised),
            "no_fall",
        );
        refused(suite.revoke(target, RevocationSpeed::Retired), "no_fall");
    }
    refused(suite.approve(image, None), "compromised");
    assert_eq!(suite.status(&boot), Compromised);
}

#[test]
fn a_retired_image_can_be_approved_again() {
    let mut suite = Suite::new();
    let (alice, boot, image) = (suite.user("alice"), Boot::new("1"), suite.tee.image());
    suite.register(&alice, &boot).unwrap();
    suite
        .revoke(RevocationTarget::Image(image), RevocationSpeed::Retired)
        .unwrap();
    assert_eq!(suite.status(&boot), Retired);
    suite.approve(image, None).unwrap();
    assert_eq!(suite.status(&boot), Active);
}

#[test]
fn what_nobody_used_yet_can_be_revoked_but_unknown_keys_cannot() {
    let mut suite = Suite::new();
    let alice = suite.user("alice");
    let other = Tee::other_image();
    suite
        .revoke(
            RevocationTarget::Image(other.image()),
            RevocationSpeed::Compromised,
        )
        .unwrap();
    refused(
        suite.register_on(&other, &alice, None, &Boot::new("1")),
        "compromised",
    );
    let kid = RevocationTarget::Kid(Hex([1; 20]));
    refused(suite.revoke(kid, RevocationSpeed::Retired), "unknown_kid");
}

#[test]
fn a_later_compromise_does_not_lengthen_the_grace() {
    let mut suite = Suite::new();
    let (alice, boot) = (suite.user("alice"), Boot::new("1"));
    suite.register(&alice, &boot).unwrap();
    suite.app.advance(10);
    suite
        .revoke(RevocationTarget::Kid(boot.kid()), RevocationSpeed::Retired)
        .unwrap();
    suite.app.advance(500);
    suite
        .revoke(
            RevocationTarget::Kid(boot.kid()),
            RevocationSpeed::Compromised,
        )
        .unwrap();
    assert_eq!(suite.kid(boot.kid()).unwrap().lease_until, START + 10);
}
