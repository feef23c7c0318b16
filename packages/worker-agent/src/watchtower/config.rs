//! The watchtower's configuration file (TOML) and its overrides: `SECRET_AI_WATCHTOWER_LISTEN=…`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use figment::providers::{Env, Format, Toml};
use figment::Figment;
use serde::Deserialize;

use crate::config::ChainConfig;
use crate::journal::JournalConfig;
use crate::telemetry::LogFormat;
use crate::tls::{files, TlsError, Transport};

/// Everything that can be configured.
#[derive(Clone, Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TowerConfig {
    /// The node and the contracts.
    pub chain: ChainConfig,
    /// Holds the mnemonic, or private key of 64 hex digits, of the wallet that pays the gas. Any
    /// will do but the operator's: two programs with one wallet get in each other's way.
    pub wallet_file: PathBuf,
    /// Where agents reach it.
    pub listen: SocketAddr,
    /// TLS that ends here; plain HTTP if absent, for agents on this machine or a proxy before it.
    pub tls: Option<TowerTls>,
    /// Holds the journal.
    pub data_dir: PathBuf,
    /// Holds the token that agents must show.
    pub token_file: PathBuf,
    /// A worker that was not heard of for this long is gone, seconds, 60 to 86,400; default 3,600. An
    /// agent with nothing to tell is heard of every minute.
    #[serde(default = "an_hour")]
    pub silent_s: u64,
    /// From one look at what waits to the next, seconds, 1 to 86,400; default 600. An epoch of billing
    /// is a good choice.
    #[serde(default = "ten_minutes")]
    pub interval_s: u64,
    /// How the log is written.
    #[serde(default)]
    pub log_format: LogFormat,
    /// How receipts get to the disk.
    #[serde(default)]
    pub journal: JournalConfig,
}

/// A key and a certificate. Both are read at start.
#[derive(Clone, Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TowerTls {
    /// PEM, the watchtower's certificate first. Agents that know its key take any, also one that it
    /// has signed itself.
    pub cert_file: PathBuf,
    /// PEM: PKCS #8, SEC 1 or PKCS #1.
    pub key_file: PathBuf,
}

impl TowerTls {
    /// Reads both.
    ///
    /// # Errors
    /// [`TlsError`] naming the field.
    pub fn open(&self) -> Result<Transport, TlsError> {
        files(&self.cert_file, &self.key_file)
    }
}

impl TowerConfig {
    /// Reads a file and the environment.
    ///
    /// # Errors
    /// What is wrong, naming the field.
    pub fn load(path: &Path) -> Result<Self, String> {
        let name = path.display();
        let text = std::fs::read_to_string(path).map_err(|error| format!("{name}: {error}"))?;
        let figment = Figment::new()
            .merge(Toml::string(&text))
            .merge(Env::prefixed("SECRET_AI_WATCHTOWER_").split("__"));
        let config: TowerConfig = figment
            .extract()
            .map_err(|error| format!("{name}: {error}"))?;
        config.check().map_err(|error| format!("{name}: {error}"))?;
        Ok(config)
    }

    fn check(&self) -> Result<(), String> {
        let (silent, interval) = (self.silent_s, self.interval_s);
        if !(60..=86_400).contains(&silent) {
            return Err(format!("silent_s: {silent}, must be 60 to 86400"));
        }
        if !(1..=86_400).contains(&interval) {
            return Err(format!("interval_s: {interval}, must be 1 to 86400"));
        }
        let journal = self.journal.check();
        journal.map_err(|problem| format!("journal.commit_ms: {problem}"))
    }
}

fn an_hour() -> u64 {
    3_600
}

fn ten_minutes() -> u64 {
    600
}
