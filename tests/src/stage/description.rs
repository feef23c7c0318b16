//! What suites in other languages are told about the stage.

use serde_json::{json, Value};

use super::{Failure, Stage, INPUT_RATE, MODEL, OUTPUT_RATE, WORDS};
use crate::artifacts;
use crate::process::program;
use secret_ai_interface::Contract;

impl Stage {
    /// The stage in JSON: endpoints (null if the chain has none), accounts with their public test
    /// mnemonics, contracts, the agent, rates in base units per 1,000,000 tokens, folders, and the
    /// roots that the registry accepts besides the vendors' (DER in base64).
    ///
    /// # Errors
    /// The worker's configuration cannot be read.
    pub fn description(&self) -> Result<Value, Failure> {
        let wallets = [&self.admin, &self.operator, &self.user, &self.anyone];
        let accounts: serde_json::Map<_, _> = WORDS
            .iter()
            .zip(wallets)
            .map(|((name, words), wallet)| {
                let account = json!({ "address": wallet.address(), "mnemonic": words });
                ((*name).to_string(), account)
            })
            .collect();
        let contract = |contract: &Contract| json!({ "address": contract.address, "code_hash": contract.code_hash });
        Ok(json!({
            "chain_id": self.nodes.chain_id,
            "lcd_url": self.nodes.lcd,
            "rpc_url": self.nodes.rpc,
            "grpc_url": self.nodes.grpc,
            "faucet_url": self.nodes.faucet,
            "folder": self.folder.path(),
            "programs": program(""),
            "artifacts": artifacts::root().join("artifacts").canonicalize()?,
            "accounts": accounts,
            "contracts": {
                "token": contract(&self.token),
                "registry": contract(&self.registry),
                "billing": contract(&self.billing),
                "rewards": contract(&self.rewards),
            },
            "agent": { "url": self.agent_url()? },
            "model": MODEL,
            "rates": { "input": INPUT_RATE, "output": OUTPUT_RATE },
            "development_roots": self.world.roots(),
        }))
    }
}
