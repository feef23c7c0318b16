//! What the adversary is given, and the truth that it is not.

use secret_devnet::observer::TxView;

/// The kind of a transaction; public by design (docs/privacy.md).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Challenge and registration of a worker.
    Register,
    /// `open_sessions` with one session.
    Open,
    Settle,
    Finalize,
    Claim,
    /// Deposits, closes, reclaims.
    Other,
}

/// A transaction as everybody sees it.
#[derive(Clone, Debug)]
pub struct Seen {
    pub class: Class,
    /// Block height.
    pub height: u64,
    /// Block time, Unix seconds.
    pub time_s: u64,
    pub view: TxView,
}

/// What everybody knows without any trace.
#[derive(Clone, Debug)]
pub struct Public {
    /// Address of the rewards contract.
    pub rewards: String,
    /// Operator's wallet of every worker.
    pub operators: Vec<String>,
    /// Share of the sessions of every worker; sums to 1. More than any real adversary knows.
    pub shares: Vec<f64>,
    /// `models[w][m]`: share of model m among the sessions of worker w; 0 if it does not list it.
    pub models: Vec<Vec<f64>>,
    /// Entries that one `finalize` works off: the adversary may be the crank.
    pub limit: usize,
}

/// What a session was opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    pub worker: usize,
    pub model: usize,
}

/// A session that the adversary opened itself: it knows the choice.
#[derive(Clone, Copy, Debug)]
pub struct Own {
    /// Place among all `open_sessions` of the trace.
    pub session: usize,
    pub choice: Choice,
}

/// All that the adversary has.
#[derive(Clone, Debug)]
pub struct Evidence {
    pub trace: Vec<Seen>,
    pub public: Public,
    pub own: Vec<Own>,
}

/// A day that was played.
#[derive(Clone, Debug)]
pub struct Game {
    pub evidence: Evidence,
    /// One per `open_sessions` in the order of the trace, the adversary's own included.
    pub truth: Vec<Choice>,
    /// Receipts that were settled.
    pub entries: usize,
    /// Receipts that found no room in their worker's page and waited for the next round.
    pub late: usize,
}

impl Evidence {
    /// The sessions that are to be guessed, of `sessions` in all.
    pub fn targets(&self, sessions: usize) -> Vec<usize> {
        let is_own = |session: &usize| self.own.iter().any(|own| own.session == *session);
        (0..sessions).filter(|s| !is_own(s)).collect()
    }
}
