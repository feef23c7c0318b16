//! `submit_collateral`: from anybody, verified, never older than what is known.

mod common;

use common::{refused, Suite, START};
use cosmwasm_std::Binary;
use secret_ai_interface::registry::*;
use secret_ai_interface::Hex;

const DAY: u64 = 86_400;

#[test]
fn is_kept_and_shown() {
    let mut suite = Suite::empty(true);
    let answer = suite
        .submit(RootKind::Development, suite.tee.collateral(START))
        .unwrap();
    assert!(answer.stored);
    let info: CollateralInfo = suite
        .ask(QueryMsg::Collateral {
            fmspc: answer.subject.parse().unwrap(),
        })
        .unwrap();
    assert_eq!(
        (info.fmspc.to_string(), info.root),
        (answer.subject, RootKind::Development)
    );
    assert_eq!(info.valid_until, answer.valid_until);
    let fmspc = Hex([0xee; 6]);
    refused(
        suite.ask::<CollateralInfo>(QueryMsg::Collateral { fmspc }),
        "unknown_fmspc",
    );
}

#[test]
fn older_collateral_is_ignored() {
    let mut suite = Suite::empty(true);
    suite.app.advance(2 * DAY);
    let newer = suite
        .submit(RootKind::Development, suite.tee.collateral(START + DAY))
        .unwrap();
    let older = suite
        .submit(RootKind::Development, suite.tee.collateral(START))
        .unwrap();
    assert!(newer.stored && !older.stored);
    assert_eq!(older.valid_until, newer.valid_until);
    let newest = suite.submit(RootKind::Development, suite.tee.collateral(START + 2 * DAY));
    assert!(newest.unwrap().stored);
}

#[test]
fn the_development_root_is_refused_by_a_registry_without_one() {
    let mut suite = Suite::empty(false);
    let collateral = suite.tee.collateral(START);
    refused(
        suite.submit(RootKind::Development, collateral.clone()),
        "root",
    );
    // Nor does it pass as Intel's.
    assert!(suite.submit(RootKind::Vendor, collateral).is_err());
    let config: ConfigAnswer = suite.ask(QueryMsg::Config {}).unwrap();
    assert!(!config.development);
}

#[test]
fn each_part_is_verified() {
    let mut suite = Suite::empty(true);
    let good = suite.tee.collateral(START);
    let broken = |part: fn(&mut TdxCollateral) -> &mut Binary| {
        let mut bad = good.clone();
        let bytes = part(&mut bad);
        let last = bytes.0.len() - 1;
        bytes.0[last] ^= 1;
        bad
    };
    let parts: [fn(&mut TdxCollateral) -> &mut Binary; 8] = [
        |c| &mut c.root_ca_crl,
        |c| &mut c.pck_crl,
        |c| &mut c.pck_crl_issuer_chain[0],
        |c| &mut c.tcb_info,
        |c| &mut c.tcb_info_signature,
        |c| &mut c.tcb_signing_chain[0],
        |c| &mut c.qe_identity,
        |c| &mut c.qe_identity_signature,
    ];
    for (number, part) in parts.into_iter().enumerate() {
        let result = suite.submit(RootKind::Development, broken(part));
        assert!(result.is_err(), "part {number}");
    }
    assert!(suite.submit(RootKind::Development, good).unwrap().stored);
}

#[test]
fn oversized_or_cut_parts_are_refused() {
    let mut suite = Suite::empty(true);
    let good = suite.tee.collateral(START);
    let big = TdxCollateral {
        tcb_info: Binary(vec![b' '; 32_769]),
        ..good.clone()
    };
    refused(suite.submit(RootKind::Development, big), "too_large");
    let big = TdxCollateral {
        pck_crl: Binary(vec![0x30; 65_536]),
        ..good.clone()
    };
    refused(suite.submit(RootKind::Development, big), "too_large");
    let long = TdxCollateral {
        tcb_info_signature: Binary(vec![1; 65]),
        ..good.clone()
    };
    refused(suite.submit(RootKind::Development, long), "length");
    let none = TdxCollateral {
        tcb_signing_chain: vec![],
        ..good
    };
    refused(suite.submit(RootKind::Development, none), "chain_length");
}

#[test]
fn collateral_out_of_its_dates_is_refused() {
    let mut suite = Suite::empty(true);
    let early = suite.tee.collateral(START + DAY);
    refused(suite.submit(RootKind::Development, early), "not_yet_valid");
    let valid_until = suite
        .submit(RootKind::Development, suite.tee.collateral(START))
        .unwrap()
        .valid_until;
    suite.app.set_block(9_000, valid_until + 1);
    refused(
        suite.submit(RootKind::Development, suite.tee.collateral(START)),
        "expired",
    );
}
