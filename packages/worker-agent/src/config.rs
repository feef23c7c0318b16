//! What can be configured: the file (TOML), over it the environment, over that flags.
//! `SECRET_AI_WORKER_LISTEN=…`, and with two underscores for what is inside a table,
//! `SECRET_AI_WORKER_CHAIN__LCD_URL=…`; `--set chain.lcd_url=…`. Secrets are never in it, only the paths
//! of files that hold them. The doc comments of the fields are the reference (docs/configuration.md).

mod check;
mod files;
mod load;
mod problem;
pub mod reference;
mod shape;

use std::net::SocketAddr;
use std::path::PathBuf;

use schemars::JsonSchema;
use secret_ai_interface::registry::{Listing, ModelListing, Workload};
use secret_ai_interface::Unit;
use serde::Deserialize;

pub(crate) use check::Checks;
pub use load::Override;
pub use problem::{ConfigError, Problem};

use crate::agent::Limits;
use crate::engine_config::{self, EngineConfig};
use crate::gas::Gas;
use crate::journal::JournalConfig;
use crate::limits::LimitsConfig;
use crate::metrics::MetricsConfig;
use crate::replicate::WatchtowerConfig;
use crate::server::ServerConfig;
use crate::tee::TeeConfig;
use crate::telemetry::{LogFormat, TelemetryConfig};
use crate::tls::TlsConfig;

/// What every environment variable of the agent begins with.
pub const ENV_PREFIX: &str = "SECRET_AI_WORKER_";

/// Everything that can be configured.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The node and the contracts.
    pub chain: ChainConfig,
    /// File with the operator's mnemonic, or private key of 64 hex digits.
    pub wallet_file: PathBuf,
    /// Where the HTTP API listens.
    pub listen: SocketAddr,
    /// Base URL under which clients reach it; goes into the registry.
    pub public_url: String,
    /// Folder of the journal and the worker's id.
    pub data_dir: PathBuf,
    /// Where the worker runs, and how it proves that.
    pub tee: TeeConfig,
    /// Who ends TLS; for an https:// `public_url` the agent itself, with a key of this boot, if absent.
    #[serde(default)]
    pub tls: Option<TlsConfig>,
    /// The registry's admin has approved this worker's platform: somebody trusted knows where it
    /// stands. Part of the class, so that buyers can choose.
    #[serde(default)]
    pub known_platform: bool,
    /// Where answers come from, if from one engine.
    pub engine: Option<EngineConfig>,
    /// Where answers come from, if from several engines; each request goes to the least loaded that is up
    /// and serves its model. Instead of `engine`.
    #[serde(default)]
    pub engines: Vec<EngineConfig>,
    /// What the worker asks; goes into the registry. 1 to 16 entries.
    pub prices: Vec<ModelListing>,
    /// Seconds between two rounds of settling, 1 to 86,400 and not above billing's `challenge_s`; an
    /// epoch of billing is a good choice.
    #[serde(default = "ten_minutes")]
    pub settle_interval_s: u64,
    /// What a round of settling looks like to an observer.
    #[serde(default)]
    pub settle: SettleConfig,
    /// How receipts are put on disk.
    #[serde(default)]
    pub journal: JournalConfig,
    /// Where receipts are kept a second time; nowhere if absent.
    pub watchtower: Option<WatchtowerConfig>,
    /// Work off epochs of billing that have ended, everybody's.
    #[serde(default = "yes")]
    pub finalize: bool,
    /// Longest body of a request, bytes; 1,024 to 67,108,864.
    #[serde(default = "default_body")]
    pub max_body: usize,
    /// Longest body of a request that uploads a file, bytes; 1,024 to 67,108,864.
    #[serde(default = "default_upload")]
    pub max_upload: usize,
    /// Requests served at once; at least 1.
    #[serde(default = "default_requests")]
    pub max_requests: usize,
    /// How old the chain's word about a session may be, seconds. Keep it well below the shortest
    /// challenge window.
    #[serde(default = "default_refresh")]
    pub session_refresh_s: u64,
    /// How long requests in progress may take after SIGTERM, seconds, 1 to 3,600.
    #[serde(default = "default_drain")]
    pub drain_s: u64,
    /// How the log on standard error is written.
    #[serde(default)]
    pub log_format: LogFormat,
    /// What one session, one address and the queue may take.
    #[serde(default)]
    pub limits: LimitsConfig,
    /// Prometheus metrics.
    #[serde(default)]
    pub metrics: MetricsConfig,
    /// Traces.
    #[serde(default)]
    pub telemetry: TelemetryConfig,
    /// How connections are taken.
    #[serde(default)]
    pub server: ServerConfig,
}

