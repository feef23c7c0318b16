//! `secret-ai-worker`: the worker's agent and its operator's commands.

use std::fmt::Display;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use secret_ai_worker_agent::boot::WorkerFile;
use secret_ai_worker_agent::cli::{Cli, Command, Settings};
use secret_ai_worker_agent::config::{reference, Config, ConfigError};
use secret_ai_worker_agent::connect::connect;
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
    let problems = config.file_problems();
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
    let answer = connect(config).await?.earnings().await?;
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
    let chain = connect(config).await?;
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
    connect(config).await?.retire(file.worker_id).await?;
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
