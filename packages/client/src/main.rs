//! `secret-ai`: deposits, opens sessions, chats, gets back what is left, and judges evidence.

use std::process::ExitCode;

use clap::Parser;
use secret_ai_client::cli::Cli;
use secret_ai_client::commands::run;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Cli::parse()).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("secret-ai: {error}");
            ExitCode::FAILURE
        }
    }
}
