//! The money rules: who owns what after each event. Pure functions over small structs; the
//! property test in `tests/invariants.rs` runs them against I1–I10 of docs/protocol.md.
//!
//! What a session pays depends only on *which* receipts were finalized, never on their order or
//! repetition: per receipt key the largest price of any receipt and the largest ack are kept, and
//!
//! `paid = min(cap, Σ acked + min(slack, Σ unacked))`
//!
//! over the session's keys, where `acked = min(ack, amount)` and `unacked = amount − acked`. A receipt
//! that is settled when its key is compromised counts as far as its ack goes. The slack is the
//! session's, not each key's: a worker that reboots cannot raise what a user risks.

use secret_ai_interface::billing::{Timing, MAX_KEYS, MAX_TOKENS};
use secret_ai_interface::{Hex, Kid, MAX_LINES};
use secret_ai_receipts::{amount, LineCount};
use thiserror::Error;

use crate::clock::epoch_of;

/// Why money cannot move. Amounts are the caller's own.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum MoneyError {
    #[error("{what}: the sum exceeds 2^128 base units")]
    Overflow { what: &'static str },
    #[error("{what}: {needed} base units needed, {available} available")]
    Insufficient {
        what: &'static str,
        needed: u128,
        available: u128,
    },
}

/// A user's account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Free balance per token, base units.
    pub free: [u128; MAX_TOKENS],
    /// Sessions ever opened.
    pub sessions: u32,
}

impl Account {
    /// Free balance of a token; 0 for a token that billing does not know.
    pub fn free(&self, token: u8) -> u128 {
        self.free.get(usize::from(token)).copied().unwrap_or(0)
    }

    /// Adds to the free balance.
    pub fn credit(&mut self, token: u8, amount: u128) -> Result<(), MoneyError> {
        let overflow = MoneyError::Overflow {
            what: "free balance",
        };
        let free = self
            .free
            .get_mut(usize::from(token))
            .ok_or(overflow.clone())?;
        *free = free.checked_add(amount).ok_or(overflow)?;
        Ok(())
    }

    /// Takes from the free balance.
    pub fn debit(&mut self, token: u8, amount: u128) -> Result<(), MoneyError> {
        let available = self.free(token);
        let refused = MoneyError::Insufficient {
            what: "free balance",
            needed: amount,
            available,
        };
        let free = self
            .free
            .get_mut(usize::from(token))
            .ok_or(refused.clone())?;
        *free = available.checked_sub(amount).ok_or(refused)?;
        Ok(())
    }
}

/// What of a session's terms decides about money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most that the session can cost, base units.
    pub cap: u128,
    /// Most that is paid beyond acks, base units.
    pub slack: u128,
    /// Unix seconds of contract time.
    pub expires: u64,
}

/// How far a session has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Paid so far, base units.
    pub paid: u128,
    /// Contract time of `close_session`.
    pub closed_at: Option<u64>,
    /// Epoch of a final receipt; later ones do not count.
    pub final_epoch: Option<u64>,
    /// The rest went back to the owner; nothing changes any more.
    pub reclaimed: bool,
    /// What is known of the session's receipt keys; places are taken in the order in which the
    /// keys are finalized.
    pub keys: [KeyTally; MAX_KEYS],
}

impl Progress {
    /// What may be paid under these limits, base units.
    fn payable(&self, limits: &Limits) -> Result<u128, MoneyError> {
        let overflow = || MoneyError::Overflow { what: "session" };
        let sum = |of: fn(&KeyTally) -> u128| {
            self.keys
                .iter()
                .try_fold(0u128, |sum, key| sum.checked_add(of(key)))
                .ok_or_else(overflow)
        };
        let (acked, unacked) = (sum(KeyTally::acked)?, sum(KeyTally::unacked)?);
        let all = acked.saturating_add(unacked.min(limits.slack));
        Ok(all.min(limits.cap))
    }

    /// Units used so far, over all receipt keys, one per line.
    pub fn counters(&self) -> [u64; MAX_LINES] {
        let mut totals = [0u64; MAX_LINES];
        for key in &self.keys {
            for (total, count) in totals.iter_mut().zip(key.counters) {
                *total = total.saturating_add(count);
            }
        }
        totals
    }

    /// The receipt keys that were finalized.
    pub fn kids(&self) -> impl Iterator<Item = Kid> + '_ {
        self.keys.iter().map(|key| key.kid).filter(|k| *k != NO_KID)
    }

    /// The place of a receipt key, a new one if there is room.
    fn key_mut(&mut self, kid: Kid) -> Option<&mut KeyTally> {
        let place_of = |wanted| self.keys.iter().position(|key| key.kid == wanted);
        let place = place_of(kid).or_else(|| place_of(NO_KID))?;
        let tally = self.keys.get_mut(place)?;
        tally.kid = kid;
        Some(tally)
    }

    /// What is left of the cap, base units.
    pub fn left(&self, limits: &Limits) -> u128 {
        limits.cap.saturating_sub(self.paid)
    }
}

/// In the place of a receipt key that is still free; no key hashes to it.
const NO_KID: Kid = Hex([0; 20]);

/// What is known of one receipt key in one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyTally {
    pub kid: Kid,
    /// Largest price of any of its receipts, base units; of receipts settled after the key was
    /// compromised only what was countersigned.
    pub amount: u128,
    /// Largest amount that the client countersigned, base units.
    pub ack: u128,
    /// Largest counters of any of its receipts.
    pub counters: [u64; MAX_LINES],
}

