//! Every broken variant of the test kit, sent to the registry: each is refused with its code and leaves
//! no trace. Nothing but the variant's one fault is wrong: operator, challenge, receipt key, class and
//! binding are right.

mod common;

use common::{
    development_roots, instantiate_msg, policy, product, snp_collateral, tdx_collateral, Boot, Cpu,
    Gpu, Snp, Suite, Tee, SEED, START,
};
use cosmwasm_std::{Addr, Binary};
use secret_ai_attestation::gpu::{pack, Feature};
use secret_ai_attestation::snp::{SnpPolicy as SnpVerdict, Tcb};
use secret_ai_attestation::{gpu_nonce, report_data, Device, DeviceKind};
use secret_ai_attestation_testkit::{self as tdx, gpu, snp};
use secret_ai_interface::registry::*;
use secret_ai_interface::{Digest, Hex};

/// A registry that knows nothing, with an open challenge: the same one each time.
struct Open {
    suite: Suite,
    alice: Addr,
    boot: Boot,
    challenge: Digest,
}

impl Open {
    fn new(roots: DevelopmentRoots, gpus: usize) -> Result<Self, String> {
        let mut suite = Suite::try_instantiated(instantiate_msg(Some(roots)))?;
        let (alice, boot) = (suite.user("alice"), Boot::new("1").with_gpus(gpus));
        let challenge = suite.challenge(&alice, &boot)?.challenge;
        Ok(Open {
            suite,
            alice,
            boot,
            challenge,
        })
    }

    /// What this worker's CPU must show if it has no GPUs.
    fn report_data(&self) -> [u8; 64] {
        let registration = self
            .suite
            .registration(&self.alice, &self.boot, &self.challenge);
        report_data(&registration, &[]).unwrap()
    }

    fn nonce(&self) -> [u8; 32] {
        let registration = self
            .suite
            .registration(&self.alice, &self.boot, &self.challenge);
        gpu_nonce(&registration).unwrap()
    }

    /// Lets it be another time, with a challenge of that time.
    fn set_time(&mut self, now: u64) {
        if now != START {
            self.suite.app.set_block(9_000, now);
            let answer = self.suite.challenge(&self.alice, &self.boot);
            self.challenge = answer.unwrap().challenge;
        }
    }

    /// Collateral, which may be refused already.
    fn submit(&mut self, collateral: Collateral) -> Result<(), String> {
        let root = RootKind::Development;
        let answer = self.untouched(|suite| suite.submit_any(root, collateral))?;
        match answer.stored {
            true => Ok(()),
            false => Err("[stale_collateral] what is stored is newer".to_string()),
        }
    }

    fn register(&mut self, cpu: CpuEvidence, gpus: Vec<GpuEvidence>) -> Result<(), String> {
        let attestation = Attestation {
            gpus,
            ..self
                .suite
                .attestation(&self.alice, &self.boot, &self.challenge, cpu)
        };
        let alice = self.alice.clone();
        self.untouched(|suite| suite.send_register(&alice, None, attestation))?;
        Ok(())
    }

    /// Does this, and sees that nothing changed if it is refused.
    fn untouched<T>(
        &mut self,
        act: impl FnOnce(&mut Suite) -> Result<T, String>,
    ) -> Result<T, String> {
        let before = self.suite.state();
        let result = act(&mut self.suite);
        if result.is_err() {
            assert_eq!(self.suite.state(), before);
        }
        result
    }
}

/// Code of a refusal.
fn code(result: Result<(), String>) -> String {
    match result {
        Ok(()) => "accepted".to_string(),
        Err(text) => text
            .split_once('[')
            .and_then(|(_, rest)| rest.split_once(']'))
            .map_or(text.clone(), |(code, _)| code.to_string()),
    }
}

/// Collects what was refused with another code than expected.
#[derive(Default)]
struct Verdicts {
    seen: usize,
    wrong: Vec<String>,
}

impl Verdicts {
    fn add(&mut self, name: &str, expected: &str, result: Result<(), String>) {
        self.seen += 1;
        let code = code(result);
        if code != expected {
            self.wrong
                .push(format!("{name}: {code}, expected {expected}"));
        }
    }

    #[track_caller]
    fn check(self, least: usize) {
        assert!(self.wrong.is_empty(), "{:#?}", self.wrong);
        println!("{} variants", self.seen);
        assert!(self.seen >= least, "{} variants", self.seen);
    }
}

