//! `stage`: a chain, the contracts, a worker agent and funded accounts, for suites and by hand.
//!
//! `stage -- COMMAND ARGUMENTS…` sets everything up, runs the command with `SECRET_AI_STAGE` set to the
//! path of a JSON file that describes it ([`Stage::description`]), and ends with its exit code.
//! `stage` alone serves until Ctrl-C. The chain is a devnet of its own, or the one that the
//! environment names ([`secret_ai_tests::stage::join_or_start`]).

use std::process::ExitCode;

use secret_ai_tests::process::Signals;
use secret_ai_tests::stage::{Failure, Stage};
use tokio::process::Command;

#[tokio::main]
async fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let command = match words.next() {
        None => None,
        Some(word) if word == "--" => Some(words.collect()),
        Some(word) => {
            eprintln!("stage: {word:?} is not known; usage: stage [-- COMMAND ARGUMENTS…]");
            return ExitCode::from(2);
        }
    };
    match play(command).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("stage: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn play(command: Option<Vec<String>>) -> Result<ExitCode, Failure> {
    let mut signals = Signals::catch()?;
    let stage = tokio::select! {
        stage = set() => stage?,
        () = signals.end() => return Ok(ExitCode::FAILURE),
    };
    println!("worker    {} (attested, registered)", stage.agent_url()?);
    let file = stage.path("stage.json");
    std::fs::write(&file, stage.description()?.to_string())?;
    println!("stage     SECRET_AI_STAGE={}", file.display());
    let Some(command) = command else {
        signals.end().await;
        return Ok(ExitCode::SUCCESS);
    };
    let (program, arguments) = command.split_first().ok_or("no command after --")?;
    let failed = |error| format!("{program}: {error}");
    let mut running = Command::new(program)
        .args(arguments)
        .env("SECRET_AI_STAGE", file)
        .kill_on_drop(true)
        .spawn()
        .map_err(failed)?;
    let status = tokio::select! {
        status = running.wait() => status.map_err(failed)?,
        () = signals.end() => return Ok(ExitCode::FAILURE),
    };
    match status.code().map(u8::try_from) {
        Some(Ok(code)) => Ok(ExitCode::from(code)),
        _ => Err(format!("{program}: {status}").into()),
    }
}

async fn set() -> Result<Stage, Failure> {
    let mut stage = Stage::set().await?;
    stage.start_agent().await?;
    Ok(stage)
}
