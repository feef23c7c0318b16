//! Revocations by date (SNIP-24.1): which permits they end, how many hold, how they look in storage.

mod common;

use common::watched::{check, Watched};
use common::{changed, created, params, signed, signer};
use cosmwasm_std::testing::{mock_env, mock_info, MockApi, MockQuerier};
use cosmwasm_std::{Addr, Deps, QuerierWrapper, Timestamp, Uint64};
use secret_ai_contract_kit::permit::{
    delete, list, revoke, revoke_all, MAX_INTERVALS, REVOKED_ALL,
};
use secret_ai_contract_kit::{access, viewing_key};
use secret_ai_interface::auth::{PermitRevocation, RevokedInterval, Viewer};

fn interval(before: Option<u64>, after: Option<u64>) -> RevokedInterval {
    RevokedInterval {
        created_before: before.map(Uint64::new),
        created_after: after.map(Uint64::new),
    }
}

/// Every pair of bounds with every kind of permit, against a rule written apart from the code.
#[test]
fn an_interval_ends_what_lies_between_its_bounds() {
    let env = mock_env();
    let made = [
        (None, signed(params(&env))),
        (Some(99_999), created(&env, "1970-01-01T00:01:39.999Z")),
        (Some(100_000), created(&env, "1970-01-01T00:01:40.000Z")),
        (Some(100_001), created(&env, "1970-01-01T00:01:40.001Z")),
        (Some(199_999), created(&env, "1970-01-01T00:03:19.999Z")),
        (Some(200_000), created(&env, "1970-01-01T00:03:20.000Z")),
        (Some(200_001), created(&env, "1970-01-01T00:03:20.001Z")),
    ];
    let bounds = [None, Some(0), Some(100), Some(200), Some(u64::MAX)];
    let pairs = bounds
        .iter()
        .flat_map(|before| bounds.iter().map(move |after| (*before, *after)));
    for (before, after) in pairs {
        let mut storage = Watched::default();
        let given = revoke_all(&mut storage, &signer(), interval(before, after));
        if let (Some(before), Some(after)) = (before, after) {
            assert_eq!(given.is_ok(), after < before, "{before} {after}");
        }
        if given.is_err() {
            assert!(list(&storage, &signer()).unwrap().is_empty());
            continue;
        }
        for (at, permit) in &made {
            let ended = match (*at, before, after) {
                (None, _, _) => true,
                (Some(_), None, None) => true,
                (Some(at), Some(before), None) => at < i128::from(before) * 1_000,
                (Some(at), None, Some(after)) => at > i128::from(after) * 1_000,
                (Some(at), Some(before), Some(after)) => {
                    i128::from(after) * 1_000 < at && at < i128::from(before) * 1_000
                }
            };
            let result = check(&storage, &env, permit);
            assert_eq!(result.is_err(), ended, "{at:?} {before:?} {after:?}");
        }
    }
}

#[test]
fn several_intervals_hold_together() {
    let env = mock_env();
    let mut storage = Watched::default();
    for (before, after) in [(Some(100), None), (None, Some(200))] {
        revoke_all(&mut storage, &signer(), interval(before, after)).unwrap();
    }
    for (date, good) in [
        ("1970-01-01T00:01:00.000Z", false),
        ("1970-01-01T00:02:30.000Z", true),
        ("1970-01-01T00:04:00.000Z", false),
    ] {
        let permit = created(&env, date);
        assert_eq!(check(&storage, &env, &permit).is_ok(), good, "{date}");
    }
}

#[test]
fn an_empty_interval_is_refused() {
    let mut storage = Watched::default();
    for (before, after) in [(100, 100), (100, 101), (0, u64::MAX)] {
        let empty = interval(Some(before), Some(after));
        let refused = revoke_all(&mut storage, &signer(), empty).unwrap_err();
        let text = refused.to_string();
        assert!(text.contains("created_after must be less"), "{text}");
    }
}

#[test]
fn ten_intervals_hold_and_ids_are_never_used_again() {
    let mut storage = Watched::default();
    let me = signer();
    for id in 0..MAX_INTERVALS as u64 {
        let given = revoke_all(&mut storage, &me, interval(Some(id + 1), None)).unwrap();
        assert_eq!(given, id.to_string());
    }
    let eleventh = interval(Some(1), None);
    let refused = revoke_all(&mut storage, &me, eleventh).unwrap_err();
    assert!(refused.to_string().contains("10 revocations hold already"));

    // All of them at once is no interval, and is given once however often it is asked for.
    for _ in 0..2 {
        let all = revoke_all(&mut storage, &me, interval(None, None)).unwrap();
        assert_eq!(all, REVOKED_ALL);
    }
    assert_eq!(list(&storage, &me).unwrap().len(), 11);

    delete(&mut storage, &me, "3").unwrap();
    for unknown in ["3", "03", "10", "", "-1", "revoked_all"] {
        let refused = delete(&mut storage, &me, unknown).unwrap_err();
        assert!(refused.to_string().contains("revocation_id"), "{refused}");
    }
    assert_eq!(revoke_all(&mut storage, &me, eleventh).unwrap(), "10");
    let ids: Vec<_> = list(&storage, &me).unwrap();
    let ids: Vec<_> = ids.iter().map(|r| r.revocation_id.as_str()).collect();
    let expected = [
        "0",
        "1",
        "2",
        "4",
        "5",
        "6",
        "7",
        "8",
        "9",
        "10",
        REVOKED_ALL,
    ];
    assert_eq!(ids, expected);
    delete(&mut storage, &me, REVOKED_ALL).unwrap();
    assert!(delete(&mut storage, &me, REVOKED_ALL).is_err());
}

