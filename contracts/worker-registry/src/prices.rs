//! What active workers offer: prices, and the two queries of today's Secret AI SDKs.
//!
//! Each looks at the newest [`SCANNED`] workers, so that an answer stays within the gas of a query
//! whatever the number of workers; who wants all pages through `workers`.

use std::collections::BTreeSet;

use cosmwasm_std::{Addr, Binary, Deps, Env};
use secret_ai_contract_kit::padding;
use secret_ai_interface::registry::{
    Listing, ModelListing, ModelsAnswer, Offer, PriceListAnswer, UrlsAnswer,
};
use secret_ai_interface::{Unit, WorkerId};

use crate::error::ContractError;
use crate::kids::{is_listed, worth};
use crate::state::{self, load_listing};
use crate::workers::{numbered, with_key};

/// Most workers that these queries look at, newest first.
const SCANNED: u32 = 200;
/// Most offers in one answer: the cheapest.
const MAX_OFFERS: usize = 200;

pub fn price_list(
    deps: Deps,
    env: Env,
    model: Option<String>,
    token: Option<Addr>,
) -> Result<Binary, ContractError> {
    let mut offers = Vec::new();
    for Found {
        worker_id,
        class,
        listing,
    } in active_workers(deps, &env)?
    {
        let Listing { url, models } = listing;
        let wanted = models
            .into_iter()
            .filter(|listed| is_wanted(listed, model.as_deref(), token.as_ref()));
        offers.extend(wanted.map(|listing| Offer {
            worker_id,
            url: url.clone(),
            class,
            listing,
        }));
    }
    offers.sort_by_key(|offer| output_rate(&offer.listing));
    offers.truncate(MAX_OFFERS);
    Ok(padding::to_padded_binary(&PriceListAnswer { offers })?)
}

pub fn models(deps: Deps, env: Env) -> Result<Binary, ContractError> {
    let listings = active_workers(deps, &env)?
        .into_iter()
        .flat_map(|found| found.listing.models);
    let names: BTreeSet<String> = listings.map(|listed| listed.model).collect();
    Ok(padding::to_padded_binary(&ModelsAnswer {
        models: names.into_iter().collect(),
    })?)
}

pub fn urls(deps: Deps, env: Env, model: Option<String>) -> Result<Binary, ContractError> {
    let serves = |listing: &Listing| match &model {
        Some(model) => listing.models.iter().any(|listed| listed.model == *model),
        None => true,
    };
    let listings = active_workers(deps, &env)?
        .into_iter()
        .map(|found| found.listing);
    let urls = listings.filter(serves).map(|listing| listing.url).collect();
    Ok(padding::to_padded_binary(&UrlsAnswer { urls })?)
}

/// An active worker with what it offers.
struct Found {
    worker_id: WorkerId,
    class: u8,
    listing: Listing,
}

/// Newest first.
fn active_workers(deps: Deps, env: &Env) -> Result<Vec<Found>, ContractError> {
    let now = env.block.time.seconds();
    let total = state::counters(deps.storage)?.workers;
    let heartbeat_s = state::config(deps.storage)?.policy.heartbeat_s;
    let mut found = Vec::new();
    for number in (total.saturating_sub(SCANNED)..total).rev() {
        let worker_id = numbered(deps.storage, number)?;
        let (worker, key) = with_key(deps.storage, &worker_id)?;
        let worth = worth(deps.storage, &key)?;
        if is_listed(deps.storage, &worker.kid, &key, &worth, heartbeat_s, now)? {
            let listing = load_listing(deps.storage, &worker_id)?;
            found.push(Found {
                worker_id,
                class: key.class,
                listing,
            });
        }
    }
    Ok(found)
}

fn is_wanted(listed: &ModelListing, model: Option<&str>, token: Option<&Addr>) -> bool {
    model.is_none_or(|model| listed.model == model)
        && token.is_none_or(|token| listed.token == *token)
}

/// Who names no rate for output comes last.
fn output_rate(listed: &ModelListing) -> u64 {
    let output = listed.rates.iter().find(|rate| rate.unit == Unit::Output);
    output.map_or(u64::MAX, |rate| rate.rate)
}
