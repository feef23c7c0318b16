//! Receipts on their way from an answer to the contract.

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use crate::settle::Settled;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Status {
    status: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Token {
    token: String,
}

/// Receipts on their way.
pub struct MoneyMetrics {
    /// Receipts signed.
    pub signed: Counter,
    rounds: Family<Status, Counter>,
    pages: Counter,
    entries: Family<Status, Counter>,
    last_round: Gauge,
    unsettled: Gauge,
    value: Family<Token, Gauge<f64, AtomicU64>>,
}

impl MoneyMetrics {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let metrics = MoneyMetrics {
            signed: Counter::default(),
            rounds: Family::default(),
            pages: Counter::default(),
            entries: Family::default(),
            last_round: Gauge::default(),
            unsettled: Gauge::default(),
            value: Family::default(),
        };
        registry.register(
            "secret_ai_receipts_signed",
            "Receipts signed",
            metrics.signed.clone(),
        );
        metrics.register_settling(registry);
        metrics
    }

    fn register_settling(&self, registry: &mut Registry) {
        let metrics = self;
        registry.register(
            "secret_ai_settle_rounds",
            "Rounds of settling, by how they ended: ok or failed",
            metrics.rounds.clone(),
        );
        registry.register(
            "secret_ai_settle_pages",
            "Pages handed in, empty ones too",
            metrics.pages.clone(),
        );
        registry.register(
            "secret_ai_settle_entries",
            "Receipts handed in, by what became of them: pending, again, refused",
            metrics.entries.clone(),
        );
        registry.register_with_unit(
            "secret_ai_settle_last_round_timestamp",
            "When a round of settling last ended well, unix time",
            Unit::Seconds,
            metrics.last_round.clone(),
        );
        registry.register(
            "secret_ai_unsettled_receipts",
            "Newest receipts of sessions that wait to be handed in, after the last round",
            metrics.unsettled.clone(),
        );
        registry.register(
            "secret_ai_unsettled_base_units",
            "What those receipts are worth at most, of sessions in memory, by the token's address",
            metrics.value.clone(),
        );
    }

    /// A round of settling is over; `None` if it failed. `now`: unix seconds.
    pub fn round(&self, settled: Option<&Settled>, now: u64) {
        let status = if settled.is_some() { "ok" } else { "failed" };
        self.rounds.get_or_create(&Status { status }).inc();
        let Some(settled) = settled else { return };
        self.pages.inc_by(settled.pages as u64);
        let entries = [
            ("pending", settled.pending),
            ("again", settled.again),
            ("refused", settled.refused),
        ];
        for (status, count) in entries {
            let counter = self.entries.get_or_create_owned(&Status { status });
            counter.inc_by(count as u64);
        }
        self.last_round.set(i64::try_from(now).unwrap_or(i64::MAX));
    }

    /// What waits now: the number of receipts, and base units by token.
    pub fn unsettled(&self, receipts: usize, value: &HashMap<String, u128>) {
        self.unsettled
            .set(i64::try_from(receipts).unwrap_or(i64::MAX));
        self.value.clear();
        for (token, amount) in value {
            let token = token.clone();
            self.value
                .get_or_create_owned(&Token { token })
                .set(*amount as f64);
        }
    }
}
