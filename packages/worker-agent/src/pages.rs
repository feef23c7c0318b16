//! Which receipts one round hands in, and in how many pages.
//!
//! An observer sees who sends a page and when. So as many pages go out every round whether there is
//! something to hand in or not (docs/privacy.md, P4), and what does not fit waits. It waits only as
//! long as it cannot cost money: the owner may close a session at any moment, and from then on
//! receipts count for the challenge window alone. A backlog that the usual pages cannot bring in by
//! then gets more of them at once, evenly over the rounds that are left: billing takes only so many
//! pages of a key and epoch.

use std::collections::BTreeMap;

use secret_ai_interface::billing::PAGE_ENTRIES;
use secret_ai_interface::Kid;

use crate::journal::Record;

/// Most pages of one receipt key in one round; billing takes as many of its operator in an epoch.
pub const MAX_PAGES: usize = 64;

/// What one `settle` brings: receipts of one key, [`PAGE_ENTRIES`] at most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    pub kid: Kid,
    pub records: Vec<Record>,
}

/// How pages are filled.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The receipt key of this boot; none for a watchtower.
    pub own: Option<Kid>,
    /// Pages of a round.
    pub pages: usize,
    /// Most pages of one receipt key in one round.
    pub most: usize,
    /// Send the own key's pages also when they are empty.
    pub cover_traffic: bool,
    /// How long after `close_session` receipts settle, seconds.
    pub challenge_s: u64,
    /// Until when receipts of a key settle, unix seconds of contract time; a key that is not here
    /// has no end in sight.
    pub settles_until: BTreeMap<[u8; 20], u64>,
    /// Unix seconds of contract time.
    pub now: u64,
    /// From round to round, seconds.
    pub round_s: u64,
    /// How long before it is due a receipt cannot wait for another round, seconds; with the largest
    /// number none can ever wait.
    pub margin_s: u64,
}

impl Rules {
    /// When a receipt must be in at the latest, unix seconds of contract time.
    fn due(&self, record: &Record) -> u64 {
        let closed_now = record.since.saturating_add(self.challenge_s);
        let of_key = self.settles_until.get(&record.receipt.body.kid).copied();
        let until = of_key.unwrap_or(u64::MAX);
        record.deadline.min(closed_now).min(until)
    }

    /// Rounds in which a receipt due at `due` can go, this one included.
    fn rounds(&self, due: u64) -> u64 {
        let spare_s = due.saturating_sub(self.margin_s).saturating_sub(self.now);
        spare_s.div_ceil(self.round_s.max(1)).saturating_add(1)
    }

    /// The fewest pages that, sent in this and the next rounds, bring in all of these receipts, which
    /// are sorted by when they are due.
    fn needed(&self, records: &[Record]) -> usize {
        let pages = records.iter().zip(1_u64..).map(|(record, entries)| {
            let rounds = self.rounds(self.due(record));
            entries.div_ceil(rounds.saturating_mul(PAGE_ENTRIES as u64))
        });
        usize::try_from(pages.max().unwrap_or_default()).unwrap_or(usize::MAX)
    }
}

/// The pages of one round: those of the own key first. Of each key the receipts that must be handed
/// in soonest come first. More pages than usual go out as soon as the usual ones would not do.
pub fn pages(records: Vec<Record>, rules: &Rules) -> Vec<Page> {
    let mut by_kid: BTreeMap<[u8; 20], Vec<Record>> = BTreeMap::new();
    for record in records {
        by_kid
            .entry(record.receipt.body.kid)
            .or_default()
            .push(record);
    }
    let mut all = Vec::new();
    if let Some(own) = rules.own {
        let records = by_kid.remove(&own.0).unwrap_or_default();
        let least = if rules.cover_traffic { rules.pages } else { 0 };
        all.extend(pages_of(own, records, least, rules));
    }
    for (kid, records) in by_kid {
        all.extend(pages_of(kid.into(), records, 0, rules));
    }
    all
}

/// Pages of one key, `least` of them at least.
fn pages_of(kid: Kid, mut records: Vec<Record>, least: usize, rules: &Rules) -> Vec<Page> {
    records.sort_by_key(|record| rules.due(record));
    let usual = records.len().div_ceil(PAGE_ENTRIES);
    let usual = usual.min(rules.pages).max(least);
    let count = usual.max(rules.needed(&records)).min(rules.most);
    if count > usual {
        let extra = count.saturating_sub(usual);
        tracing::warn!(
            extra,
            "receipts would be late, pages beyond the usual number"
        );
    }
    let mut records = records.into_iter();
    let page = |_| Page {
        kid,
        records: records.by_ref().take(PAGE_ENTRIES).collect(),
    };
    (0..count).map(page).collect()
}
