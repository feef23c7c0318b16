//! Which entries a call works off: a secret permutation of all that a cohort's pages hold.

use cosmwasm_std::{StdResult, Storage};
use secret_ai_contract_kit::random::Stream;
use secret_ai_interface::billing::{MAX_COHORT, MAX_TOKENS, PAGE_ENTRIES};

use crate::error::wide;
use crate::state::{page, Cohort, Entry, Page, Queue};

/// What one call works off.
pub struct Batch<'a> {
    pub items: Vec<Item<'a>>,
    /// Sessions to touch.
    pub size: usize,
    /// Entries worked off, empty ones included.
    pub worked_off: u64,
}

/// An entry with the page that it came on.
#[derive(Clone, Copy)]
pub struct Item<'a> {
    /// Place of the page in the cohort.
    pub place: usize,
    pub page: &'a Page,
    pub entry: Entry,
}

/// The pages that are being worked off.
pub struct TakenUp {
    pub cohort: Cohort,
    pub pages: Vec<Page>,
    /// Pages that were read to begin it, or to go on.
    pub read: u64,
}

/// The cohort at the head of the queue, which must not be empty: the one that was begun, or a new
/// one of the pages of the oldest epoch. Reads all its pages.
pub fn take_up(storage: &dyn Storage, queue: &Queue, stream: &mut Stream) -> StdResult<TakenUp> {
    let begun = Cohort::load(storage)?;
    let twice = wide(MAX_COHORT).saturating_mul(2);
    let most = begun.as_ref().map_or(twice, Cohort::pages);
    let end = queue.tail.min(queue.head.saturating_add(most));
    let (mut pages, mut read) = (Vec::new(), 0u64);
    for index in queue.head..end {
        let page = page(storage, index)?;
        read = read.saturating_add(1);
        if page.epoch != queue.head_epoch {
            break;
        }
        pages.push(page);
    }
    let cohort = begun.unwrap_or_else(|| {
        pages.truncate(cohort_size(pages.len()));
        Cohort {
            done: 0,
            seed: stream.next_bytes(),
            earned: vec![[0; MAX_TOKENS]; pages.len()],
        }
    });
    Ok(TakenUp {
        cohort,
        pages,
        read,
    })
}

/// Pages of a new cohort when so many of the epoch, or more than can be seen, wait: the last two
/// cohorts of an epoch share what is left, so that no page is mixed with few others (docs/privacy.md).
fn cohort_size(waiting: usize) -> usize {
    match waiting {
        0..=MAX_COHORT => waiting,
        _ => waiting.div_ceil(2).min(MAX_COHORT),
    }
}

/// Takes the next `limit` entries of the cohort's permutation.
///
/// Entries are put in the order of their sessions' ids before they are permuted: which page an
/// entry came on decides nothing that can be seen.
pub fn next_entries<'a>(cohort: &mut Cohort, pages: &'a [Page], limit: u32) -> Batch<'a> {
    let mut items = Vec::new();
    for (place, page) in pages.iter().enumerate() {
        for entry in page.entries {
            items.push(entry.map(|entry| Item { place, page, entry }));
        }
    }
    if cfg!(not(feature = "leak-p4")) {
        items.sort_by_key(|item| item.map_or([u8::MAX; 16], |i| i.entry.session_id.0));
        Stream::new(cohort.seed).shuffle(&mut items);
    }
    debug_assert_eq!(items.len(), pages.len().saturating_mul(PAGE_ENTRIES));
    let size = usize::try_from(limit).unwrap_or(usize::MAX);
    let skip = usize::try_from(cohort.done).unwrap_or(usize::MAX);
    let next: Vec<_> = items.into_iter().skip(skip).take(size).collect();
    let worked_off = wide(next.len());
    cohort.done = cohort.done.saturating_add(worked_off);
    Batch {
        items: next.into_iter().flatten().collect(),
        size,
        worked_off,
    }
}
