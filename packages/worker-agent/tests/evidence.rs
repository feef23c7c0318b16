//! Where evidence comes from: a kernel's directory that is a fake, and a driver that is not there. And
//! the configuration that says so.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::engine::general_purpose::STANDARD;
use base64::Engine;
use secret_ai_interface::registry::Workload;
use secret_ai_interface::Hex;
use secret_ai_worker_agent::config::Config;
use secret_ai_worker_agent::devices::CheckedGpu;
use secret_ai_worker_agent::evidence::{
    pem, Collateral, ConfigfsTsm, CpuReport, DeviceEvidence, EvidenceError, EvidenceProvider,
    SecretVmEvidence, WithFiles,
};
use tempfile::TempDir;

const DATA: [u8; 64] = [6; 64];
const VCEK: [u8; 16] = [
    0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45, 0x64, 0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8, 0xac, 0xcd,
];
const VLEK: [u8; 16] = [
    0xa8, 0x07, 0x4b, 0xc2, 0xa2, 0x5a, 0x48, 0x3e, 0xaa, 0xe6, 0x39, 0xc0, 0x45, 0xa0, 0xb8, 0xa1,
];
/// What stands for certificates here: a SEQUENCE of DER.
const VCEK_DER: &[u8] = &[0x30, 2, 1, 1];
const VLEK_DER: &[u8] = &[0x30, 1, 2];

/// A directory tree like the kernel's, with a report that is ready.
fn fake_kernel(provider: &str, report: &[u8], aux: Option<&[u8]>) -> TempDir {
    let root = TempDir::new().unwrap();
    let entry = root.path().join("secret-ai-worker");
    fs::create_dir(&entry).unwrap();
    fs::write(entry.join("provider"), format!("{provider}\n")).unwrap();
    fs::write(entry.join("generation"), "1\n").unwrap();
    fs::write(entry.join("outblob"), report).unwrap();
    if let Some(aux) = aux {
        fs::write(entry.join("auxblob"), aux).unwrap();
    }
    root
}

fn ask(root: &Path) -> Result<CpuReport, EvidenceError> {
    ConfigfsTsm::open(Some(root), None)?.cpu(&DATA)
}

fn snp_report(flags: u8) -> Vec<u8> {
    let mut report = vec![0; 1_184];
    report[0x48] = flags;
    report[0x50..0x90].copy_from_slice(&DATA);
    report
}

/// A table as a host makes it: entries, a zero entry, certificates.
fn table(certificates: &[([u8; 16], &[u8])]) -> Vec<u8> {
    let mut offset = 24 * (certificates.len() + 1);
    let mut entries = Vec::new();
    for (guid, der) in certificates {
        entries.extend_from_slice(guid);
        entries.extend((offset as u32).to_le_bytes());
        entries.extend((der.len() as u32).to_le_bytes());
        offset += der.len();
    }
    entries.extend([0; 24]);
    entries.extend(certificates.iter().flat_map(|(_, der)| der.iter()));
    entries
}

fn pem(der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n")
}

#[test]
fn tdx_quotes_are_read() {
    let quote = [&[0; 568][..], &DATA, &[1; 10]].concat();
    let root = fake_kernel("tdx_guest", &quote, None);
    assert_eq!(ask(root.path()).unwrap(), CpuReport::Tdx { quote });
    let asked = fs::read(root.path().join("secret-ai-worker/inblob")).unwrap();
    assert_eq!(asked, DATA);
}

#[test]
fn snp_reports_come_with_the_certificate_of_the_key_that_signed() {
    let both = table(&[([9; 16], &[0x30, 9]), (VLEK, VLEK_DER), (VCEK, VCEK_DER)]);
    for (flags, want) in [(0b000, VCEK_DER), (0b001, VCEK_DER), (0b101, VLEK_DER)] {
        let report = snp_report(flags);
        let root = fake_kernel("sev_guest", &report, Some(&both));
        let certificate = want.to_vec();
        let want = CpuReport::Snp {
            report,
            certificate,
        };
        assert_eq!(ask(root.path()).unwrap(), want, "flags {flags:#b}");
    }
    let text = table(&[(VCEK, pem(VCEK_DER).as_bytes())]);
    let root = fake_kernel("sev_guest", &snp_report(0), Some(&text));
    let read = ask(root.path()).unwrap();
    assert!(matches!(read, CpuReport::Snp { certificate, .. } if certificate == VCEK_DER));
}

