//! Gateways of others, as `scripts/bench-peers.sh` has installed them. What is not there is skipped.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::load::Requests;
use crate::mock::MODEL;
use crate::process::{free_address, Process};
use crate::targets::{Target, SESSIONS};
use crate::Failure;

/// Interpreters and their libraries take their time.
const PATIENCE: Duration = Duration::from_secs(90);

fn installed(program: &Path) -> Result<(), Failure> {
    if program.exists() {
        return Ok(());
    }
    Err("not installed (scripts/bench-peers.sh)".into())
}

/// SGLang's router, in Rust.
pub fn sglang(peers: &Path, mock: SocketAddr, dir: &Path) -> Result<Target, Failure> {
    let python = peers.join("sglang/bin/python");
    installed(&python)?;
    let (address, metrics) = (free_address()?, free_address()?);
    let mut command = Command::new(python);
    command
        .args(["-m", "sglang_router.launch_router", "--host", "127.0.0.1"])
        .args(["--port", &address.port().to_string()])
        .args(["--prometheus-port", &metrics.port().to_string()])
        .args(["--worker-urls", &format!("http://{mock}")])
        .args(["--policy", "round_robin", "--log-level", "warn"]);
    let process = Process::server(&mut command, address, &dir.join("sglang.log"), PATIENCE)?;
    Ok(Target {
        name: "SGLang's router",
        requests: Requests::new(address, "", SESSIONS),
        process: Some(process),
        is_slow: false,
    })
}

/// Portkey's gateway, on Node.
pub fn portkey(peers: &Path, mock: SocketAddr, dir: &Path) -> Result<Target, Failure> {
    let server = peers.join("portkey/node_modules/@portkey-ai/gateway/build/start-server.js");
    installed(&server)?;
    let address = free_address()?;
    let mut command = Command::new("node");
    command
        .arg(server)
        .arg(format!("--port={}", address.port()))
        .arg("--headless")
        .env("NODE_ENV", "production");
    let process = Process::server(&mut command, address, &dir.join("portkey.log"), PATIENCE)?;
    let fields =
        format!("x-portkey-provider: openai\r\nx-portkey-custom-host: http://{mock}/v1\r\n");
    Ok(Target {
        name: "Portkey",
        requests: Requests::new(address, &fields, SESSIONS),
        process: Some(process),
        is_slow: true,
    })
}

/// LiteLLM's proxy, in Python.
pub fn litellm(peers: &Path, mock: SocketAddr, dir: &Path) -> Result<Target, Failure> {
    let program = peers.join("litellm/bin/litellm");
    installed(&program)?;
    let (address, config) = (free_address()?, dir.join("litellm.yaml"));
    let text = format!(
        "model_list:
  - model_name: {MODEL}
    litellm_params: {{ model: openai/{MODEL}, api_base: \"http://{mock}/v1\", api_key: none }}
"
    );
    fs::write(&config, text)?;
    let mut command = Command::new(program);
    command
        .arg("--config")
        .arg(&config)
        .args(["--host", "127.0.0.1", "--port", &address.port().to_string()])
        .args(["--telemetry", "False"])
        .env("LITELLM_LOG", "ERROR")
        // It wants a key of its own otherwise; the others ask for none.
        .env(
            "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY",
            "true",
        )
        .env("LITELLM_LOCAL_MODEL_COST_MAP", "True");
    let process = Process::server(&mut command, address, &dir.join("litellm.log"), PATIENCE)?;
    Ok(Target {
        name: "LiteLLM",
        requests: Requests::new(address, "", SESSIONS),
        process: Some(process),
        is_slow: true,
    })
}
