//! `check-config` of the program itself: what it reads, what it says, and its exit status.
#![cfg(feature = "simulated-tee")]

use std::fs;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A folder with a configuration whose files are all there.
fn folder(tee: &str) -> TempDir {
    let dir = TempDir::new().unwrap();
    let at = |name: &str| dir.path().join(name);
    let address = secret_ai_chain_client::address::encode(&[1; 20]);
    fs::write(at("wallet"), "07".repeat(32)).unwrap();
    fs::write(at("seed"), format!("{} 1767225600", "5a".repeat(32))).unwrap();
    let text = format!(
        r#"
wallet_file = {:?}
listen = "127.0.0.1:8080"
public_url = "http://127.0.0.1:8080"
data_dir = "data"
[chain]
lcd_url = "http://127.0.0.1:1317"
chain_id = "test-1"
registry = {{ address = "{address}" }}
billing = {{ address = "{address}" }}
rewards = {{ address = "{address}" }}
[tee]
{}
[engine]
kind = "upstream"
url = "http://127.0.0.1:8000/v1"
[[prices]]
model = "m"
token = "{address}"
rates = [{{ unit = "input", rate = 1000 }}, {{ unit = "output", rate = 4000 }}]
"#,
        at("wallet"),
        tee.replace("DIR", dir.path().to_str().unwrap()),
    );
    fs::write(at("worker.toml"), text).unwrap();
    dir
}

const SIMULATED: &str = "kind = \"simulated\"\ngpus = 1\nseed_file = \"DIR/seed\"";

fn check(dir: &TempDir, stdout: Stdio) -> Output {
    Command::new(env!("CARGO_BIN_EXE_secret-ai-worker"))
        .args(["check-config", "--config"])
        .arg(dir.path().join("worker.toml"))
        .stdout(stdout)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
        .wait_with_output()
        .unwrap()
}

#[test]
fn a_good_configuration_is_fine() {
    let output = check(&folder(SIMULATED), Stdio::piped());
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    assert!(
        text.contains("is fine: class 16, 1 confidential GPU,"),
        "{text}"
    );
}

#[test]
fn files_that_cannot_be_read_are_named_by_their_fields() {
    let dir = folder(SIMULATED);
    fs::remove_file(dir.path().join("wallet")).unwrap();
    fs::write(dir.path().join("seed"), "no seed").unwrap();
    let output = check(&dir, Stdio::piped());
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("error: wallet_file: "), "{text}");
    assert!(text.contains("error: tee.seed_file: "), "{text}");
    assert!(output.stdout.is_empty());

    let dir = folder("kind = \"configfs-tsm\"\ncertificate_file = \"DIR/seed\"");
    let output = check(&dir, Stdio::piped());
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("error: tee.certificate_file: "), "{text}");
}

#[test]
fn a_machine_that_is_no_tee_is_only_a_warning() {
    let dir = folder("kind = \"configfs-tsm\"\npath = \"DIR/nothing\"");
    let output = check(&dir, Stdio::piped());
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    assert!(
        text.contains("warning: this machine shows no TDX"),
        "{text}"
    );
}

#[test]
fn a_reader_that_went_away_is_no_error_and_a_full_disk_is_one() {
    let dir = folder(SIMULATED);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    assert_eq!(check(&dir, writer.into()).status.code(), Some(0));
    let Ok(full) = fs::File::options().write(true).open("/dev/full") else {
        println!("skipped: no /dev/full");
        return;
    };
    assert_eq!(check(&dir, full.into()).status.code(), Some(1));
}
