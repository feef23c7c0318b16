//! Instantiation, and what only the admin may do.

mod common;

use common::{instantiate_msg, policy, refused, Boot, Suite, Tee};
use cosmwasm_std::Binary;
use secret_ai_interface::registry::*;
use secret_ai_interface::Hex;
use secret_ai_multi_test::{ContractFns, SecretApp};
use worker_registry::contract::{execute, instantiate, query};

fn try_instantiate(msg: InstantiateMsg) -> Result<(), String> {
    let mut app = SecretApp::new(Default::default());
    let code = app.store(ContractFns::new(
        "worker-registry",
        instantiate,
        execute,
        query,
    ));
    let sender = app.user("creator");
    app.instantiate(&code, &sender, &msg, "registry", None)
        .map(|_| ())
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
