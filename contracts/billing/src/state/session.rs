//! Rows of sessions, and the ids that stand for their numbers.

use cosmwasm_std::{Addr, StdError, StdResult, Storage};
use hmac::{Hmac, KeyInit, Mac};
use secret_ai_contract_kit::row::{key, load, may_load, save, Reader, Row, Writer};
use secret_ai_interface::billing::{Line, SessionAuth, MAX_KEYS};
use secret_ai_interface::{
    Hex, SessionId, Unit, WorkerId, ADDRESS_LENGTH, MAX_LINES, MAX_MODEL_NAME,
};
use sha2::Sha256;

use crate::money::{KeyTally, Limits, Progress};

/// Rounds of the cipher that makes ids. Four make a strong pseudo-random permutation of a
/// pseudo-random function (Luby and Rackoff, 1988).
const ROUNDS: [u8; 4] = [0, 1, 2, 3];
/// Sessions that a query reads to answer for one.
const WINDOW: u64 = 64;

/// Domains of what is derived from the seed besides the rounds.
const OWNER: u8 = 4;
const NEIGHBOURS: u8 = 5;

/// What a session's id says, to this contract alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named {
    pub number: u64,
    /// Tells the owner's address without any slot being read.
    owner: u64,
}

impl Named {
    /// The session with this number and owner.
    pub fn new(seed: &[u8; 32], number: u64, owner: &Addr) -> StdResult<Self> {
        let owner = derive(seed, &[OWNER], &[&number.to_be_bytes(), owner.as_bytes()])?;
        Ok(Named { number, owner })
    }

    /// The id: both halves, enciphered. Nobody outside can make one or tell two users' ids apart.
    pub fn id(&self, seed: &[u8; 32]) -> StdResult<SessionId> {
        let (mut left, mut right) = (self.number, self.owner);
        for round in ROUNDS {
            (left, right) = (right, left ^ mask(seed, round, right)?);
        }
        let both = u128::from(left) << 64 | u128::from(right);
        Ok(Hex(both.to_be_bytes()))
    }

    /// What an id says. An id that was not made here says a number that was never opened, or names
    /// another owner than that session's.
    pub fn of(seed: &[u8; 32], id: &SessionId) -> StdResult<Self> {
        let mut halves = Reader::new(&id.0);
        let (mut left, mut right) = (halves.u64()?, halves.u64()?);
        for round in ROUNDS.into_iter().rev() {
            (left, right) = (right ^ mask(seed, round, left)?, left);
        }
        let (number, owner) = (left, right);
        Ok(Named { number, owner })
    }

    /// Whether this is the owner's session.
    pub fn belongs_to(&self, seed: &[u8; 32], owner: &Addr) -> StdResult<bool> {
        Ok(Named::new(seed, self.number, owner)? == *self)
    }

    /// [`WINDOW`] numbers with this session's somewhere among them, always the same ones. Whoever
    /// sees which slots a query reads does not see which of these was meant.
    pub fn window(&self, seed: &[u8; 32]) -> StdResult<core::ops::Range<u64>> {
        let place = derive(seed, &[NEIGHBOURS], &[&self.number.to_be_bytes()])?;
        let place = place.checked_rem(WINDOW).unwrap_or(0);
        let first = self.number.saturating_sub(place);
        Ok(first..first.saturating_add(WINDOW))
    }
}

fn mask(seed: &[u8; 32], round: u8, half: u64) -> StdResult<u64> {
    derive(seed, &[round], &[&half.to_be_bytes()])
}

/// The first 8 bytes of the HMAC-SHA256 of a domain and what it is asked for.
fn derive(seed: &[u8; 32], domain: &[u8], parts: &[&[u8]]) -> StdResult<u64> {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(seed).map_err(|_| StdError::generic_err("seed: missing"))?;
    mac.update(domain);
    parts.iter().for_each(|part| mac.update(part));
    let digest: [u8; 32] = mac.finalize().into_bytes().into();
    Reader::new(&digest).u64()
}

/// The number of an owner's session, by the owner's own count.
pub fn own_session(storage: &dyn Storage, owner: &Addr, counter: u32) -> StdResult<u64> {
    load::<Number>(storage, &own_key(owner, counter)).map(|n| n.0)
}

pub fn save_own_session(storage: &mut dyn Storage, owner: &Addr, counter: u32, number: u64) {
    save(storage, &own_key(owner, counter), &Number(number));
}

fn own_key(owner: &Addr, counter: u32) -> Vec<u8> {
    key("own", &[owner.as_bytes(), &counter.to_be_bytes()])
}

/// A session's number.
struct Number(u64);

impl Row for Number {
    const SIZE: usize = 8;

