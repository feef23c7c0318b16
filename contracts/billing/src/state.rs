//! Every slot of the contract, named once.
//!
//! | slot | rows | size | touched by |
//! | --- | --- | --- | --- |
//! | `config` | 1 | JSON, never changes but for `link_rewards` and the admin | all |
//! | `clock` | 1 | [`Clock`] | all that depends on time |
//! | `seed` | 1 | 32 bytes of secret randomness, source of session ids | `open_sessions`, queries |
//! | `account` | per user | [`Account`] | the user's own messages only |
//! | `terms` | per session | [`Terms`], written once | owner's messages, `finalize` |
//! | `progress` | per session | [`Progress`] | owner's messages, `finalize` |
//! | `tally` | per session and receipt key | [`Tally`] | `finalize` |
//! | `queue` | 1 | [`Queue`] | `settle`, `finalize`, what asks whether a session has ended |
//! | `pending` | per entry | [`Pending`] | `settle`, `finalize` |
//! | `credits` | per token | [`Credits`] | `finalize`, `payout` |
//!
//! Viewing keys, permits and the sealed channel are contract-kit's.

use cosmwasm_std::{from_slice, to_vec, Addr, Env, StdError, StdResult, Storage};
use hmac::{Hmac, KeyInit, Mac};
use secret_ai_contract_kit::row::{key, load, may_load, save, Reader, Row, Writer};
use secret_ai_interface::billing::{Line, SessionAuth, Timing, TokenConfig, MAX_TOKENS};
use secret_ai_interface::{
    Contract, Kid, SessionId, Unit, WorkerId, ADDRESS_LENGTH, MAX_LINES, MAX_MODEL_NAME,
};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::clock::{epoch_of, Clock};
use crate::error::ContractError;
use crate::money::{Account, Credits, Limits, Progress, Tally};

const CONFIG: &[u8] = b"config";
const CLOCK: &[u8] = b"clock";
const SEED: &[u8] = b"seed";
const QUEUE: &[u8] = b"queue";

/// Set at instantiation.
#[derive(Serialize, Deserialize, Clone)]
pub struct Config {
    pub admin: Addr,
    pub registry: Contract,
    pub tokens: Vec<TokenConfig>,
    pub timing: Timing,
    /// Set once by `link_rewards`.
    pub rewards: Option<Contract>,
}

impl Config {
    pub fn load(storage: &dyn Storage) -> StdResult<Config> {
        from_slice(&storage.get(CONFIG).unwrap_or_default())
    }

    pub fn save(&self, storage: &mut dyn Storage) -> StdResult<()> {
        storage.set(CONFIG, &to_vec(self)?);
        Ok(())
    }

    /// Place of a token in the list, with its row.
    pub fn token(&self, address: &Addr) -> Result<(u8, &TokenConfig), ContractError> {
        let found = (0u8..)
            .zip(&self.tokens)
            .find(|(_, t)| t.contract.address == *address);
        found.ok_or(ContractError::UnknownToken)
    }

    /// The token at a place in the list.
    pub fn token_at(&self, index: u8) -> Result<&TokenConfig, ContractError> {
        self.tokens
            .get(usize::from(index))
            .ok_or(ContractError::UnknownToken)
    }
}

impl Row for Clock {
    const SIZE: usize = 5 * 8;

    fn write(&self, out: &mut Writer) {
        out.u64(self.now);
        out.u64(self.block_s);
        out.u64(self.height);
        out.u64(self.paused_at.unwrap_or(u64::MAX));
        out.u64(self.no_pause_before);
    }

    fn read(from: &mut Reader) -> StdResult<Self> {
        Ok(Clock {
            now: from.u64()?,
            block_s: from.u64()?,
            height: from.u64()?,
            paused_at: Some(from.u64()?).filter(|t| *t != u64::MAX),
            no_pause_before: from.u64()?,
        })
    }
}

/// The clock at this block.
pub fn clock(storage: &dyn Storage, env: &Env) -> StdResult<Clock> {
    let clock = may_load(storage, CLOCK)?;
    let (block_s, height) = (env.block.time.seconds(), env.block.height);
    Ok(clock.map_or_else(
        || Clock::new(block_s, height),
        |c: Clock| c.at(block_s, height),
    ))
}

/// Advances the stored clock to this block.
pub fn tick(storage: &mut dyn Storage, env: &Env) -> StdResult<Clock> {
    let clock = clock(storage, env)?;
    save(storage, CLOCK, &clock);
    Ok(clock)
}

