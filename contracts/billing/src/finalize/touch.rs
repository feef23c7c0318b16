//! Sessions of a batch, and decoys, are read and written; all alike.

use std::collections::BTreeMap;

use cosmwasm_std::{Deps, DepsMut, Env, StdError};
use secret_ai_contract_kit::notification::{Event, Note};
use secret_ai_contract_kit::random::Stream;
use secret_ai_interface::billing::SessionAuth;
use secret_ai_interface::SessionId;
use secret_ai_receipts::{Ack, Domain};

use super::cohort::{Batch, Item};
use crate::error::{wide, ContractError};
use crate::money::{apply, Claim, Progress};
use crate::state::{progress, save_progress, seed, terms, Config, Named, PendingAck, Terms};

/// Decoys are drawn from this many sessions, the most recently opened ones.
const DECOY_WINDOW: u64 = 1_024;

/// A session is low when less than this part of its cap is left.
const LOW: u128 = 10;

/// What came of a batch.
pub struct Touched {
    pub earned: Vec<Earned>,
    /// One per session, decoys too, for its owner.
    pub notes: Vec<Note>,
}

/// What a page earned by one entry.
pub struct Earned {
    /// Place of the page in the cohort.
    pub place: usize,
    pub token: u8,
    /// Base units.
    pub amount: u128,
}

/// Applies a batch. Exactly `batch.size` of the `opened` sessions are read and written, in an order
/// drawn from secret randomness.
pub fn touch(
    deps: &mut DepsMut,
    env: &Env,
    config: &Config,
    batch: &Batch,
    opened: u64,
    stream: &mut Stream,
) -> Result<Touched, ContractError> {
    let seed = seed(deps.storage)?;
    let mut due: BTreeMap<u64, Vec<Item>> = BTreeMap::new();
    for item in &batch.items {
        let number = Named::of(&seed, &item.entry.session_id)?.number;
        if number < opened {
            due.entry(number).or_default().push(*item);
        }
    }
    let touched = if cfg!(feature = "leak-p4") {
        in_the_order_of_pages(due)
    } else {
        add_decoys(&mut due, batch.size, opened, stream);
        let mut touched: Vec<_> = due.into_iter().collect();
        stream.shuffle(&mut touched);
        touched
    };

    let (mut earned, mut notes) = (Vec::new(), Vec::new());
    for (number, items) in touched {
        let terms = terms(deps.storage, number)?;
        let terms = terms.ok_or_else(|| StdError::generic_err("stored terms: missing"))?;
        let before = progress(deps.storage, number)?;
        let mut progress = before;
        let session_id = Named::new(&seed, number, &terms.owner)?.id(&seed)?;
        for item in items {
            if item.entry.session_id != session_id {
                continue;
            }
            let amount = apply_item(deps.as_ref(), env, config, &terms, &mut progress, &item)?;
            earned.push(Earned {
                place: item.place,
                token: terms.token,
                amount,
            });
        }
        save_progress(deps.storage, number, &progress);
        notes.push(note(session_id, terms, &before, &progress));
    }
    Ok(Touched { earned, notes })
}

/// What the owner of a session is told: that it ended, that little is left.
fn note(session_id: SessionId, terms: Terms, before: &Progress, after: &Progress) -> Note {
    let left = |progress: &Progress| progress.left(&terms.limits);
    let is_low = |progress: &Progress| left(progress) < terms.limits.cap / LOW;
    let has_ended = before.final_epoch.is_none() && after.final_epoch.is_some();
    let ended = Event::SessionEnded {
        session_id,
        paid: after.paid,
        rest: left(after),
    };
    let low = Event::LowBalance {
        session_id,
        left: left(after),
    };
    let becomes_low = !is_low(before) && is_low(after);
    let events = vec![has_ended.then_some(ended), becomes_low.then_some(low)];
    let to = terms.owner;
    Note { to, events }
}

/// In a build that leaks on purpose, to prove that the two-worlds test sees it.
fn in_the_order_of_pages(due: BTreeMap<u64, Vec<Item>>) -> Vec<(u64, Vec<Item>)> {
    let mut touched: Vec<_> = due.into_iter().collect();
    touched.sort_by_key(|(_, items)| items.first().map(|item| item.place));
    touched
}

/// Fills up with sessions for which nothing happens. There are always enough: the contract opened
/// a full batch of nobody's sessions when it was made.
fn add_decoys(due: &mut BTreeMap<u64, Vec<Item>>, size: usize, opened: u64, stream: &mut Stream) {
    let recent = opened.saturating_sub(DECOY_WINDOW)..opened;
    let mut pool: Vec<u64> = recent.filter(|number| !due.contains_key(number)).collect();
    while due.len() < size {
        let Some(decoy) = stream.pick(&mut pool) else {
            return;
        };
        due.insert(decoy, Vec::new());
    }
}

/// Applies an entry to its session; returns what the worker earns, base units. An entry of another
/// worker, or with another number of lines, earns nothing.
fn apply_item(
    deps: Deps,
    env: &Env,
    config: &Config,
    terms: &Terms,
    progress: &mut Progress,
    item: &Item,
) -> Result<u128, ContractError> {
    let Item { page, entry, .. } = item;
    if terms.worker_id != page.worker_id || wide(terms.lines.len()) != u64::from(entry.lines) {
        return Ok(0);
    }
    let claim = Claim {
        kid: page.kid,
        epoch: page.epoch,
        settled_at: page.settled_at,
        counters: entry.counters,
        ack: valid_ack(deps, env, terms, item).unwrap_or(0),
        is_final: entry.is_final,
        compromised: page.compromised,
    };
    let rates = terms.rates();
    Ok(apply(
        &terms.limits,
        &rates,
        &config.timing,
        progress,
        &claim,
    )?)
}

/// The ack that came with an entry, if the session's key signed it.
fn valid_ack(deps: Deps, env: &Env, terms: &Terms, item: &Item) -> Option<u128> {
    let PendingAck {
        seq,
        amount,
        signature,
    } = item.entry.ack?;
    let SessionAuth::K(public_key) = &terms.auth else {
        return None;
    };
    let domain = Domain {
        chain_id: env.block.chain_id.clone(),
        billing: env.contract.address.to_string(),
    };
    let ack = Ack {
        session_id: item.entry.session_id.0,
        kid: item.page.kid.0,
        seq,
        amount,
    };
    let digest = domain.digest(&ack);
    let signed = deps
        .api
        .secp256k1_verify(&digest, &signature, &public_key.0)
        .unwrap_or(false);
    signed.then_some(amount)
}
