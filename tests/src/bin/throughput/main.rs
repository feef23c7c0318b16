//! Tokens per second of an engine alone and through the agent, side by side (`make gpu`, docs/gpu.md).
//!
//! Both are OpenAI-compatible servers. The embedded engine is no server of its own; `serve` makes it one, with
//! nothing around it.

mod compare;
mod serve;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use secret_ai_engine::DeviceChoice;

/// Why something could not be measured.
type Failure = Box<dyn std::error::Error + Send + Sync>;

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    role: Role,
}

#[derive(Subcommand)]
enum Role {
    /// Serves the embedded engine bare; prints its address.
    Serve {
        #[arg(long, default_value = "127.0.0.1:0")]
        listen: SocketAddr,
        /// A GGUF file.
        #[arg(long)]
        model_file: PathBuf,
        /// Name under which the model is served.
        #[arg(long)]
        model: String,
        /// `auto`, `cpu`, `cuda` or `cuda:N`.
        #[arg(long, default_value = "auto")]
        device: DeviceChoice,
        /// Answers generated at the same time.
        #[arg(long, default_value_t = 2)]
        parallel: usize,
    },
    /// Asks both servers the same, in turn, and prints a table.
    Compare(compare::Options),
}

#[tokio::main]
async fn main() -> ExitCode {
    // The process's choice, which comes before anything that may speak TLS.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let done = match Cli::parse().role {
        Role::Serve {
            listen,
            model_file,
            model,
            device,
            parallel,
        } => serve::serve(listen, &model_file, &model, device, parallel).await,
        Role::Compare(options) => compare::run(&options).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
