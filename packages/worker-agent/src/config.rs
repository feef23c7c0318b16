//! The configuration file (TOML) and its overrides: `SECRET_AI_WORKER_LISTEN=…`, and with two
//! underscores for what is inside a table, `SECRET_AI_WORKER_CHAIN__LCD_URL=…`. Secrets are never in
//! it, only the paths of files that hold them.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use figment::error::Kind;
use figment::providers::{Env, Format, Toml};
use figment::Figment;
use secret_ai_interface::registry::{Listing, ModelListing, Workload};
use secret_ai_interface::{Hex, Unit, MAX_COUNT, MAX_MODEL_NAME};
use serde::Deserialize;
use snafu::{ResultExt, Snafu};

use crate::agent::Limits;
use crate::node_chain::Gas;
use crate::server::ServerConfig;
use crate::tee::{TeeConfig, MAX_GPUS};

const ENV_PREFIX: &str = "SECRET_AI_WORKER_";
/// What the registry takes (its `Listing`).
const MAX_URL: usize = 128;
const MAX_LISTED: usize = 16;
/// Longest body that may be configured, bytes.
const MOST_BODY: usize = 64 << 20;
/// Longest time between two rounds that may be configured, seconds: billing's longest epoch.
const LONGEST_INTERVAL_S: u64 = 86_400;
/// Most pages of a round that may be configured.
const MOST_PAGES: usize = 16;

/// The configuration cannot be used.
#[derive(Debug, Snafu)]
pub enum ConfigError {
    #[snafu(display("config file {}: {source}", path.display()))]
    File {
        path: PathBuf,
        source: std::io::Error,
    },
    #[snafu(display("{origin}: {problem}"))]
    Read { origin: String, problem: String },
    #[snafu(display("configuration: {field}: {problem}"))]
    Field {
        field: &'static str,
        problem: String,
    },
}

/// Everything that can be configured.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub chain: ChainConfig,
    /// Holds the operator's mnemonic, or private key of 64 hex digits.
    pub wallet_file: PathBuf,
    /// Where the HTTP API listens.
    pub listen: SocketAddr,
    /// Base URL under which clients reach it; goes into the registry.
    pub public_url: String,
    /// Holds the journal and the worker's id.
    pub data_dir: PathBuf,
    pub tee: TeeConfig,
    /// SHA-256 of the SubjectPublicKeyInfo of the key that ends TLS inside the TEE. The agent does
    /// not end TLS itself; without this the worker is registered with zeros, which says that no TLS
    /// key is bound.
    #[serde(default = "no_tls")]
    pub tls_spki_sha256: Hex<32>,
    /// The registry's admin has approved this worker's platform: somebody trusted knows where it
    /// stands. Part of the class, so that buyers can choose.
    #[serde(default)]
    pub known_platform: bool,
    pub engine: EngineConfig,
    /// What the worker asks; goes into the registry.
    pub prices: Vec<ModelListing>,
    /// Seconds between two rounds of settling, 1 to 86,400 and not above billing's `challenge_s`; an
    /// epoch of billing is a good choice.
    #[serde(default = "ten_minutes")]
    pub settle_interval_s: u64,
    #[serde(default)]
    pub settle: SettleConfig,
    /// Crank `finalize` too.
    #[serde(default = "yes")]
    pub finalize: bool,
    /// Longest body of a request, bytes.
    #[serde(default = "default_body")]
    pub max_body: usize,
    /// Longest body of a request that uploads a file, bytes.
    #[serde(default = "default_upload")]
    pub max_upload: usize,
    /// Requests served at once.
    #[serde(default = "default_requests")]
    pub max_requests: usize,
    /// How old the chain's word about a session may be, seconds. Keep it well below the shortest
    /// challenge window.
    #[serde(default = "default_refresh")]
    pub session_refresh_s: u64,
    /// How connections are taken.
    #[serde(default)]
    pub server: ServerConfig,
}

/// What a round of settling looks like to an observer.
#[derive(Clone, Debug, Deserialize)]
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
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChainConfig {
    pub lcd_url: String,
    pub chain_id: String,
    pub registry: ContractConfig,
    pub billing: ContractConfig,
    pub rewards: ContractConfig,
    /// Thousandths of a uscrt per gas.
    #[serde(default = "default_gas_price")]
    pub gas_price_milli: u64,
    #[serde(default)]
    pub gas: Gas,
}

/// A contract.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContractConfig {
    pub address: String,
    /// 64 hex digits; the node is asked if absent.
    pub code_hash: Option<String>,
}

/// Where answers come from.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum EngineConfig {
    /// A model inside this process.
    Embedded {
        /// A GGUF file; the built-in demo model if absent.
        model_file: Option<PathBuf>,
        /// Name of the model in `model_file`.
        model: Option<String>,
    },
    /// An OpenAI-compatible server.
    Upstream {
        /// Address up to and including `/v1`.
        url: String,
        /// Holds the key that the server wants.
        api_key_file: Option<PathBuf>,
        /// Tokens of context of models for which the server does not tell.
        context_length: Option<u64>,
    },
}

