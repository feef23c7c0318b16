//! One session as this worker keeps it: its terms, its books, and whether it may be served.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use secret_ai_interface::billing::{Line, SessionAnswer, SessionAuth, SessionStatus, MAX_KEYS};
use secret_ai_interface::{Kid, SessionId};
use secret_ai_receipts::{Ack, LineCount, Receipt, Signed};

use crate::auth::Nonces;
use crate::common_terms::CommonTerms;
use crate::error::ApiError;
use crate::journal::Record;
use crate::ledger::{Earlier, Ledger, Own, Reservation, Terms};
use crate::limits::Pace;

/// A session of this worker.
pub struct Session {
    pub id: SessionId,
    /// SNIP-20 contract.
    pub token: Arc<str>,
    pub lines: Arc<[Line]>,
    pub(crate) auth: SessionAuth,
    /// This boot's receipt key.
    kid: Kid,
    /// Receipt keys of earlier boots with receipts of this session.
    earlier_kids: Vec<Kid>,
    state: Mutex<State>,
}

/// What changes about a session.
pub struct State {
    pub ledger: Ledger,
    pub nonces: Nonces,
    pub(crate) pace: Pace,
    /// Newest receipt of this boot.
    pub newest: Option<Signed<Receipt>>,
    /// Unix seconds of contract time after which no receipt counts.
    pub deadline: u64,
    pub(crate) status: SessionStatus,
    /// Receipt keys that billing has seen.
    keys: Vec<Kid>,
    expires: u64,
    pub(crate) checked_at: u64,
    pub(crate) used_at: u64,
}

impl Session {
    /// The changing part; never held while waiting.
    pub fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Takes note of an ack whose signature is checked; true if it says something new.
    ///
    /// # Errors
    /// 401 for an ack of something that was never used.
    pub fn acknowledge(&self, ack: &Signed<Ack>) -> Result<bool, ApiError> {
        let mut state = self.state();
        let before = state.ledger.own().acked;
        let result = state.ledger.acknowledge(ack.body.seq, ack.body.amount);
        result.map_err(|e| {
            ApiError::unauthorized("bad_ack", e.to_string()).about(crate::auth::ACK)
        })?;
        Ok(state.ledger.own().acked > before)
    }

    /// Opens the books of a session from what billing says and the journal holds. `now`: this
    /// machine's uptime, seconds.
    pub(crate) fn new(
        answer: SessionAnswer,
        common: &mut CommonTerms,
        kid: Kid,
        records: &[Record],
        now: u64,
    ) -> Self {
        let rates: Vec<u64> = answer.lines.iter().map(|line| line.rate).collect();
        let (cap, slack) = (answer.cap.u128(), answer.slack.u128());
        let (own, others): (Vec<_>, Vec<_>) = records
            .iter()
            .partition(|record| record.receipt.body.kid == kid.0);
        let own = own.first();
        let earlier_kids: Vec<Kid> = others.iter().map(|r| r.receipt.body.kid.into()).collect();
        let own_price = own.map_or(0, |record| price(&rates, record));
        let earlier_paid = answer.paid.u128().saturating_sub(own_price);
        let earlier = earlier(&rates, &others, earlier_paid, slack);
        let restored = own.map_or_else(Own::default, |record| Own {
            counters: record.receipt.body.counters.clone(),
            seq: record.receipt.body.seq,
            acked: record.ack.as_ref().map_or(0, |ack| ack.body.amount),
        });
        let state = State {
            ledger: Ledger::new(Terms { rates, cap, slack }, earlier, restored),
            nonces: Nonces::default(),
            pace: Pace::default(),
            newest: own.map(|record| record.receipt.clone()),
            deadline: answer.deadline,
            status: answer.status,
            keys: answer.keys,
            expires: answer.expires,
            checked_at: now,
            used_at: now,
        };
        Session {
            id: answer.session_id,
            token: common.tokens.get(answer.token.as_str()),
            lines: common.lines.get(&answer.lines),
            auth: answer.auth,
            kid,
            earlier_kids,
            state: Mutex::new(state),
        }
    }

    /// Price of one of this session's receipts, base units.
    pub(crate) fn price(&self, record: &Record) -> u128 {
        let rates: Vec<u64> = self.lines.iter().map(|line| line.rate).collect();
        price(&rates, record)
    }