#[test]
fn a_deleted_revocation_ends_nothing() {
    let env = mock_env();
    let mut storage = Watched::default();
    let permit = signed(params(&env));
    for bounds in [interval(None, None), interval(Some(1), None)] {
        let id = revoke_all(&mut storage, &signer(), bounds).unwrap();
        assert!(check(&storage, &env, &permit).is_err());
        delete(&mut storage, &signer(), &id).unwrap();
        assert!(check(&storage, &env, &permit).is_ok());
    }
}

#[test]
fn the_list_comes_in_pages_and_only_to_the_key() {
    let mut storage = Watched::default();
    let me = signer();
    let bounds = [interval(Some(9), Some(5)), interval(None, Some(7))];
    for interval in bounds {
        revoke_all(&mut storage, &me, interval).unwrap();
    }
    viewing_key::set(&mut storage, &me, "correct horse").unwrap();
    let querier: MockQuerier = MockQuerier::default();
    let deps = Deps {
        storage: &storage,
        api: &MockApi::default(),
        querier: QuerierWrapper::new(&querier),
    };
    let all: Vec<_> = ["0", "1"]
        .iter()
        .zip(bounds)
        .map(|(id, interval)| PermitRevocation {
            revocation_id: id.to_string(),
            interval,
        })
        .collect();
    let cases = [
        (None, None, 0..2),
        (Some(0), Some(1), 0..1),
        (Some(1), Some(1), 1..2),
        (Some(2), Some(1), 0..0),
        (Some(1), None, 0..0),
        (Some(u32::MAX), Some(u32::MAX), 0..0),
        (None, Some(0), 0..0),
    ];
    let viewer = |address: &Addr, key: &str| Viewer {
        address: address.clone(),
        viewing_key: key.into(),
    };
    let mine = viewer(&me, "correct horse");
    for (page, size, expected) in cases {
        let answer = access::permit_revocations_by_key(deps, &mine, page, size).unwrap();
        assert_eq!(answer.revocations, all[expected]);
    }
    let wrong = [
        viewer(&me, "wrong horse"),
        viewer(&Addr::unchecked("nobody"), "correct horse"),
    ];
    let errors = wrong
        .map(|viewer| access::permit_revocations_by_key(deps, &viewer, None, None).unwrap_err());
    assert_eq!(errors[0], errors[1]);
}

/// One revocation looks like ten, a deletion like a revocation, a short name like a long one.
#[test]
fn revocations_look_alike_in_storage() {
    let mut storage = Watched::default();
    let me = signer();
    let mut seen = vec![];
    for id in 0..MAX_INTERVALS as u64 {
        revoke_all(&mut storage, &me, interval(Some(u64::MAX), Some(id))).unwrap();
        seen.push(storage.take());
    }
    revoke_all(&mut storage, &me, interval(None, None)).unwrap();
    seen.push(storage.take());
    delete(&mut storage, &me, "4").unwrap();
    seen.push(storage.take());
    let key = "revoked_permits/".len() + 45;
    // The first found no row yet.
    assert_eq!(seen[0], [('r', key, None), ('w', key, Some(270))]);
    for later in &seen[1..] {
        assert_eq!(*later, [('r', key, Some(270)), ('w', key, Some(270))]);
    }
    let names = ["", "a", &"n".repeat(128)].map(|name| {
        revoke(&mut storage, &me, name).unwrap();
        storage.take()
    });
    assert!(names.iter().all(|seen| *seen == names[0]), "{names:?}");
}

/// The signature is checked, and the same rows are read, whatever is wrong.
#[test]
fn every_permit_gives_the_same_work() {
    let mut env = mock_env();
    env.block.time = Timestamp::from_seconds(1_767_225_600);
    let mut forged = signed(params(&env));
    forged.params.permit_name = "other".into();
    let permits = [
        signed(params(&env)),
        forged,
        changed(&env, |p| p.chain_id = "other-1".into()),
        changed(&env, |p| p.allowed_tokens = vec![]),
        changed(&env, |p| p.permissions = vec![]),
        changed(&env, |p| p.permit_name = "n".repeat(200)),
        changed(&env, |p| {
            p.expires = Some("2025-12-31T23:59:59.999Z".into())
        }),
        changed(&env, |p| p.expires = Some("soon".into())),
        created(&env, "2026-01-01T00:00:00.001Z"),
    ];
    let storage = Watched::default();
    let seen = permits.map(|permit| {
        let good = check(&storage, &env, &permit).is_ok();
        (good, storage.take())
    });
    assert!(seen[0].0 && seen[1..].iter().all(|(good, _)| !good));
    assert!(
        seen.iter().all(|(_, reads)| *reads == seen[0].1),
        "{seen:?}"
    );
    assert_eq!(seen[0].1.len(), 2);
}

#[test]
fn answers_of_revocations_have_one_length() {
    let mut deps = cosmwasm_std::testing::mock_dependencies();
    let info = mock_info(signer().as_str(), &[]);
    let mut lengths = vec![];
    for bounds in [interval(None, None), interval(Some(1), None)] {
        let response = access::revoke_all_permits(deps.as_mut(), &info, bounds).unwrap();
        lengths.push(response.data.unwrap().len());
    }
    let response = access::delete_permit_revocation(deps.as_mut(), &info, "0").unwrap();
    lengths.push(response.data.unwrap().len());
    assert_eq!(lengths, [256; 3]);
}
