//! Instantiation, and what only the admin may do.

mod common;

use common::{instantiate_msg, policy, refused, Boot, Gpu, Suite, Tee, START};
use cosmwasm_std::Binary;
use secret_ai_interface::registry::*;
use secret_ai_interface::Hex;

fn try_instantiate(msg: InstantiateMsg) -> Result<(), String> {
    Suite::try_instantiated(msg).map(|_| ())
}

#[test]
fn config_tells_what_was_instantiated() {
    let suite = Suite::empty(true);
    let config: ConfigAnswer = suite.ask(QueryMsg::Config {}).unwrap();
    assert_eq!(config.admin, suite.admin);
    assert!(config.development);
    assert_eq!((config.policy, config.workers), (policy(), 0));
}

#[test]
fn each_field_of_instantiation_has_bounds() {
    try_instantiate(instantiate_msg(None)).unwrap();
    let good = || instantiate_msg(None);
    for challenge_s in [0, 59, 3_601, u64::MAX] {
        refused(
            try_instantiate(InstantiateMsg {
                challenge_s,
                ..good()
            }),
            "range",
        );
    }
    for lease_s in [0, 59, 604_801, u64::MAX] {
        refused(
            try_instantiate(InstantiateMsg { lease_s, ..good() }),
            "range",
        );
    }
    for max_workers_per_platform in [0, 17, u32::MAX] {
        let policy = Policy {
            max_workers_per_platform,
            ..policy()
        };
        refused(
            try_instantiate(InstantiateMsg { policy, ..good() }),
            "range",
        );
    }
    let admin = Some("secret1nobody".to_string());
    refused(try_instantiate(InstantiateMsg { admin, ..good() }), "std");
    let roots = |bytes: usize| {
        Some(DevelopmentRoots {
            tdx: Some(Binary(vec![0x30; bytes])),
            ..DevelopmentRoots::default()
        })
    };
    let long = roots(4_097);
    refused(
        try_instantiate(InstantiateMsg {
            development_roots: long,
            ..good()
        }),
        "length",
    );
    let garbage = roots(300);
    refused(
        try_instantiate(InstantiateMsg {
            development_roots: garbage,
            ..good()
        }),
        "der",
    );
}

#[test]
fn only_the_admin_governs() {
    let mut suite = Suite::new();
    let (mallory, image) = (suite.user("mallory"), suite.tee.image());
    let (target, speed) = (RevocationTarget::Image(image), RevocationSpeed::Compromised);
    for msg in [
        ExecuteMsg::ApproveImage {
            image: Hex([1; 32]),
            workload: None,
            until: None,
            padding: None,
        },
        ExecuteMsg::ApprovePlatform {
            platform: Hex([1; 32]),
            known: true,
            padding: None,
        },
        ExecuteMsg::ApproveGolden {
            set: Binary(Gpu::new(0).golden()),
            padding: None,
        },
        ExecuteMsg::SetPolicy {
            policy: policy(),
            padding: None,
        },
        ExecuteMsg::SetAdmin {
            admin: mallory.to_string(),
            padding: None,
        },
        ExecuteMsg::Revoke {
            target,
            speed,
            padding: None,
        },
    ] {
        refused(suite.send(&mallory, msg), "not_admin");
    }
}

#[test]
fn the_admin_can_be_replaced() {
    let mut suite = Suite::new();
    let (old, new) = (suite.admin.clone(), suite.user("new admin"));
    let set = |admin: &str| ExecuteMsg::SetAdmin {
        admin: admin.to_string(),
        padding: None,
    };
    refused(suite.send(&old, set("somebody")), "std");
    suite.send(&old, set(new.as_str())).unwrap();
    refused(suite.send(&old, set(old.as_str())), "not_admin");
    suite.send(&new, set(old.as_str())).unwrap();
}

#[test]
fn policy_holds_for_evidence_from_now_on() {
    let mut suite = Suite::new();
    let (admin, alice) = (suite.admin.clone(), suite.user("alice"));
    suite.register(&alice, &Boot::new("1")).unwrap();
    let one = Policy {
        max_workers_per_platform: 1,
        ..policy()
    };
    suite
        .send(
            &admin,
            ExecuteMsg::SetPolicy {
                policy: one,
                padding: None,
            },
        )
        .unwrap();
    refused(suite.register(&alice, &Boot::new("2")), "platform_full");
    let none = Policy {
        max_workers_per_platform: 0,
        ..policy()
    };
    refused(
        suite.send(
            &admin,
            ExecuteMsg::SetPolicy {
                policy: none,
                padding: None,
            },
        ),
        "range",
    );
}

