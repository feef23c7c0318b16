//! Boot: what is attested, what is registered, what is remembered. And signs of life.
#![cfg(feature = "simulated-tee")]

mod common;

use std::fs;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::{FakeChain, Setup, NOW};
use k256::ecdsa::signature::hazmat::PrehashVerifier;
use k256::ecdsa::{Signature, VerifyingKey};
use secret_ai_attestation::gpu::{unpack, GoldenSet};
use secret_ai_attestation::{
    compact, compact_known, gpu_nonce, heartbeat_digest, quote_certificate, registration_digest,
    report_data, Device, DeviceKind, QuoteCertificate, Registration,
};
use secret_ai_attestation_testkit::gpu::SoftGpu;
use secret_ai_attestation_testkit::snp::SoftSnp;
use secret_ai_interface::registry::{
    Attestation, CertificateRef, CpuEvidence, DeviceCertificates, GpuEvidence, GpuReport, Listing,
    Workload,
};
use secret_ai_interface::Hex;
use secret_ai_receipts::sha256;
use secret_ai_worker_agent::boot::{Attester, BootError};
use secret_ai_worker_agent::evidence::{
    CpuReport, DeviceEvidence, DeviceProvider, EvidenceError, EvidenceProvider, Simulated,
};
use secret_ai_worker_agent::heartbeat::{beat, heartbeat_loop};
use secret_ai_worker_agent::keys::BootKeys;
use secret_ai_worker_agent::tee::SimulatedCpu;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

const SEED: [u8; 32] = [1; 32];
/// Time of the simulated certificates, Unix seconds.
const TIME: u64 = 1_767_225_600;
const SPKI: [u8; 32] = [2; 32];
const CHALLENGE: [u8; 32] = [5; 32];
/// Where the report data lies in a quote of version 4 and in a SEV-SNP report.
const IN_QUOTE: usize = 48 + 520;
const IN_REPORT: usize = 0x50;

fn listing() -> Listing {
    Listing {
        url: "http://127.0.0.1:1".into(),
        models: Vec::new(),
    }
}

fn chain() -> Arc<FakeChain> {
    Arc::new(FakeChain::new(vec![], TIME))
}

/// A worker with `gpus` simulated GPUs on a chain whose registry has their golden set.
fn attester(chain: &Arc<FakeChain>, cpu: SimulatedCpu, gpus: u8) -> Attester {
    for number in 0..gpus {
        let set = SoftGpu::new(SEED, number).golden();
        let mut golden = chain.golden.lock().unwrap();
        golden.insert(Hex(set.id()), set.encode().unwrap());
    }
    let tee = Arc::new(Simulated::new(SEED, TIME, cpu, gpus));
    Attester {
        chain: chain.clone(),
        provider: tee.clone(),
        devices: (gpus > 0).then_some(tee as Arc<dyn DeviceProvider>),
        keys: Arc::new(BootKeys::generate()),
        chain_id: "test-1".into(),
        registry: "secret1registry".into(),
        tls_spki_sha256: SPKI,
        class: gpus << 4,
        workload: None,
    }
}

/// What a fresh worker sends to register.
async fn register(chain: &FakeChain, attester: &Attester) -> Result<Attestation, BootError> {
    let dir = TempDir::new().unwrap();
    attester.register(dir.path(), listing()).await?;
    let registered = chain.registered.lock().unwrap();
    Ok(registered.last().unwrap().1.clone())
}

async fn renew(chain: &FakeChain, attester: &Attester) -> Attestation {
    attester.renew().await.unwrap();
    let renewed = chain.renewed.lock().unwrap();
    renewed.last().unwrap().clone()
}

/// The reports of a claim in their order, those that were staged among them.
fn reports(chain: &FakeChain, sent: &Attestation) -> Vec<GpuReport> {
    let staged = chain.staged.lock().unwrap();
    let report = |gpu: &GpuEvidence| match gpu {
        GpuEvidence::Report(report) => (**report).clone(),
        GpuEvidence::Staged(place) => {
            let mut newest_first = staged.iter().rev();
            let found = newest_first.find(|(at, _)| at == place);
            found.unwrap().1.clone()
        }
    };
    sent.gpus.iter().map(report).collect()
}

