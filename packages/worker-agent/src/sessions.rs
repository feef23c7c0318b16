//! The sessions that this worker serves now, with their books.
//!
//! A session is asked of the chain once and then again now and then, since its owner may close it;
//! its terms never change. What it used under this boot's key is also in the journal, so a session
//! that rests can be dropped from memory at any time.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use secret_ai_interface::billing::{SessionAnswer, SessionAuth, SessionStatus};
use secret_ai_interface::{Kid, SessionId, WorkerId};

use crate::apart::apart_if;
use crate::auth::Credential;
use crate::chain::Chain;
use crate::clock::{ChainTime, Clock};
use crate::common_terms::CommonTerms;
use crate::error::ApiError;
use crate::journal::{Journal, Record};
use crate::limits::LimitsConfig;
use crate::lookups::Lookups;
use crate::session::{lock, Session};
use crate::short;

/// How long an unknown session is not asked for again, seconds.
const UNKNOWN_S: u64 = 2;
/// Most unknown sessions remembered.
const MAX_UNKNOWN: usize = 4_096;
/// A session that was not used for this long is dropped from memory, seconds.
const IDLE_S: u64 = 600;
/// While the chain cannot be reached, sessions are served for this many refresh periods.
pub(crate) const STALE_PERIODS: u64 = 10;

/// The table of sessions.
pub struct Sessions {
    worker_id: WorkerId,
    kid: Kid,
    chain: Arc<dyn Chain>,
    journal: Arc<Journal>,
    clock: Arc<dyn Clock>,
    /// How old the chain's word may be, seconds.
    refresh_s: u64,
    table: Mutex<Table>,
    unknown: Mutex<HashMap<(SessionId, Vec<u8>), u64>>,
    lookups: Lookups,
    contract_time: ChainTime,
}

/// What is in memory.
#[derive(Default)]
struct Table {
    sessions: HashMap<SessionId, Arc<Session>>,
    common: CommonTerms,
    /// How often sessions were dropped.
    drops: u64,
}

impl Sessions {
    /// An empty table for one boot of a worker.
    pub fn new(
        worker_id: WorkerId,
        kid: Kid,
        chain: Arc<dyn Chain>,
        journal: Arc<Journal>,
        clock: Arc<dyn Clock>,
        refresh_s: u64,
        limits: &LimitsConfig,
    ) -> Self {
        Sessions {
            worker_id,
            kid,
            chain,
            journal,
            contract_time: ChainTime::new(clock.clone()),
            clock,
            refresh_s,
            table: Mutex::default(),
            unknown: Mutex::default(),
            lookups: Lookups::new(limits),
        }
    }

    /// The open session that a credential names. `from`: who shows it.
    ///
    /// # Errors
    /// 401 if there is none, 402 if it takes no more requests, 403 if it is another worker's, 503
    /// if the chain cannot be asked or the journal could not store a receipt.
    pub async fn open_session(
        &self,
        credential: &Credential,
        from: Option<IpAddr>,
    ) -> Result<Arc<Session>, ApiError> {
        self.journal.check_room().map_err(|error| {
            tracing::warn!(%error, "a request is refused");
            ApiError::busy("this worker cannot store receipts now")
        })?;
        let session = match self.known(&credential.session_id) {
            Some(session) => {
                if session.auth != credential.auth {
                    return Err(unknown_session());
                }
                self.keep_fresh(&session).await?;
                session
            }
            None => self.load(credential, from).await?,
        };
        session.state().used_at = self.clock.uptime();
        session.check_open(self.contract_time())?;
        Ok(session)
    }

    /// Takes note of contract time, unix seconds, as the chain tells it.
    pub fn set_contract_time(&self, contract: u64) {
        self.contract_time.learn(contract);
    }

    /// Unix seconds of contract time, as far as this machine knows.
    pub fn contract_time(&self) -> u64 {
        self.contract_time.now()
    }

