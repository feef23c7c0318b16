//! The sessions that this worker serves now, with their books.
//!
//! A session is asked of the chain once and then again now and then, since its owner may close it;
//! its terms never change. What it used under this boot's key is also in the journal, so a session
//! that rests can be dropped from memory at any time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use secret_ai_interface::billing::{Line, SessionAnswer, SessionAuth, SessionStatus};
use secret_ai_interface::{SessionId, WorkerId};
use secret_ai_receipts::{Ack, LineCount, Receipt, Signed};
use tokio::sync::Semaphore;

use crate::auth::{Credential, Nonces};
use crate::chain::Chain;
use crate::clock::Clock;
use crate::error::ApiError;
use crate::journal::{Journal, Record};
use crate::ledger::{Earlier, Ledger, Own, Reservation, Terms};
use crate::short;

/// Questions about sessions that may wait for the chain at once.
const MAX_LOOKUPS: usize = 32;
/// How long an unknown session is not asked for again, seconds.
const UNKNOWN_S: u64 = 2;
/// Most unknown sessions remembered.
const MAX_UNKNOWN: usize = 4_096;
/// A session that was not used for this long is dropped from memory, seconds.
const IDLE_S: u64 = 600;
/// While the chain cannot be reached, sessions are served for this many refresh periods.
const STALE_PERIODS: u64 = 10;

/// A session of this worker.
pub struct Session {
    pub id: SessionId,
    /// SNIP-20 contract.
    pub token: String,
    pub lines: Vec<Line>,
    auth: SessionAuth,
    state: Mutex<State>,
}

/// What changes about a session.
pub struct State {
    pub ledger: Ledger,
    pub nonces: Nonces,
    /// Newest receipt of this boot.
    pub newest: Option<Signed<Receipt>>,
    /// Unix seconds of contract time after which no receipt counts.
    pub deadline: u64,
    status: SessionStatus,
    expires: u64,
    checked_at: u64,
    used_at: u64,
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

    fn new(answer: SessionAnswer, kid: &[u8; 20], records: &[Record], now: u64) -> Self {
        let rates: Vec<u64> = answer.lines.iter().map(|line| line.rate).collect();
        let (cap, slack) = (answer.cap.u128(), answer.slack.u128());
        let (own, others): (Vec<_>, Vec<_>) = records
            .iter()
            .partition(|record| record.receipt.body.kid == *kid);
        let own = own.first();
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
            newest: own.map(|record| record.receipt.clone()),
            deadline: answer.deadline,
            status: answer.status,
            expires: answer.expires,
            checked_at: now,
            used_at: now,
        };
        Session {
            id: answer.session_id,
            token: answer.token.into_string(),
            lines: answer.lines,
            auth: answer.auth,
            state: Mutex::new(state),
        }
    }

    fn refresh(&self, answer: &SessionAnswer, now: u64) {
        let mut state = self.state();
        state.status = answer.status;
        state.expires = answer.expires;
        state.deadline = answer.deadline;
        state.checked_at = now;
    }

    /// # Errors
    /// 402 if the session takes no requests any more. `now`: unix seconds of contract time.
    fn check_open(&self, now: u64) -> Result<(), ApiError> {
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
        Ok(())
    }
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

/// The table of sessions.
pub struct Sessions {
    worker_id: WorkerId,
    kid: [u8; 20],
    chain: Arc<dyn Chain>,
    journal: Arc<Journal>,
    clock: Arc<dyn Clock>,
    /// How old the chain's word may be, seconds.
    refresh_s: u64,
    table: Mutex<HashMap<SessionId, Arc<Session>>>,
    unknown: Mutex<HashMap<(SessionId, Vec<u8>), u64>>,
    lookups: Semaphore,
    /// Contract time minus this machine's time, seconds.
    offset: Mutex<i64>,
}

impl Sessions {
    /// An empty table for one boot of a worker.
    pub fn new(
        worker_id: WorkerId,
        kid: [u8; 20],
        chain: Arc<dyn Chain>,
        journal: Arc<Journal>,
        clock: Arc<dyn Clock>,
        refresh_s: u64,
    ) -> Self {
        Sessions {
            worker_id,
            kid,
            chain,
            journal,
            clock,
            refresh_s,
            table: Mutex::default(),
            unknown: Mutex::default(),
            lookups: Semaphore::new(MAX_LOOKUPS),
            offset: Mutex::new(0),
        }
    }

