//! The configuration, through the program itself: what it reads and from where, what it says, and its
//! exit status; and whether the files made from it are fresh.
#![cfg(feature = "simulated-tee")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use secret_ai_worker_agent::config::{reference, Config, Override};
use serde_json::Value;
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

fn command(dir: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_secret-ai-worker"));
    command
        .args(["check-config", "--config"])
        .arg(dir.path().join("worker.toml"));
    command
}

fn check(dir: &TempDir, stdout: Stdio) -> Output {
    let mut command = command(dir);
    command.stdout(stdout).stderr(Stdio::piped());
    command.spawn().unwrap().wait_with_output().unwrap()
}

/// Exit status, standard output and standard error.
fn run(mut command: Command) -> (Option<i32>, String, String) {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

fn change(dir: &TempDir, from: &str, to: &str) {
    let path = dir.path().join("worker.toml");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{from}");
    fs::write(path, text.replacen(from, to, 1)).unwrap();
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
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("error: wallet_file: "), "{text}");
    assert!(text.contains("error: tee.seed_file: "), "{text}");
    assert!(output.stdout.is_empty());

    let dir = folder("kind = \"configfs-tsm\"\ncertificate_file = \"DIR/seed\"");
    let output = check(&dir, Stdio::piped());
    assert_eq!(output.status.code(), Some(2));
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

#[test]
fn all_mistakes_are_named_at_once_each_by_its_field() {
    let dir = folder(SIMULATED);
    change(&dir, "listen =", "lisen =");
    change(
        &dir,
        "data_dir = \"data\"",
        "data_dir = 7\nfinalize = \"yes\"\nmax_body = -1",
    );
    change(&dir, "chain_id = \"test-1\"\n", "");
    change(&dir, "unit = \"output\"", "unit = \"smell\"");
    change(&dir, "[engine]", "[limits]\nconcurent = 2\n[engine]");
    let (code, stdout, stderr) = run(command(&dir));
    assert_eq!(code, Some(2), "{stderr}");
    assert_eq!(stdout, "");
    for named in [
        "worker.toml: lisen: unknown field, known are ",
        "worker.toml: listen: is missing",
        "worker.toml: data_dir: must be a text",
        "worker.toml: finalize: must be true or false",
        "worker.toml: max_body: -1, must be at least 0",
        "worker.toml: chain.chain_id: is missing",
        "worker.toml: limits.concurent: unknown field, known are ",
        "worker.toml: prices.0.rates.1.unit: \"smell\", must be one of ",
    ] {
        assert!(stderr.contains(named), "{named}\n{stderr}");
    }
    assert!(
        stderr.lines().all(|line| line.starts_with("error: ")),
        "{stderr}"
    );
}

#[test]
fn values_out_of_their_limits_are_all_named_too() {
    let dir = folder(SIMULATED);
    let mut command = command(&dir);
    let sets = [
        "settle.pages=17",
        "max_body=1",
        "drain_s=0",
        "public_url=ftp://x",
        "limits.queue_ms=60001",
        "telemetry.sample_ratio=1.5",
        "metrics.listen=127.0.0.1:8080",
    ];
    for set in sets {
        command.args(["--set", set]);
    }
    let (code, _, stderr) = run(command);
    assert_eq!(code, Some(2), "{stderr}");
    for set in sets {
        let (field, _) = set.split_once('=').unwrap();
        assert!(
            stderr.contains(&format!("error: configuration: {field}: ")),
            "{field}\n{stderr}"
        );
    }
}

#[test]
fn flags_win_over_the_environment_which_wins_over_the_file() {
    let dir = folder(SIMULATED);
    change(&dir, "[engine]", "[settle]\npages = 17\n[engine]");
    let (code, _, stderr) = run(command(&dir));
    assert_eq!(code, Some(2), "{stderr}");

    let mut with_variable = command(&dir);
    with_variable.env("SECRET_AI_WORKER_SETTLE__PAGES", "2");
    let (code, _, stderr) = run(with_variable);
    assert_eq!(code, Some(0), "{stderr}");

    let mut with_both = command(&dir);
    with_both.env("SECRET_AI_WORKER_SETTLE__PAGES", "2");
    with_both.args(["--set", "settle.pages=18"]);
    let (code, _, stderr) = run(with_both);
    assert_eq!(code, Some(2));
    assert!(
        stderr.contains("settle.pages: 18, must be 1 to 16"),
        "{stderr}"
    );
}

#[test]
fn a_mistake_is_told_with_the_place_where_it_stands() {
    let dir = folder(SIMULATED);
    let mut variable = command(&dir);
    variable.env("SECRET_AI_WORKER_SETTLE__PAGES", "many");
    let (_, _, stderr) = run(variable);
    let want = "environment variables SECRET_AI_WORKER_…: settle.pages: must be a whole number";
    assert!(stderr.contains(want), "{stderr}");

    let mut flag = command(&dir);
    flag.args(["--set", "settle.pages=many"]);
    let (_, _, stderr) = run(flag);
    assert!(
        stderr.contains("flags: settle.pages: must be a whole number"),
        "{stderr}"
    );
}

#[test]
fn flags_of_their_own_set_fields_and_bad_ones_are_refused() {
    let dir = folder(SIMULATED);
    let mut good = command(&dir);
    good.args([
        "--listen",
        "127.0.0.1:1",
        "--public-url",
        "https://w.example",
    ]);
    good.args(["--data-dir", "/d", "--log-format", "json"]);
    assert_eq!(run(good).0, Some(0));
    for bad in [
        ["--listen", "here"],
        ["--log-format", "xml"],
        ["--set", "settle"],
        ["--set", "A=1"],
    ] {
        let mut command = command(&dir);
        command.args(bad);
        let (code, _, stderr) = run(command);
        assert_eq!(code, Some(2), "{stderr}");
    }
    let flags = [
        Override::new("listen", "127.0.0.1:1"),
        Override::new("limits.concurrent", 3),
    ];
    let config = Config::load_with(&dir.path().join("worker.toml"), &flags).unwrap();
    assert_eq!((config.listen.port(), config.limits.concurrent), (1, 3));
}

#[test]
fn what_does_not_answer_is_named_by_its_part() {
    let dir = folder(SIMULATED);
    // Ports that nobody listens at.
    let closed = || {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let mut command = command(&dir);
    command.arg("--online");
    command.args(["--set", &format!("chain.lcd_url=http://{}", closed())]);
    command.args(["--set", &format!("engine.url=http://{}/v1", closed())]);
    let (code, stdout, stderr) = run(command);
    assert_eq!(code, Some(1), "{stderr}");
    assert!(
        stdout.contains("online: tee: the CPU and 1 GPUs make evidence"),
        "{stdout}"
    );
    assert!(stderr.contains("error: chain: "), "{stderr}");
    assert!(stderr.contains("error: engine: "), "{stderr}");
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn fresh(path: &str, made: &str, command: &str) {
    let there = fs::read_to_string(root().join(path)).unwrap_or_default();
    assert!(
        there.trim_end() == made.trim_end(),
        "{path} is stale: make it with `secret-ai-worker {command}`"
    );
}

#[test]
fn schema_and_reference_are_fresh() {
    let schema = serde_json::to_string_pretty(&reference::schema()).unwrap();
    fresh("schema/worker-config.json", &schema, "config-schema");
    fresh(
        "docs/configuration.md",
        &reference::markdown(),
        "config-reference",
    );
}

#[test]
fn every_field_is_described() {
    fn walk(value: &Value, at: &str, bare: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                if let Some(Value::Object(properties)) = map.get("properties") {
                    for (name, property) in properties {
                        // The word that tells alternatives apart is described by them.
                        let is_tag = property["enum"].as_array().is_some_and(|e| e.len() == 1);
                        if property["description"].is_null() && !is_tag {
                            bare.push(format!("{at}.{name}"));
                        }
                    }
                }
                map.iter()
                    .for_each(|(name, inner)| walk(inner, &format!("{at}.{name}"), bare));
            }
            Value::Array(items) => items.iter().for_each(|item| walk(item, at, bare)),
            _ => {}
        }
    }
    let mut bare = Vec::new();
    let schema = serde_json::to_value(reference::schema()).unwrap();
    walk(&schema, "", &mut bare);
    assert!(bare.is_empty(), "without description: {bare:?}");
}

#[test]
fn the_example_is_read_and_leaves_metrics_inside() {
    let config = Config::load(&root().join("deploy/worker.toml")).unwrap();
    assert!(config.metrics.listen.unwrap().ip().is_loopback());
    assert!(
        config
            .warnings()
            .iter()
            .all(|warning| warning.starts_with("tls")),
        "{:?}",
        config.warnings()
    );
    let open = Override::new("metrics.listen", "0.0.0.0:9464");
    let config = Config::load_with(&root().join("deploy/worker.toml"), &[open]).unwrap();
    assert!(config
        .warnings()
        .join("\n")
        .contains("metrics.listen: 0.0.0.0:9464 is not loopback"));
}