/// The report data that the registry will want: of this boot, this challenge and exactly the GPU
/// evidence that it puts together again from what was sent.
fn wanted(chain: &FakeChain, attester: &Attester, sent: &Attestation) -> [u8; 64] {
    let (receipt_pk, e2ee_pk) = (attester.keys.receipt_pk(), attester.keys.e2ee_pk());
    assert_eq!(
        (sent.receipt_pk, sent.e2ee_pk),
        (Hex(receipt_pk), Hex(e2ee_pk))
    );
    assert_eq!(sent.class, attester.class);
    let registration = Registration {
        chain_id: "test-1",
        registry: "secret1registry",
        operator: "secret1operator",
        receipt_pk: &receipt_pk,
        tls_spki_sha256: &SPKI,
        e2ee_pk: &e2ee_pk,
        challenge: &CHALLENGE,
        class: attester.class,
    };
    let nonce = gpu_nonce(&registration).unwrap();
    let device = |report: GpuReport| {
        let set = chain.golden.lock().unwrap()[&report.golden].clone();
        let evidence = unpack(&report.evidence, &GoldenSet::decode(&set).unwrap()).unwrap();
        assert!(report.evidence.len() < evidence.len() / 2, "packed");
        assert_eq!(evidence[..4], [0x11, 0xe0, 0x01, 0xff]);
        assert_eq!(evidence[4..36], nonce);
        Device {
            kind: DeviceKind::Gpu,
            leaf_sha256: match &report.certificates {
                DeviceCertificates::Der { certificates, .. } => sha256(&certificates[0]),
                DeviceCertificates::Known(leaf) => leaf.0,
            },
            evidence_sha256: sha256(&evidence),
        }
    };
    let devices: Vec<_> = reports(chain, sent).into_iter().map(device).collect();
    report_data(&registration, &devices).unwrap()
}

fn carries(evidence: &[u8], at: usize, data: [u8; 64]) {
    assert_eq!(evidence[at..at + 64], data);
}

#[tokio::test]
async fn the_quote_binds_this_boot_and_the_challenge() {
    let (chain, dir) = (chain(), TempDir::new().unwrap());
    let mut attester = attester(&chain, SimulatedCpu::Tdx, 0);
    attester.workload = Some(Workload::AttestTool {
        compose_sha256: Hex([3; 32]),
        rootfs: Hex([4; 32]),
        docker_files_sha256: None,
    });
    let (worker_id, attested) = attester.register(dir.path(), listing()).await.unwrap();
    assert_eq!((worker_id, attested.lease_until), (Hex([8; 16]), 100));

    let (known, sent) = chain.registered.lock().unwrap()[0].clone();
    assert_eq!(known, None);
    assert_eq!(sent.workload, attester.workload);
    let CpuEvidence::Tdx { quote } = &sent.cpu else {
        panic!("{:?}", sent.cpu);
    };
    carries(quote, IN_QUOTE, wanted(&chain, &attester, &sent));
    let CpuReport::Tdx { quote: whole } = attested.cpu else {
        panic!("a TDX worker");
    };
    assert_eq!(quote.0, compact(&whole).unwrap());

    let digest = registration_digest(&CHALLENGE, "secret1operator").unwrap();
    let key = VerifyingKey::from_sec1_bytes(&sent.receipt_pk.0).unwrap();
    let signature = Signature::from_slice(&sent.signature).unwrap();
    key.verify_prehash(&digest, &signature).unwrap();
}

#[tokio::test]
async fn a_renewal_names_what_the_registry_knows_by_its_hash() {
    let chain = chain();
    let attester = attester(&chain, SimulatedCpu::Tdx, 1);
    let first = register(&chain, &attester).await.unwrap();
    let CpuEvidence::Tdx { quote } = &first.cpu else {
        panic!("{:?}", first.cpu);
    };
    let QuoteCertificate::Der(pck) = quote_certificate(quote).unwrap() else {
        panic!("the first quote brings its certificate");
    };
    let gpu = &reports(&chain, &first)[0];
    let DeviceCertificates::Der { certificates, .. } = &gpu.certificates else {
        panic!("the first report brings its certificates");
    };
    let soft = SoftGpu::new(SEED, 0);
    let own: Vec<Vec<u8>> = certificates.iter().map(|der| der.0.clone()).collect();
    assert_eq!(own, soft.certificates(), "leaf and boot, no authority");

    let leaf = Hex(sha256(&own[0]));
    chain
        .known
        .lock()
        .unwrap()
        .extend([leaf, Hex(sha256(&pck))]);
    let second = renew(&chain, &attester).await;
    let CpuEvidence::Tdx { quote: short } = &second.cpu else {
        panic!("{:?}", second.cpu);
    };
    assert_eq!(compact_known(short).unwrap(), short.0);
    assert!(matches!(
        quote_certificate(short).unwrap(),
        QuoteCertificate::Known(hash) if hash == sha256(&pck)
    ));
    assert!(short.len() + pck.len() / 2 < quote.len());
    let gpu = &reports(&chain, &second)[0];
    assert_eq!(gpu.certificates, DeviceCertificates::Known(leaf));
    carries(short, IN_QUOTE, wanted(&chain, &attester, &second));
    assert!(chain.staged.lock().unwrap().is_empty());
}