impl Config {
    /// Reads a file and the environment.
    ///
    /// # Errors
    /// [`ConfigError`] naming the field.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).context(FileSnafu { path })?;
        let figment = Figment::new()
            .merge(Toml::string(&text))
            .merge(Env::prefixed(ENV_PREFIX).split("__"));
        let config: Config = figment
            .extract()
            .map_err(|error| unreadable(path, &error))?;
        config.check()?;
        Ok(config)
    }

    /// Limits of the HTTP API.
    pub fn limits(&self) -> Limits {
        Limits {
            max_body: self.max_body,
            max_upload: self.max_upload,
            max_requests: self.max_requests,
            session_refresh_s: self.session_refresh_s,
        }
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
        let no_tls = (self.tls_spki_sha256.0 == [0; 32])
            .then(|| "tls_spki_sha256: no TLS key is bound to the attestation".to_owned());
        let no_cover = (!self.settle.cover_traffic).then(|| {
            "settle.cover_traffic: false, everybody sees when this worker is used".to_owned()
        });
        free.chain(no_tls).chain(no_cover).collect()
    }

    fn check(&self) -> Result<(), ConfigError> {
        let url = &self.public_url;
        let has_scheme = url.starts_with("https://") || url.starts_with("http://");
        require(has_scheme && url.len() <= MAX_URL, "public_url", || {
            format!("must start with https:// or http:// and have at most {MAX_URL} bytes")
        })?;
        require(
            (1..=MAX_LISTED).contains(&self.prices.len()),
            "prices",
            || format!("{} models, must be 1 to {MAX_LISTED}", self.prices.len()),
        )?;
        for listing in &self.prices {
            check_listing(listing)?;
        }
        require(
            (1_024..=MOST_BODY).contains(&self.max_body),
            "max_body",
            || format!("{} bytes, must be 1024 to {MOST_BODY}", self.max_body),
        )?;
        let upload = self.max_upload;
        require((1_024..=MOST_BODY).contains(&upload), "max_upload", || {
            format!("{upload} bytes, must be 1024 to {MOST_BODY}")
        })?;
        require(self.max_requests > 0, "max_requests", || {
            "must be at least 1".into()
        })?;
        let interval = self.settle_interval_s;
        require(
            (1..=LONGEST_INTERVAL_S).contains(&interval),
            "settle_interval_s",
            || format!("{interval}, must be 1 to {LONGEST_INTERVAL_S}"),
        )?;
        let pages = self.settle.pages;
        require((1..=MOST_PAGES).contains(&pages), "settle.pages", || {
            format!("{pages}, must be 1 to {MOST_PAGES}")
        })?;
        let gpus = self.tee.gpus();
        require(gpus <= MAX_GPUS, "tee.gpus", || {
            format!("{gpus}, must be 0 to {MAX_GPUS}")
        })?;
        let contracts = [
            ("chain.registry", &self.chain.registry),
            ("chain.billing", &self.chain.billing),
            ("chain.rewards", &self.chain.rewards),
        ];
        for (field, contract) in contracts {
            let hash = contract.code_hash.as_deref();
            let fits = hash.is_none_or(|h| h.parse::<Hex<32>>().is_ok());
            require(fits, field, || "code_hash must have 64 hex digits".into())?;
            let address = secret_ai_chain_client::address::decode(&contract.address);
            address.map_err(|e| ConfigError::Field {
                field,
                problem: format!("address: {e}"),
            })?;
        }
        Ok(())
    }
}

/// What the configuration library found, by the full name of the field.
fn unreadable(path: &Path, error: &figment::Error) -> ConfigError {
    let mut field = error.path.clone();
    let problem = match &error.kind {
        Kind::MissingField(name) => {
            field.push(name.to_string());
            "is missing".to_owned()
        }
        Kind::Message(message) => message.clone(),
        other => other.to_string(),
    };
    let is_variable = |origin: &figment::Metadata| origin.name.contains("environment");
    ReadSnafu {
        origin: match &error.metadata {
            Some(origin) if is_variable(origin) => format!("environment variables {ENV_PREFIX}…"),
            _ => format!("config file {}", path.display()),
        },
        problem: match field.is_empty() {
            true => problem,
            false => format!("{}: {problem}", field.join(".")),
        },
    }
    .build()
}

fn check_listing(listing: &ModelListing) -> Result<(), ConfigError> {
    let model = &listing.model;
    require(
        (1..=MAX_MODEL_NAME).contains(&model.len()),
        "prices",
        || {
            format!(
                "model: {} bytes, must be 1 to {MAX_MODEL_NAME}",
                model.len()
            )
        },
    )?;
    require(crate::prices::sells_something(listing), "prices", || {
        format!(
            "{model:?} needs rates for input and output, or for one of embedding, audio_ms and image"
        )
    })?;
    let fits = listing.rates.iter().all(|rate| rate.rate < MAX_COUNT);
    require(fits, "prices", || {
        format!("{model:?} has a rate that is not below 2^56")
    })
}

fn require(
    holds: bool,
    field: &'static str,
    problem: impl FnOnce() -> String,
) -> Result<(), ConfigError> {
    if holds {
        Ok(())
    } else {
        Err(ConfigError::Field {
            field,
            problem: problem(),
        })
    }
}

fn no_tls() -> Hex<32> {
    Hex([0; 32])
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

fn default_gas_price() -> u64 {
    100
}