    fn write(&self, out: &mut Writer) {
        out.u64(self.0);
    }

    fn read(from: &mut Reader) -> StdResult<Self> {
        from.u64().map(Number)
    }
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
    /// A session of nobody: the contract itself, which never asks for it, owns it, and no worker has
    /// been given this id.
    pub fn nobody(contract: &Addr) -> Self {
        Terms {
            owner: contract.clone(),
            counter: 0,
            token: 0,
            worker_id: Hex([0; 16]),
            limits: Limits {
                cap: 0,
                slack: 0,
                expires: 0,
            },
            auth: SessionAuth::H(Hex([0; 32])),
            lines: Vec::new(),
        }
    }

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

/// The terms of a session, if there is one with this number.
pub fn terms(storage: &dyn Storage, number: u64) -> StdResult<Option<Terms>> {
    may_load(storage, &key("terms", &[&number.to_be_bytes()]))
}

pub fn save_terms(storage: &mut dyn Storage, number: u64, terms: &Terms) {
    save(storage, &key("terms", &[&number.to_be_bytes()]), terms);
}

const TALLY_SIZE: usize = 20 + 16 + 16 + MAX_LINES * 8;

impl Row for Progress {
    const SIZE: usize = 16 + 8 + 8 + 1 + MAX_KEYS * TALLY_SIZE;

    fn write(&self, out: &mut Writer) {
        out.u128(self.paid);
        out.u64(self.closed_at.unwrap_or(u64::MAX));
        out.u64(self.final_epoch.unwrap_or(u64::MAX));
        out.bool(self.reclaimed);
        for tally in &self.keys {
            out.hex(&tally.kid);
            out.u128(tally.amount);
            out.u128(tally.ack);
            tally.counters.iter().for_each(|c| out.u64(*c));
        }
    }

    fn read(from: &mut Reader) -> StdResult<Self> {
        let mut progress = Progress {
            paid: from.u128()?,
            closed_at: Some(from.u64()?).filter(|t| *t != u64::MAX),
            final_epoch: Some(from.u64()?).filter(|e| *e != u64::MAX),
            reclaimed: from.bool()?,
            keys: Default::default(),
        };
        for tally in &mut progress.keys {
            *tally = KeyTally {
                kid: from.hex()?,
                amount: from.u128()?,
                ack: from.u128()?,
                counters: read_counters(from)?,
            };
        }
        Ok(progress)
    }
}

/// Eight counters of a stored row.
pub(super) fn read_counters(from: &mut Reader) -> StdResult<[u64; MAX_LINES]> {
    let mut counters = [0; MAX_LINES];
    for counter in &mut counters {
        *counter = from.u64()?;
    }
    Ok(counters)
}

/// How far a session has come.
pub fn progress(storage: &dyn Storage, number: u64) -> StdResult<Progress> {
    load(storage, &key("progress", &[&number.to_be_bytes()]))
}

pub fn save_progress(storage: &mut dyn Storage, number: u64, progress: &Progress) {
    save(
        storage,
        &key("progress", &[&number.to_be_bytes()]),
        progress,
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_names_its_session_and_owner_and_no_other_id_does() {
        let (seed, other) = ([7; 32], [8; 32]);
        let (owner, stranger) = (Addr::unchecked("owner"), Addr::unchecked("stranger"));
        for number in [0, 1, 2, 255, 1 << 40, u64::MAX] {
            let named = Named::new(&seed, number, &owner).unwrap();
            let id = named.id(&seed).unwrap();
            let said = Named::of(&seed, &id).unwrap();
            assert_eq!(said.number, number);
            assert!(said.belongs_to(&seed, &owner).unwrap());
            assert!(!said.belongs_to(&seed, &stranger).unwrap());
            assert_ne!(Named::of(&other, &id).unwrap().number, number);
            for bit in 0..128 {
                let changed = Hex((u128::from_be_bytes(id.0) ^ (1 << bit)).to_be_bytes());
                let said = Named::of(&seed, &changed).unwrap();
                assert!(!said.belongs_to(&seed, &owner).unwrap());
            }
        }
    }

    #[test]
    fn a_window_holds_its_session_at_a_place_of_its_own() {
        let owner = Addr::unchecked("owner");
        let places: std::collections::BTreeSet<u64> = (1_000..1_400)
            .map(|number| {
                let named = Named::new(&[7; 32], number, &owner).unwrap();
                let window = named.window(&[7; 32]).unwrap();
                assert!(window.contains(&number) && window.end - window.start == WINDOW);
                number - window.start
            })
            .collect();
        assert_eq!(places.len() as u64, WINDOW, "every place occurs");
    }
}
