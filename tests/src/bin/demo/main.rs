//! `make demo`: the main job, end to end, on real parts.
//!
//! Starts a devnet, deploys the contracts' wasm, runs a worker agent in a simulated TEE, and uses
//! them as their users would: with the command line tools, over HTTP. Prints what each party sees,
//! what an outside observer sees, the gas of each step, and at the end where every base unit is.
//! Exits with 1 if anything is off.

mod observer;
mod story;

use std::process::ExitCode;

use secret_ai_tests::process::Signals;
use secret_ai_tests::stage::Failure;

#[tokio::main]
async fn main() -> ExitCode {
    match tell().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\ndemo: FAILED: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Tells the story, to its end or until a signal ends it.
async fn tell() -> Result<(), Failure> {
    let mut signals = Signals::catch()?;
    tokio::select! {
        told = story::tell() => told,
        () = signals.end() => Err("interrupted".into()),
    }
}
