//! The chain that the stage stands on: a devnet of its own, or one that runs already (LocalSecret).

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;

use super::Failure;
use crate::process::{program, Process};

/// Where to reach the chain; what it does not serve is none.
pub struct Nodes {
    pub chain_id: String,
    pub lcd: String,
    pub rpc: Option<String>,
    pub grpc: Option<String>,
    pub faucet: Option<String>,
    /// Ends with the stage.
    devnet: Option<Process>,
}

impl Nodes {
    /// True if this stage started a devnet, which shows what an observer sees.
    pub fn is_devnet(&self) -> bool {
        self.devnet.is_some()
    }
}

/// Joins the chain at `SECRET_AI_LCD` (and `SECRET_AI_CHAIN_ID`, `SECRET_AI_RPC`, `SECRET_AI_GRPC`,
/// `SECRET_AI_FAUCET`), whose accounts are LocalSecret's; without it starts a devnet on free ports
/// with a block every 500 ms.
///
/// # Errors
/// The devnet does not start.
pub fn join_or_start(folder: &Path) -> Result<Nodes, Failure> {
    let given = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    if let Some(lcd) = given("SECRET_AI_LCD") {
        return Ok(Nodes {
            chain_id: given("SECRET_AI_CHAIN_ID").unwrap_or_else(|| "secretdev-1".into()),
            lcd,
            rpc: given("SECRET_AI_RPC"),
            grpc: given("SECRET_AI_GRPC"),
            faucet: given("SECRET_AI_FAUCET"),
            devnet: None,
        });
    }
    let mut devnet = Command::new(program("secret-devnet"));
    for port in ["--lcd-port", "--rpc-port", "--grpc-port", "--faucet-port"] {
        devnet.args([port, "0"]);
    }
    devnet.args(["--block-ms", "500", "--until-stdin-closes"]);
    let (devnet, ready) = Process::start_until(devnet, folder.join("devnet.log"), "ready:")?;
    // "ready:" and then pairs of a name and a value.
    let words: Vec<_> = ready.split_whitespace().skip(1).collect();
    let told: HashMap<_, _> = words
        .chunks_exact(2)
        .map(|pair| (pair[0], pair[1]))
        .collect();
    let told = |name| told.get(name).map(|value| (*value).to_string());
    let needed = |name| told(name).ok_or(format!("devnet: no {name} in its first line: {ready}"));
    Ok(Nodes {
        chain_id: needed("chain")?,
        lcd: needed("lcd")?,
        rpc: told("rpc"),
        grpc: told("grpc"),
        faucet: told("faucet"),
        devnet: Some(devnet),
    })
}
