//! The configuration files of user and worker.

use std::fs;

use super::{Failure, Stage, INPUT_RATE, MODEL, OUTPUT_RATE};

impl Stage {
    /// Writes `secret-ai.toml` and `worker.toml`, the latter with a port that is free now.
    pub(super) fn write_configs(&self) -> Result<(), Failure> {
        let folder = self.folder.path().display();
        let (lcd, chain_id) = (&self.nodes.lcd, &self.nodes.chain_id);
        let (billing, registry) = (&self.billing.address, &self.registry.address);
        let (rewards, token) = (&self.rewards.address, &self.token.address);
        let user = format!(
            "lcd_url = \"{lcd}\"\nchain_id = \"{chain_id}\"\nbilling = \"{billing}\"\n\
             wallet_file = \"{folder}/user.mnemonic\"\ndata_dir = \"{folder}/user\"\n"
        );
        fs::write(self.path("secret-ai.toml"), user)?;
        let port = free_port()?;
        let worker = format!(
            r#"wallet_file = "{folder}/operator.mnemonic"
listen = "127.0.0.1:{port}"
public_url = "http://127.0.0.1:{port}"
data_dir = "{folder}/worker"
settle_interval_s = 4

[chain]
lcd_url = "{lcd}"
chain_id = "{chain_id}"
registry = {{ address = "{registry}" }}
billing = {{ address = "{billing}" }}
rewards = {{ address = "{rewards}" }}

[tee]
kind = "simulated"
seed_file = "{folder}/tee.seed"
gpus = 1

[engine]
kind = "embedded"

[[prices]]
model = "{MODEL}"
token = "{token}"
rates = [
  {{ unit = "input", rate = {INPUT_RATE} }},
  {{ unit = "output", rate = {OUTPUT_RATE} }},
]
"#
        );
        fs::write(self.path("worker.toml"), worker)?;
        Ok(())
    }

    /// Where the worker agent serves, as its configuration says.
    ///
    /// # Errors
    /// The configuration cannot be read.
    pub fn agent_url(&self) -> Result<String, Failure> {
        let config = fs::read_to_string(self.path("worker.toml"))?;
        let url = config.lines().find_map(|l| l.strip_prefix("public_url = "));
        let url = url.ok_or("worker.toml: no public_url")?;
        Ok(url.trim_matches('"').to_string())
    }
}

/// A port that nobody listens on.
fn free_port() -> std::io::Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?
        .local_addr()?
        .port())
}
