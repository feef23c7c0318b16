//! A registry on a chain in memory, with operators, workers and software TEEs to try it with.
#![allow(dead_code)]

mod tee;

pub use tee::Tee;

use cosmwasm_std::{from_slice, Addr, Binary};
use k256::ecdsa::SigningKey;
use secret_ai_attestation::{
    registration_digest, report_data, workload_digest, Registration, Workload as Measures,
};
use secret_ai_interface::registry::*;
use secret_ai_interface::{Digest, Hex, Kid, PublicKey, Unit, WorkerId};
use secret_ai_multi_test::{AppResponse, ContractFns, ContractRef, Genesis, SecretApp};
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use worker_registry::contract::{execute, instantiate, query};

pub const CHAIN_ID: &str = "secretdev-1";
/// First block's time: 2026-01-01.
pub const START: u64 = 1_767_225_600;
pub const CHALLENGE_S: u64 = 600;
pub const LEASE_S: u64 = 86_400;

pub fn policy() -> Policy {
    let min = |product| SnpMinTcb {
        product,
        fmc: 0,
        boot_loader: 3,
        tee: 0,
        snp: 8,
        microcode: 115,
    };
    Policy {
        tdx: TdxPolicy {
            allow_sw_hardening_needed: false,
            allow_configuration_needed: false,
            out_of_date_grace_s: 0,
            denied_advisories: vec![],
            min_tcb_evaluation_number: 0,
            max_collateral_age_s: 2_592_000,
        },
        snp: SnpPolicy {
            allow_smt: true,
            allow_vlek: false,
            allow_version_2: false,
            min_tcb: vec![min(SnpProduct::Milan), min(SnpProduct::Genoa)],
        },
        max_workers_per_platform: 2,
        known_platforms_only: false,
        heartbeat_s: 0,
    }
}

pub fn instantiate_msg(root: Option<Vec<u8>>) -> InstantiateMsg {
    InstantiateMsg {
        admin: None,
        development_roots: root.map(|tdx| DevelopmentRoots {
            tdx: Some(Binary(tdx)),
            ..DevelopmentRoots::default()
        }),
        policy: policy(),
        challenge_s: CHALLENGE_S,
        lease_s: LEASE_S,
    }
}

/// The keys that a TEE makes at one boot; the same name is the same boot.
#[derive(Clone)]
pub struct Boot {
    pub key: SigningKey,
    pub receipt_pk: PublicKey,
    pub tls_spki_sha256: Digest,
    pub e2ee_pk: Hex<32>,
    pub class: u8,
}

impl Boot {
    pub fn new(name: &str) -> Self {
        let hash = |what: &str| -> [u8; 32] { Sha256::digest(format!("{what}/{name}")).into() };
        let key = SigningKey::from_slice(&hash("receipt")).unwrap();
        let point = key.verifying_key().to_sec1_point(true);
        Boot {
            receipt_pk: point.as_bytes().try_into().unwrap(),
            key,
            tls_spki_sha256: Hex(hash("tls")),
            e2ee_pk: Hex(hash("e2ee")),
            class: 0,
        }
    }

    pub fn kid(&self) -> Kid {
        Hex(secret_ai_receipts::kid_of(&self.receipt_pk.0))
    }

    /// The receipt key's signature over a digest, low s.
    pub fn sign(&self, digest: &[u8; 32]) -> Binary {
        let (signature, _) = self.key.sign_prehash_recoverable(digest);
        Binary(signature.normalize_s().to_bytes().to_vec())
    }
}

pub struct Suite {
    pub app: SecretApp,
    pub registry: ContractRef,
    pub admin: Addr,
    /// Platform of the image that is approved.
    pub tee: Tee,
}

impl Suite {
    /// A development registry that has the TEE's collateral and its image approved.
    pub fn new() -> Self {
        let mut suite = Suite::empty(true);
        suite
            .submit(RootKind::Development, suite.tee.collateral(START))
            .unwrap();
        let image = suite.tee.image();
        suite.approve(image, None).unwrap();
        suite
    }