    /// Takes note of what billing says now. A node that lags behind opens nothing again that was
    /// closed. `now`: this machine's uptime, seconds.
    pub(crate) fn refresh(&self, answer: SessionAnswer, now: u64) {
        let mut state = self.state();
        if rank(answer.status) > rank(state.status) {
            state.status = answer.status;
        }
        if answer.keys.len() >= state.keys.len() {
            state.keys = answer.keys;
        }
        state.deadline = state.deadline.min(answer.deadline);
        state.checked_at = now;
    }

    /// # Errors
    /// 402 if the session takes no requests any more, or would not pay for them. `now`: unix seconds
    /// of contract time.
    pub(crate) fn check_open(&self, now: u64) -> Result<(), ApiError> {
        let state = self.state();
        if state.status != SessionStatus::Open {
            return Err(ApiError::payment(
                "session_closed",
                "the session is not open",
            ));
        }
        if now > state.expires {
            let expires = state.expires;
            let message = format!("the session expired at {expires}, it is {now}");
            return Err(ApiError::payment("session_expired", message));
        }
        if !pays_key(self.kid, &state.keys, &self.earlier_kids) {
            let message = format!(
                "the worker has restarted too often: the session pays {MAX_KEYS} receipt keys and \
                 this would be another one; open a new session"
            );
            return Err(ApiError::payment("session_keys_exhausted", message));
        }
        Ok(())
    }
}

/// A session's states come in this order, and never back.
fn rank(status: SessionStatus) -> u8 {
    match status {
        SessionStatus::Open => 0,
        SessionStatus::Closing => 1,
        SessionStatus::Ended => 2,
        SessionStatus::Reclaimed => 3,
    }
}

/// Whether billing pays receipts of `kid` for a session that has paid those of `keys`: it pays the
/// first [`MAX_KEYS`] keys that it sees. What earlier boots left to settle may come first.
fn pays_key(kid: Kid, keys: &[Kid], earlier: &[Kid]) -> bool {
    let unseen = earlier.iter().filter(|key| !keys.contains(key)).count();
    keys.contains(&kid) || keys.len().saturating_add(unseen) < MAX_KEYS
}

/// Books under earlier receipt keys, from the journal and from what the chain has paid: whatever
/// of the payment the journal does not explain is taken as not countersigned.
fn earlier(rates: &[u64], records: &[&Record], paid: u128, slack: u128) -> Earlier {
    let mut known = 0u128;
    let mut acked = 0u128;
    for record in records {
        let price = price(rates, record);
        let ack = record.ack.as_ref().map_or(0, |ack| ack.body.amount);
        known = known.saturating_add(price);
        acked = acked.saturating_add(ack.min(price));
    }
    let amount = known.max(paid);
    Earlier {
        amount,
        unacked: amount.saturating_sub(acked).min(slack),
    }
}

/// Price of a record's receipt, base units.
fn price(rates: &[u64], record: &Record) -> u128 {
    let lines = record.receipt.body.counters.iter().zip(rates);
    let counts = lines.map(|(count, rate)| LineCount {
        count: *count,
        rate: *rate,
    });
    secret_ai_receipts::amount(counts).unwrap_or(u128::MAX)
}

/// Units held for one request. Dropped without [`Held::commit`], they are given back.
pub struct Held {
    session: Arc<Session>,
    reservation: Option<Reservation>,
}

impl Held {
    /// Takes care of a reservation of this session.
    pub fn new(session: Arc<Session>, reservation: Reservation) -> Self {
        Held {
            session,
            reservation: Some(reservation),
        }
    }

    /// The session that pays.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Counts what was used, with the session locked until `issue` has made the receipt of it;
    /// `issue` gets the units counted.
    pub fn commit<T>(
        mut self,
        actual: Vec<u64>,
        issue: impl FnOnce(&mut State, &[u64]) -> T,
    ) -> Option<T> {
        let reservation = self.reservation.take()?;
        let mut state = self.session.state();
        let counted = state.ledger.commit(reservation, actual);
        Some(issue(&mut state, &counted))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(reservation) = self.reservation.take() {
            self.session.state().ledger.release(reservation);
        }
    }
}

/// A panic elsewhere leaves numbers behind that are whole: each change is one assignment.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