#[test]
fn a_certificate_that_the_host_keeps_comes_from_a_file() {
    let dir = TempDir::new().unwrap();
    let write = |name: &str, bytes: &[u8]| -> PathBuf {
        let path = dir.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let der = write("vcek.der", VCEK_DER);
    let text = write("vcek.pem", pem(VCEK_DER).as_bytes());
    let two = write("two.pem", (pem(VCEK_DER) + &pem(VLEK_DER)).as_bytes());
    let other = write("other", b"no certificate");
    let broken = write("broken", pem(VCEK_DER).replace("MAIB", "M*IB").as_bytes());
    let cut = write("cut.der", &VCEK_DER[..3]);
    let vlek_only = table(&[(VLEK, VLEK_DER)]);
    for aux in [None, Some(&[][..]), Some(&vlek_only), Some(&[0; 4_096])] {
        let root = fake_kernel("sev_guest", &snp_report(0), aux);
        for file in [&der, &text] {
            let provider = ConfigfsTsm::open(Some(root.path()), Some(file.clone())).unwrap();
            let read = provider.cpu(&DATA).unwrap();
            assert!(matches!(read, CpuReport::Snp { certificate, .. } if certificate == VCEK_DER));
        }
        let error = ask(root.path()).unwrap_err();
        assert!(
            matches!(error, EvidenceError::NoCertificate { name: "VCEK" }),
            "{error}"
        );
        for file in [&two, &other, &broken, &cut] {
            let opened = ConfigfsTsm::open(Some(root.path()), Some(file.clone()));
            let error = opened.err().expect("no certificate");
            assert!(
                matches!(error, EvidenceError::CertificateFile { .. }),
                "{error}"
            );
        }
    }
}

#[test]
fn broken_tables_are_refused() {
    let good = table(&[(VCEK, VCEK_DER)]);
    let mut outside = good.clone();
    outside[20] = 5;
    let mut far = good.clone();
    far[16..24].fill(0xff);
    let no_end = [&[9; 24][..], &[8; 24]].concat();
    let not_der = table(&[(VCEK, b"text")]);
    for bad in [&good[..20], &outside, &far, &no_end, &not_der] {
        let root = fake_kernel("sev_guest", &snp_report(0), Some(bad));
        let error = ask(root.path()).unwrap_err();
        assert!(
            matches!(error, EvidenceError::CertificateTable { .. }),
            "{error}"
        );
    }
}

#[test]
fn what_is_no_report_is_refused() {
    let arm = fake_kernel("arm_cca_guest", &DATA, None);
    assert!(matches!(
        ask(arm.path()),
        Err(EvidenceError::Provider { found }) if found == "arm_cca_guest"
    ));
    let foreign = fake_kernel("tdx_guest", &[7; 700], None);
    assert!(matches!(
        ask(foreign.path()),
        Err(EvidenceError::ReportData)
    ));
    let long = [snp_report(0), vec![0]].concat();
    let long = fake_kernel("sev_guest", &long, Some(&table(&[(VCEK, VCEK_DER)])));
    let error = ask(long.path()).unwrap_err();
    assert!(error.to_string().contains("1185 bytes"), "{error}");
    let nothing = TempDir::new().unwrap();
    let error = ask(&nothing.path().join("no")).unwrap_err().to_string();
    assert!(
        error.starts_with("this machine shows no TDX or SEV-SNP guest"),
        "{error}"
    );
}

/// Evidence that a real H100 gave through NVIDIA's driver, as SecretVM serves it.
#[test]
fn a_real_gpu_passes_the_agents_own_check() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/fixtures/attestation/secretvm/gpu_attest.txt");
    let Ok(text) = fs::read_to_string(&path) else {
        println!("skipped: no {}", path.display());
        return;
    };
    let bundle: serde_json::Value = serde_json::from_str(&text).unwrap();
    let nonce: Hex<32> = bundle["nonce"].as_str().unwrap().parse().unwrap();
    let gpu = &bundle["evidence_list"][0];
    let bytes = |name: &str| STANDARD.decode(gpu[name].as_str().unwrap()).unwrap();
    let certificates = pem::certificates(&bytes("certificate")).unwrap();
    assert_eq!(certificates.len(), 5, "down from NVIDIA's root");
    let device = DeviceEvidence {
        certificates,
        evidence: bytes("evidence"),
    };
    let now = 1_767_225_600;
    let checked = CheckedGpu::new(device.clone(), None, &nonce.0, now).unwrap();
    assert_eq!(checked.own_certificates(), &device.certificates[..2]);
    assert!(CheckedGpu::new(device.clone(), None, &[0; 32], now).is_err());
    let mut cut = device;
    cut.certificates.pop();
    assert!(CheckedGpu::new(cut, None, &nonce.0, now).is_ok());
}