#[tokio::test]
async fn snp_brings_its_certificate_once() {
    let chain = chain();
    let attester = attester(&chain, SimulatedCpu::Snp, 0);
    let vcek = SoftSnp::new(SEED, TIME).vcek_der();
    let first = register(&chain, &attester).await.unwrap();
    let CpuEvidence::Snp {
        report,
        certificate,
        ..
    } = &first.cpu
    else {
        panic!("{:?}", first.cpu);
    };
    assert_eq!(report.len(), 1_184);
    carries(report, IN_REPORT, wanted(&chain, &attester, &first));
    assert_eq!(*certificate, CertificateRef::Der(vcek.clone().into()));

    let hash = Hex(sha256(&vcek));
    chain.known.lock().unwrap().insert(hash);
    let second = renew(&chain, &attester).await;
    let CpuEvidence::Snp {
        report,
        certificate,
        ..
    } = &second.cpu
    else {
        panic!("{:?}", second.cpu);
    };
    carries(report, IN_REPORT, wanted(&chain, &attester, &second));
    assert_eq!(*certificate, CertificateRef::Known(hash));
}

#[tokio::test]
async fn many_gpus_are_staged_and_asked_for_one_golden_set() {
    let chain = chain();
    let attester = attester(&chain, SimulatedCpu::Snp, 4);
    let (_, attested) = attester
        .register(TempDir::new().unwrap().path(), listing())
        .await
        .unwrap();
    let sent = chain.registered.lock().unwrap()[0].1.clone();
    assert_eq!(sent.gpus, [0, 1, 2, 3].map(GpuEvidence::Staged));
    let places: Vec<u8> = chain.staged.lock().unwrap().iter().map(|s| s.0).collect();
    assert_eq!(places, [0, 1, 2, 3]);
    let CpuEvidence::Snp { report, .. } = &sent.cpu else {
        panic!("{:?}", sent.cpu);
    };
    carries(report, IN_REPORT, wanted(&chain, &attester, &sent));
    let sets = chain.golden.lock().unwrap().len();
    assert_eq!(chain.asked_golden.load(Ordering::SeqCst), sets);
    // Whoever asks the worker itself gets everything, authorities too.
    assert_eq!(attested.gpus.len(), 4);
    assert!(attested.gpus.iter().all(|gpu| gpu.certificates.len() == 4));
}

/// Changes what GPUs say.
struct Tampered<F>(Simulated, F);

impl<F: Fn(&mut Vec<DeviceEvidence>) + Send + Sync> DeviceProvider for Tampered<F> {
    fn gpus(&self, nonce: [u8; 32]) -> Result<Vec<DeviceEvidence>, EvidenceError> {
        let mut gpus = self.0.gpus(nonce)?;
        self.1(&mut gpus);
        Ok(gpus)
    }

    fn development_root(&self) -> Option<Vec<u8>> {
        self.0.development_root()
    }
}

async fn refusal(change: impl Fn(&mut Vec<DeviceEvidence>) + Send + Sync + 'static) -> String {
    let chain = chain();
    let mut attester = attester(&chain, SimulatedCpu::Tdx, 2);
    let tee = Simulated::new(SEED, TIME, SimulatedCpu::Tdx, 2);
    attester.devices = Some(Arc::new(Tampered(tee, change)));
    let error = register(&chain, &attester).await.unwrap_err();
    assert!(chain.registered.lock().unwrap().is_empty());
    assert!(chain.staged.lock().unwrap().is_empty());
    error.to_string()
}

