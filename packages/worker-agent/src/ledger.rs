//! The money rules of one session, as its worker keeps them: pure, no clock, no I/O.
//!
//! Before any work is done its worst case is *reserved*; afterwards the reservation becomes the
//! actual count. Sums are kept in units, not in money, because a session is rounded up once over
//! all its requests. What the ledger promises, whatever happens in whatever order: the price of all
//! counted and reserved units never exceeds what the billing contract would pay,
//!
//! `min(cap, Σ acked + min(slack, Σ unacked))` over the session's receipt keys.

use secret_ai_receipts::{amount, LineCount, MAX_COUNT};
use snafu::Snafu;

/// The terms of a session that decide about money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Base units per 1,000,000 units, one per line, below 2⁵⁶.
    pub rates: Vec<u64>,
    /// Most that the session can cost, base units.
    pub cap: u128,
    /// Most that is paid beyond acks, base units.
    pub slack: u128,
}

/// What the session used under receipt keys of earlier boots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Earlier {
    /// Base units.
    pub amount: u128,
    /// Part of `amount` that the client did not countersign.
    pub unacked: u128,
}

/// What the session used under this boot's receipt key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Own {
    /// Units, one per line.
    pub counters: Vec<u64>,
    /// Newest receipt's number.
    pub seq: u64,
    /// Largest amount countersigned, base units.
    pub acked: u128,
}

/// Why a request cannot be paid. Amounts in base units.
#[derive(Clone, Debug, Snafu, PartialEq, Eq)]
pub enum Shortage {
    #[snafu(display("cap: {needed} base units needed at most, {available} available"))]
    Cap { needed: u128, available: u128 },
    #[snafu(display(
        "slack: {needed} base units needed at most, {available} available until the client \
         countersigns"
    ))]
    Slack { needed: u128, available: u128 },
    #[snafu(display("counters: the session would count more than 2^56 units"))]
    Counters,
}

/// Why an ack does not count.
#[derive(Clone, Debug, Snafu, PartialEq, Eq)]
pub enum AckRefused {
    #[snafu(display("ack: seq {seq} is above the newest receipt's {newest}"))]
    Seq { seq: u64, newest: u64 },
    #[snafu(display("ack: amount {amount} is above the {spent} base units used"))]
    Amount { amount: u128, spent: u128 },
}

/// Units set aside for a request in progress. Has to be given back, by [`Ledger::commit`] or
/// [`Ledger::release`].
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub struct Reservation {
    units: Vec<u64>,
}

/// Books of one session under this boot's receipt key.
#[derive(Clone, Debug)]
pub struct Ledger {
    terms: Terms,
    earlier: Earlier,
    own: Own,
    reserved: Vec<u64>,
}

impl Ledger {
    /// Opens the books. Counters of another number than the rates are cut or filled with 0.
    pub fn new(terms: Terms, earlier: Earlier, mut own: Own) -> Self {
        let lines = terms.rates.len();
        own.counters.resize(lines, 0);
        Ledger {
            terms,
            earlier,
            own,
            reserved: vec![0; lines],
        }
    }

    /// Number of lines.
    pub fn lines(&self) -> usize {
        self.terms.rates.len()
    }

    /// What this boot counted so far.
    pub fn own(&self) -> &Own {
        &self.own
    }

    /// What earlier boots counted.
    pub fn earlier(&self) -> Earlier {
        self.earlier
    }

    /// Price of what this boot counted so far, base units.
    pub fn spent(&self) -> u128 {
        self.price(&self.own.counters).unwrap_or(u128::MAX)
    }

    /// Price of `units` alone, base units; `None` if they are out of range.
    pub fn price(&self, units: &[u64]) -> Option<u128> {
        let lines = units.iter().zip(&self.terms.rates);
        amount(lines.map(|(count, rate)| LineCount {
            count: *count,
            rate: *rate,
        }))
        .ok()
    }

