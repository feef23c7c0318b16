//! A real Intel TDX quote is verified by the contract itself, on the real wasm, at a time inside its
//! collateral's window, under Intel's pinned root. It passes everything that makes evidence genuine
//! and is then refused only because it was made for nobody's challenge here. With one byte of a
//! signed part changed it never gets that far.

#[path = "../../packages/attestation/tests/common/mod.rs"]
mod common;

use cosmwasm_std::Binary;
use secret_ai_attestation::{image_id, verify_collateral, verify_tdx_quote, TrustRoot};
use secret_ai_interface::registry::{
    Attestation, ChallengeAnswer, CollateralAnswer, CpuEvidence, ExecuteMsg, Listing, ModelListing,
    Rate, RootKind,
};
use secret_ai_interface::{Contract, Hex, Unit};
use secret_ai_receipts::{public_key, SigningKey};
use secret_ai_tests::evidence::{Certificates, Claim, Cpu, World};
use secret_ai_tests::local::{address, answer};
use secret_ai_tests::{artifacts, deploy, evidence};
use secret_devnet::{Devnet, Genesis, Msg, Tx};

/// The refusal of a quote that is genuine in every respect, but answers no challenge of this
/// registry.
const GENUINE: &str = "binding";
const ADMIN: &str = "admin";
const OPERATOR: &str = "operator";

struct Registry {
    net: Devnet,
    contract: Contract,
    key: SigningKey,
    challenge: [u8; 32],
}

/// A registry without a development root, at a time, with an open challenge for the operator.
fn registry(time_s: u64) -> Registry {
    // Time stands still, so that a test can stand at the very edge of a window.
    let mut net = Devnet::new(Genesis {
        time_s,
        block_seconds: 0,
        ..Default::default()
    })
    .unwrap();
    let admin = address(ADMIN);
    let code = net
        .store_code(&admin, &artifacts::wasm("worker-registry"))
        .unwrap();
    let msg = deploy::registry_msg(None);
    let (at, _) = net
        .instantiate(&admin, code.code_id, "registry", &msg, &[], None)
        .unwrap();
    let contract = deploy::contract(&at, &code.code_hash);
    let key = SigningKey::from_slice(&[3; 32]).unwrap();
    let challenge = ExecuteMsg::Challenge {
        receipt_pk: Hex(public_key(&key)),
        tls_spki_sha256: Hex([0; 32]),
        padding: None,
    };
    let result = net
        .execute(&address(OPERATOR), &at, &challenge, &[])
        .unwrap();
    let challenge = answer::<ChallengeAnswer>(&result).challenge.0;
    Registry {
        net,
        contract,
        key,
        challenge,
    }
}

impl Registry {
    fn submit(&mut self, sample: &common::Sample) -> Result<CollateralAnswer, String> {
        let collateral = evidence::collateral(sample.raw());
        let msg = ExecuteMsg::SubmitCollateral {
            root: RootKind::Vendor,
            collateral,
            padding: None,
        };
        let at = self.contract.address.as_str();
        let result = self.net.execute(&address("anyone"), at, &msg, &[]);
        result.map(|r| answer(&r)).map_err(|e| e.to_string())
    }

    fn approve(&mut self, image: [u8; 32]) {
        let msg = ExecuteMsg::ApproveImage {
            image: Hex(image),
            workload: None,
            until: None,
            padding: None,
        };
        self.net
            .execute(&address(ADMIN), self.contract.address.as_str(), &msg, &[])
            .unwrap();
    }

    /// The code with which the contract refuses a quote; the chain does not change.
    fn refusal(&self, quote: &[u8]) -> String {
        let operator = address(OPERATOR);
        let attestation = Attestation {
            cpu: CpuEvidence::Tdx {
                quote: Binary(quote.to_vec()),
            },
            ..World::new(self.net.block_time_s()).attest(Claim {
                key: &self.key,
                chain_id: self.net.chain_id(),
                registry: self.contract.address.as_str(),
                operator: &operator,
                challenge: &self.challenge,
                cpu: Cpu::Tdx,
                gpus: 0,
                certificates: Certificates::Full,
                staged: false,
            })
        };
        let rate = |unit| Rate { unit, rate: 1 };
        let listing = Listing {
            url: "https://worker.example".into(),
            models: vec![ModelListing {
                model: "m".into(),
                token: cosmwasm_std::Addr::unchecked(address("token")),
                rates: vec![rate(Unit::Input), rate(Unit::Output)],
            }],
        };
        let msg = ExecuteMsg::Register {
            worker_id: None,
            attestation,
            listing,
            padding: None,
        };
        let msg = Msg::Execute {
            contract: self.contract.address.to_string(),
            code_hash: None,
            msg: serde_json::to_vec(&msg).unwrap(),
            funds: vec![],
        };
        let result = self.net.simulate(Tx::one(&*operator, msg, 5_000_000));
        let text = result
            .failure()
            .expect("a quote for nobody is refused")
            .plain();
        let code = text
            .split_once('[')
            .and_then(|(_, rest)| rest.split_once(']'));
        code.map_or(text.clone(), |(code, _)| code.to_string())
    }
}

/// A registry that has the sample's collateral and has approved its image, and the quote in the form
/// in which it is sent.
fn genuine(sample: &common::Sample) -> (Registry, Vec<u8>) {
    let mut registry = registry(sample.now());
    let quote = secret_ai_attestation::compact(&sample.quote).unwrap();
    assert_eq!(
        registry.refusal(&quote),
        "collateral_unknown",
        "{}",
        sample.name
    );
    assert!(registry.submit(sample).unwrap().stored);
    let collateral = verify_collateral(&sample.raw(), &TrustRoot::INTEL, sample.now()).unwrap();
    let verified = verify_tdx_quote(&quote, &collateral, sample.now()).unwrap();
    registry.approve(image_id(&verified));
    let code = registry.refusal(&quote);
    assert_eq!(
        code, GENUINE,
        "{}: genuine, but for no challenge here",
        sample.name
    );
    (registry, quote)
}

/// Changes every `step`th byte from `first` on; none may go unnoticed.
fn change_bytes(sample: &common::Sample, first: usize, step: usize) {
    let (registry, quote) = genuine(sample);
    let mut seen = std::collections::BTreeMap::<String, usize>::new();
    for at in (first..quote.len()).step_by(step) {
        let mut changed = quote.clone();
        changed[at] ^= 0x10;
        let code = registry.refusal(&changed);
        assert_ne!(
            code, GENUINE,
            "{}: byte {at} changed unnoticed",
            sample.name
        );
        *seen.entry(code).or_default() += 1;
    }
    println!("{}: {seen:?}", sample.name);
}

// Every byte of a version 4 quote, in two tests so that two cores share the work.
#[test]
fn a_real_v4_quote_is_genuine_and_every_changed_even_byte_is_not() {
    change_bytes(&common::packaged_samples()[0], 0, 2);
}

#[test]
fn a_real_v4_quote_is_genuine_and_every_changed_odd_byte_is_not() {
    change_bytes(&common::packaged_samples()[0], 1, 2);
}

/// The attestation package's own tests change every byte of this one too, natively.
#[test]
fn a_real_v5_quote_is_genuine_and_changed_bytes_are_not() {
    change_bytes(&common::packaged_samples()[1], 0, 19);
}

#[test]
fn collateral_outside_its_window_is_refused() {
    let sample = &common::packaged_samples()[0];
    for time in [sample.window.0 - 1, sample.window.1 + 1] {
        let refused = registry(time).submit(sample).unwrap_err();
        assert!(refused.contains('['), "{refused}");
    }
}