impl Default for KeyTally {
    fn default() -> Self {
        KeyTally {
            kid: NO_KID,
            amount: 0,
            ack: 0,
            counters: [0; MAX_LINES],
        }
    }
}

impl KeyTally {
    fn acked(&self) -> u128 {
        self.ack.min(self.amount)
    }

    fn unacked(&self) -> u128 {
        self.amount.saturating_sub(self.acked())
    }
}

/// A settled receipt, as far as money is concerned. Signatures have been checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    pub kid: Kid,
    /// Epoch whose pending set it joined.
    pub epoch: u64,
    /// Contract time at which it was settled.
    pub settled_at: u64,
    /// Cumulative units, one per line; 0 beyond the session's lines.
    pub counters: [u64; MAX_LINES],
    /// Amount of the ack that came with it; 0 without.
    pub ack: u128,
    pub is_final: bool,
    /// The receipt key is compromised.
    pub compromised: bool,
}

/// After this contract time no receipt counts.
pub fn deadline(limits: &Limits, progress: &Progress, timing: &Timing) -> u64 {
    let by_expiry = limits.expires.saturating_add(timing.grace_s);
    match progress.closed_at {
        Some(closed) => by_expiry.min(closed.saturating_add(timing.challenge_s)),
        None => by_expiry,
    }
}

/// True once nothing can be settled for the session any more: `finalized_before` is the first
/// epoch that may still have pending entries.
pub fn has_ended(
    limits: &Limits,
    progress: &Progress,
    timing: &Timing,
    now: u64,
    finalized_before: u64,
) -> bool {
    let by_receipt = progress
        .final_epoch
        .is_some_and(|epoch| epoch < finalized_before);
    let deadline = deadline(limits, progress, timing);
    let by_time = now > deadline && epoch_of(deadline, timing.epoch_s) < finalized_before;
    progress.reclaimed || by_receipt || by_time
}

/// Applies a settled receipt: returns what the worker earns by it, base units. A receipt that came
/// too late, says nothing new, or comes from one receipt key more than a session pays
/// ([`MAX_KEYS`]), changes nothing and earns 0.
pub fn apply(
    limits: &Limits,
    rates: &[u64],
    timing: &Timing,
    progress: &mut Progress,
    claim: &Claim,
) -> Result<u128, MoneyError> {
    let too_late = claim.settled_at > deadline(limits, progress, timing)
        || progress
            .final_epoch
            .is_some_and(|epoch| claim.epoch > epoch);
    if progress.reclaimed || too_late {
        return Ok(0);
    }
    let lines = claim.counters.iter().zip(rates);
    let price = amount(lines.map(|(count, rate)| LineCount {
        count: *count,
        rate: *rate,
    }))
    .map_err(|_| MoneyError::Overflow { what: "session" })?;

    let mut next = *progress;
    let Some(tally) = next.key_mut(claim.kid) else {
        return Ok(0);
    };
    // What a compromised key says counts as far as the client countersigned it. Receipts that were
    // settled before keep their worth, in whatever order they are applied.
    let justified = match claim.compromised {
        true => price.min(claim.ack),
        false => price,
    };
    tally.amount = tally.amount.max(justified);
    tally.ack = tally.ack.max(claim.ack);
    for (known, claimed) in tally.counters.iter_mut().zip(claim.counters) {
        *known = claimed.max(*known);
    }
    if claim.is_final {
        let epoch = next.final_epoch.map_or(claim.epoch, |e| e.min(claim.epoch));
        next.final_epoch = Some(epoch);
    }
    next.paid = next.payable(limits)?.max(progress.paid);
    let earned = next.paid.saturating_sub(progress.paid);
    *progress = next;
    Ok(earned)
}

/// Ends a session that has ended: returns what goes back to the owner, base units. `None` if it
/// goes on; 0 if it went back before.
pub fn reclaim(
    limits: &Limits,
    progress: &mut Progress,
    timing: &Timing,
    now: u64,
    finalized_before: u64,
) -> Option<u128> {
    if progress.reclaimed {
        return Some(0);
    }
    if !has_ended(limits, progress, timing, now, finalized_before) {
        return None;
    }
    progress.reclaimed = true;
    Some(progress.left(limits))
}

/// What the vault owes to workers, per token: credits that rewards has not paid out yet, and
/// earnings of a cohort that rewards will hear of at its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Credits(pub [u128; MAX_TOKENS]);

impl Credits {
    /// A worker earned something.
    pub fn earn(&mut self, token: u8, amount: u128) -> Result<(), MoneyError> {
        let overflow = MoneyError::Overflow { what: "credits" };
        let owed = self.0.get_mut(usize::from(token)).ok_or(overflow.clone())?;
        *owed = owed.checked_add(amount).ok_or(overflow)?;
        Ok(())
    }

    /// Rewards pays a claim out of the vault.
    pub fn pay_out(&mut self, token: u8, amount: u128) -> Result<(), MoneyError> {
        let available = self.0.get(usize::from(token)).copied().unwrap_or(0);
        let refused = MoneyError::Insufficient {
            what: "credits",
            needed: amount,
            available,
        };
        let owed = self.0.get_mut(usize::from(token)).ok_or(refused.clone())?;
        *owed = available.checked_sub(amount).ok_or(refused)?;
        Ok(())
    }
}
