//! `secret-ai-worker`: the worker's agent and its operator's commands.

use std::fmt::Display;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use secret_ai_worker_agent::boot::WorkerFile;
use secret_ai_worker_agent::config::{reference, Config, ConfigError, Override};
use secret_ai_worker_agent::evidence::probe::probe;
use secret_ai_worker_agent::tee::TeeConfig;
use secret_ai_worker_agent::watchtower::{self, TowerConfig};
use secret_ai_worker_agent::{online, run, telemetry};
use tokio::signal::unix::{signal, SignalKind};
use tokio_util::sync::CancellationToken;

/// Requests come and go in many small pieces of memory: faster than the system's, and it gives back.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Exit status when the configuration is at fault: nothing was tried, and starting again does not help.
const BAD_CONFIG: u8 = 2;

/// Serves confidential inference and is paid for it.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    settings: Settings,
}

/// Flags win over `SECRET_AI_WORKER_…` variables, which win over the file (docs/configuration.md).
#[derive(Args)]
struct Settings {
    /// Configuration file (TOML).
    #[arg(long, global = true, default_value = "worker.toml")]
    config: PathBuf,
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
    fn load(&self) -> Result<Config, ConfigError> {
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
enum Command {
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

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> ExitCode {
    match execute(Cli::parse()).await {
        Ok(code) => code,
        // Who closed standard output has read enough.
        Err(error) if is_broken_pipe(error.as_ref()) => ExitCode::SUCCESS,
        Err(error) => match error.downcast_ref::<ConfigError>() {
            Some(error) => {
                error.lines().iter().for_each(complain);
                ExitCode::from(BAD_CONFIG)
            }
            None => {
                complain(&error);
                ExitCode::FAILURE
            }
        },
    }
}

/// Writes a line to standard output.
fn say(line: impl Display) -> Result<(), Failure> {
    Ok(writeln!(io::stdout(), "{line}")?)
}

/// Writes an error to standard error; who closed that wants none.
fn complain(problem: impl Display) {
    let _ = writeln!(io::stderr(), "error: {problem}");
}

fn is_broken_pipe(error: &(dyn std::error::Error + 'static)) -> bool {
    let written = error.downcast_ref::<io::Error>();
    written.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

async fn execute(cli: Cli) -> Result<ExitCode, Failure> {
    match cli.command {
        Command::ConfigSchema => say(serde_json::to_string_pretty(&reference::schema())?)?,
        Command::ConfigReference => {
            let text = reference::markdown();
            say(text.trim_end())?;
        }
        Command::CheckConfig { online } => return check_config(&cli.settings, online).await,
        Command::Run => serve(cli.settings.load()?).await?,
        Command::Watchtower => watch(TowerConfig::load(&cli.settings.config)?).await?,
        Command::Earnings => earnings(&quietly(&cli.settings)?).await?,
        Command::Claim { token, amount } => {
            claim(&quietly(&cli.settings)?, token, amount).await?;
        }
        Command::Retire => retire(&quietly(&cli.settings)?).await?,
        Command::Evidence { out, gpus } => evidence(&cli.settings, out.as_deref(), gpus)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The configuration of a command that asks the chain and ends: it is logged, but not traced.
fn quietly(settings: &Settings) -> Result<Config, Failure> {
    let config = settings.load()?;
    // Without a collector there is nothing to end.
    let _ = telemetry::start(config.log_format, &Default::default())?;
    Ok(config)
}

async fn serve(config: Config) -> Result<(), Failure> {
    let telemetry = telemetry::start(config.log_format, &config.telemetry)?;
    let stop = CancellationToken::new();
    tokio::spawn(stop_on_signal(stop.clone()));
    let served = run::run(config, stop).await;
    telemetry.end().await;
    Ok(served?)
}

async fn watch(config: TowerConfig) -> Result<(), Failure> {
    let _ = telemetry::start(config.log_format, &Default::default())?;
    let stop = CancellationToken::new();
    tokio::spawn(stop_on_signal(stop.clone()));
    Ok(watchtower::run(config, stop).await?)
}

async fn check_config(settings: &Settings, asks: bool) -> Result<ExitCode, Failure> {
    let path: &Path = &settings.config;
    let config = settings.load()?;
    let problems = run::file_problems(&config);
    problems.iter().for_each(complain);
    if !problems.is_empty() {
        let (path, count) = (path.display(), problems.len());
        complain(format_args!("{path}: problems found: {count}"));
        return Ok(ExitCode::from(BAD_CONFIG));
    }
    for warning in config.warnings() {
        say(format_args!("warning: {warning}"))?;
    }
    if let (false, Err(lack)) = (asks, config.tee.check_machine()) {
        say(format_args!("warning: {lack}"))?;
    }
    let path = path.display();
    say(format_args!("{path} is fine: {}", config.claim()))?;
    if !asks {
        return Ok(ExitCode::SUCCESS);
    }
    let found = online::check(&config).await;
    for line in &found.fine {
        say(format_args!("online: {line}"))?;
    }
    found.problems.iter().for_each(complain);
    Ok(match found.problems.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

fn evidence(settings: &Settings, out: Option<&Path>, gpus: u8) -> Result<(), Failure> {
    let tee = match settings.config.exists() {
        true => settings.load()?.tee,
        false => TeeConfig::found_here(gpus),
    };
    let found = probe(&tee, out)?;
    for line in &found.lines {
        say(line)?;
    }
    match found.is_complete {
        true => say("this machine can prove what it is"),
        false => Err("this machine cannot prove what it should".into()),
    }
}

async fn earnings(config: &Config) -> Result<(), Failure> {
    let answer = run::connect(config).await?.earnings().await?;
    for row in answer.earnings {
        let open = row.earned.checked_sub(row.claimed).unwrap_or_default();
        say(format_args!(
            "{} earned {} claimed {} open {open}",
            row.token, row.earned, row.claimed
        ))?;
    }
    Ok(())
}

async fn claim(
    config: &Config,
    token: Option<String>,
    amount: Option<u128>,
) -> Result<(), Failure> {
    let chain = run::connect(config).await?;
    let tokens = match token {
        Some(token) => vec![token],
        None => {
            let rows = chain.earnings().await?.earnings;
            rows.into_iter()
                .map(|row| row.token.into_string())
                .collect()
        }
    };
    for token in tokens {
        match chain.claim(&token, amount).await?.amount.u128() {
            0 => say(format_args!("{token} paid out nothing"))?,
            paid => say(format_args!("{token} paid out {paid}"))?,
        }
    }
    Ok(())
}

async fn retire(config: &Config) -> Result<(), Failure> {
    let file = WorkerFile::load(&config.data_dir)?;
    let file = file.ok_or("data_dir: no worker has been registered from here")?;
    run::connect(config).await?.retire(file.worker_id).await?;
    let id = file.worker_id;
    say(format_args!("worker {id} takes no new sessions"))
}

/// Stops on the first signal, gently; the second one ends the process. Receipts are in the journal, so
/// nothing is lost but requests in progress.
async fn stop_on_signal(stop: CancellationToken) {
    let (mut interrupt, mut terminate) = match (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    ) {
        (Ok(interrupt), Ok(terminate)) => (interrupt, terminate),
        (Err(error), _) | (_, Err(error)) => {
            tracing::warn!(%error, "cannot listen for signals: they end the agent at once");
            return;
        }
    };
    let mut next = async || {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    next().await;
    tracing::info!("stopping: requests in progress may end, a second signal ends them at once");
    stop.cancel();
    next().await;
    tracing::warn!("a second signal: ending at once");
    std::process::exit(1);
}
