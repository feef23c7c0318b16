//! The money rules: who owns what after each event. Pure functions over small structs; the
//! property test in `tests/invariants.rs` runs them against I1–I10 of docs/protocol.md.
//!
//! What a session pays depends only on *which* receipts were finalized, never on their order or
//! repetition: per receipt key the largest price of any receipt and the largest ack are kept, and
//!
//! `paid = min(cap, Σ acked + min(slack, Σ unacked))`
//!
//! over the session's keys, where `acked = min(ack, amount)` and `unacked = amount − acked`, 0 for
//! compromised keys. The slack is the session's, not each key's: a worker that reboots cannot
//! raise what a user risks.

use secret_ai_interface::billing::{Timing, MAX_TOKENS};
use secret_ai_interface::MAX_LINES;
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
    /// Σ acked over the session's receipt keys.
    pub acked: u128,
    /// Σ unacked over the session's receipt keys.
    pub unacked: u128,
    /// Units used so far, over all receipt keys, one per line.
    pub counters: [u64; MAX_LINES],
    /// Contract time of `close_session`.
    pub closed_at: Option<u64>,
    /// Epoch of a final receipt; later ones do not count.
    pub final_epoch: Option<u64>,
    /// The rest went back to the owner; nothing changes any more.
    pub reclaimed: bool,
}

/// What is known of one receipt key in one session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Largest price of any of its receipts, base units.
    pub amount: u128,
    /// Largest amount that the client countersigned, base units.
    pub ack: u128,
    /// Largest counters of any of its receipts.
    pub counters: [u64; MAX_LINES],
    /// Only acked amounts count.
    pub compromised: bool,
}

impl Tally {
    fn acked(&self) -> u128 {
        self.ack.min(self.amount)
    }

    fn unacked(&self) -> u128 {
        if self.compromised {
            0
        } else {
            self.amount.saturating_sub(self.acked())
        }
    }
}

/// A settled receipt, as far as money is concerned. Signatures have been checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
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
/// too late, or says nothing new, changes nothing and earns 0.
pub fn apply(
    limits: &Limits,
    rates: &[u64],
    timing: &Timing,
    progress: &mut Progress,
    tally: &mut Tally,
    claim: &Claim,
) -> Result<u128, MoneyError> {
    let too_late = claim.settled_at > deadline(limits, progress, timing)
        || progress
            .final_epoch
            .is_some_and(|epoch| claim.epoch > epoch);
    if progress.reclaimed || too_late {
        return Ok(0);
    }
    let overflow = || MoneyError::Overflow { what: "session" };
    let lines = claim.counters.iter().zip(rates);
    let price = amount(lines.map(|(count, rate)| LineCount {
        count: *count,
        rate: *rate,
    }))
    .map_err(|_| overflow())?;

    let before = *tally;
    tally.amount = tally.amount.max(price);
    tally.ack = tally.ack.max(claim.ack);
    tally.compromised |= claim.compromised;
    for ((known, claimed), total) in tally
        .counters
        .iter_mut()
        .zip(claim.counters)
        .zip(&mut progress.counters)
    {
        *total = total.saturating_add(claimed.saturating_sub(*known));
        *known = claimed.max(*known);
    }
    if claim.is_final {
        let epoch = progress
            .final_epoch
            .map_or(claim.epoch, |e| e.min(claim.epoch));
        progress.final_epoch = Some(epoch);
    }

    let replace = |sum: u128, old: u128, new: u128| sum.checked_sub(old)?.checked_add(new);
    progress.acked = replace(progress.acked, before.acked(), tally.acked()).ok_or_else(overflow)?;
    progress.unacked =
        replace(progress.unacked, before.unacked(), tally.unacked()).ok_or_else(overflow)?;

    let payable = progress
        .acked
        .saturating_add(progress.unacked.min(limits.slack));
    let paid = payable.min(limits.cap).max(progress.paid);
    let earned = paid.saturating_sub(progress.paid);
    progress.paid = paid;
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
    Some(limits.cap.saturating_sub(progress.paid))
}

/// What the vault owes to workers in one token: credits that rewards has not paid out yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Credits(pub u128);

impl Credits {
    /// A batch was credited.
    pub fn earn(&mut self, amount: u128) -> Result<(), MoneyError> {
        let overflow = MoneyError::Overflow { what: "credits" };
        self.0 = self.0.checked_add(amount).ok_or(overflow)?;
        Ok(())
    }

    /// Rewards pays a claim out of the vault.
    pub fn pay_out(&mut self, amount: u128) -> Result<(), MoneyError> {
        let refused = MoneyError::Insufficient {
            what: "credits",
            needed: amount,
            available: self.0,
        };
        self.0 = self.0.checked_sub(amount).ok_or(refused)?;
        Ok(())
    }
}
