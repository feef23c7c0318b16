//! Search for transactions by their events.

mod query;

use super::{answer::GrpcError, books::TxRecord, node::Node};

/// Results on a page when the RPC's client does not say.
pub(super) const DEFAULT_PER_PAGE: u64 = 30;
/// Most results on a page; more are asked for in vain.
const MAX_PER_PAGE: u64 = 100;

/// Most bytes of a query, as in CometBFT.
const MAX_QUERY: usize = 512;

/// Which of the transactions found are wanted.
pub(super) struct Page {
    /// From 1.
    pub number: u64,
    pub size: u64,
    /// Newest first.
    pub descending: bool,
}

impl Page {
    /// A page as the SDK's service asks for it: by number or by offset, 0 for the usual.
    pub fn asked(number: u64, offset: u64, sizes: [u64; 2], descending: bool) -> Self {
        let given = sizes.into_iter().find(|size| *size > 0);
        let size = given.unwrap_or(MAX_PER_PAGE).min(MAX_PER_PAGE);
        let number = match number {
            0 => (offset / size).saturating_add(1),
            number => number,
        };
        Self {
            number,
            size,
            descending,
        }
    }
}

/// A page of transactions, and how many there are in all.
pub(super) struct Found<'a> {
    pub records: Vec<&'a TxRecord>,
    pub total: u64,
}

/// Finds the transactions that meet a query. A page behind the last is an error.
pub(super) fn search<'a>(node: &'a Node, query: &str, page: &Page) -> Result<Found<'a>, GrpcError> {
    if query.len() > MAX_QUERY {
        return Err(GrpcError::invalid("maximum query length exceeded"));
    }
    let conditions = query::parse(query)?;
    let mut records: Vec<&TxRecord> = node
        .txs()
        .filter(|record| conditions.iter().all(|condition| condition.holds(record)))
        .collect();
    if page.descending {
        records.reverse();
    }
    let total = records.len() as u64;
    let size = page.size.clamp(1, MAX_PER_PAGE);
    let pages = total.div_ceil(size).max(1);
    if page.number == 0 || page.number > pages {
        return Err(GrpcError::invalid(format!(
            "page should be within [1, {pages}] range, given {}",
            page.number
        )));
    }
    let before = usize::try_from((page.number - 1) * size).unwrap_or(usize::MAX);
    let records = records.into_iter().skip(before).take(size as usize);
    Ok(Found {
        records: records.collect(),
        total,
    })
}

/// A query as the SDK's service takes it: one text, or a list of conditions in the old form.
pub(super) fn query_text(query: &str, events: &[String]) -> Result<String, GrpcError> {
    let text = match query {
        "" => events.join(" AND "),
        query => query.to_owned(),
    };
    match text.is_empty() {
        true => Err(GrpcError::unknown("query cannot be empty")),
        false => Ok(text),
    }
}
