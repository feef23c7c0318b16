//! What can go wrong, told apart so that callers can act on it.

use snafu::Snafu;

/// Errors of this crate. None of them carries a key, a message or an answer; only
/// [`ChainError::Contract`] carries decrypted text: the contract's own words to its caller.
#[derive(Debug, Snafu)]
#[snafu(visibility(pub(crate)))]
pub enum ChainError {
    /// The contract refused; nothing has changed on the chain.
    #[snafu(display("contract: {message}"))]
    Contract {
        /// The contract's decrypted error text, or the enclave's when it is not encrypted.
        message: String,
        /// Upper-case hex hash of the failed transaction; none for a query.
        txhash: Option<String>,
    },
    /// The transaction needed more gas than it was given.
    #[snafu(display("out of gas: used {used} of {wanted} (tx {txhash})"))]
    OutOfGas {
        used: u64,
        wanted: u64,
        txhash: String,
    },
    /// The chain refused the transaction for a reason of its own (fee, signature, funds, …).
    #[snafu(display("chain refused the transaction: {codespace} code {code}: {log}"))]
    Rejected {
        codespace: String,
        code: u32,
        log: String,
    },
    /// Not in a block after the time that the client waits. It may still come.
    #[snafu(display("transaction {txhash} is in no block after {waited_s} s"))]
    NotIncluded { txhash: String, waited_s: u64 },
    /// The node has no such thing.
    #[snafu(display("node has no {what}"))]
    NotFound { what: String },
    /// The node answered a request with an error.
    #[snafu(display("node answered {path} with HTTP {status}: {message}"))]
    Node {
        path: String,
        status: u16,
        message: String,
    },
    /// The node could not be reached, also after retries.
    #[snafu(display("cannot reach {url}: {reason}"))]
    Unreachable { url: String, reason: String },
    /// The node's answer has not the form that it must have.
    #[snafu(display("node's answer: {what}"))]
    BadAnswer { what: String },
    /// The node serves another chain than the one this client signs for.
    #[snafu(display("node serves chain {got}, this client expects {expected}"))]
    WrongChain { got: String, expected: String },
    /// The caller gave something unusable.
    #[snafu(display("{what}"))]
    Invalid { what: String },
    /// Authenticated decryption failed: wrong key or changed bytes.
    #[snafu(display("cannot decrypt {what}"))]
    Decrypt { what: &'static str },
}

impl ChainError {
    pub(crate) fn bad_answer(what: impl Into<String>) -> Self {
        Self::BadAnswer { what: what.into() }
    }

    pub(crate) fn invalid(what: impl Into<String>) -> Self {
        Self::Invalid { what: what.into() }
    }

    /// True when the account's sequence had moved since the client asked for it.
    pub fn is_sequence_mismatch(&self) -> bool {
        matches!(self, Self::Rejected { codespace, code: 32, .. } if codespace == "sdk")
    }
}