#[cfg(feature = "nvml")]
#[test]
fn a_machine_without_the_driver_is_told_so() {
    use secret_ai_worker_agent::evidence::NvidiaGpus;
    let nowhere = TempDir::new().unwrap();
    let library = nowhere.path().join("libnvidia-ml.so.1");
    let error = NvidiaGpus::open(&library)
        .err()
        .expect("no library")
        .to_string();
    assert!(
        error.starts_with("gpu: NVIDIA's driver library")
            && !error.contains("libloading")
            && error.contains("libnvidia-ml.so.1"),
        "{error}"
    );
    // A file that is no library.
    fs::write(&library, b"text").unwrap();
    assert!(matches!(
        NvidiaGpus::open(&library),
        Err(EvidenceError::Nvml { .. })
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
    assert_eq!(
        (config.settle.pages, config.settle.cover_traffic),
        (1, true)
    );
    assert_eq!(config.listing().models[0].rates[1].rate, 4_000);
    let warnings = config.warnings().join("\n");
    assert!(warnings.contains("cached_input") && warnings.contains("no TLS key is bound"));
    assert!(!warnings.contains("cover_traffic"));
}

#[test]
fn cover_traffic_is_given_up_with_a_warning() {
    let table = "[settle]\npages = 2\ncover_traffic = false\n[engine]";
    let config = load(|text| text.replace("[engine]", table)).unwrap();
    assert_eq!(
        (config.settle.pages, config.settle.cover_traffic),
        (2, false)
    );
    assert!(config.warnings().join("\n").contains("cover_traffic"));
}

#[test]
fn mistakes_in_a_configuration_are_named() {
    let cases: [(&str, &str, &str); 22] = [
        ("listen = ", "lisen = ", "lisen"),
        ("http://127.0.0.1:8080", "ftp://x", "public_url"),
        ("rate = 1000", "rate = -1", "rate"),
        ("unit = \"input\"", "unit = \"output\"", "input"),
        ("rate = 4000", "rate = 72057594037927936", "2^56"),
        ("kind = \"upstream\"", "kind = \"magic\"", "magic"),
        (&"ab".repeat(32), "ab", "code_hash"),
        ("model = \"m\"", "model = \"\"", "model"),
        (
            "seed_file",
            "gpus = 16\nseed_file",
            "gpus: 16, must be 0 to 15",
        ),
        ("seed_file", "gpus = -1\nseed_file", "tee"),
        ("seed_file", "cpu = \"sgx\"\nseed_file", "sgx"),
        ("seed_file", "path = \"/x\"\nseed_file", "path"),
        ("data_dir", "class = 1\ndata_dir", "class"),
        (
            "[engine]",
            "[tee.workload]\nscheme = \"dstack\"\napp_id = \"xy\"\n[engine]",
            "app_id must be hex",
        ),
        (
            "[engine]",
            "[tee.workload]\nscheme = \"dstack\"\napp_id = \"abcd\"\n[engine]",
            "tee.workload.app_id: 2 bytes, must be 20 to 64",
        ),
        (
            "[engine]",
            "[tee.workload]\nscheme = \"attest_tool\"\ncompose_sha256 = \"ab\"\n[engine]",
            "worker.toml: tee.workload.compose_sha256: ",
        ),
        (
            "[engine]",
            "[tee.workload]\nscheme = \"dstack\"\n[engine]",
            "tee.workload.compose_sha256: is missing",
        ),
        ("seed_file = \"seed\"", "", "tee: seed_file is missing"),
        (
            "[engine]",
            "[settle]\npages = 17\n[engine]",
            "settle.pages: 17, must be 1 to 16",
        ),
        ("[engine]", "[settle]\ncover = false\n[engine]", "cover"),
        (
            "data_dir",
            "settle_interval_s = 0\ndata_dir",
            "settle_interval_s: 0, must be 1 to 86400",
        ),
        (
            "data_dir",
            "settle_interval_s = 86401\ndata_dir",
            "settle_interval_s: 86401, must be 1 to 86400",
        ),
    ];
    for (from, to, named) in cases {
        let error = load(|text| text.replace(from, to)).unwrap_err();
        assert!(error.contains(named), "{from} -> {to}: {error}");
    }
    let error = Config::load(Path::new("nowhere.toml"))
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("config file nowhere.toml: No such file"),
        "{error}"
    );
}

#[test]
fn the_class_follows_from_gpus_and_platform() {
    let config = load(|text| text).unwrap();
    assert_eq!((config.class(), config.tee.gpus()), (0, 0));
    assert_eq!(config.tee.workload(), None);
    let config = load(|text| {
        text.replace("data_dir", "known_platform = true\ndata_dir")
            .replace("seed_file", "cpu = \"snp\"\ngpus = 8\nseed_file")
    })
    .unwrap();
    assert_eq!(config.class(), 0x82);
    assert_eq!(
        config.claim(),
        "class 130, 8 confidential GPUs, a known platform, no workload named"
    );
}

#[test]
fn workloads_are_read() {
    let (one, two, app_id) = ("11".repeat(32), "22".repeat(32), "ab".repeat(20));
    let with = |table: &str| {
        let table = format!("[tee.workload]\n{table}\n[engine]");
        load(|text| text.replace("[engine]", &table)).map(|config| config.tee.workload())
    };
    let read = with(&format!(
        "scheme = \"attest_tool\"\ncompose_sha256 = \"{one}\"\nrootfs = \"{two}\""
    ));
    let want = Workload::AttestTool {
        compose_sha256: Hex([0x11; 32]),
        rootfs: Hex([0x22; 32]),
        docker_files_sha256: None,
    };
    assert_eq!(read, Ok(Some(want)));
    let read = with(&format!(
        "scheme = \"dstack\"\napp_id = \"{app_id}\"\ncompose_sha256 = \"{one}\"\n\
         os_image_sha256 = \"{two}\"\ndocker_files_sha256 = \"{one}\""
    ));
    let want = Workload::Dstack {
        app_id: vec![0xab; 20].into(),
        compose_sha256: Hex([0x11; 32]),
        os_image_sha256: Hex([0x22; 32]),
        docker_files_sha256: Some(Hex([0x11; 32])),
    };
    assert_eq!(read, Ok(Some(want)));
    assert!(with("scheme = \"sgx\"").unwrap_err().contains("sgx"));
}

#[cfg(feature = "simulated-tee")]
#[test]
fn a_simulated_tee_follows_from_its_seed_file() {
    let dir = TempDir::new().unwrap();
    let seed = dir.path().join("seed");
    fs::write(&seed, format!("{} 1767225600\n", "5a".repeat(32))).unwrap();
    let open = |more: &str| {
        let line = format!("{more}\nseed_file = \"{}\"", seed.display());
        load(|text| text.replace("seed_file = \"seed\"", &line))
            .unwrap()
            .tee
            .open()
    };
    let plain = open("").unwrap();
    assert!(plain.gpus.is_none());
    assert!(matches!(plain.cpu.cpu(&DATA), Ok(CpuReport::Tdx { .. })));
    let full = open("cpu = \"snp\"\ngpus = 2").unwrap();
    assert!(matches!(full.cpu.cpu(&DATA), Ok(CpuReport::Snp { .. })));
    let gpus = full.gpus.unwrap();
    assert!(gpus.development_root().is_some());
    assert_eq!(gpus.gpus([7; 32]).unwrap().len(), 2);
    fs::write(&seed, "5a 1767225600").unwrap();
    assert!(matches!(open("").err(), Some(EvidenceError::Seed { .. })));
}

#[test]
fn the_vendors_collateral_is_read_anew_and_must_be_json() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tdx.json");
    let kernel = fake_kernel("tdx_guest", &DATA, None);
    let tsm = Arc::new(ConfigfsTsm::open(Some(kernel.path()), None).unwrap());
    assert!(tsm.collateral().unwrap().published.is_none());
    let secretvm = SecretVmEvidence {
        cpu: Some("quote".into()),
        ..SecretVmEvidence::default()
    };
    let tsm = WithFiles {
        cpu: tsm,
        collateral_file: Some(file.clone()),
        secretvm: secretvm.clone(),
    };
    assert!(tsm.collateral().is_err(), "the file is not there");
    for value in ["1", "2"] {
        fs::write(&file, format!("{{\"tcb_info\":{value}}}")).unwrap();
        let Collateral {
            published,
            development_roots,
            secretvm: shown,
        } = tsm.collateral().unwrap();
        assert_eq!(published.unwrap()["tcb_info"].to_string(), value);
        assert!(development_roots.is_none());
        assert_eq!(shown, secretvm);
    }
    for bad in ["{".to_string(), " ".repeat((1 << 20) + 1)] {
        fs::write(&file, bad).unwrap();
        let error = tsm.collateral().unwrap_err().to_string();
        assert!(error.contains("tee.collateral_file"), "{error}");
    }
}