/// Stores a clock that a pause changed.
pub fn save_clock(storage: &mut dyn Storage, clock: &Clock) {
    save(storage, CLOCK, clock);
}

/// Stores the secret from which session ids are made.
pub fn save_seed(storage: &mut dyn Storage, seed: &[u8; 32]) {
    storage.set(SEED, seed);
}

/// Id of the owner's session with this counter: nobody can guess it, and no index is needed.
pub fn session_id(storage: &dyn Storage, owner: &Addr, counter: u32) -> StdResult<SessionId> {
    let seed = storage.get(SEED).unwrap_or_default();
    let mut mac = Hmac::<Sha256>::new_from_slice(&seed)
        .map_err(|_| StdError::generic_err("seed: missing"))?;
    mac.update(owner.as_bytes());
    mac.update(&counter.to_be_bytes());
    let digest: [u8; 32] = mac.finalize().into_bytes().into();
    Reader::new(&digest).hex()
}

impl Row for Account {
    const SIZE: usize = 16 * MAX_TOKENS + 4;

    fn write(&self, out: &mut Writer) {
        self.free.iter().for_each(|free| out.u128(*free));
        out.u32(self.sessions);
    }

    fn read(from: &mut Reader) -> StdResult<Self> {
        let mut account = Account::default();
        for free in &mut account.free {
            *free = from.u128()?;
        }
        account.sessions = from.u32()?;
        Ok(account)
    }
}

/// A user's account; empty if there is none yet.
pub fn account(storage: &dyn Storage, owner: &Addr) -> StdResult<Account> {
    Ok(may_load(storage, &key("account", &[owner.as_bytes()]))?.unwrap_or_default())
}

pub fn save_account(storage: &mut dyn Storage, owner: &Addr, account: &Account) {
    save(storage, &key("account", &[owner.as_bytes()]), account);
}

/// What owner and worker agreed on; never changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Terms {
    pub owner: Addr,
    /// The owner's sessions are numbered from 0.
    pub counter: u32,
    /// Place of the token in the config's list.
    pub token: u8,
    pub worker_id: WorkerId,
    pub limits: Limits,
    pub auth: SessionAuth,
    pub lines: Vec<Line>,
}

impl Terms {
    /// Rates in line order.
    pub fn rates(&self) -> Vec<u64> {
        self.lines.iter().map(|line| line.rate).collect()
    }
}

const MODEL_FIELD: u8 = MAX_MODEL_NAME as u8;
const LINE_SIZE: usize = 1 + MAX_MODEL_NAME + 1 + 8;

impl Row for Terms {
    const SIZE: usize =
        ADDRESS_LENGTH + 4 + 1 + 16 + (16 + 16 + 8) + (1 + 33) + 1 + MAX_LINES * LINE_SIZE;

    fn write(&self, out: &mut Writer) {
        out.address(&self.owner);
        out.u32(self.counter);
        out.u8(self.token);
        out.hex(&self.worker_id);
        out.u128(self.limits.cap);
        out.u128(self.limits.slack);
        out.u64(self.limits.expires);
        match &self.auth {
            SessionAuth::H(digest) => {
                out.u8(0);
                out.hex(digest);
                out.zeros(1);
            }
            SessionAuth::K(public_key) => {
                out.u8(1);
                out.hex(public_key);
            }
        }
        out.u8(u8::try_from(self.lines.len()).unwrap_or(u8::MAX));
        for line in &self.lines {
            out.text(&line.model, MODEL_FIELD);
            out.u8(line.unit.code());
            out.u64(line.rate);
        }
        let unused = MAX_LINES.saturating_sub(self.lines.len());
        out.zeros(unused.saturating_mul(LINE_SIZE));
    }

    fn read(from: &mut Reader) -> StdResult<Self> {
        let owner = from.address()?;
        let counter = from.u32()?;
        let token = from.u8()?;
        let worker_id = from.hex()?;
        let limits = Limits {
            cap: from.u128()?,
            slack: from.u128()?,
            expires: from.u64()?,
        };
        let auth = match from.u8()? {
            0 => {
                let digest = from.hex()?;
                from.take(1)?;
                SessionAuth::H(digest)
            }
            _ => SessionAuth::K(from.hex()?),
        };
        let count = usize::from(from.u8()?);
        let mut lines = Vec::with_capacity(MAX_LINES);
        for index in 0..MAX_LINES {
            let (model, unit, rate) = (from.text(MODEL_FIELD)?, from.u8()?, from.u64()?);
            if let (true, Some(unit)) = (index < count, Unit::from_code(unit)) {
                lines.push(Line { model, unit, rate });
            }
        }
        Ok(Terms {
            owner,
            counter,
            token,
            worker_id,
            limits,
            auth,
            lines,
        })
    }
}