    /// Whether a request of at most these units can be paid.
    ///
    /// # Errors
    /// [`Shortage`] says what is missing.
    pub fn check(&self, units: &[u64]) -> Result<(), Shortage> {
        let booked = self.booked();
        let held = self.price(&booked).ok_or(Shortage::Counters)?;
        let with = add(&booked, units).and_then(|sum| self.price(&sum));
        let with = with.ok_or(Shortage::Counters)?;
        let needed = with.saturating_sub(held);

        let used = self.earlier.amount.saturating_add(held);
        let available = self.terms.cap.saturating_sub(used);
        if needed > available {
            return Err(Shortage::Cap { needed, available });
        }
        let unacked = self
            .earlier
            .unacked
            .saturating_add(held.saturating_sub(self.own.acked));
        let available = self.terms.slack.saturating_sub(unacked);
        if needed > available && self.terms.slack < self.terms.cap {
            return Err(Shortage::Slack { needed, available });
        }
        Ok(())
    }

    /// Sets these units aside.
    ///
    /// # Errors
    /// As [`Ledger::check`]; nothing is set aside then.
    pub fn reserve(&mut self, units: Vec<u64>) -> Result<Reservation, Shortage> {
        self.check(&units)?;
        self.reserved = add(&self.reserved, &units).ok_or(Shortage::Counters)?;
        Ok(Reservation { units })
    }

    /// Gives a reservation back unused.
    pub fn release(&mut self, reservation: Reservation) {
        for (held, units) in self.reserved.iter_mut().zip(reservation.units) {
            *held = held.saturating_sub(units);
        }
    }

    /// Counts what a request used in the place of what was set aside for it, and numbers its
    /// receipt. Returns the units counted: `actual`, or those reserved if `actual` would cost more.
    pub fn commit(&mut self, reservation: Reservation, actual: Vec<u64>) -> Vec<u64> {
        let within = cost(&actual, &self.terms.rates)
            <= cost(&reservation.units, &self.terms.rates)
            && actual.len() == self.lines();
        let units = if within {
            actual
        } else {
            reservation.units.clone()
        };
        self.release(reservation);
        for (counter, units) in self.own.counters.iter_mut().zip(&units) {
            *counter = counter.saturating_add(*units).min(MAX_COUNT - 1);
        }
        self.own.seq = self.own.seq.saturating_add(1);
        units
    }

    /// Takes note of what the client countersigned. Older and smaller acks change nothing.
    ///
    /// # Errors
    /// [`AckRefused`] for an ack of something that was never used.
    pub fn acknowledge(&mut self, seq: u64, amount: u128) -> Result<(), AckRefused> {
        let (newest, spent) = (self.own.seq, self.spent());
        if seq > newest {
            return Err(AckRefused::Seq { seq, newest });
        }
        if amount > spent {
            return Err(AckRefused::Amount { amount, spent });
        }
        self.own.acked = self.own.acked.max(amount);
        Ok(())
    }

    /// Counted and reserved units together.
    fn booked(&self) -> Vec<u64> {
        let lines = self.own.counters.iter().zip(&self.reserved);
        lines
            .map(|(counted, held)| counted.saturating_add(*held))
            .collect()
    }
}

/// Sum per line; `None` if one is not below 2⁵⁶ or the lengths differ.
fn add(a: &[u64], b: &[u64]) -> Option<Vec<u64>> {
    if a.len() != b.len() {
        return None;
    }
    let sums = a
        .iter()
        .zip(b)
        .map(|(a, b)| a.checked_add(*b).filter(|sum| *sum < MAX_COUNT));
    sums.collect()
}

/// Σ unit·rate before rounding.
fn cost(units: &[u64], rates: &[u64]) -> u128 {
    let products = units
        .iter()
        .zip(rates)
        .map(|(u, r)| u128::from(*u).saturating_mul((*r).into()));
    products.fold(0, u128::saturating_add)
}
