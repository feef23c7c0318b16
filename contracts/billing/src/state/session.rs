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

/// The id of the session with this number: number and eight zero bytes, enciphered. Nobody outside
/// can make one or tell two users' ids apart.
pub fn session_id(seed: &[u8; 32], number: u64) -> StdResult<SessionId> {
    let (mut left, mut right) = (number, 0);
    for round in ROUNDS {
        (left, right) = (right, left ^ mask(seed, round, right)?);
    }
    let mut id = [0; 16];
    let bytes = left.to_be_bytes().into_iter().chain(right.to_be_bytes());
    id.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
    Ok(Hex(id))
}

/// The number of the session with this id; `None` for an id that was not made here.
pub fn session_number(seed: &[u8; 32], id: &SessionId) -> StdResult<Option<u64>> {
    let both = u128::from_be_bytes(id.0);
    let (mut left, mut right) = ((both >> 64) as u64, both as u64);
    for round in ROUNDS.into_iter().rev() {
        (left, right) = (right ^ mask(seed, round, left)?, left);
    }
    Ok((right == 0).then_some(left))
}

fn mask(seed: &[u8; 32], round: u8, half: u64) -> StdResult<u64> {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(seed).map_err(|_| StdError::generic_err("seed: missing"))?;
    mac.update(&[round]);
    mac.update(&half.to_be_bytes());
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

const TALLY_SIZE: usize = 20 + 16 + 16 + MAX_LINES * 8 + 1;

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
            out.bool(tally.compromised);
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
                compromised: from.bool()?,
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
    fn ids_come_back_as_numbers_and_only_ids_made_here_do() {
        let (seed, other) = ([7; 32], [8; 32]);
        for number in [0, 1, 2, 255, 1 << 40, u64::MAX] {
            let id = session_id(&seed, number).unwrap();
            assert_eq!(session_number(&seed, &id).unwrap(), Some(number));
            assert_eq!(session_number(&other, &id).unwrap(), None);
            for bit in 0..128 {
                let changed = Hex((u128::from_be_bytes(id.0) ^ (1 << bit)).to_be_bytes());
                assert_eq!(session_number(&seed, &changed).unwrap(), None);
            }
        }
    }
}
