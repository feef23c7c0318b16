//! The host's quote verification, called by a contract.

mod common;

use common::{ok, program, puppet, run, ALICE};
use secret_ai_attestation::compact;
use secret_ai_attestation::dcap::encode_qve_collateral;
use secret_ai_attestation_testkit::{Measurements, SoftTee};
use secret_devnet::{coins, Devnet, DevnetError, Genesis};

const SEED: [u8; 32] = [3; 32];
const NOW: u64 = 1_790_000_000;
const DAY: u64 = 86_400;

const UP_TO_DATE: u64 = 0;
const SW_HARDENING_NEEDED: u64 = 0xa007;
const REFUSED: u64 = 1 << 32;
const NO_COLLATERAL: u64 = 10 << 32;

fn tee() -> SoftTee {
    SoftTee::new(SEED, NOW)
}

fn quote(tee: &SoftTee) -> Vec<u8> {
    tee.quote([0x5a; 64], &Measurements::default())
}

/// A devnet that trusts this root, with a puppet in it.
fn devnet(root: Option<Vec<u8>>) -> (Devnet, String) {
    let mut chain = Devnet::new(Genesis {
        time_s: NOW,
        block_seconds: 0,
        balances: vec![(ALICE.to_owned(), coins(1_000_000, "uscrt"))],
        dcap_development_root: root,
        ..Genesis::default()
    })
    .unwrap();
    let code = chain.store_code(ALICE, &puppet()).unwrap();
    let made = chain.instantiate(ALICE, code.code_id, "puppet", &ok(), &[], None);
    let address = made.unwrap().0;
    (chain, address)
}

/// What the host answers to the puppet.
fn answer(chain: &mut Devnet, puppet: &str, quote: &[u8], collateral: &[u8]) -> u64 {
    let result = run(
        chain,
        puppet,
        program().op('d', [quote, collateral, &[]]).done(),
    );
    assert!(result.is_ok(), "{:?}", result.outcome);
    result.debug[0].parse().unwrap()
}

#[test]
fn genuine_quotes_are_believed_while_their_collateral_holds() {
    let tee = tee();
    let (mut chain, puppet) = devnet(Some(tee.root_der()));
    let (quote, packed) = (quote(&tee), encode_qve_collateral(&tee.collateral()));
    assert_eq!(answer(&mut chain, &puppet, &quote, &packed), UP_TO_DATE);
    let padded = [&quote[..], &[0; 70]].concat();
    assert_eq!(answer(&mut chain, &puppet, &padded, &packed), UP_TO_DATE);
    chain.advance(29 * DAY);
    assert_eq!(chain.block_time_s(), tee.tcb_info.next_update);
    assert_eq!(answer(&mut chain, &puppet, &quote, &packed), UP_TO_DATE);
    chain.advance(1);
    assert_eq!(answer(&mut chain, &puppet, &quote, &packed), REFUSED);
}

#[test]
fn two_statuses_pass_and_no_other() {
    let (mut chain, puppet) = devnet(Some(tee().root_der()));
    let statuses = [
        ("UpToDate", UP_TO_DATE),
        ("SWHardeningNeeded", SW_HARDENING_NEEDED),
        ("ConfigurationNeeded", REFUSED),
        ("ConfigurationAndSWHardeningNeeded", REFUSED),
        ("OutOfDate", REFUSED),
        ("Revoked", REFUSED),
    ];
    for (status, expected) in statuses {
        let mut tee = tee();
        tee.tcb_info.levels[0].status = status;
        let packed = encode_qve_collateral(&tee.collateral());
        let found = answer(&mut chain, &puppet, &quote(&tee), &packed);
        assert_eq!(found, expected, "{status}");
    }
}

#[test]
fn everything_else_is_refused() {
    let tee = tee();
    let (mut chain, puppet) = devnet(Some(tee.root_der()));
    let (good, packed) = (quote(&tee), encode_qve_collateral(&tee.collateral()));
    let mut refused = |quote: &[u8], packed: &[u8]| {
        assert_eq!(answer(&mut chain, &puppet, quote, packed), REFUSED);
    };
    let mut forged = good.clone();
    forged[48 + 520] ^= 1;
    refused(&forged, &packed);
    refused(&compact(&good).unwrap(), &packed);
    refused(b"quote", &packed);
    refused(&[], &packed);
    refused(&good, b"collateral");
    refused(&good, &packed[..packed.len() - 1]);
    let foreign = SoftTee::new([4; 32], NOW);
    refused(
        &quote(&foreign),
        &encode_qve_collateral(&foreign.collateral()),
    );
    assert_eq!(answer(&mut chain, &puppet, &good, &[]), NO_COLLATERAL);
}

#[test]
fn only_intel_is_trusted_by_default() {
    let tee = tee();
    let (mut chain, puppet) = devnet(None);
    let packed = encode_qve_collateral(&tee.collateral());
    assert_eq!(answer(&mut chain, &puppet, &quote(&tee), &packed), REFUSED);
}

#[test]
fn the_call_costs_what_the_chain_asks() {
    let (mut chain, puppet) = devnet(None);
    let mut used = |letter| {
        let result = run(
            &mut chain,
            &puppet,
            program().op(letter, [b"quote", b"x", &[]]).done(),
        );
        assert!(result.is_ok(), "{:?}", result.outcome);
        result.gas_used
    };
    // An unknown operation does nothing. The verdict is shown as a number of ten digits.
    let difference = used('d') - used('?');
    assert!((100..110).contains(&difference), "{difference}");
}

#[test]
fn a_development_root_must_be_one() {
    let refused = Devnet::new(Genesis {
        dcap_development_root: Some(b"root".to_vec()),
        ..Genesis::default()
    });
    assert!(matches!(refused, Err(DevnetError::DcapRoot(_))));
}