/// What a round of settling looks like to an observer.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SettleConfig {
    /// Pages of 4 receipts that every round hands in, 1 to 16. What does not fit waits for the next
    /// rounds, unless it would be lost.
    pub pages: usize,
    /// Hand in pages also when there is nothing to put into them. Without, everybody sees in which
    /// rounds this worker has served.
    pub cover_traffic: bool,
}

impl Default for SettleConfig {
    fn default() -> Self {
        SettleConfig {
            pages: 1,
            cover_traffic: true,
        }
    }
}

/// The node and the contracts.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChainConfig {
    /// Address of the node's REST interface (LCD).
    pub lcd_url: String,
    /// The chain's id, for example `secret-4`.
    pub chain_id: String,
    /// The worker registry.
    pub registry: ContractConfig,
    /// The billing contract, whose registry is the one above.
    pub billing: ContractConfig,
    /// The rewards contract, through which billing pays.
    pub rewards: ContractConfig,
    /// Thousandths of a uscrt per gas.
    #[serde(default = "default_gas_price")]
    pub gas_price_milli: u64,
    /// Gas given to each kind of transaction.
    #[serde(default)]
    pub gas: Gas,
}

/// A contract.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContractConfig {
    /// `secret1…`.
    pub address: String,
    /// SHA-256 of its code, 64 hex digits; the node is asked if absent.
    pub code_hash: Option<String>,
}

impl Config {
    /// The engines with the names of their fields.
    pub fn engines(&self) -> Vec<(String, &EngineConfig)> {
        engine_config::engines(&self.engine, &self.engines)
    }

    /// Limits of the HTTP API.
    pub fn limits(&self) -> Limits {
        Limits {
            max_body: self.max_body,
            max_upload: self.max_upload,
            max_requests: self.max_requests,
            session_refresh_s: self.session_refresh_s,
            rates: self.limits,
        }
    }

    /// Who ends TLS.
    pub fn tls(&self) -> TlsConfig {
        let default = || TlsConfig::usual(&self.public_url);
        self.tls.clone().unwrap_or_else(default)
    }

    /// The worker's class: number of GPUs in bits 4 to 7, known platform in bit 1.
    pub fn class(&self) -> u8 {
        self.tee.gpus() << 4 | u8::from(self.known_platform) << 1
    }

    /// What goes into the registry.
    pub fn listing(&self) -> Listing {
        Listing {
            url: self.public_url.clone(),
            models: self.prices.clone(),
        }
    }

    /// What the worker claims to be, for its operator to read.
    pub fn claim(&self) -> String {
        let gpus = self.tee.gpus();
        let platform = if self.known_platform {
            "a known"
        } else {
            "any"
        };
        let workload = match self.tee.workload() {
            Some(Workload::AttestTool { .. }) => "an attest_tool workload",
            Some(Workload::Dstack { .. }) => "a dstack workload",
            None => "no workload named",
        };
        let class = self.class();
        let plural = if gpus == 1 { "" } else { "s" };
        format!("class {class}, {gpus} confidential GPU{plural}, {platform} platform, {workload}")
    }

    /// What may be meant otherwise than it is written.
    pub fn warnings(&self) -> Vec<String> {
        let is_free = |listing: &&ModelListing| {
            let has = |unit| listing.rates.iter().any(|rate| rate.unit == unit);
            has(Unit::Input) && !has(Unit::CachedInput)
        };
        let free = self.prices.iter().filter(is_free).map(|listing| {
            let model = &listing.model;
            format!("prices: {model:?} has no rate for cached_input, cached tokens are free")
        });
        let no_tls = self.tls().warning().map(str::to_owned);
        let no_cover = (!self.settle.cover_traffic).then(|| {
            "settle.cover_traffic: false, everybody sees when this worker is used".to_owned()
        });
        let metrics = self.metrics.warning();
        free.chain(no_tls).chain(no_cover).chain(metrics).collect()
    }
}

fn ten_minutes() -> u64 {
    600
}

fn yes() -> bool {
    true
}

fn default_body() -> usize {
    Limits::default().max_body
}

fn default_upload() -> usize {
    Limits::default().max_upload
}

fn default_requests() -> usize {
    Limits::default().max_requests
}

fn default_refresh() -> u64 {
    Limits::default().session_refresh_s
}

fn default_drain() -> u64 {
    60
}

fn default_gas_price() -> u64 {
    100
}