#[tokio::test]
async fn a_bad_gpu_is_named_before_anything_is_sent() {
    let error = refusal(|gpus| gpus[1].evidence[200] ^= 1).await;
    assert!(
        error.starts_with("GPU 1: ") && error.contains("[gpu_"),
        "{error}"
    );
    let error = refusal(|gpus| gpus[0].evidence[4] ^= 1).await;
    assert!(
        error.starts_with("GPU 0: ") && error.contains("nonce"),
        "{error}"
    );
    let error = refusal(|gpus| gpus[0].certificates.truncate(2)).await;
    assert!(error.contains("[chain_length]"), "{error}");
    let error = refusal(|gpus| gpus[0].certificates.clear()).await;
    assert!(error.contains("[chain_length]"), "{error}");
    let error = refusal(|gpus| {
        gpus.pop();
    })
    .await;
    assert!(
        error.contains("tee.gpus is 2, but the number of confidential GPUs here is 1"),
        "{error}"
    );
}

#[tokio::test]
async fn gpus_that_are_nobodys_need_their_golden_set_and_their_root() {
    let chain = chain();
    let mut attester = attester(&chain, SimulatedCpu::Tdx, 1);
    chain.golden.lock().unwrap().clear();
    let error = register(&chain, &attester).await.unwrap_err().to_string();
    assert!(
        error.contains("golden set") && error.contains("no such"),
        "{error}"
    );

    /// Passes a development GPU off as NVIDIA's.
    struct Forged(Simulated);
    impl DeviceProvider for Forged {
        fn gpus(&self, nonce: [u8; 32]) -> Result<Vec<DeviceEvidence>, EvidenceError> {
            self.0.gpus(nonce)
        }
    }
    let tee = Simulated::new(SEED, TIME, SimulatedCpu::Tdx, 1);
    attester.devices = Some(Arc::new(Forged(tee)));
    let error = register(&chain, &attester).await.unwrap_err();
    assert!(matches!(error, BootError::Gpu { index: 0, .. }), "{error}");
    attester.devices = None;
    let error = register(&chain, &attester).await.unwrap_err();
    assert!(
        matches!(error, BootError::GpuCount { have: 0, need: 1 }),
        "{error}"
    );
}

/// Hands out quotes as real platforms do, with zeros behind them.
struct Padded(Simulated);

impl EvidenceProvider for Padded {
    fn cpu(&self, report_data: &[u8; 64]) -> Result<CpuReport, EvidenceError> {
        let mut report = self.0.cpu(report_data)?;
        if let CpuReport::Tdx { quote } = &mut report {
            quote.extend([0; 3_000]);
        }
        Ok(report)
    }
}

#[tokio::test]
async fn the_padding_of_a_quote_is_cut() {
    let (chain, dir) = (chain(), TempDir::new().unwrap());
    let mut attester = attester(&chain, SimulatedCpu::Tdx, 0);
    attester.provider = Arc::new(Padded(Simulated::new(SEED, TIME, SimulatedCpu::Tdx, 0)));
    let (_, attested) = attester.register(dir.path(), listing()).await.unwrap();
    let sent = chain.registered.lock().unwrap()[0].1.clone();
    let CpuReport::Tdx { quote: shown } = attested.cpu else {
        panic!("a TDX worker");
    };
    assert!(quote_certificate(&shown).is_ok(), "nothing follows");
    let quote = compact(&shown).unwrap().into();
    assert_eq!(sent.cpu, CpuEvidence::Tdx { quote });
}

/// Counts how often the CPU was asked.
#[derive(Default)]
struct Recorder(Mutex<Vec<[u8; 64]>>);

impl EvidenceProvider for Recorder {
    fn cpu(&self, report_data: &[u8; 64]) -> Result<CpuReport, EvidenceError> {
        self.0.lock().unwrap().push(*report_data);
        Err(EvidenceError::ReportData)
    }
}

#[tokio::test]
async fn a_worker_keeps_its_id_over_boots_of_the_same_registry() {
    let (chain, dir) = (chain(), TempDir::new().unwrap());
    let boot = || attester(&chain, SimulatedCpu::Tdx, 0);
    boot().register(dir.path(), listing()).await.unwrap();
    boot().register(dir.path(), listing()).await.unwrap();
    let mut elsewhere = boot();
    elsewhere.registry = "secret1other".into();
    elsewhere.register(dir.path(), listing()).await.unwrap();
    let registered = chain.registered.lock().unwrap();
    let known: Vec<_> = registered.iter().map(|(known, _)| *known).collect();
    assert_eq!(known, [None, Some(Hex([8; 16])), None]);
    assert_ne!(
        registered[0].1.receipt_pk, registered[1].1.receipt_pk,
        "a new boot, a new key"
    );
}

