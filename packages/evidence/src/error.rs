//! Why nothing could be judged.

use thiserror::Error;

/// The question was wrong, or a file could not be read: there is no verdict.
#[derive(Debug, Error)]
pub enum EvidenceError {
    #[error("{file} is nothing that is known here: no evidence, certificate, list or manifest")]
    Unrecognised { file: String },
    #[error("{file} has {have} bytes, at most {limit}")]
    TooLarge {
        file: String,
        have: usize,
        limit: usize,
    },
    #[error("there is no quote and no report among the files, so there is nothing to verify")]
    NothingToVerify,
    #[error("time `{0}` is neither RFC 3339, such as 2026-09-01T00:00:00Z, nor Unix seconds")]
    Time(String),
    #[error("policy: {0}")]
    Policy(String),
    #[error("policy: file {file}: {source}")]
    PolicyFile {
        file: String,
        source: std::io::Error,
    },
}