/// The code with which the registry refuses a TDX variant, where it looks at things in another order
/// than the verifier alone: it finds collateral by the certificate, and certificates by their hash.
fn tdx_code(variant: &tdx::Broken) -> &'static str {
    match variant.name {
        "empty quote" => "length",
        "unknown PCK by its hash" => "certificate_unknown",
        "TCB info of another platform"
        | "other kind of platform"
        | "collateral of the other PCK CA" => "collateral_unknown",
        _ => variant.code,
    }
}

fn send_tdx(variant: &tdx::Broken) -> Result<(), String> {
    let mut open = Open::new(development_roots(), 0)?;
    open.set_time(variant.now);
    let mut policy = policy();
    policy.tdx.out_of_date_grace_s = variant.policy.out_of_date_grace;
    policy.tdx.min_tcb_evaluation_number = variant.policy.min_tcb_evaluation_number;
    if let Some(limit) = variant.max_collateral_age {
        policy.tdx.max_collateral_age_s = limit;
    }
    open.suite.set_policy(policy)?;
    let collaterals = variant.known_collateral.iter().chain([&variant.collateral]);
    for collateral in collaterals.cloned() {
        open.submit(Collateral::Tdx(Box::new(tdx_collateral(collateral))))?;
    }
    let quote = Binary(variant.quote.clone());
    open.register(CpuEvidence::Tdx { quote }, vec![])
}

#[test]
fn tdx_variants_are_refused() {
    let mut open = Open::new(development_roots(), 0).unwrap();
    let data = open.report_data();
    open.submit(Collateral::Tdx(Box::new(Tee::new().collateral(START))))
        .unwrap();
    open.suite.approve(Tee::new().image(), None).unwrap();
    open.register(Tee::new().evidence(&data), vec![]).unwrap();

    let mut verdicts = Verdicts::default();
    for variant in tdx::broken(SEED, START, data) {
        // A registry of its own knows no certificate of before, and no policy accepts `OutOfDate`.
        if variant.known_pck.is_some() || !variant.policy.allowed.is_empty() {
            continue;
        }
        verdicts.add(variant.name, tdx_code(&variant), send_tdx(&variant));
    }
    verdicts.check(90);
}

/// The same for SNP: the registry finds collateral by the signer that the report names, and looks at
/// sizes itself.
fn snp_code(variant: &snp::Broken) -> &'static str {
    match variant.name {
        "VCEK's report says VLEK" | "VLEK's report says VCEK" | "VCEK under an ASVK" => {
            "collateral_unknown"
        }
        "no certificate" | "oversized certificate" | "no CRL" | "oversized CRL" => "length",
        "second minimum not met" => "format",
        _ => variant.code,
    }
}

fn snp_policy(verdict: &SnpVerdict) -> Policy {
    let min_tcb = verdict.min_tcb.iter().map(|(of, least)| {
        let Tcb {
            fmc,
            boot_loader,
            tee,
            snp,
            microcode,
        } = *least;
        SnpMinTcb {
            product: product(*of),
            fmc,
            boot_loader,
            tee,
            snp,
            microcode,
        }
    });
    Policy {
        snp: SnpPolicy {
            allow_smt: verdict.allow_smt,
            allow_vlek: verdict.allow_vlek,
            allow_version_2: verdict.allow_version_2,
            max_crl_age_s: 31_622_400,
            min_tcb: min_tcb.collect(),
        },
        ..policy()
    }
}

fn send_snp(variant: &snp::Broken) -> Result<(), String> {
    let mut open = Open::new(development_roots(), 0)?;
    open.set_time(variant.now);
    open.suite.set_policy(snp_policy(&variant.policy))?;
    open.submit(snp_collateral(variant.collateral.clone()))?;
    let cpu = CpuEvidence::Snp {
        product: product(variant.collateral.product),
        report: Binary(variant.report.clone()),
        certificate: CertificateRef::Der(Binary(variant.certificate.clone())),
    };
    open.register(cpu, vec![])
}

#[test]
fn snp_variants_are_refused() {
    let mut open = Open::new(development_roots(), 0).unwrap();
    let data = open.report_data();
    open.submit(Snp::collateral()).unwrap();
    open.suite.approve(Snp::new().image(), None).unwrap();
    open.register(Snp::new().evidence(&data), vec![]).unwrap();

    let mut verdicts = Verdicts::default();
    for variant in snp::broken(SEED, START, data) {
        verdicts.add(variant.name, snp_code(&variant), send_snp(&variant));
    }
    verdicts.check(60);
}