    /// A registry that knows nothing yet.
    pub fn empty(development: bool) -> Self {
        let mut app = SecretApp::new(Genesis {
            chain_id: CHAIN_ID.to_string(),
            time: START,
            ..Genesis::default()
        });
        let code = app.store(ContractFns::new(
            "worker-registry",
            instantiate,
            execute,
            query,
        ));
        let tee = Tee::new();
        let admin = app.user("admin");
        let msg = instantiate_msg(development.then(|| tee.root()));
        let registry = app
            .instantiate(&code, &admin, &msg, "registry", None)
            .unwrap();
        Suite {
            app,
            registry,
            admin,
            tee,
        }
    }

    pub fn user(&self, name: &str) -> Addr {
        self.app.user(name)
    }

    pub fn now(&self) -> u64 {
        self.app.block_time()
    }

    pub fn send(&mut self, sender: &Addr, msg: ExecuteMsg) -> Result<AppResponse, String> {
        self.app.execute(sender, &self.registry, &msg)
    }

    fn send_for<T: DeserializeOwned>(
        &mut self,
        sender: &Addr,
        msg: ExecuteMsg,
    ) -> Result<T, String> {
        let data = self.send(sender, msg)?.data.expect("answer");
        assert_eq!(data.len() % 256, 0, "answers come in blocks");
        Ok(from_slice(&data).unwrap())
    }

    pub fn ask<T: DeserializeOwned>(&self, msg: QueryMsg) -> Result<T, String> {
        let answer = self.app.query_bytes(&self.registry, &msg)?;
        assert_eq!(answer.len() % 256, 0, "answers come in blocks");
        Ok(from_slice(&answer).unwrap())
    }

    pub fn challenge(&mut self, operator: &Addr, boot: &Boot) -> Result<ChallengeAnswer, String> {
        let msg = ExecuteMsg::Challenge {
            receipt_pk: boot.receipt_pk,
            tls_spki_sha256: boot.tls_spki_sha256,
            padding: None,
        };
        self.send_for(operator, msg)
    }

