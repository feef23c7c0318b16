//! What can be said on the command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config::{Config, ConfigError, Override};

/// Serves confidential inference and is paid for it.
#[derive(Parser)]
#[command(version)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub settings: Settings,
}

/// Flags win over `SECRET_AI_WORKER_…` variables, which win over the file (docs/configuration.md).
#[derive(Args)]
pub struct Settings {
    /// Configuration file (TOML).
    #[arg(long, global = true, default_value = "worker.toml")]
    pub config: PathBuf,
    /// Sets any field, for example `--set settle.pages=2`; several times.
    #[arg(long, global = true, value_name = "KEY=VALUE")]
    set: Vec<Override>,
    /// Where the HTTP API listens.
    #[arg(long, global = true)]
    listen: Option<SocketAddr>,
    /// Base URL under which clients reach it.
    #[arg(long, global = true)]
    public_url: Option<String>,
    /// Folder of the journal and the worker's id.
    #[arg(long, global = true)]
    data_dir: Option<PathBuf>,
    /// How the log is written.
    #[arg(long, global = true)]
    log_format: Option<Format>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
}

impl Settings {
    /// The configuration with everything laid over it.
    ///
    /// # Errors
    /// What is wrong with it, field by field.
    pub fn load(&self) -> Result<Config, ConfigError> {
        let text = |path: &PathBuf| path.display().to_string();
        let format = self.log_format.map(|format| match format {
            Format::Text => "text".to_owned(),
            Format::Json => "json".to_owned(),
        });
        let flags = [
            ("listen", self.listen.map(|address| address.to_string())),
            ("public_url", self.public_url.clone()),
            ("data_dir", self.data_dir.as_ref().map(text)),
            ("log_format", format),
        ];
        let own = flags
            .into_iter()
            .filter_map(|(key, value)| Some(Override::new(key, value?)));
        let all: Vec<Override> = self.set.iter().cloned().chain(own).collect();
        Config::load_with(&self.config, &all)
    }
}

#[derive(Subcommand)]
pub enum Command {
    /// Registers and serves until SIGINT or SIGTERM; a second one ends it at once.
    Run,
    /// Shows what the operator has earned and claimed, base units.
    Earnings,
    /// Pays out earnings to the operator. A claim of nothing looks like any other.
    Claim {
        /// Address of the token; each that billing accepts if absent.
        #[arg(long)]
        token: Option<String>,
        /// Base units; all if absent.
        #[arg(long, requires = "token")]
        amount: Option<u128>,
    },
    /// Takes the worker out of service: no new sessions; receipts still settle for a while.
    Retire,
    /// Keeps receipts of workers and hands them in when those have gone silent. `--config` names a
    /// configuration of its own (docs/durability.md).
    Watchtower,
    /// Names everything that is wrong with the configuration: status 0 if nothing is, 2 if something
    /// is, 1 if only what it names does not answer (`--online`).
    CheckConfig {
        /// Asks chain, engines and TEE, too.
        #[arg(long)]
        online: bool,
    },
    /// Prints the JSON Schema of the configuration.
    ConfigSchema,
    /// Prints the reference of the configuration, Markdown.
    ConfigReference,
    /// Says what this machine can prove. Without a configuration file, as any real hardware.
    Evidence {
        /// Folder for what was found, for `secret-ai evidence verify`.
        #[arg(long)]
        out: Option<PathBuf>,
        /// Confidential GPUs that must be there, if there is no configuration file.
        #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u8).range(..=15))]
        gpus: u8,
    },
}
