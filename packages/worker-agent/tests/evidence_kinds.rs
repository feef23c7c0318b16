//! The kinds of `[tee]`: what each takes, what it says where its hardware is missing, what a SecretVM
//! shows, and what the probe finds.

mod common;

use std::fs;
use std::path::Path;

use common::{session, Setup};
use secret_ai_worker_agent::evidence::probe::probe;
use secret_ai_worker_agent::evidence::{Collateral, CpuReport, SecretVmEvidence};
use secret_ai_worker_agent::tee::TeeConfig;
use serde_json::{json, Value};
use tempfile::TempDir;

fn tee(fields: Value) -> Result<TeeConfig, String> {
    serde_json::from_value(fields).map_err(|error| error.to_string())
}

/// A folder like the kernel's, whose reports carry whatever they are asked for: none.
fn fake_kernel(report: &[u8]) -> TempDir {
    let root = TempDir::new().unwrap();
    let entry = root.path().join("secret-ai-worker");
    fs::create_dir(&entry).unwrap();
    fs::write(entry.join("provider"), "tdx_guest\n").unwrap();
    fs::write(entry.join("generation"), "1\n").unwrap();
    fs::write(entry.join("outblob"), report).unwrap();
    root
}

#[test]
fn each_kind_takes_its_own_fields_only() {
    for (kind, field, value) in [
        ("configfs-tsm", "device", json!("/dev/x")),
        ("configfs-tsm", "quote_port", json!(1)),
        ("configfs-tsm", "seed_file", json!("/x")),
        ("tdx-guest", "path", json!("/x")),
        ("tdx-guest", "certificate_file", json!("/x")),
        ("tdx-guest", "cpu", json!("tdx")),
        ("secretvm", "seed_file", json!("/x")),
        ("simulated", "device", json!("/x")),
        ("simulated", "collateral_file", json!("/x")),
    ] {
        let error = tee(json!({ "kind": kind, field: value })).unwrap_err();
        assert!(error.contains(field), "{kind} {field}: {error}");
    }
    let files = json!({ "cpu_file": "/a", "gpu_file": "/b", "self_file": "/c", "docker_compose_file": "/d" });
    let all = json!({
        "kind": "secretvm", "path": "/p", "certificate_file": "/c", "device": "/dev/x", "quote_port": 1,
        "collateral_file": "/f", "gpus": 1, "secretvm": files,
    });
    assert_eq!(tee(all).unwrap().gpus(), 1);
    let error = tee(json!({ "kind": "secretvm", "secretvm": { "quote": "/x" } })).unwrap_err();
    assert!(error.contains("quote"), "{error}");
}

#[test]
fn missing_hardware_is_named_with_what_it_needs() {
    let nowhere = TempDir::new().unwrap();
    let (path, device) = (nowhere.path().join("tsm"), nowhere.path().join("tdx_guest"));
    let lack = |fields: Value| {
        let lack = tee(fields).unwrap().check_machine().unwrap_err();
        lack.to_string()
    };
    let tsm = lack(json!({ "kind": "configfs-tsm", "path": path }));
    for word in ["Linux 6.7", "CONFIG_TSM_REPORTS", "writable mount", "/tsm"] {
        assert!(tsm.contains(word), "{word}: {tsm}");
    }
    let guest = lack(json!({ "kind": "tdx-guest", "device": device }));
    for word in ["tee.device", "/tdx_guest: No such file", "driver"] {
        assert!(guest.contains(word), "{word}: {guest}");
    }
    let both = lack(json!({ "kind": "secretvm", "path": path, "device": device }));
    assert!(both.contains(&tsm) && both.contains(&guest), "{both}");

    // A device without a quoting service behind it.
    fs::write(&device, "").unwrap();
    let service =
        lack(json!({ "kind": "tdx-guest", "device": device, "quote_port": 4_000_000_000u32 }));
    for word in ["vsock port 4000000000", "QGS", "seccomp"] {
        assert!(service.contains(word), "{word}: {service}");
    }
}

#[test]
fn a_secretvm_with_configfs_tsm_uses_it() {
    let quote = [&[0; 568][..], &[6; 64], &[1; 10]].concat();
    let kernel = fake_kernel(&quote);
    let config =
        tee(json!({ "kind": "secretvm", "path": kernel.path(), "device": "/no" })).unwrap();
    let cpu = config.open_cpu().unwrap();
    assert_eq!(cpu.cpu(&[6; 64]).unwrap(), CpuReport::Tdx { quote });
}

#[test]
fn a_secretvms_files_are_read_whole_or_named() {
    let folder = TempDir::new().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let kernel = fake_kernel(&[0; 700]);
    let open = |files: Value| {
        let fields = json!({ "kind": "secretvm", "path": kernel.path(), "secretvm": files });
        let config = tee(fields).unwrap();
        let opened = config.open_cpu().map_err(|error| error.to_string());
        assert_eq!(config.check_files().is_ok(), opened.is_ok());
        Ok::<Collateral, String>(opened?.collateral().unwrap())
    };
    let (quote, compose) = (file("quote", b"0400"), file("compose", b"services:\n"));
    let found = open(json!({ "cpu_file": quote, "docker_compose_file": compose })).unwrap();
    let want = SecretVmEvidence {
        cpu: Some("0400".into()),
        docker_compose: Some("services:\n".into()),
        ..SecretVmEvidence::default()
    };
    assert_eq!(found.secretvm, want);
    assert!(open(json!({})).unwrap().secretvm.is_empty());
    let long = vec![b'a'; (1 << 20) + 1];
    for (field, path) in [
        ("gpu_file", folder.path().join("no")),
        ("self_file", file("bytes", &[0xff])),
        ("cpu_file", file("long", &long)),
    ] {
        let error = open(json!({ field: path })).unwrap_err();
        assert!(
            error.starts_with(&format!("tee.secretvm.{field}: ")),
            "{error}"
        );
    }
}

