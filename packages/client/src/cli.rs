//! The command line of `secret-ai`.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use secret_ai_interface::WorkerId;

/// Confidential AI inference, paid privately on Secret Network.
#[derive(Parser, Debug)]
#[command(name = "secret-ai", version, max_term_width = 100)]
pub struct Cli {
    /// Configuration file.
    #[arg(
        long,
        env = "SECRET_AI_CONFIG",
        default_value = "secret-ai.toml",
        global = true
    )]
    pub config: PathBuf,
    #[command(subcommand)]
    pub command: Command,
}

/// What can be done. Amounts are base units of a token.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Lists what active workers offer, with their prices.
    Workers {
        /// Only this model.
        #[arg(long)]
        model: Option<String>,
    },
    /// Shows what is in the wallet, free in billing, and in sessions.
    Balance,
    /// Moves tokens from the wallet to the free balance in billing.
    Deposit {
        /// Base units.
        amount: u128,
        /// Address of the token; the first that billing accepts if absent.
        #[arg(long)]
        token: Option<String>,
    },
    /// Opens a session with a worker, paid from the free balance.
    Open {
        /// Model to use.
        #[arg(long)]
        model: String,
        /// Most that the session may cost, base units.
        #[arg(long)]
        cap: u128,
        /// Most that is paid beyond what this client countersigned, base units; all of cap if
        /// absent.
        #[arg(long)]
        slack: Option<u128>,
        /// How long the worker may serve, e.g. `24h`.
        #[arg(long, default_value = "24h")]
        expires: humantime::Duration,
        /// This worker; the cheapest active one if absent.
        #[arg(long)]
        worker: Option<WorkerId>,
        /// Address of the token; the first that billing accepts if absent.
        #[arg(long)]
        token: Option<String>,
        /// Sign every request and countersign every receipt, instead of a bearer secret.
        #[arg(long)]
        countersign: bool,
    },
    /// Asks a question; streams the answer, then verifies and shows its receipt.
    Chat {
        /// The question.
        prompt: String,
        /// First digits of the session's id; the newest open session if absent.
        #[arg(long)]
        session: Option<String>,
        /// The session's model, if it has several.
        #[arg(long)]
        model: Option<String>,
        /// Most tokens of the answer.
        #[arg(long)]
        max_tokens: Option<u64>,
        /// Most that the answer may cost, base units.
        #[arg(long)]
        max_charge: Option<u128>,
    },
    /// Shows all sessions with what they used and paid.
    Usage,
    /// Prints a session's API key, for any program that speaks OpenAI's API. Keep it secret.
    Key {
        /// First digits of the session's id; the newest open session if absent.
        #[arg(long)]
        session: Option<String>,
    },
    /// Ends a session; what is left comes back after the challenge window, by `reclaim`.
    Close {
        /// First digits of the session's id; the newest open session if absent.
        #[arg(long)]
        session: Option<String>,
    },
    /// Moves what ended sessions left back to the free balance.
    Reclaim,
    /// Moves free balance back to the wallet.
    Withdraw {
        /// Base units; all if absent.
        amount: Option<u128>,
        /// Address of the token; the first that billing accepts if absent.
        #[arg(long)]
        token: Option<String>,
    },
}
