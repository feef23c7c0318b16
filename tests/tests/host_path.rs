//! The registry that lets the chain's own function check TDX signatures gives the same verdict as the
//! one that checks them itself, on the whole corpus and on what is genuine; and it does ask the chain.

use cosmwasm_std::Binary;
use secret_ai_attestation::{compact, report_data, RawCollateral, Registration};
use secret_ai_attestation_testkit::{broken, Broken, Measurements};
use secret_ai_interface::registry::{
    Attestation, ChallengeAnswer, CpuEvidence, DevelopmentRoots, ExecuteMsg, Listing, RootKind,
};
use secret_ai_interface::{Contract, Hex};
use secret_ai_receipts::{public_key, SigningKey};
use secret_ai_tests::evidence::{self, Certificates, Claim, Cpu, World, SEED};
use secret_ai_tests::local::{address, answer};
use secret_ai_tests::{artifacts, deploy};
use secret_devnet::{Devnet, Genesis, Msg, Tx, TxResult};

/// The corpus is made for this time.
const NOW: u64 = 1_767_225_600;
const OPERATOR: &str = "operator";

/// A registry of one build on a chain of its own.
struct Registry {
    net: Devnet,
    contract: Contract,
    key: SigningKey,
    challenge: [u8; 32],
}

impl Registry {
    /// At a time, with the simulated image approved and a challenge open.
    fn new(artifact: &str, world: &World, time_s: u64) -> Self {
        let mut net = Devnet::new(Genesis {
            time_s,
            block_seconds: 0,
            dcap_development_root: Some(world.tdx.root_der()),
            ..Genesis::default()
        })
        .unwrap();
        let admin = address("admin");
        let code = net.store_code(&admin, &artifacts::wasm(artifact)).unwrap();
        let roots = DevelopmentRoots {
            tdx: Some(Binary(world.tdx.root_der())),
            ..DevelopmentRoots::default()
        };
        let msg = deploy::registry_msg(Some(roots));
        let (at, _) = net
            .instantiate(&admin, code.code_id, "registry", &msg, &[], None)
            .unwrap();
        let approve = ExecuteMsg::ApproveImage {
            image: evidence::image(),
            workload: None,
            until: None,
            padding: None,
        };
        net.execute(&admin, &at, &approve, &[]).unwrap();
        let key = SigningKey::from_slice(&[3; 32]).unwrap();
        let challenge = ExecuteMsg::Challenge {
            receipt_pk: Hex(public_key(&key)),
            tls_spki_sha256: Hex([0; 32]),
            padding: None,
        };
        let result = net
            .execute(&address(OPERATOR), &at, &challenge, &[])
            .unwrap();
        Registry {
            challenge: answer::<ChallengeAnswer>(&result).challenge.0,
            contract: deploy::contract(&at, &code.code_hash),
            net,
            key,
        }
    }

    fn submit(&mut self, collateral: RawCollateral) -> Result<TxResult, String> {
        let msg = ExecuteMsg::SubmitCollateral {
            root: RootKind::Development,
            collateral: evidence::collateral(collateral),
            padding: None,
        };
        let at = self.contract.address.as_str();
        let result = self.net.execute(&address("anyone"), at, &msg, &[]);
        result.map_err(|error| code(&error.to_string()))
    }