    pub fn registration<'a>(
        &'a self,
        operator: &'a Addr,
        boot: &'a Boot,
        challenge: &'a Digest,
    ) -> Registration<'a> {
        Registration {
            chain_id: CHAIN_ID,
            registry: self.registry.address.as_str(),
            operator: operator.as_str(),
            receipt_pk: &boot.receipt_pk.0,
            tls_spki_sha256: &boot.tls_spki_sha256.0,
            e2ee_pk: &boot.e2ee_pk.0,
            challenge: &challenge.0,
            class: boot.class,
        }
    }

    /// What an honest worker on `tee` answers to a challenge.
    pub fn evidence(
        &self,
        tee: &Tee,
        operator: &Addr,
        boot: &Boot,
        challenge: &Digest,
    ) -> Attestation {
        let registration = self.registration(operator, boot, challenge);
        let quote = tee.quote(&report_data(&registration, &[]).unwrap());
        self.evidence_with(operator, boot, challenge, quote)
    }

    /// The same with another quote.
    pub fn evidence_with(
        &self,
        operator: &Addr,
        boot: &Boot,
        challenge: &Digest,
        quote: Vec<u8>,
    ) -> Attestation {
        let digest = registration_digest(&challenge.0, operator.as_str()).unwrap();
        Attestation {
            receipt_pk: boot.receipt_pk,
            tls_spki_sha256: boot.tls_spki_sha256,
            e2ee_pk: boot.e2ee_pk,
            class: boot.class,
            cpu: CpuEvidence::Tdx {
                quote: Binary(quote),
            },
            workload: None,
            gpus: vec![],
            signature: boot.sign(&digest),
        }
    }

    pub fn send_register(
        &mut self,
        operator: &Addr,
        worker_id: Option<WorkerId>,
        attestation: Attestation,
    ) -> Result<RegisterAnswer, String> {
        let listing = listing();
        let msg = ExecuteMsg::Register {
            worker_id,
            attestation,
            listing,
            padding: None,
        };
        self.send_for(operator, msg)
    }

    /// Challenge, evidence of the suite's TEE, registration.
    pub fn register(&mut self, operator: &Addr, boot: &Boot) -> Result<RegisterAnswer, String> {
        self.register_on(&self.tee.clone(), operator, None, boot)
    }

    pub fn register_on(
        &mut self,
        tee: &Tee,
        operator: &Addr,
        worker_id: Option<WorkerId>,
        boot: &Boot,
    ) -> Result<RegisterAnswer, String> {
        let challenge = self.challenge(operator, boot)?.challenge;
        let attestation = self.evidence(tee, operator, boot, &challenge);
        self.send_register(operator, worker_id, attestation)
    }

    pub fn send_renew(
        &mut self,
        operator: &Addr,
        attestation: Attestation,
    ) -> Result<RegisterAnswer, String> {
        self.send_for(
            operator,
            ExecuteMsg::Renew {
                attestation,
                padding: None,
            },
        )
    }

    pub fn renew(&mut self, operator: &Addr, boot: &Boot) -> Result<RegisterAnswer, String> {
        self.renew_on(&self.tee.clone(), operator, boot)
    }

    pub fn renew_on(
        &mut self,
        tee: &Tee,
        operator: &Addr,
        boot: &Boot,
    ) -> Result<RegisterAnswer, String> {
        let challenge = self.challenge(operator, boot)?.challenge;
        let attestation = self.evidence(tee, operator, boot, &challenge);
        self.send_renew(operator, attestation)
    }

    pub fn submit(
        &mut self,
        root: RootKind,
        collateral: TdxCollateral,
    ) -> Result<CollateralAnswer, String> {
        let anyone = self.user("anyone");
        let collateral = Collateral::Tdx(Box::new(collateral));
        self.send_for(
            &anyone,
            ExecuteMsg::SubmitCollateral {
                root,
                collateral,
                padding: None,
            },
        )
    }

    pub fn approve(&mut self, image: Digest, rtmr3: Option<Hex<48>>) -> Result<(), String> {
        let msg = ExecuteMsg::ApproveImage {
            image,
            workload: rtmr3.map(|value| Hex(workload_digest(&Measures::Rtmr3(value.0)))),
            until: None,
            padding: None,
        };
        self.send(&self.admin.clone(), msg).map(|_| ())
    }

    pub fn revoke(
        &mut self,
        target: RevocationTarget,
        speed: RevocationSpeed,
    ) -> Result<(), String> {
        let msg = ExecuteMsg::Revoke {
            target,
            speed,
            padding: None,
        };
        self.send(&self.admin.clone(), msg).map(|_| ())
    }

    pub fn retire(&mut self, operator: &Addr, worker_id: WorkerId) -> Result<(), String> {
        self.send(
            operator,
            ExecuteMsg::Retire {
                worker_id,
                padding: None,
            },
        )
        .map(|_| ())
    }

    pub fn worker(&self, worker_id: WorkerId) -> WorkerAnswer {
        self.ask(QueryMsg::Worker { worker_id }).unwrap()
    }

    pub fn kid(&self, kid: Kid) -> Option<KidInfo> {
        let KidsAnswer { kids } = self.ask(QueryMsg::Kids { kids: vec![kid] }).unwrap();
        kids.into_iter().next().unwrap()
    }

    pub fn status(&self, boot: &Boot) -> KidStatus {
        self.kid(boot.kid()).expect("registered").status
    }
}

pub fn listing() -> Listing {
    Listing {
        url: "https://worker.example:21434".to_string(),
        models: vec![model("gemma-3", 300)],
    }
}

/// A model at a rate for output, in the token `token`.
pub fn model(name: &str, output: u64) -> ModelListing {
    ModelListing {
        model: name.to_string(),
        token: secret_ai_multi_test::Wallet::new("token").address(),
        rates: vec![
            Rate {
                unit: Unit::Input,
                rate: output / 3,
            },
            Rate {
                unit: Unit::Output,
                rate: output,
            },
        ],
    }
}

/// Fails unless this was refused with that stable code.
#[track_caller]
pub fn refused<T: std::fmt::Debug>(result: Result<T, String>, code: &str) {
    match result {
        Ok(answer) => panic!("accepted, expected [{code}]: {answer:?}"),
        Err(text) => assert!(
            text.contains(&format!("[{code}]")),
            "expected [{code}]: {text}"
        ),
    }
}
