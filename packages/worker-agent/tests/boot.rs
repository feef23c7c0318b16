//! Boot: what is attested, what is registered, what is remembered. And configuration.

mod common;

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use common::FakeChain;
use k256::ecdsa::signature::hazmat::PrehashVerifier;
use k256::ecdsa::{Signature, VerifyingKey};
use secret_ai_attestation::{compact, registration_digest, report_data, Registration};
use secret_ai_attestation_testkit::{Measurements, SoftTee};
use secret_ai_interface::registry::Listing;
use secret_ai_interface::Hex;
use secret_ai_worker_agent::boot::Attester;
use secret_ai_worker_agent::config::Config;
use secret_ai_worker_agent::evidence::{ConfigfsTsm, EvidenceError, EvidenceProvider};
use secret_ai_worker_agent::keys::BootKeys;
use tempfile::TempDir;

/// Remembers what it was asked.
#[derive(Default)]
struct Recorder(Mutex<Vec<[u8; 64]>>);

impl EvidenceProvider for Recorder {
    fn quote(&self, report_data: &[u8; 64]) -> Result<Vec<u8>, EvidenceError> {
        self.0.lock().unwrap().push(*report_data);
        let tee = SoftTee::new([1; 32], 1_767_225_600);
        Ok(tee.quote(*report_data, &Measurements::default()))
    }
}

fn listing() -> Listing {
    Listing {
        url: "http://127.0.0.1:1".into(),
        models: Vec::new(),
    }
}

fn attester(chain: &Arc<FakeChain>, provider: &Arc<Recorder>) -> Attester {
    Attester {
        chain: chain.clone(),
        provider: provider.clone(),
        keys: Arc::new(BootKeys::generate()),
        chain_id: "test-1".into(),
        registry: "secret1registry".into(),
        tls_spki_sha256: [2; 32],
        class: 0,
    }
}

#[tokio::test]
async fn the_quote_binds_this_boot_and_the_challenge() {
    let (chain, provider) = (
        Arc::new(FakeChain::new(vec![], 0)),
        Arc::new(Recorder::default()),
    );
    let (dir, attester) = (TempDir::new().unwrap(), attester(&chain, &provider));
    let (worker_id, attested) = attester.register(dir.path(), listing()).await.unwrap();
    assert_eq!((worker_id, attested.lease_until), (Hex([8; 16]), 100));

    let (known, sent) = chain.registered.lock().unwrap()[0].clone();
    assert_eq!(known, None);
    let registration = Registration {
        chain_id: "test-1",
        registry: "secret1registry",
        operator: "secret1operator",
        receipt_pk: &attester.keys.receipt_pk(),
        tls_spki_sha256: &[2; 32],
        e2ee_pk: &attester.keys.e2ee_pk(),
        challenge: &[5; 32],
        class: 0,
    };
    assert_eq!(
        provider.0.lock().unwrap()[0],
        report_data(&registration, &[]).unwrap()
    );
    let quote = provider
        .quote(&report_data(&registration, &[]).unwrap())
        .unwrap();
    assert_eq!(sent.tdx_quote.to_vec(), compact(&quote).unwrap());
    let digest = registration_digest(&[5; 32], "secret1operator").unwrap();
    let key = VerifyingKey::from_sec1_bytes(&sent.receipt_pk.0).unwrap();
    let signature = Signature::from_slice(&sent.signature).unwrap();
    key.verify_prehash(&digest, &signature).unwrap();
}

#[tokio::test]
async fn a_worker_keeps_its_id_over_boots_of_the_same_registry() {
    let (chain, provider) = (
        Arc::new(FakeChain::new(vec![], 0)),
        Arc::new(Recorder::default()),
    );
    let dir = TempDir::new().unwrap();
    attester(&chain, &provider)
        .register(dir.path(), listing())
        .await
        .unwrap();
    attester(&chain, &provider)
        .register(dir.path(), listing())
        .await
        .unwrap();
    let mut elsewhere = attester(&chain, &provider);
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
    let (chain, provider) = (
        Arc::new(FakeChain::new(vec![], 0)),
        Arc::new(Recorder::default()),
    );
    let dir = TempDir::new().unwrap();
    chain
        .is_down
        .store(true, std::sync::atomic::Ordering::SeqCst);
    assert!(attester(&chain, &provider)
        .register(dir.path(), listing())
        .await
        .is_err());
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    fs::write(dir.path().join("worker.json"), "{}").unwrap();
    chain
        .is_down
        .store(false, std::sync::atomic::Ordering::SeqCst);
    let error = attester(&chain, &provider)
        .register(dir.path(), listing())
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("is not a worker file"),
        "{error}"
    );
}

