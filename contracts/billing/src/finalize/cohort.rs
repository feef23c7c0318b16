//! Which entries a call works off: a secret permutation of all that a cohort's pages hold.

use std::collections::BTreeMap;

use cosmwasm_std::{StdResult, Storage};
use secret_ai_contract_kit::random::Stream;
use secret_ai_interface::billing::{MAX_BATCH, MAX_COHORT, MAX_TOKENS, PAGE_ENTRIES};

use super::decoys::Decoys;
use crate::error::wide;
use crate::state::{page, Cohort, Entry, Named, Page, Queue};

/// What one call works off.
pub struct Batch<'a> {
    /// Sessions to touch, in this order.
    pub positions: Vec<Position<'a>>,
    /// Entries worked off, empty ones included.
    pub worked_off: u64,
}

/// A session to be touched, and what was settled for it in this cohort: nothing for a decoy.
pub struct Position<'a> {
    pub number: u64,
    pub items: Vec<Item<'a>>,
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
pub fn take_up(storage: &dyn Storage, queue: &Queue) -> StdResult<TakenUp> {
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

/// Takes the next `limit` sessions of the cohort.
///
/// Everything follows from the contract's secret and the pages, which stay the same until the cohort
/// is through: whoever runs a call several times and has it reverted sees the same again. Sessions
/// are put in the order of their numbers before they are permuted: which page an entry came on
/// decides nothing that can be seen.
pub fn next_batch<'a>(
    seed: &[u8; 32],
    secret: &[u8; 32],
    cohort: &mut Cohort,
    pages: &'a [Page],
    opened: u64,
    limit: u32,
) -> StdResult<Batch<'a>> {
    let entries = pages.len().saturating_mul(PAGE_ENTRIES);
    let items = settled(seed, pages, opened)?;
    let positions = match cfg!(feature = "leak-p4") {
        true => in_the_order_of_pages(items),
        false => {
            let opened = pages.first().map_or(0, |page| page.opened);
            mixed(secret, items, opened)
        }
    };
    let size = usize::try_from(limit).unwrap_or(usize::MAX);
    let skip = usize::try_from(cohort.done).unwrap_or(usize::MAX);
    let worked_off = wide(entries.saturating_sub(skip).min(size));
    cohort.done = cohort.done.saturating_add(worked_off);
    let positions = positions.into_iter().skip(skip).take(size);
    Ok(Batch {
        positions: positions.flatten().collect(),
        worked_off,
    })
}

/// All entries in the order of the pages, with the numbers of their sessions; `None` for an empty
/// one and for one that names no session.
fn settled<'a>(
    seed: &[u8; 32],
    pages: &'a [Page],
    opened: u64,
) -> StdResult<Vec<Option<(u64, Item<'a>)>>> {
    let mut items = Vec::new();
    for (place, page) in pages.iter().enumerate() {
        for entry in page.entries {
            let number = entry
                .map(|entry| Named::of(seed, &entry.session_id))
                .transpose()?
                .map_or(u64::MAX, |named| named.number);
            let item = entry.filter(|_| number < opened);
            items.push(item.map(|entry| (number, Item { place, page, entry })));
        }
    }
    Ok(items)
}

/// As many positions as entries, and a batch of decoys behind them for the last call; any
/// [`MAX_BATCH`] in a row are different sessions. Several entries of one session are one.
fn mixed<'a>(
    secret: &[u8; 32],
    items: Vec<Option<(u64, Item<'a>)>>,
    opened: u64,
) -> Vec<Option<Position<'a>>> {
    let entries = items.len();
    let mut due: BTreeMap<u64, Vec<Item>> = BTreeMap::new();
    for (number, item) in items.into_iter().flatten() {
        due.entry(number).or_default().push(item);
    }
    let mut stream = Stream::new(*secret);
    let mut decoys = Decoys::new(&due, opened);
    let mut order: Vec<Option<(u64, Vec<Item>)>> = due.into_iter().map(Some).collect();
    order.resize_with(entries, || None);
    stream.shuffle(&mut order);
    order.resize_with(entries.saturating_add(MAX_BATCH), || None);
    let position = |session: Option<(u64, Vec<Item<'a>>)>| {
        let (number, items) = session.unwrap_or_else(|| (decoys.next(&mut stream), Vec::new()));
        Some(Position { number, items })
    };
    order.into_iter().map(position).collect()
}

/// In a build that leaks on purpose, to prove that the two-worlds test sees it: no decoys either.
fn in_the_order_of_pages<'a>(items: Vec<Option<(u64, Item<'a>)>>) -> Vec<Option<Position<'a>>> {
    let position = |(number, item)| Position {
        number,
        items: vec![item],
    };
    items.into_iter().map(|item| item.map(position)).collect()
}
