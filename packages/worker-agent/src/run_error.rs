//! Why a worker or a watchtower cannot run.

use std::io;
use std::path::PathBuf;

use secret_ai_chain_client::ChainError;
use snafu::Snafu;

use crate::boot::BootError;
use crate::engines::EnginesError;
use crate::evidence::EvidenceError;
use crate::journal::JournalError;
use crate::tls::TlsError;

/// Why the agent cannot run.
#[derive(Debug, Snafu)]
#[snafu(visibility(pub(crate)))]
pub enum RunError {
    #[snafu(transparent)]
    Chain { source: ChainError },
    #[snafu(transparent)]
    Boot { source: BootError },
    #[snafu(transparent)]
    Journal { source: JournalError },
    #[snafu(transparent)]
    Engines { source: EnginesError },
    #[snafu(transparent)]
    Evidence { source: EvidenceError },
    #[snafu(transparent)]
    Tls { source: TlsError },
    #[snafu(display("{}: {source}", path.display()))]
    File { path: PathBuf, source: io::Error },
    #[snafu(display("http server: {source}"))]
    Server { source: io::Error },
    #[snafu(display("watchtower: {problem}"))]
    Watchtower { problem: String },
    #[snafu(display("chain: {problem}"))]
    Mismatch { problem: String },
    #[snafu(display("no answer from {names}"))]
    Silent { names: String },
}
