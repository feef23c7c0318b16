//! Errors of the library's own calls; what goes wrong inside a transaction is a [`crate::Failure`].

use thiserror::Error;

use crate::address::AddressError;
use crate::gas::OutOfGas;
use crate::host::Fault;
use crate::tx::{EntryPoint, ErrorText, Failure};

/// A call that could not be carried out.
#[derive(Debug, Error)]
pub enum DevnetError {
    #[error("genesis balance of {address}: {source}")]
    GenesisAddress {
        address: String,
        source: AddressError,
    },
    #[error("genesis balances of {denom} add up to more than 2^128 - 1")]
    GenesisSupply { denom: String },
    #[error("development root of the quote verification: {0}")]
    DcapRoot(secret_ai_attestation::Error),
    #[error("time would go back from {now_ns} ns to {wanted_ns} ns")]
    TimeGoesBack { now_ns: u64, wanted_ns: u64 },
    #[error("no contract at {0}")]
    UnknownContract(String),
    #[error("no code with id {0}")]
    UnknownCode(u64),
    #[error("transaction failed: {}", .0.plain())]
    Failed(Box<Failure>),
    #[error("query failed: {0}")]
    Query(#[from] QueryError),
    #[error("not the json expected: {0}")]
    Json(#[from] serde_json::Error),
}

/// A query that got no answer.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum QueryError {
    #[error("no contract at {0}")]
    UnknownContract(String),
    #[error("code hash given is {given}, contract {contract} runs {actual}")]
    CodeHash {
        contract: String,
        given: String,
        actual: String,
    },
    /// The contract's own error text, which the server encrypts.
    #[error("{}", .0.trim_end())]
    Contract(String),
    #[error("query ran out of gas: limit {limit}")]
    OutOfGas { limit: u64 },
    /// The chain's own words: a trap, a missing entry point, an answer that is no query result.
    #[error("{0}")]
    Chain(String),
}

/// What stops a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ExecError {
    /// Stops the whole transaction, whatever the replies.
    OutOfGas,
    Failed {
        codespace: &'static str,
        code: u32,
        text: ErrorText,
    },
}

impl From<OutOfGas> for ExecError {
    fn from(_: OutOfGas) -> Self {
        ExecError::OutOfGas
    }
}

impl ExecError {
    /// An error of the SDK's.
    pub fn sdk(code: u32, text: impl Into<String>) -> Self {
        Self::Failed {
            codespace: "sdk",
            code,
            text: ErrorText::chain(text),
        }
    }

    /// An error of the compute module's.
    pub fn compute(code: u32, text: impl Into<String>) -> Self {
        Self::Failed {
            codespace: "compute",
            code,
            text: ErrorText::chain(text),
        }
    }

    /// A call that the enclave broke off.
    pub fn fault(entry: EntryPoint, fault: &Fault) -> Self {
        let (code, suffix) = failed(entry);
        match fault {
            Fault::OutOfGas => Self::OutOfGas,
            fault => Self::compute(code, format!("Execution error: Enclave: {fault}{suffix}")),
        }
    }

    /// A contract's own error.
    pub fn contract(entry: EntryPoint, text: String) -> Self {
        let (code, suffix) = failed(entry);
        Self::Failed {
            codespace: "compute",
            code,
            text: ErrorText {
                before: String::new(),
                contract: Some(text),
                after: suffix.to_owned(),
            },
        }
    }

    /// The same error with words of the chain's put before.
    pub fn wrap(mut self, words: &str) -> Self {
        if let Self::Failed { text, .. } = &mut self {
            text.before.insert_str(0, words);
        }
        self
    }

    /// The error of a reply whose own messages failed.
    pub fn of_reply(self) -> Self {
        let (reply_code, suffix) = failed(EntryPoint::Reply);
        match self {
            Self::OutOfGas => Self::OutOfGas,
            Self::Failed { mut text, .. } => {
                text.after.push_str(suffix);
                Self::Failed {
                    codespace: "compute",
                    code: reply_code,
                    text,
                }
            }
        }
    }
}

/// Code and words of a failed call.
fn failed(entry: EntryPoint) -> (u32, &'static str) {
    match entry {
        EntryPoint::Instantiate => (2, ": instantiate contract failed"),
        EntryPoint::Execute => (3, ": execute contract failed"),
        EntryPoint::Query => (4, ": query contract failed"),
        EntryPoint::Migrate => (5, ": migrate contract failed"),
        EntryPoint::Reply => (19, ": reply to contract failed"),
    }
}