#[tokio::test]
async fn a_failed_registration_leaves_no_trace() {
    let (chain, dir) = (chain(), TempDir::new().unwrap());
    let boot = || attester(&chain, SimulatedCpu::Tdx, 0);
    chain.is_down.store(true, Ordering::SeqCst);
    assert!(boot().register(dir.path(), listing()).await.is_err());
    chain.is_down.store(false, Ordering::SeqCst);
    let (recorder, mut refused) = (Arc::new(Recorder::default()), boot());
    refused.provider = recorder.clone();
    assert!(refused.register(dir.path(), listing()).await.is_err());
    assert_eq!(recorder.0.lock().unwrap().len(), 1);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    fs::write(dir.path().join("worker.json"), "{}").unwrap();
    let error = boot().register(dir.path(), listing()).await.unwrap_err();
    assert!(
        error.to_string().contains("is not a worker file"),
        "{error}"
    );
}

#[tokio::test]
async fn a_heartbeat_is_signed_by_the_receipt_key_and_never_goes_back() {
    let worker = Setup::default().start().await;
    assert_eq!(beat(&worker.agent, 0).await.unwrap(), NOW);
    assert_eq!(beat(&worker.agent, NOW).await.unwrap(), NOW + 1);
    let sent = worker.chain.heartbeats.lock().unwrap().clone();
    assert_eq!(sent.len(), 2);
    let key = VerifyingKey::from_sec1_bytes(&worker.receipt_pk).unwrap();
    for (kid, at, signature) in sent {
        assert_eq!(kid.0, worker.kid);
        let identity = &worker.agent.identity;
        let digest =
            heartbeat_digest(&identity.chain_id, &identity.registry, &worker.kid, at).unwrap();
        let signature = Signature::from_slice(&signature).unwrap();
        key.verify_prehash(&digest, &signature).unwrap();
    }
}

#[tokio::test]
async fn no_heartbeat_is_signed_beyond_the_lease() {
    let worker = Setup::default().start().await;
    let lease_until = worker.agent.lease_until();
    worker.chain.clock.lock().unwrap().now = lease_until;
    assert_eq!(beat(&worker.agent, 0).await.unwrap(), lease_until);
    // One second more, because it was said or because of the last one.
    let error = beat(&worker.agent, lease_until).await.unwrap_err();
    assert!(error.to_string().contains("lease ended"), "{error}");
    worker.chain.clock.lock().unwrap().now = lease_until + 1;
    assert!(beat(&worker.agent, 0).await.is_err());
    assert_eq!(worker.chain.heartbeats.lock().unwrap().len(), 1);
}

/// Waits until the chain has seen `count` heartbeats.
async fn until_heartbeats(chain: &FakeChain, count: usize) {
    let enough = async {
        while chain.heartbeats.lock().unwrap().len() < count {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(60), enough).await;
    waited.expect("heartbeats go on");
}

#[tokio::test]
async fn heartbeats_go_on_after_an_outage_and_end_at_stop() {
    let worker = Setup::default().start().await;
    worker.chain.heartbeat_s.store(1, Ordering::SeqCst);
    let stop = CancellationToken::new();
    let beating = tokio::spawn(heartbeat_loop(worker.agent.clone(), stop.clone()));
    until_heartbeats(&worker.chain, 2).await;
    worker.chain.is_down.store(true, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(500)).await;
    worker.chain.is_down.store(false, Ordering::SeqCst);
    let before = worker.chain.heartbeats.lock().unwrap().len();
    until_heartbeats(&worker.chain, before + 1).await;
    stop.cancel();
    beating.await.unwrap();
    let times: Vec<u64> = worker
        .chain
        .heartbeats
        .lock()
        .unwrap()
        .iter()
        .map(|h| h.1)
        .collect();
    assert!(times.is_sorted_by(|a, b| a < b), "{times:?}");
}

#[tokio::test]
async fn a_registry_that_wants_no_heartbeats_gets_none() {
    let worker = Setup::default().start().await;
    let stop = CancellationToken::new();
    let beating = tokio::spawn(heartbeat_loop(worker.agent.clone(), stop.clone()));
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(worker.chain.heartbeats.lock().unwrap().is_empty());
    stop.cancel();
    beating.await.unwrap();
}
