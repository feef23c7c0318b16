//! What stands between load and mock: nothing, nginx, a relay, an HTTP library, the agent.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::load::Requests;
use crate::process::{free_address, Process};
use crate::Failure;

/// How long a server may take to start.
const PATIENCE: Duration = Duration::from_secs(10);
/// Sessions that the load uses in turn.
pub const SESSIONS: u64 = 1_000;

/// One way to the mock.
pub struct Target {
    pub name: &'static str,
    pub requests: Requests,
    /// `None`: there is nothing in between.
    pub process: Option<Process>,
    /// So slow that it is measured in one round, without the highest load.
    pub is_slow: bool,
}

impl Target {
    fn new(name: &'static str, (process, address): (Process, SocketAddr)) -> Self {
        Target {
            name,
            requests: Requests::new(address, "", SESSIONS),
            process: Some(process),
            is_slow: false,
        }
    }
}

/// The mock itself, without anything in between.
pub fn direct(mock: SocketAddr) -> Target {
    Target {
        name: "direct",
        ..running(mock)
    }
}

/// Whatever listens there.
pub fn running(address: SocketAddr) -> Target {
    Target {
        name: "running",
        requests: Requests::new(address, "", SESSIONS),
        process: None,
        is_slow: false,
    }
}

/// The bare relay.
pub fn relay(mock: SocketAddr, dir: &Path) -> Result<Target, Failure> {
    let upstream = mock.to_string();
    let arguments = ["relay", "--upstream", &upstream];
    let started = Process::role(&arguments, &dir.join("relay.log"))?;
    Ok(Target::new("bare TCP relay", started))
}

/// The HTTP library alone.
pub fn pass(mock: SocketAddr, dir: &Path) -> Result<Target, Failure> {
    let upstream = mock.to_string();
    let arguments = ["pass", "--upstream", &upstream];
    let started = Process::role(&arguments, &dir.join("pass.log"))?;
    Ok(Target::new("hyper pass-through", started))
}

/// The agent with `sessions` sessions on the chain, of which the load uses all in turn.
pub fn agent(
    name: &'static str,
    mock: SocketAddr,
    dir: &Path,
    sessions: u64,
) -> Result<Target, Failure> {
    let data = dir.join(name);
    fs::create_dir_all(&data)?;
    let (upstream, count) = (mock.to_string(), sessions.to_string());
    let place = data.to_str().ok_or("a folder's name is not text")?;
    let arguments = [
        "agent",
        "--upstream",
        &upstream,
        "--sessions",
        &count,
        "--dir",
        place,
    ];
    let (process, address) = Process::role(&arguments, &data.join("agent.log"))?;
    Ok(Target {
        requests: Requests::new(address, "", sessions),
        ..Target::new(name, (process, address))
    })
}

/// nginx as one would set it up before an inference server.
pub fn nginx(mock: SocketAddr, dir: &Path) -> Result<Target, Failure> {
    let data = dir.join("nginx");
    fs::create_dir_all(&data)?;
    let (address, place) = (free_address()?, data.display());
    let config = format!(
        "daemon off; worker_processes auto; pid {place}/pid; error_log {place}/error.log warn;
events {{ worker_connections 4096; }}
http {{
  access_log off; tcp_nodelay on;
  client_body_temp_path {place}/body; proxy_temp_path {place}/proxy; fastcgi_temp_path {place}/fastcgi;
  uwsgi_temp_path {place}/uwsgi; scgi_temp_path {place}/scgi;
  keepalive_requests 1000000000;
  upstream engine {{ server {mock}; keepalive 256; keepalive_requests 1000000000; }}
  server {{
    listen {address} reuseport;
    location / {{
      proxy_pass http://engine; proxy_http_version 1.1; proxy_set_header Connection \"\";
      proxy_buffering off;
    }}
  }}
}}
"
    );
    let file = data.join("nginx.conf");
    fs::write(&file, config)?;
    let mut command = Command::new("nginx");
    // The file of errors before the configuration is read.
    command
        .arg("-e")
        .arg(data.join("error.log"))
        .arg("-c")
        .arg(&file);
    let process = Process::server(&mut command, address, &data.join("log"), PATIENCE)?;
    Ok(Target::new("nginx", (process, address)))
}