    /// The open session that a credential names.
    ///
    /// # Errors
    /// 401 if there is none, 402 if it takes no more requests, 403 if it is another worker's, 503
    /// if the chain cannot be asked.
    pub async fn open_session(&self, credential: &Credential) -> Result<Arc<Session>, ApiError> {
        let known = lock(&self.table).get(&credential.session_id).cloned();
        let session = match known {
            Some(session) => {
                if session.auth != credential.auth {
                    return Err(unknown_session());
                }
                self.keep_fresh(&session).await?;
                session
            }
            None => self.load(credential).await?,
        };
        session.state().used_at = self.clock.now();
        session.check_open(self.contract_time())?;
        Ok(session)
    }

    /// Learns how contract time runs beside this machine's.
    pub fn set_contract_time(&self, contract: u64) {
        let offset = i128::from(contract) - i128::from(self.clock.now());
        *lock(&self.offset) = i64::try_from(offset).unwrap_or(0);
    }

    /// Unix seconds of contract time, as far as this machine knows.
    pub fn contract_time(&self) -> u64 {
        self.clock.now().saturating_add_signed(*lock(&self.offset))
    }

    /// Drops sessions that rest from memory.
    pub fn drop_idle(&self) {
        let now = self.clock.now();
        lock(&self.table).retain(|_, session| {
            let in_use = Arc::strong_count(session) > 1;
            let state = session.state();
            // What other boots used may be known from the first load only (a journal was lost).
            let is_plain =
                state.ledger.earlier().amount == 0 || state.status != SessionStatus::Open;
            in_use || !is_plain || now.saturating_sub(state.used_at) < IDLE_S
        });
    }

    async fn keep_fresh(&self, session: &Session) -> Result<(), ApiError> {
        let now = self.clock.now();
        let age = now.saturating_sub(session.state().checked_at);
        if age < self.refresh_s {
            return Ok(());
        }
        match self.chain.session(session.id, &session.auth).await {
            Ok(Some(answer)) => session.refresh(&answer, now),
            Ok(None) => return Err(unknown_session()),
            Err(error) if age < self.refresh_s.saturating_mul(STALE_PERIODS) => {
                tracing::warn!(%error, session = short(&session.id), "cannot refresh a session");
            }
            Err(error) => {
                tracing::warn!(%error, session = short(&session.id), "cannot check a session");
                return Err(ApiError::busy(
                    "the chain cannot be asked about the session",
                ));
            }
        }
        Ok(())
    }

    async fn load(&self, credential: &Credential) -> Result<Arc<Session>, ApiError> {
        let (id, auth) = (credential.session_id, &credential.auth);
        let now = self.clock.now();
        let marker = (id, authenticator(auth));
        let refused_at = lock(&self.unknown).get(&marker).copied();
        if refused_at.is_some_and(|at| now.saturating_sub(at) < UNKNOWN_S) {
            return Err(unknown_session());
        }
        let _turn = self
            .lookups
            .try_acquire()
            .map_err(|_| ApiError::busy("too many sessions are being looked up"))?;
        let answer = self.chain.session(id, auth).await.map_err(|error| {
            tracing::warn!(%error, session = short(&id), "cannot look up a session");
            ApiError::busy("the chain cannot be asked about the session")
        })?;
        let Some(answer) = answer.filter(|a| a.session_id == id && a.auth == *auth) else {
            let mut unknown = lock(&self.unknown);
            if unknown.len() >= MAX_UNKNOWN {
                unknown.clear();
            }
            unknown.insert(marker, now);
            return Err(unknown_session());
        };
        if answer.worker_id != self.worker_id {
            return Err(ApiError::other_worker());
        }
        // Two requests may both come here; the journal is read under the lock, so that the books
        // opened are never older than a session that was dropped meanwhile.
        let mut table = lock(&self.table);
        if let Some(session) = table.get(&id) {
            return Ok(session.clone());
        }
        let records = self.journal.session(id.as_bytes()).map_err(|error| {
            tracing::error!(%error, "cannot read the journal");
            ApiError::internal()
        })?;
        let session = Arc::new(Session::new(answer, &self.kid, &records, now));
        table.insert(id, session.clone());
        tracing::info!(session = short(&id), "session loaded");
        Ok(session)
    }
}

fn authenticator(auth: &SessionAuth) -> Vec<u8> {
    match auth {
        SessionAuth::H(digest) => digest.as_bytes().to_vec(),
        SessionAuth::K(key) => key.as_bytes().to_vec(),
    }
}

fn unknown_session() -> ApiError {
    ApiError::unauthorized("unknown_session", "no session has this id and key")
}

/// A panic elsewhere leaves numbers behind that are whole: each change is one assignment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