/// The terms of a session, if there is one with this id.
pub fn terms(storage: &dyn Storage, id: &SessionId) -> StdResult<Option<Terms>> {
    may_load(storage, &key("terms", &[&id.0]))
}

pub fn save_terms(storage: &mut dyn Storage, id: &SessionId, terms: &Terms) {
    save(storage, &key("terms", &[&id.0]), terms);
}

impl Row for Progress {
    const SIZE: usize = 3 * 16 + MAX_LINES * 8 + 8 + 8 + 1;

    fn write(&self, out: &mut Writer) {
        out.u128(self.paid);
        out.u128(self.acked);
        out.u128(self.unacked);
        self.counters.iter().for_each(|c| out.u64(*c));
        out.u64(self.closed_at.unwrap_or(u64::MAX));
        out.u64(self.final_epoch.unwrap_or(u64::MAX));
        out.bool(self.reclaimed);
    }

    fn read(from: &mut Reader) -> StdResult<Self> {
        let (paid, acked, unacked) = (from.u128()?, from.u128()?, from.u128()?);
        let counters = read_counters(from)?;
        let closed_at = Some(from.u64()?).filter(|t| *t != u64::MAX);
        let final_epoch = Some(from.u64()?).filter(|e| *e != u64::MAX);
        let reclaimed = from.bool()?;
        Ok(Progress {
            paid,
            acked,
            unacked,
            counters,
            closed_at,
            final_epoch,
            reclaimed,
        })
    }
}

fn read_counters(from: &mut Reader) -> StdResult<[u64; MAX_LINES]> {
    let mut counters = [0; MAX_LINES];
    for counter in &mut counters {
        *counter = from.u64()?;
    }
    Ok(counters)
}

/// How far a session has come.
pub fn progress(storage: &dyn Storage, id: &SessionId) -> StdResult<Progress> {
    load(storage, &key("progress", &[&id.0]))
}

pub fn save_progress(storage: &mut dyn Storage, id: &SessionId, progress: &Progress) {
    save(storage, &key("progress", &[&id.0]), progress);
}

impl Row for Tally {
    const SIZE: usize = 16 + 16 + MAX_LINES * 8 + 1;

    fn write(&self, out: &mut Writer) {
        out.u128(self.amount);
        out.u128(self.ack);
        self.counters.iter().for_each(|c| out.u64(*c));
        out.bool(self.compromised);
    }

    fn read(from: &mut Reader) -> StdResult<Self> {
        Ok(Tally {
            amount: from.u128()?,
            ack: from.u128()?,
            counters: read_counters(from)?,
            compromised: from.bool()?,
        })
    }
}

/// What is known of a receipt key in a session; nothing if it is new.
pub fn tally(storage: &dyn Storage, id: &SessionId, kid: &Kid) -> StdResult<Tally> {
    Ok(may_load(storage, &key("tally", &[&id.0, &kid.0]))?.unwrap_or_default())
}

pub fn save_tally(storage: &mut dyn Storage, id: &SessionId, kid: &Kid, tally: &Tally) {
    save(storage, &key("tally", &[&id.0, &kid.0]), tally);
}

/// The pending sets of all epochs in one line: entries `head` to `tail`, oldest epoch first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Queue {
    pub head: u64,
    pub tail: u64,
    /// Epoch of the entry at the head, if there is one.
    pub head_epoch: u64,
}

impl Queue {
    pub fn is_empty(&self) -> bool {
        self.head == self.tail
    }

    /// Entries that wait.
    pub fn len(&self) -> u64 {
        self.tail.saturating_sub(self.head)
    }

    /// The first epoch that may still have pending entries: all before it are finalized.
    pub fn finalized_before(&self, current_epoch: u64) -> u64 {
        if self.is_empty() {
            current_epoch
        } else {
            self.head_epoch.min(current_epoch)
        }
    }
}

impl Row for Queue {
    const SIZE: usize = 3 * 8;

    fn write(&self, out: &mut Writer) {
        out.u64(self.head);
        out.u64(self.tail);
        out.u64(self.head_epoch);
    }

