//! Every slot of the contract, named once.
//!
//! | slot | rows | size | touched by |
//! | --- | --- | --- | --- |
//! | `config` | 1 | JSON, never changes but for `link_rewards` | all |
//! | `globals` | 1 | [`Globals`] | all that depends on time |
//! | `seed` | 1 | 32 bytes of secret randomness, source of session ids | what names a session |
//! | `account` | per user | [`Account`] | the user's own messages only |
//! | `own` | per user and counter | the session's number | written by `open_sessions`, read by queries |
//! | `terms` | per session | [`Terms`], written once | owner's messages, `finalize` |
//! | `progress` | per session | [`Progress`](crate::money::Progress) | owner's messages, `finalize` |
//! | `queue` | 1 | [`Queue`] | `settle`, `finalize`, what asks whether a session has ended |
//! | `page` | per `settle` | [`Page`] | `settle`, `finalize` |
//! | `key_pages` | per receipt key | pages of it in an epoch | `settle` |
//! | `cohort` | 1 | [`Cohort`] | `finalize` |
//! | `credits` | 1 | [`Credits`] of every token | `finalize`, `payout` |
//!
//! Sessions are numbered from 0; the numbers are secret, and slots of sessions are keyed by them.
//! Viewing keys, permits, notifications and the sealed channel are contract-kit's.

mod cohort;
mod page;
mod session;

pub use cohort::Cohort;
pub use page::{
    key_pages, page, queue, remove_page, save_key_pages, save_page, save_queue, Entry, Page,
    PendingAck, Queue,
};
pub use session::{
    own_session, progress, save_own_session, save_progress, save_terms, terms, Named, Terms,
};

use cosmwasm_std::{from_slice, to_vec, Addr, Env, StdError, StdResult, Storage};
use secret_ai_contract_kit::row::{key, may_load, save, Reader, Row, Writer};
use secret_ai_interface::billing::{Timing, TokenConfig, MAX_TOKENS};
use secret_ai_interface::Contract;
use serde::{Deserialize, Serialize};

use crate::clock::{epoch_of, Clock};
use crate::error::ContractError;
use crate::money::{Account, Credits};

const CONFIG: &[u8] = b"config";
const GLOBALS: &[u8] = b"globals";
const SEED: &[u8] = b"seed";
const CREDITS: &[u8] = b"credits";

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

/// What concerns the whole contract and changes all the time; one row, since it is written by
/// every message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Globals {
    pub clock: Clock,
    /// Sessions ever opened, phantoms included: the next one's number.
    pub opened: u64,
}

impl Row for Globals {
    const SIZE: usize = 6 * 8;

    fn write(&self, out: &mut Writer) {
        out.u64(self.clock.now);
        out.u64(self.clock.block_s);
        out.u64(self.clock.height);
        out.u64(self.clock.paused_at.unwrap_or(u64::MAX));
        out.u64(self.clock.no_pause_before);
        out.u64(self.opened);
    }

    fn read(from: &mut Reader) -> StdResult<Self> {
        let clock = Clock {
            now: from.u64()?,
            block_s: from.u64()?,
            height: from.u64()?,
            paused_at: Some(from.u64()?).filter(|t| *t != u64::MAX),
            no_pause_before: from.u64()?,
        };
        let opened = from.u64()?;
        Ok(Globals { clock, opened })
    }
}

/// The globals at this block.
pub fn globals(storage: &dyn Storage, env: &Env) -> StdResult<Globals> {
    let stored: Option<Globals> = may_load(storage, GLOBALS)?;
    let (block_s, height) = (env.block.time.seconds(), env.block.height);
    Ok(match stored {
        Some(Globals { clock, opened }) => Globals {
            clock: clock.at(block_s, height),
            opened,
        },
        None => Globals {
            clock: Clock::new(block_s, height),
            opened: 0,
        },
    })
}

pub fn save_globals(storage: &mut dyn Storage, globals: &Globals) {
    save(storage, GLOBALS, globals);
}

/// Advances the stored clock to this block.
pub fn tick(storage: &mut dyn Storage, env: &Env) -> StdResult<Globals> {
    let globals = globals(storage, env)?;
    save_globals(storage, &globals);
    Ok(globals)
}

/// Stores the secret from which session ids are made.
pub fn save_seed(storage: &mut dyn Storage, seed: &[u8; 32]) {
    storage.set(SEED, seed);
}

/// The secret from which session ids are made.
pub fn seed(storage: &dyn Storage) -> StdResult<[u8; 32]> {
    let stored = storage.get(SEED).unwrap_or_default();
    stored
        .try_into()
        .map_err(|_| StdError::generic_err("seed: missing"))
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

impl Row for Credits {
    const SIZE: usize = 16 * MAX_TOKENS;

    fn write(&self, out: &mut Writer) {
        self.0.iter().for_each(|owed| out.u128(*owed));
    }

    fn read(from: &mut Reader) -> StdResult<Self> {
        let mut credits = Credits::default();
        for owed in &mut credits.0 {
            *owed = from.u128()?;
        }
        Ok(credits)
    }
}

/// What the vault owes to workers.
pub fn credits(storage: &dyn Storage) -> StdResult<Credits> {
    Ok(may_load(storage, CREDITS)?.unwrap_or_default())
}

pub fn save_credits(storage: &mut dyn Storage, credits: &Credits) {
    save(storage, CREDITS, credits);
}

/// Contract time, and the first epoch that is not finalized: what tells whether a session ended.
pub fn horizon(storage: &dyn Storage, clock: &Clock, timing: &Timing) -> StdResult<(u64, u64)> {
    let current = epoch_of(clock.now, timing.epoch_s);
    Ok((clock.now, queue(storage)?.finalized_before(current)))
}