/// A directory tree like the kernel's, with a report that is ready.
fn fake_kernel(provider: &str, quote: &[u8]) -> TempDir {
    let root = TempDir::new().unwrap();
    let entry = root.path().join("secret-ai-worker");
    fs::create_dir(&entry).unwrap();
    fs::write(entry.join("provider"), format!("{provider}\n")).unwrap();
    fs::write(entry.join("generation"), "1\n").unwrap();
    fs::write(entry.join("outblob"), quote).unwrap();
    root
}

fn quote_from(root: &Path) -> Result<Vec<u8>, EvidenceError> {
    ConfigfsTsm::new(Some(root)).quote(&[6; 64])
}

#[test]
fn configfs_reports_are_read() {
    let quote = [&[0; 568][..], &[6; 64], &[1; 10]].concat();
    let root = fake_kernel("tdx_guest", &quote);
    assert_eq!(quote_from(root.path()).unwrap(), quote);
    let asked = fs::read(root.path().join("secret-ai-worker/inblob")).unwrap();
    assert_eq!(asked, [6; 64]);
}

#[test]
fn what_is_no_tdx_report_is_refused() {
    let snp = fake_kernel("sev_guest", &[6; 64]);
    assert!(
        matches!(quote_from(snp.path()), Err(EvidenceError::Provider { found }) if found == "sev_guest")
    );
    let foreign = fake_kernel("tdx_guest", &[7; 700]);
    assert!(matches!(
        quote_from(foreign.path()),
        Err(EvidenceError::ReportData)
    ));
    let nothing = TempDir::new().unwrap();
    assert!(matches!(
        quote_from(&nothing.path().join("no")),
        Err(EvidenceError::Io { .. })
    ));
}

const CONFIG: &str = r#"
wallet_file = "operator.key"
listen = "127.0.0.1:8080"
public_url = "http://127.0.0.1:8080"
data_dir = "data"

[chain]
lcd_url = "http://127.0.0.1:1317"
chain_id = "test-1"
registry = { address = "ADDRESS", code_hash = "HASH" }
billing = { address = "ADDRESS" }
rewards = { address = "ADDRESS" }

[tee]
kind = "simulated"
seed_file = "seed"

[engine]
kind = "upstream"
url = "http://127.0.0.1:8000/v1"

[[prices]]
model = "m"
token = "ADDRESS"
rates = [{ unit = "input", rate = 1000 }, { unit = "output", rate = 4000 }]
"#;

fn load(change: impl FnOnce(String) -> String) -> Result<Config, String> {
    let dir = TempDir::new().unwrap();
    let address = secret_ai_chain_client::address::encode(&[1; 20]);
    let text = CONFIG
        .replace("ADDRESS", &address)
        .replace("HASH", &"ab".repeat(32));
    let path = dir.path().join("worker.toml");
    fs::write(&path, change(text)).unwrap();
    Config::load(&path).map_err(|error| error.to_string())
}

#[test]
fn a_configuration_is_read_with_its_defaults() {
    let config = load(|text| text).unwrap();
    assert_eq!(
        (config.max_body, config.settle_interval_s, config.finalize),
        (1 << 20, 600, true)
    );
    assert_eq!(config.listing().models[0].rates[1].rate, 4_000);
    let warnings = config.warnings().join("\n");
    assert!(warnings.contains("cached_input") && warnings.contains("tls_spki_sha256"));
}

#[test]
fn mistakes_in_a_configuration_are_named() {
    let cases: [(&str, &str, &str); 8] = [
        ("listen = ", "lisen = ", "lisen"),
        ("http://127.0.0.1:8080", "ftp://x", "public_url"),
        ("rate = 1000", "rate = -1", "rate"),
        ("unit = \"input\"", "unit = \"output\"", "input"),
        ("rate = 4000", "rate = 72057594037927936", "2^56"),
        ("kind = \"upstream\"", "kind = \"magic\"", "magic"),
        (&"ab".repeat(32), "ab", "code_hash"),
        ("model = \"m\"", "model = \"\"", "model"),
    ];
    for (from, to, named) in cases {
        let error = load(|text| text.replace(from, to)).unwrap_err();
        assert!(error.contains(named), "{from} -> {to}: {error}");
    }
    assert!(Config::load(Path::new("nowhere.toml")).is_err());
}