    fn read(from: &mut Reader) -> StdResult<Self> {
        Ok(Queue {
            head: from.u64()?,
            tail: from.u64()?,
            head_epoch: from.u64()?,
        })
    }
}

pub fn queue(storage: &dyn Storage) -> StdResult<Queue> {
    Ok(may_load(storage, QUEUE)?.unwrap_or_default())
}

pub fn save_queue(storage: &mut dyn Storage, queue: &Queue) {
    save(storage, QUEUE, queue);
}

/// Contract time, and the first epoch that is not finalized: what tells whether a session ended.
pub fn horizon(storage: &dyn Storage, clock: &Clock, timing: &Timing) -> StdResult<(u64, u64)> {
    let current = epoch_of(clock.now, timing.epoch_s);
    Ok((clock.now, queue(storage)?.finalized_before(current)))
}

/// A settled receipt that waits for its epoch to end. Its key's signature has been checked, the
/// ack's has not: that needs the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    pub epoch: u64,
    pub settled_at: u64,
    pub session_id: SessionId,
    pub kid: Kid,
    pub worker_id: WorkerId,
    pub operator: Addr,
    pub is_final: bool,
    pub compromised: bool,
    /// Lines that the receipt counted, 1 to 8.
    pub lines: u8,
    pub counters: [u64; MAX_LINES],
    pub ack: Option<PendingAck>,
}

/// An ack whose signature is still to be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PendingAck {
    pub seq: u64,
    pub amount: u128,
    pub signature: [u8; 64],
}

impl Row for Pending {
    const SIZE: usize =
        8 + 8 + 16 + 20 + 16 + ADDRESS_LENGTH + 1 + 1 + 1 + MAX_LINES * 8 + 1 + 8 + 16 + 64;

    fn write(&self, out: &mut Writer) {
        out.u64(self.epoch);
        out.u64(self.settled_at);
        out.hex(&self.session_id);
        out.hex(&self.kid);
        out.hex(&self.worker_id);
        out.address(&self.operator);
        out.bool(self.is_final);
        out.bool(self.compromised);
        out.u8(self.lines);
        self.counters.iter().for_each(|c| out.u64(*c));
        out.bool(self.ack.is_some());
        let ack = self.ack.unwrap_or(PendingAck {
            seq: 0,
            amount: 0,
            signature: [0; 64],
        });
        out.u64(ack.seq);
        out.u128(ack.amount);
        out.bytes(&ack.signature);
    }

    fn read(from: &mut Reader) -> StdResult<Self> {
        let (epoch, settled_at) = (from.u64()?, from.u64()?);
        let (session_id, kid, worker_id) = (from.hex()?, from.hex()?, from.hex()?);
        let operator = from.address()?;
        let (is_final, compromised, lines) = (from.bool()?, from.bool()?, from.u8()?);
        let counters = read_counters(from)?;
        let has_ack = from.bool()?;
        let ack = PendingAck {
            seq: from.u64()?,
            amount: from.u128()?,
            signature: from.array()?,
        };
        Ok(Pending {
            epoch,
            settled_at,
            session_id,
            kid,
            worker_id,
            operator,
            is_final,
            compromised,
            lines,
            counters,
            ack: has_ack.then_some(ack),
        })
    }
}

pub fn pending(storage: &dyn Storage, index: u64) -> StdResult<Pending> {
    load(storage, &key("pending", &[&index.to_be_bytes()]))
}

pub fn save_pending(storage: &mut dyn Storage, index: u64, entry: &Pending) {
    save(storage, &key("pending", &[&index.to_be_bytes()]), entry);
}

pub fn remove_pending(storage: &mut dyn Storage, index: u64) {
    storage.remove(&key("pending", &[&index.to_be_bytes()]));
}

impl Row for Credits {
    const SIZE: usize = 16;

    fn write(&self, out: &mut Writer) {
        out.u128(self.0);
    }

    fn read(from: &mut Reader) -> StdResult<Self> {
        Ok(Credits(from.u128()?))
    }
}

/// What the vault owes to workers in a token.
pub fn credits(storage: &dyn Storage, token: u8) -> StdResult<Credits> {
    Ok(may_load(storage, &key("credits", &[&[token]]))?.unwrap_or_default())
}

pub fn save_credits(storage: &mut dyn Storage, token: u8, credits: &Credits) {
    save(storage, &key("credits", &[&[token]]), credits);
}
