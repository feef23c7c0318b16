//! `revoke`: at two speeds, at once for all keys concerned, never undone.

mod common;

use common::{refused, Boot, Gpu, Suite, Tee, START};
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

#[test]
fn a_revoked_gpu_takes_its_workers_key_along_and_no_others() {
    for (speed, status, code) in [
        (RevocationSpeed::Retired, Retired, "retired"),
        (RevocationSpeed::Compromised, Compromised, "compromised"),
    ] {
        let mut suite = Suite::with_gpus();
        let (alice, tee) = (suite.user("alice"), suite.tee.clone());
        let gpus = Gpu::first(4);
        let boots = ["1", "2"].map(|name| Boot::new(name).with_gpus(2));
        for (boot, gpus) in boots.iter().zip(gpus.chunks(2)) {
            suite.register_gpus(&tee, gpus, &alice, None, boot).unwrap();
        }
        suite.app.advance(30);
        let target = RevocationTarget::Device(gpus[1].device());
        suite.revoke(target.clone(), speed).unwrap();
        assert_eq!(
            boots.each_ref().map(|boot| suite.status(boot)),
            [status, Active]
        );
        assert_eq!(suite.kid(boots[0].kid()).unwrap().lease_until, START + 30);
        refused(suite.revoke(target, speed), "no_fall");
        // The GPU is out for good, the other one of its worker is not.
        let again = Boot::new("3").with_gpus(1);
        refused(
            suite.register_gpus(&tee, &gpus[1..2], &alice, None, &again),
            code,
        );
        suite
            .register_gpus(&tee, &gpus[..1], &alice, None, &again)
            .unwrap();
    }
}

#[test]
fn a_gpu_can_be_revoked_before_anybody_used_it() {
    let mut suite = Suite::with_gpus();
    let (alice, tee, gpu) = (suite.user("alice"), suite.tee.clone(), Gpu::new(0));
    let target = RevocationTarget::Device(gpu.device());
    suite.revoke(target, RevocationSpeed::Compromised).unwrap();
    let boot = Boot::new("1").with_gpus(1);
    refused(
        suite.register_gpus(&tee, &[gpu], &alice, None, &boot),
        "compromised",
    );
}

#[test]
fn a_gpu_falls_with_the_key_that_it_serves_now() {
    let mut suite = Suite::with_gpus();
    let (alice, tee, gpu) = (suite.user("alice"), suite.tee.clone(), Gpu::new(0));
    let (one, two) = (Boot::new("1").with_gpus(1), Boot::new("2").with_gpus(1));
    let gpus = [gpu];
    let worker_id = suite
        .register_gpus(&tee, &gpus, &alice, None, &one)
        .unwrap()
        .worker_id;
    suite
        .register_gpus(&tee, &gpus, &alice, Some(worker_id), &two)
        .unwrap();
    let target = RevocationTarget::Device(gpus[0].device());
    suite
        .revoke(target.clone(), RevocationSpeed::Retired)
        .unwrap();
    assert_eq!([suite.status(&one), suite.status(&two)], [Retired, Retired]);
    suite.revoke(target, RevocationSpeed::Compromised).unwrap();
    assert_eq!(
        [suite.status(&one), suite.status(&two)],
        [Retired, Compromised]
    );
}

#[test]
fn a_revoked_golden_set_flips_all_keys_that_showed_it() {
    let mut suite = Suite::with_gpus();
    let (alice, tee) = (suite.user("alice"), suite.tee.clone());
    let (with, without) = (Boot::new("1").with_gpus(1), Boot::new("2"));
    let gpu = Gpu::new(0);
    let golden = RevocationTarget::Golden(gpu.golden_id());
    suite
        .register_gpus(&tee, std::slice::from_ref(&gpu), &alice, None, &with)
        .unwrap();
    suite.register(&alice, &without).unwrap();
    let statuses = |suite: &Suite| [&with, &without].map(|boot| suite.status(boot));
    let shown = |suite: &Suite| {
        let golden = gpu.golden_id();
        let answer: GoldenSetAnswer = suite.ask(QueryMsg::Golden { golden }).unwrap();
        answer.status
    };

    suite.app.advance(20);
    suite
        .revoke(golden.clone(), RevocationSpeed::Retired)
        .unwrap();
    assert_eq!(statuses(&suite), [Retired, Active]);
    assert_eq!(shown(&suite), Retired);
    assert_eq!(suite.kid(with.kid()).unwrap().lease_until, START + 20);
    // It can be approved again, and the keys with it,
    suite.approve_golden(gpu.golden()).unwrap();
    assert_eq!(statuses(&suite), [Active, Active]);
    // but not from worse.
    suite
        .revoke(golden.clone(), RevocationSpeed::Compromised)
        .unwrap();
    assert_eq!(statuses(&suite), [Compromised, Active]);
    refused(suite.approve_golden(gpu.golden()), "compromised");
    refused(suite.revoke(golden, RevocationSpeed::Retired), "no_fall");
}

#[test]
fn a_key_is_worth_the_worst_of_what_it_stands_on() {
    let mut suite = Suite::with_gpus();
    let (alice, tee, gpu) = (suite.user("alice"), suite.tee.clone(), Gpu::new(0));
    let boot = Boot::new("1").with_gpus(1);
    suite
        .register_gpus(&tee, std::slice::from_ref(&gpu), &alice, None, &boot)
        .unwrap();
    let falls = [
        (
            RevocationTarget::Golden(gpu.golden_id()),
            RevocationSpeed::Retired,
            Retired,
        ),
        (
            RevocationTarget::Platform(tee.platform()),
            RevocationSpeed::Compromised,
            Compromised,
        ),
        (
            RevocationTarget::Image(tee.image()),
            RevocationSpeed::Retired,
            Compromised,
        ),
    ];
    for (target, speed, status) in falls {
        suite.app.advance(10);
        suite.revoke(target, speed).unwrap();
        let kid = suite.kid(boot.kid()).unwrap();
        // The first fall ended the lease.
        assert_eq!((kid.status, kid.lease_until), (status, START + 10));
    }
}