async fn get(worker: &common::Worker, path: &str) -> (u16, String, String) {
    let answer = worker.http.get(format!("{}{path}", worker.url));
    let answer = answer.send().await.unwrap();
    let kind = answer.headers().get("content-type").cloned();
    let kind = kind.map_or(String::new(), |kind| kind.to_str().unwrap().to_owned());
    (answer.status().as_u16(), kind, answer.text().await.unwrap())
}

#[tokio::test]
async fn a_secretvms_own_evidence_is_shown_under_its_own_paths() {
    let worker = Setup {
        sessions: vec![session(1, 1, 1, common::chat_lines())],
        ..Setup::default()
    }
    .start()
    .await;
    for path in ["/cpu", "/gpu", "/self", "/docker-compose"] {
        assert_eq!(get(&worker, path).await.0, 404, "{path}");
    }
    let (_, _, whole) = get(&worker, "/attestation").await;
    let whole: Value = serde_json::from_str(&whole).unwrap();
    assert_eq!(whole["secretvm"], Value::Null);

    let mut attested = worker.agent.attested();
    attested.collateral.secretvm = SecretVmEvidence {
        cpu: Some("0400".into()),
        gpu: Some("{\"nonce\":1}".into()),
        registers: Some("MRTD: 0\n".into()),
        docker_compose: None,
    };
    worker.agent.set_attested(attested);
    for (path, text) in [
        ("/cpu", "0400"),
        ("/gpu", "{\"nonce\":1}"),
        ("/self", "MRTD: 0\n"),
    ] {
        let (status, kind, body) = get(&worker, path).await;
        let want = (200, "text/plain; charset=utf-8", text);
        assert_eq!((status, kind.as_str(), body.as_str()), want);
    }
    assert_eq!(get(&worker, "/docker-compose").await.0, 404);
    let (_, _, whole) = get(&worker, "/attestation").await;
    let whole: Value = serde_json::from_str(&whole).unwrap();
    let want = json!({
        "cpu": "0400", "gpu": "{\"nonce\":1}", "self": "MRTD: 0\n", "docker_compose": null,
    });
    assert_eq!(whole["secretvm"], want);
}

#[test]
fn the_probe_says_what_is_missing() {
    let nowhere = TempDir::new().unwrap();
    let fields = json!({ "kind": "configfs-tsm", "path": nowhere.path().join("no") });
    let found = probe(&tee(fields).unwrap(), None).unwrap();
    assert!(!found.is_complete);
    let text = found.lines.join("\n");
    assert!(
        text.contains("missing: this machine shows no TDX"),
        "{text}"
    );

    // A kernel whose report is not over what was asked.
    let kernel = fake_kernel(&[0; 700]);
    let fields = json!({ "kind": "configfs-tsm", "path": kernel.path() });
    let found = probe(&tee(fields).unwrap(), None).unwrap();
    let text = found.lines.join("\n");
    assert!(
        !found.is_complete && text.contains("does not carry the report data"),
        "{text}"
    );
}

#[cfg(feature = "simulated-tee")]
#[test]
fn the_probe_finds_cpu_and_gpus_and_saves_them() {
    let folder = TempDir::new().unwrap();
    let (seed, out) = (folder.path().join("seed"), folder.path().join("out"));
    fs::write(&seed, format!("{} 1767225600\n", "5a".repeat(32))).unwrap();
    let config = |cpu: &str| {
        tee(json!({ "kind": "simulated", "seed_file": seed, "cpu": cpu, "gpus": 2 })).unwrap()
    };
    let found = probe(&config("tdx"), Some(&out)).unwrap();
    let text = found.lines.join("\n");
    assert!(found.is_complete, "{text}");
    for word in [
        "cpu: Intel TDX",
        "GPU 0: genuine",
        "GPU 1: genuine",
        "golden set",
    ] {
        assert!(text.contains(word), "{word}: {text}");
    }
    let size = |name: &str| fs::metadata(out.join(name)).map(|file| file.len()).unwrap();
    assert!(size("tdx_quote.bin") > 1_000 && size("gpu_1_evidence.bin") > 1_000);
    assert!(size("gpu_0_certificate_0.der") > 100);
    let found = probe(&config("snp"), Some(&out)).unwrap();
    assert!(found.is_complete && found.lines[0].contains("AMD SEV-SNP"));
    assert_eq!(size("snp_report.bin"), 1_184);
    let error = probe(&config("snp"), Some(Path::new("/proc/no"))).unwrap_err();
    assert!(
        error.to_string().starts_with("--out: /proc/no: "),
        "{error}"
    );
}
