//! `secret-ai-worker`: the worker's agent and its operator's commands.

use std::fmt::Display;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use secret_ai_worker_agent::boot::WorkerFile;
use secret_ai_worker_agent::config::Config;
use secret_ai_worker_agent::evidence::probe::probe;
use secret_ai_worker_agent::run;
use secret_ai_worker_agent::tee::TeeConfig;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

/// Serves confidential inference and is paid for it.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Configuration file (TOML).
    #[arg(long, global = true, default_value = "worker.toml")]
    config: PathBuf,
}

#[derive(Subcommand)]
enum Command {
    /// Registers and serves until SIGINT or SIGTERM.
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
    /// Reads the configuration and says what is wrong with it.
    CheckConfig,
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
    let cli = Cli::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    match execute(cli).await {
        Ok(()) => ExitCode::SUCCESS,
        // Who closed standard output has read enough.
        Err(error) if is_broken_pipe(error.as_ref()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
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

async fn execute(cli: Cli) -> Result<(), Failure> {
    let load = || Config::load(&cli.config);
    match cli.command {
        Command::Run => {
            let stop = CancellationToken::new();
            tokio::spawn(stop_on_signal(stop.clone()));
            Ok(run::run(load()?, stop).await?)
        }
        Command::Earnings => earnings(&load()?).await,
        Command::Claim { token, amount } => claim(&load()?, token, amount).await,
        Command::Retire => retire(&load()?).await,
        Command::CheckConfig => check_config(&load()?, &cli.config),
        Command::Evidence { out, gpus } => evidence(&cli.config, out.as_deref(), gpus),
    }
}

fn check_config(config: &Config, path: &Path) -> Result<(), Failure> {
    let problems = run::file_problems(config);
    problems.iter().for_each(complain);
    if !problems.is_empty() {
        return Err(format!("{}: problems found: {}", path.display(), problems.len()).into());
    }
    for warning in config.warnings() {
        say(format_args!("warning: {warning}"))?;
    }
    if let Err(lack) = config.tee.check_machine() {
        say(format_args!("warning: {lack}"))?;
    }
    let path = path.display();
    say(format_args!("{path} is fine: {}", config.claim()))
}

fn evidence(config: &Path, out: Option<&Path>, gpus: u8) -> Result<(), Failure> {
    let tee = match config.exists() {
        true => Config::load(config)?.tee,
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

async fn stop_on_signal(stop: CancellationToken) {
    use tokio::signal::unix::{signal, SignalKind};
    let interrupted = tokio::signal::ctrl_c();
    match signal(SignalKind::terminate()) {
        Ok(mut terminated) => tokio::select! {
            _ = interrupted => {}
            _ = terminated.recv() => {}
        },
        Err(error) => {
            tracing::warn!(%error, "cannot listen for SIGTERM");
            let _ = interrupted.await;
        }
    }
    tracing::info!("stopping");
    stop.cancel();
}