    /// Whether a credential is that of a session in memory.
    pub fn knows(&self, credential: &Credential) -> bool {
        let session = self.known(&credential.session_id);
        session.is_some_and(|session| session.auth == credential.auth)
    }

    /// Sessions in memory.
    pub fn count(&self) -> usize {
        lock(&self.table).sessions.len()
    }

    /// What records are worth at most, of sessions in memory, base units by token.
    pub fn value(&self, records: &[Record]) -> HashMap<String, u128> {
        let mut value: HashMap<String, u128> = HashMap::new();
        let table = lock(&self.table);
        for record in records {
            let id = record.receipt.body.session_id.into();
            let Some(session) = table.sessions.get(&id) else {
                continue;
            };
            let sum = value.entry(session.token.to_string()).or_default();
            *sum = sum.saturating_add(session.price(record));
        }
        value
    }

    /// Drops sessions that rest from memory.
    pub fn drop_idle(&self) {
        let now = self.clock.uptime();
        let mut table = lock(&self.table);
        let before = table.sessions.len();
        table.sessions.retain(|_, session| {
            let in_use = Arc::strong_count(session) > 1;
            let state = session.state();
            // What other boots used may be known from the first load only (a journal was lost).
            let is_plain =
                state.ledger.earlier().amount == 0 || state.status != SessionStatus::Open;
            in_use || !is_plain || now.saturating_sub(state.used_at) < IDLE_S
        });
        if table.sessions.len() < before {
            table.drops = table.drops.wrapping_add(1);
        }
    }

    fn known(&self, id: &SessionId) -> Option<Arc<Session>> {
        lock(&self.table).sessions.get(id).cloned()
    }

    async fn keep_fresh(&self, session: &Session) -> Result<(), ApiError> {
        let now = self.clock.uptime();
        let age = now.saturating_sub(session.state().checked_at);
        if age < self.refresh_s {
            return Ok(());
        }
        match self.chain.session(session.id, &session.auth).await {
            Ok(Some(answer)) => session.refresh(answer, now),
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

    /// Asks the chain about a session that is not in memory.
    async fn load(
        &self,
        credential: &Credential,
        from: Option<IpAddr>,
    ) -> Result<Arc<Session>, ApiError> {
        let (id, auth) = (credential.session_id, &credential.auth);
        let now = self.clock.uptime();
        let marker = (id, authenticator(auth));
        let refused_at = lock(&self.unknown).get(&marker).copied();
        if refused_at.is_some_and(|at| now.saturating_sub(at) < UNKNOWN_S) {
            return Err(unknown_session());
        }
        let turn = self.lookups.turn(from).await;
        let _turn = turn.ok_or_else(|| ApiError::busy("too many sessions are being looked up"))?;
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
        self.open_books(answer, now).await
    }

    /// Takes a session into memory, with what the journal holds of it. Several requests may come here at
    /// once: the first one's books count.
    async fn open_books(&self, answer: SessionAnswer, now: u64) -> Result<Arc<Session>, ApiError> {
        let id = answer.session_id;
        loop {
            let drops = lock(&self.table).drops;
            let journal = self.journal.clone();
            // The disk may take its time.
            let read = apart_if(true, move || journal.session(id.as_bytes()));
            let records = read.await?.map_err(|error| {
                tracing::error!(%error, "cannot read the journal");
                ApiError::internal()
            })?;
            let mut table = lock(&self.table);
            if let Some(session) = table.sessions.get(&id) {
                return Ok(session.clone());
            }
            // Perhaps it was served and dropped again meanwhile: what was read would be too old.
            if table.drops != drops {
                continue;
            }
            let session = Arc::new(Session::new(
                answer,
                &mut table.common,
                self.kid,
                &records,
                now,
            ));
            table.sessions.insert(id, session.clone());
            tracing::info!(session = short(&id), "session loaded");
            return Ok(session);
        }
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