/// Sends a GPU variant beside a CPU that binds just this evidence.
fn send_gpu(variant: &gpu::Broken, packed: Vec<u8>) -> Result<(), String> {
    let roots = DevelopmentRoots {
        nvidia: Some(Binary(variant.root.clone())),
        snp: None,
        ..development_roots()
    };
    let mut open = Open::new(roots, 1)?;
    let tee = Tee::new();
    open.submit(Collateral::Tdx(Box::new(tee.collateral(START))))?;
    open.suite.approve(tee.image(), None)?;
    open.set_time(variant.now);
    let binaries = |all: &[Vec<u8>]| all.iter().cloned().map(Binary).collect();
    open.submit(Collateral::Nvidia {
        issuer: None,
        certificates: binaries(&variant.ca_chain),
    })?;
    let set = variant.golden.encode().unwrap();
    let golden = open.untouched(|suite| suite.approve_golden(set))?.golden;

    let leaf = variant.certificates.first().cloned().unwrap_or_default();
    let device = Device {
        kind: DeviceKind::Gpu,
        leaf_sha256: common::sha256(&leaf).0,
        evidence_sha256: common::sha256(&variant.evidence).0,
    };
    let registration = open
        .suite
        .registration(&open.alice, &open.boot, &open.challenge);
    let cpu = tee.evidence(&report_data(&registration, &[device]).unwrap());
    let report = GpuReport {
        golden,
        evidence: Binary(packed),
        certificates: DeviceCertificates::Der {
            certificates: binaries(&variant.certificates),
            issuer: common::sha256(variant.ca_chain.last().unwrap()),
        },
    };
    open.register(cpu, vec![GpuEvidence::Report(Box::new(report))])
}

#[test]
fn gpu_variants_are_refused() {
    let nonce = Open::new(development_roots(), 1).unwrap().nonce();
    let right = Gpu::new(0);
    let good = gpu::Broken {
        name: "nothing wrong",
        code: "accepted",
        root: Gpu::root(),
        ca_chain: right.soft.ca_chain(),
        certificates: right.soft.certificates(),
        evidence: right.soft.evidence(nonce),
        nonce,
        golden: right.soft.golden(),
        features: vec![],
        now: START,
    };
    let mut verdicts = Verdicts::default();
    let mut unpackable = 0;
    for variant in [good].into_iter().chain(gpu::broken(SEED, START, nonce)) {
        let asked = variant.nonce == nonce;
        let mode = variant.features.is_empty() || variant.features.contains(&Feature::Spt);
        // The registry asks no other nonce and accepts no other mode; and sets out of form have no
        // stored form that could be sent.
        if !asked || !mode || variant.golden.encode().is_err() {
            continue;
        }
        match pack(&variant.evidence, &variant.golden) {
            Ok(packed) => verdicts.add(variant.name, variant.code, send_gpu(&variant, packed)),
            // What has not the form of evidence cannot be packed; sent raw it does not unpack.
            Err(_) => {
                unpackable += 1;
                let code = code(send_gpu(&variant, variant.evidence.clone()));
                let refused = code.starts_with("gpu_") || code == "length";
                assert!(refused, "{}: {code}", variant.name);
            }
        }
    }
    println!("{unpackable} more that cannot be packed");
    verdicts.check(80);
}

/// Bytes that are no packed evidence of any report.
#[test]
fn what_does_not_unpack_is_refused() {
    let nonce = Open::new(development_roots(), 1).unwrap().nonce();
    let right = Gpu::new(0);
    let good = gpu::Broken {
        name: "packed evidence",
        code: "",
        root: Gpu::root(),
        ca_chain: right.soft.ca_chain(),
        certificates: right.soft.certificates(),
        evidence: right.soft.evidence(nonce),
        nonce,
        golden: right.soft.golden(),
        features: vec![],
        now: START,
    };
    let packed = pack(&good.evidence, &good.golden).unwrap();
    let changed = |at: usize, byte: u8| {
        let mut bytes = packed.clone();
        bytes[at] = byte;
        bytes
    };
    let variants = [
        changed(0, 2),
        // No such golden value; a run of zeros that never ends.
        changed(33 + 5, 0x11),
        packed[..packed.len() - 1].to_vec(),
        [&packed[..], &[0]].concat(),
        [&packed[..], &[0, 0]].concat(),
        [&packed[..], &[0u8, 255].repeat(60)].concat(),
        packed[..33].to_vec(),
        packed[..20].to_vec(),
        vec![1],
        vec![0; 8_192],
    ];
    for (number, bytes) in variants.into_iter().enumerate() {
        let code = code(send_gpu(&good, bytes));
        assert!(code.starts_with("gpu_"), "{number}: {code}");
    }
    assert_eq!(code(send_gpu(&good, packed.clone())), "accepted");
    assert_eq!(Hex(good.golden.id()), right.golden_id());
}
