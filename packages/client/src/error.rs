//! What can go wrong, in words that tell what to do.

use secret_ai_chain_client::ChainError;
use snafu::Snafu;

/// Errors of the client. None carries a key, a prompt or an answer.
#[derive(Debug, Snafu)]
#[snafu(visibility(pub(crate)))]
pub enum ClientError {
    #[snafu(display("{source}"), context(false))]
    Chain { source: ChainError },
    #[snafu(display("configuration: {problem}"))]
    Config { problem: String },
    #[snafu(display("{field}: {problem}"))]
    Input {
        field: &'static str,
        problem: String,
    },
    /// The worker refused the request.
    #[snafu(display("worker answered HTTP {status}: {message}"))]
    Worker { status: u16, message: String },
    #[snafu(display("worker cannot be reached: {problem}"))]
    Unreachable { problem: String },
    /// The connection broke after the request was sent: it may have been served.
    #[snafu(display("worker did not answer to the end: {problem}"))]
    BrokeOff { problem: String },
    /// What answers at the worker's address does not have the keys that the registry attested: the
    /// worker was started again, or it is somebody else.
    #[snafu(display(
        "the worker's address answers with other keys than the registry attested; if it was \
         started again, try again in a minute"
    ))]
    OtherBoot,
    /// The worker's answer or receipt is not what it must be. Do not trust this worker.
    #[snafu(display("verification failed: {problem}"))]
    Verification { problem: String },
    #[snafu(display("file {path}: {source}"))]
    File {
        path: String,
        source: std::io::Error,
    },
}

impl ClientError {
    pub(crate) fn input(field: &'static str, problem: impl Into<String>) -> Self {
        ClientError::Input {
            field,
            problem: problem.into(),
        }
    }

    pub(crate) fn verification(problem: impl Into<String>) -> Self {
        ClientError::Verification {
            problem: problem.into(),
        }
    }
}

/// Result of this crate.
pub type Result<T> = std::result::Result<T, ClientError>;
