//! A registry on a chain in memory, with operators, workers and software TEEs to try it with.
#![allow(dead_code, unused_imports)]

mod boot;
mod gpu;
mod snp;
mod tee;

pub use boot::Boot;
pub use gpu::{Answer, Gpu};
pub use snp::{product, snp_collateral, Snp};
pub use tee::{tdx_collateral, Tee, SEED};

use cosmwasm_std::{from_slice, Addr, Binary};
use secret_ai_attestation::{
    gpu_nonce, heartbeat_digest, registration_digest, report_data, workload_digest, Device,
    Registration, Workload as Measures,
};
use secret_ai_interface::registry::*;
use secret_ai_interface::{Digest, Hex, Kid, Unit, WorkerId};
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
    let min = |product, [boot_loader, snp, microcode]: [u8; 3]| SnpMinTcb {
        product,
        fmc: 0,
        boot_loader,
        tee: 0,
        snp,
        microcode,
    };
    Policy {
        tdx: TdxPolicy {
            allow_sw_hardening_needed: false,
            allow_configuration_needed: false,
            out_of_date_grace_s: 0,
            denied_advisories: vec![],
            min_tcb_evaluation_number: 0,
            max_tcb_evaluation_number: None,
            max_collateral_age_s: 2_592_000,
        },
        snp: SnpPolicy {
            allow_smt: true,
            allow_vlek: false,
            allow_version_2: false,
            max_crl_age_s: 31_622_400,
            min_tcb: vec![
                min(SnpProduct::Milan, [3, 8, 115]),
                min(SnpProduct::Genoa, [10, 23, 84]),
            ],
        },
        max_workers_per_platform: 2,
        known_platforms_only: false,
        heartbeat_s: 0,
    }
}

/// Of the software TEEs and GPUs.
pub fn development_roots() -> DevelopmentRoots {
    DevelopmentRoots {
        tdx: Some(Binary(Tee::new().root())),
        snp: Some(Binary(Snp::root())),
        nvidia: Some(Binary(Gpu::root())),
    }
}

pub fn instantiate_msg(development_roots: Option<DevelopmentRoots>) -> InstantiateMsg {
    InstantiateMsg {
        admin: None,
        development_roots,
        policy: policy(),
        challenge_s: CHALLENGE_S,
        lease_s: LEASE_S,
    }
}

/// A machine's CPU in its TEE.
pub trait Cpu {
    /// Evidence of what runs in it, with this report data.
    fn evidence(&self, report_data: &[u8; 64]) -> CpuEvidence;
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

    /// The same, with the authorities and the golden set of the GPUs.
    pub fn with_gpus() -> Self {
        let mut suite = Suite::new();
        suite
            .submit_any(RootKind::Development, Gpu::authorities())
            .unwrap();
        suite.approve_golden(Gpu::new(0).golden()).unwrap();
        suite
    }

    /// The same as [`Suite::new`], with the collateral and the image of the SNP platform.
    pub fn with_snp() -> Self {
        let mut suite = Suite::new();
        suite
            .submit_any(RootKind::Development, Snp::collateral())
            .unwrap();
        suite.approve(Snp::new().image(), None).unwrap();
        suite
    }

    /// A registry that knows nothing yet.
    pub fn empty(development: bool) -> Self {
        Suite::instantiated(instantiate_msg(development.then(development_roots)))
    }

    /// The same, made by another message.
    pub fn instantiated(msg: InstantiateMsg) -> Self {
        Suite::try_instantiated(msg).unwrap()
    }