    /// What happens if the operator registers with this quote; the chain does not change.
    fn register(&self, world: &World, quote: Vec<u8>) -> Result<TxResult, String> {
        let operator = address(OPERATOR);
        let attestation = Attestation {
            cpu: CpuEvidence::Tdx {
                quote: Binary(quote),
            },
            ..world.attest(Claim {
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
        let msg = ExecuteMsg::Register {
            worker_id: None,
            attestation,
            listing: Listing {
                url: "https://worker.example".into(),
                models: vec![],
            },
            padding: None,
        };
        let msg = Msg::Execute {
            contract: self.contract.address.to_string(),
            code_hash: None,
            msg: serde_json::to_vec(&msg).unwrap(),
            funds: vec![],
        };
        let result = self.net.simulate(Tx::one(&*operator, msg, 5_000_000));
        match result.failure() {
            Some(failure) => Err(code(&failure.plain())),
            None => Ok(result),
        }
    }

    /// Report data that binds this registry's challenge.
    fn report_data(&self) -> [u8; 64] {
        report_data(
            &Registration {
                chain_id: self.net.chain_id(),
                registry: self.contract.address.as_str(),
                operator: &address(OPERATOR),
                receipt_pk: &public_key(&self.key),
                tls_spki_sha256: &[0; 32],
                e2ee_pk: &[0xe2; 32],
                challenge: &self.challenge,
                class: 0,
            },
            &[],
        )
        .unwrap()
    }
}

/// The stable code in an error's text.
fn code(text: &str) -> String {
    let code = text
        .split_once('[')
        .and_then(|(_, rest)| rest.split_once(']'));
    code.map_or(text, |(code, _)| code).to_string()
}

/// One build, with a registry that has the right collateral already: most variants need no other.
struct Build {
    artifact: &'static str,
    ready: Registry,
    collateral: RawCollateral,
}

impl Build {
    fn new(artifact: &'static str, world: &World) -> Self {
        let mut ready = Registry::new(artifact, world, NOW);
        let collateral = world.tdx.collateral();
        ready.submit(collateral.clone()).unwrap();
        Build {
            artifact,
            ready,
            collateral,
        }
    }

    /// What it says of a variant: the code of its refusal.
    fn verdict(&self, world: &World, variant: &Broken) -> String {
        let other;
        let registry = if variant.now == NOW && variant.collateral == self.collateral {
            &self.ready
        } else {
            let mut registry = Registry::new(self.artifact, world, variant.now);
            if let Err(code) = registry.submit(variant.collateral.clone()) {
                return code;
            }
            other = registry;
            &other
        };
        let result = registry.register(world, variant.quote.clone());
        result.map_or_else(|code| code, |_| "accepted".into())
    }
}

/// One of `parts` equal parts of the corpus, so that two cores share the work.
fn compare(part: usize, parts: usize) {
    let world = World::new(NOW);
    let all = broken(SEED, NOW, [7; 64]);
    let own = Build::new("worker-registry", &world);
    let host = Build::new("worker-registry-host-dcap", &world);
    let alone = all.iter().filter(|variant| variant.is_evidence_alone());
    let mut seen = 0;
    for variant in alone.skip(part).step_by(parts) {
        let verdict = own.verdict(&world, variant);
        assert_eq!(verdict, host.verdict(&world, variant), "{}", variant.name);
        // The corpus binds nothing here, so what is genuine would fail there and no earlier.
        assert!(
            verdict != "accepted" && verdict != "binding",
            "{}",
            variant.name
        );
        seen += 1;
    }
    assert!(seen > 40, "{seen} variants");
}

#[test]
fn both_paths_refuse_the_corpus_alike_first_half() {
    compare(0, 2);
}

#[test]
fn both_paths_refuse_the_corpus_alike_second_half() {
    compare(1, 2);
}

#[test]
fn both_paths_accept_what_is_genuine_and_the_host_path_asks_the_host() {
    let world = World::new(NOW);
    let compute = ["worker-registry", "worker-registry-host-dcap"].map(|artifact| {
        let mut registry = Registry::new(artifact, &world, NOW);
        let collateral = registry.submit(world.tdx.collateral()).unwrap();
        let quote = world
            .tdx
            .quote(registry.report_data(), &Measurements::default());
        let quote = compact(&quote).unwrap();
        let result = registry.register(&world, quote).unwrap();
        let sum = |result: &TxResult, part: fn(&secret_devnet::CallGas) -> u64| -> u64 {
            result.calls.iter().map(part).sum()
        };
        println!(
            "{artifact}: collateral {}, register {} SDK gas, of it compute {}, storage {}",
            collateral.gas_used,
            result.gas_used,
            sum(&result, |call| call.compute),
            sum(&result, |call| call.storage),
        );
        sum(&result, |call| call.compute)
    });
    // Three signatures are 75,000.
    assert!(compute[1] + 60_000 < compute[0], "{compute:?}");
}
