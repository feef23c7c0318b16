//! Which receipts one round hands in, and in how many pages.
//!
//! An observer sees who sends a page and when. So as many pages go out every round whether there is
//! something to hand in or not (docs/privacy.md, P4), and what does not fit waits. It waits only as
//! long as it cannot cost money: the owner may close a session at any moment, and from then on
//! receipts count for the challenge window alone.

use std::collections::BTreeMap;

use secret_ai_interface::billing::PAGE_ENTRIES;
use secret_ai_interface::Kid;

use crate::journal::Record;

/// Most pages of one receipt key in one round.
const MAX_PAGES: usize = 64;

/// What one `settle` brings: receipts of one key, [`PAGE_ENTRIES`] at most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    pub kid: Kid,
    pub records: Vec<Record>,
}

/// How pages are filled.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// The receipt key of this boot.
    pub own: Kid,
    /// Pages of a round.
    pub pages: usize,
    /// Send the own key's pages also when they are empty.
    pub cover_traffic: bool,
    /// How long after `close_session` receipts settle, seconds.
    pub challenge_s: u64,
    /// What must be handed in by this time cannot wait for another round, unix seconds of contract
    /// time.
    pub urgent: u64,
}

/// The pages of one round: those of the own key first. Of each key the receipts that must be handed
/// in soonest come first; those that cannot wait get pages beyond the usual number.
pub fn pages(records: Vec<Record>, rules: &Rules) -> Vec<Page> {
    let mut by_kid: BTreeMap<[u8; 20], Vec<Record>> = BTreeMap::new();
    for record in records {
        by_kid
            .entry(record.receipt.body.kid)
            .or_default()
            .push(record);
    }
    let own = by_kid.remove(&rules.own.0).unwrap_or_default();
    let least = if rules.cover_traffic { rules.pages } else { 0 };
    let mut all = pages_of(rules.own, own, least, rules);
    for (kid, records) in by_kid {
        all.extend(pages_of(kid.into(), records, 0, rules));
    }
    all
}

/// Pages of one key, `least` of them at least.
fn pages_of(kid: Kid, mut records: Vec<Record>, least: usize, rules: &Rules) -> Vec<Page> {
    let due = |record: &Record| {
        let closed_now = record.since.saturating_add(rules.challenge_s);
        record.deadline.min(closed_now)
    };
    records.sort_by_key(due);
    let urgent = records.partition_point(|record| due(record) <= rules.urgent);
    let needed = |entries: usize| entries.div_ceil(PAGE_ENTRIES);
    let usual = needed(records.len()).min(rules.pages).max(least);
    let count = usual.max(needed(urgent)).min(MAX_PAGES);
    if count > usual {
        let extra = count.saturating_sub(usual);
        tracing::warn!(extra, "receipts cannot wait, pages beyond the usual number");
    }
    let mut records = records.into_iter();
    let page = |_| Page {
        kid,
        records: records.by_ref().take(PAGE_ENTRIES).collect(),
    };
    (0..count).map(page).collect()
}