    pub fn try_instantiated(msg: InstantiateMsg) -> Result<Self, String> {
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
        let admin = app.user("admin");
        let registry = app.instantiate(&code, &admin, &msg, "registry", None)?;
        Ok(Suite {
            app,
            registry,
            admin,
            tee: Tee::new(),
        })
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

    /// What an honest worker on `cpu` answers to a challenge.
    pub fn evidence(
        &self,
        cpu: &dyn Cpu,
        operator: &Addr,
        boot: &Boot,
        challenge: &Digest,
    ) -> Attestation {
        self.evidence_with_gpus(cpu, &[], operator, boot, challenge)
    }

    /// The same for a worker with GPUs, whose answers it binds and sends.
    pub fn evidence_with_gpus(
        &self,
        cpu: &dyn Cpu,
        answers: &[Answer],
        operator: &Addr,
        boot: &Boot,
        challenge: &Digest,
    ) -> Attestation {
        let registration = self.registration(operator, boot, challenge);
        let devices: Vec<Device> = answers.iter().map(|answer| answer.device).collect();
        let data = report_data(&registration, &devices).unwrap();
        Attestation {
            gpus: answers.iter().map(Answer::sent).collect(),
            ..self.attestation(operator, boot, challenge, cpu.evidence(&data))
        }
    }

    /// The same with another quote and without GPUs.
    pub fn evidence_with(
        &self,
        operator: &Addr,
        boot: &Boot,
        challenge: &Digest,
        quote: Vec<u8>,
    ) -> Attestation {
        let quote = Binary(quote);
        self.attestation(operator, boot, challenge, CpuEvidence::Tdx { quote })
    }

    /// Any evidence of the CPU, sent by this operator with this boot's keys.
    pub fn attestation(
        &self,
        operator: &Addr,
        boot: &Boot,
        challenge: &Digest,
        cpu: CpuEvidence,
    ) -> Attestation {
        let digest = registration_digest(&challenge.0, operator.as_str()).unwrap();
        Attestation {
            receipt_pk: boot.receipt_pk,
            tls_spki_sha256: boot.tls_spki_sha256,
            e2ee_pk: boot.e2ee_pk,
            class: boot.class,
            cpu,
            workload: None,
            gpus: vec![],
            signature: boot.sign(&digest),
        }
    }

    /// What GPUs answer to the nonce that follows from a challenge.
    pub fn answers(
        &self,
        gpus: &[Gpu],
        operator: &Addr,
        boot: &Boot,
        challenge: &Digest,
    ) -> Vec<Answer> {
        let nonce = gpu_nonce(&self.registration(operator, boot, challenge)).unwrap();
        gpus.iter().map(|gpu| gpu.answer(nonce)).collect()
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
        cpu: &dyn Cpu,
        operator: &Addr,
        worker_id: Option<WorkerId>,
        boot: &Boot,
    ) -> Result<RegisterAnswer, String> {
        self.register_gpus(cpu, &[], operator, worker_id, boot)
    }

    /// Challenge, evidence of CPU and GPUs, registration.
    pub fn register_gpus(
        &mut self,
        cpu: &dyn Cpu,
        gpus: &[Gpu],
        operator: &Addr,
        worker_id: Option<WorkerId>,
        boot: &Boot,
    ) -> Result<RegisterAnswer, String> {
        let challenge = self.challenge(operator, boot)?.challenge;
        let answers = self.answers(gpus, operator, boot, &challenge);
        let attestation = self.evidence_with_gpus(cpu, &answers, operator, boot, &challenge);
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
        cpu: &dyn Cpu,
        operator: &Addr,
        boot: &Boot,
    ) -> Result<RegisterAnswer, String> {
        self.renew_gpus(cpu, &[], operator, boot)
    }

    pub fn renew_gpus(
        &mut self,
        cpu: &dyn Cpu,
        gpus: &[Gpu],
        operator: &Addr,
        boot: &Boot,
    ) -> Result<RegisterAnswer, String> {
        let challenge = self.challenge(operator, boot)?.challenge;
        let answers = self.answers(gpus, operator, boot, &challenge);
        let attestation = self.evidence_with_gpus(cpu, &answers, operator, boot, &challenge);
        self.send_renew(operator, attestation)
    }

    /// Stages a GPU's answer for the challenge that is open for this operator and boot.
    pub fn stage(
        &mut self,
        operator: &Addr,
        boot: &Boot,
        place: u8,
        answer: &Answer,
    ) -> Result<StageAnswer, String> {
        let msg = ExecuteMsg::StageGpu {
            receipt_pk: boot.receipt_pk,
            tls_spki_sha256: boot.tls_spki_sha256,
            place,
            gpu: Box::new(answer.report.clone()),
            padding: None,
        };
        self.send_for(operator, msg)
    }

    /// A sign of life by this boot's receipt key.
    pub fn heartbeat(&self, boot: &Boot, at: u64) -> ExecuteMsg {
        let (kid, registry) = (boot.kid(), self.registry.address.as_str());
        let digest = heartbeat_digest(CHAIN_ID, registry, &kid.0, at).unwrap();
        ExecuteMsg::Heartbeat {
            kid,
            at,
            signature: boot.sign(&digest),
            padding: None,
        }
    }

    pub fn submit(
        &mut self,
        root: RootKind,
        collateral: TdxCollateral,
    ) -> Result<CollateralAnswer, String> {
        self.submit_any(root, Collateral::Tdx(Box::new(collateral)))
    }

    pub fn submit_any(
        &mut self,
        root: RootKind,
        collateral: Collateral,
    ) -> Result<CollateralAnswer, String> {
        let anyone = self.user("anyone");
        self.send_for(
            &anyone,
            ExecuteMsg::SubmitCollateral {
                root,
                collateral,
                padding: None,
            },
        )
    }

    /// Approves an image, for any workload or for the one of this RTMR3.
    pub fn approve(&mut self, image: Digest, rtmr3: Option<Hex<48>>) -> Result<(), String> {
        let workload = rtmr3.map(|value| Hex(workload_digest(&Measures::Rtmr3(value.0))));
        self.approve_image(image, workload, None)
    }

    pub fn approve_image(
        &mut self,
        image: Digest,
        workload: Option<Digest>,
        until: Option<u64>,
    ) -> Result<(), String> {
        let msg = ExecuteMsg::ApproveImage {
            image,
            workload,
            until,
            padding: None,
        };
        self.send(&self.admin.clone(), msg).map(|_| ())
    }

    pub fn approve_platform(&mut self, platform: Digest, known: bool) -> Result<(), String> {
        let msg = ExecuteMsg::ApprovePlatform {
            platform,
            known,
            padding: None,
        };
        self.send(&self.admin.clone(), msg).map(|_| ())
    }

    /// Approves a golden set in its stored form.
    pub fn approve_golden(&mut self, set: Vec<u8>) -> Result<GoldenAnswer, String> {
        let msg = ExecuteMsg::ApproveGolden {
            set: Binary(set),
            padding: None,
        };
        self.send_for(&self.admin.clone(), msg)
    }

    pub fn set_policy(&mut self, policy: Policy) -> Result<(), String> {
        let msg = ExecuteMsg::SetPolicy {
            policy,
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

    /// Whether a certificate may be named by its hash.
    pub fn knows(&self, sha256: Digest) -> bool {
        let answer: CertificateAnswer = self.ask(QueryMsg::Certificate { sha256 }).unwrap();
        answer.known
    }

    /// Everything that is stored.
    pub fn state(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        self.app.storage(&self.registry)
    }
}

pub fn sha256(bytes: &[u8]) -> Digest {
    Hex(Sha256::digest(bytes).into())
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