#[test]
fn an_outdated_platform_needs_a_policy_that_takes_it() {
    let mut suite = Suite::new();
    let (admin, alice, tee) = (
        suite.admin.clone(),
        suite.user("alice"),
        Tee::needs_hardening(),
    );
    suite
        .submit(RootKind::Development, tee.collateral(suite.now()))
        .unwrap();
    refused(
        suite.register_on(&tee, &alice, None, &Boot::new("1")),
        "policy_tcb_status",
    );
    let mut lax = policy();
    lax.tdx.allow_sw_hardening_needed = true;
    suite
        .send(
            &admin,
            ExecuteMsg::SetPolicy {
                policy: lax,
                padding: None,
            },
        )
        .unwrap();
    let answer = suite
        .register_on(&tee, &alice, None, &Boot::new("2"))
        .unwrap();
    assert_eq!(
        suite.worker(answer.worker_id).tcb_status,
        "SWHardeningNeeded"
    );
}

#[test]
fn native_coins_are_refused() {
    let mut suite = Suite::empty(true);
    let admin = suite.admin.clone();
    let funds = [cosmwasm_std::Coin::new(1, "uscrt")];
    let msg = ExecuteMsg::SetPolicy {
        policy: policy(),
        padding: None,
    };
    assert!(suite
        .app
        .execute_with_funds(&admin, &suite.registry, &msg, &funds)
        .is_err());
}

#[test]
fn each_field_of_the_policy_has_bounds() {
    let mut suite = Suite::new();
    let with = |change: &dyn Fn(&mut Policy)| {
        let mut policy = policy();
        change(&mut policy);
        policy
    };
    let good = [
        with(&|it| it.heartbeat_s = 604_800),
        with(&|it| it.tdx.out_of_date_grace_s = 31_536_000),
        with(&|it| it.tdx.max_collateral_age_s = 3_600),
        with(&|it| it.max_workers_per_platform = 16),
        with(&|it| it.snp.min_tcb.clear()),
    ];
    for policy in good {
        suite.set_policy(policy).unwrap();
    }
    let before = suite.state();
    let bad = [
        with(&|it| it.heartbeat_s = 604_801),
        with(&|it| it.heartbeat_s = u64::MAX),
        with(&|it| it.tdx.out_of_date_grace_s = 31_536_001),
        with(&|it| it.tdx.max_collateral_age_s = 3_599),
        with(&|it| it.tdx.max_collateral_age_s = 2_592_001),
        with(&|it| it.max_workers_per_platform = 17),
    ];
    for policy in bad {
        refused(suite.set_policy(policy), "range");
    }
    assert_eq!(suite.state(), before);
}

#[test]
fn advisories_are_named_as_intel_names_them() {
    let mut suite = Suite::new();
    let deny = |ids: &[&str]| {
        let mut policy = policy();
        policy.tdx.denied_advisories = ids.iter().map(|id| id.to_string()).collect();
        policy
    };
    for bad in [
        "",
        "INTEL-SA-837",
        "INTEL-SA-000837",
        "INTEL-SA-0083X",
        "intel-sa-00837",
        "INTEL-SA-00837 ",
        "CVE-2023-22655",
        "other-123456",
    ] {
        refused(suite.set_policy(deny(&["INTEL-SA-00828", bad])), "format");
    }
    refused(suite.set_policy(deny(&["INTEL-SA-00837"; 33])), "count");
    suite
        .set_policy(deny(&["INTEL-SA-00837", "INTEL-DOC-10000"]))
        .unwrap();
}

#[test]
fn a_product_has_one_minimum() {
    let mut suite = Suite::new();
    let mut twice = policy();
    twice.snp.min_tcb.push(SnpMinTcb {
        boot_loader: 4,
        ..twice.snp.min_tcb[0]
    });
    refused(suite.set_policy(twice), "format");
}

#[test]
fn a_full_policy_is_kept_as_it_was_given() {
    let mut suite = Suite::new();
    let min = |product, number| SnpMinTcb {
        product,
        fmc: number,
        boot_loader: number + 1,
        tee: number + 2,
        snp: number + 3,
        microcode: number + 4,
    };
    let full = Policy {
        tdx: TdxPolicy {
            allow_sw_hardening_needed: true,
            allow_configuration_needed: true,
            out_of_date_grace_s: 31_536_000,
            denied_advisories: (0..32).map(|n| format!("INTEL-SA-{n:05}")).collect(),
            min_tcb_evaluation_number: u32::MAX,
            max_tcb_evaluation_number: Some(u32::MAX),
            max_collateral_age_s: 3_600,
        },
        snp: SnpPolicy {
            allow_smt: true,
            allow_vlek: true,
            allow_version_2: true,
            max_crl_age_s: 86_400,
            min_tcb: vec![
                min(SnpProduct::Milan, 1),
                min(SnpProduct::Genoa, 20),
                min(SnpProduct::Turin, 251),
            ],
        },
        max_workers_per_platform: 16,
        known_platforms_only: true,
        heartbeat_s: 604_800,
    };
    let size = |suite: &Suite| {
        let mut rows = suite.state();
        rows.retain(|(slot, _)| slot == b"config");
        rows[0].1.len()
    };
    let before = size(&suite);
    suite.set_policy(full.clone()).unwrap();
    let config: ConfigAnswer = suite.ask(QueryMsg::Config {}).unwrap();
    assert_eq!(config.policy, full);
    assert_eq!(size(&suite), before);
}

