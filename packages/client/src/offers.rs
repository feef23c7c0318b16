//! Which worker to take: the registry's public price list.

use cosmwasm_std::{Addr, Uint128};
use secret_ai_interface::billing::Line;
use secret_ai_interface::registry::{Offer, PriceListAnswer, QueryMsg, WorkerAnswer};
use secret_ai_interface::{Unit, WorkerId};

use crate::account::Account;
use crate::error::{ClientError, Result};

/// What active workers ask, for one model or all, in one token or any.
///
/// # Errors
/// The node's.
pub async fn offers(
    account: &Account,
    model: Option<&str>,
    token: Option<&str>,
) -> Result<Vec<Offer>> {
    let query = QueryMsg::PriceList {
        model: model.map(str::to_string),
        token: token.map(Addr::unchecked),
    };
    let answer: PriceListAnswer = account.ask_registry(&query).await?;
    Ok(answer.offers)
}

/// The cheapest offer for a model in a token, or the one of a given worker.
///
/// # Errors
/// There is none.
pub async fn choose(
    account: &Account,
    model: &str,
    token: &str,
    worker: Option<WorkerId>,
) -> Result<Offer> {
    let fits = |o: &Offer| worker.is_none_or(|w| w == o.worker_id);
    let all = offers(account, Some(model), Some(token)).await?;
    let found = all.into_iter().filter(fits);
    found.min_by_key(rate_sum).ok_or_else(|| {
        ClientError::input(
            "model",
            format!("no active worker offers {model:?} for this token"),
        )
    })
}

/// Compares offers: an output token is taken to cost as much work as four input tokens.
fn rate_sum(offer: &Offer) -> u128 {
    let rate = |unit| {
        let found = offer.listing.rates.iter().find(|r| r.unit == unit);
        found.map_or(0, |r| u128::from(r.rate))
    };
    rate(Unit::Input) + 4 * rate(Unit::Output) + rate(Unit::Request)
}

/// The lines of a session that accepts an offer as it is.
pub fn lines(offer: &Offer) -> Vec<Line> {
    let line = |rate: &secret_ai_interface::registry::Rate| Line {
        model: offer.listing.model.clone(),
        unit: rate.unit,
        rate: rate.rate,
    };
    offer.listing.rates.iter().map(line).collect()
}

/// A worker with its keys, as the registry has verified them.
///
/// # Errors
/// There is no such worker, or the node's.
pub async fn worker(account: &Account, worker_id: WorkerId) -> Result<WorkerAnswer> {
    account.ask_registry(&QueryMsg::Worker { worker_id }).await
}

/// Base units per 1,000,000 units, as text.
pub fn describe(offer: &Offer) -> String {
    let rates = offer.listing.rates.iter();
    let rates = rates.map(|r| format!("{} {}", unit_name(r.unit), Uint128::from(r.rate)));
    rates.collect::<Vec<_>>().join(", ")
}

/// What the registry has verified of a worker of this class, as text.
pub fn verified(class: u8) -> String {
    let gpus = match class >> 4 {
        0 => String::new(),
        1 => ", 1 confidential GPU".into(),
        count => format!(", {count} confidential GPUs"),
    };
    let place = match class & 0b10 {
        0 => "nobody vouches for where it stands",
        _ => "its place is known",
    };
    format!("confidential CPU{gpus}; {place}")
}

/// Name of a unit, as in messages.
pub fn unit_name(unit: Unit) -> &'static str {
    match unit {
        Unit::Input => "input",
        Unit::CachedInput => "cached_input",
        Unit::Output => "output",
        Unit::Image => "image",
        Unit::AudioMs => "audio_ms",
        Unit::Embedding => "embedding",
        Unit::Request => "request",
    }
}