/// Registers a worker on a platform of which Intel says this, under a changed policy.
fn under(
    change: impl Fn(&mut Policy),
    world: impl Fn(&mut Tee),
    later: u64,
) -> Result<RegisterAnswer, String> {
    let mut suite = Suite::new();
    let mut policy = policy();
    change(&mut policy);
    suite.set_policy(policy).unwrap();
    let mut tee = suite.tee.clone();
    world(&mut tee);
    suite
        .submit(RootKind::Development, tee.collateral(START))
        .unwrap();
    suite.app.advance(later);
    let alice = suite.user("alice");
    suite.register_on(&tee, &alice, None, &Boot::new("1"))
}

#[test]
fn a_denied_advisory_refuses_the_platforms_that_it_names() {
    let applies = |tee: &mut Tee| tee.soft.tcb_info.levels[0].advisories = vec!["INTEL-SA-90009"];
    let deny = |id: &'static str| {
        move |policy: &mut Policy| policy.tdx.denied_advisories = vec![id.to_string()]
    };
    refused(under(deny("INTEL-SA-90009"), applies, 0), "policy_advisory");
    under(deny("INTEL-SA-90008"), applies, 0).unwrap();
    under(deny("INTEL-SA-90009"), |_| (), 0).unwrap();
}

#[test]
fn collateral_may_be_so_old_and_no_older() {
    let hour = |policy: &mut Policy| policy.tdx.max_collateral_age_s = 3_600;
    under(hour, |_| (), 3_600).unwrap();
    refused(under(hour, |_| (), 3_601), "collateral_age");
}

#[test]
fn collateral_may_have_so_low_an_evaluation_number_and_no_lower() {
    let least = |number| move |policy: &mut Policy| policy.tdx.min_tcb_evaluation_number = number;
    under(least(20), |_| (), 0).unwrap();
    refused(under(least(21), |_| (), 0), "policy_evaluation_number");
}

#[test]
fn an_outdated_platform_has_the_grace_that_policy_gives() {
    let outdated = |tee: &mut Tee| tee.soft.platform.components[0] -= 1;
    let grace = |seconds| move |policy: &mut Policy| policy.tdx.out_of_date_grace_s = seconds;
    // The level that it misses dates from a day before the start.
    let day = 86_400;
    refused(under(grace(0), outdated, 0), "policy_grace");
    under(grace(day + 60), outdated, 60).unwrap();
    refused(under(grace(day + 60), outdated, 61), "policy_grace");
}

#[test]
fn configuration_and_hardening_together_need_both_flags() {
    let needs =
        |status: &'static str| move |tee: &mut Tee| tee.soft.tcb_info.levels[0].status = status;
    let allow = |hardening, configuration| {
        move |policy: &mut Policy| {
            policy.tdx.allow_sw_hardening_needed = hardening;
            policy.tdx.allow_configuration_needed = configuration;
        }
    };
    let both = "ConfigurationAndSWHardeningNeeded";
    for (hardening, configuration) in [(false, false), (true, false), (false, true)] {
        let policy = allow(hardening, configuration);
        refused(under(policy, needs(both), 0), "policy_tcb_status");
    }
    under(allow(true, true), needs(both), 0).unwrap();
    under(allow(false, true), needs("ConfigurationNeeded"), 0).unwrap();
    refused(
        under(allow(true, false), needs("ConfigurationNeeded"), 0),
        "policy_tcb_status",
    );
}

/// Intel publishes the next evaluation number early; whoever brings that set must not keep out the one
/// that counts.
#[test]
fn collateral_above_the_greatest_evaluation_number_gives_way() {
    let mut suite = Suite::new();
    let alice = suite.user("alice");
    suite.register(&alice, &Boot::new("1")).unwrap();
    let mut limited = policy();
    limited.tdx.max_tcb_evaluation_number = Some(19);
    suite.set_policy(limited).unwrap();
    refused(
        suite.register(&alice, &Boot::new("2")),
        "collateral_unknown",
    );
    let early = suite.tee.collateral(START);
    refused(suite.submit(RootKind::Development, early), "range");
    let standard = suite.tee.collateral_numbered(START, 19);
    assert!(
        suite
            .submit(RootKind::Development, standard)
            .unwrap()
            .stored
    );
    suite.register(&alice, &Boot::new("2")).unwrap();
}
