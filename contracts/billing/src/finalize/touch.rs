//! Sessions of a batch, and decoys, are read and written; all alike.

use cosmwasm_std::{Deps, DepsMut, Env, StdError};
use secret_ai_contract_kit::notification::{Event, Note};
use secret_ai_interface::billing::SessionAuth;
use secret_ai_interface::SessionId;
use secret_ai_receipts::{Ack, Domain};

use super::cohort::{Batch, Item, Position};
use crate::error::{wide, ContractError};
use crate::money::{apply, Claim, Progress};
use crate::state::{progress, save_progress, terms, Config, Named, PendingAck, Terms};

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

/// Applies a batch: its sessions are read and written in their order, all alike.
pub fn touch(
    deps: &mut DepsMut,
    env: &Env,
    config: &Config,
    seed: &[u8; 32],
    batch: &Batch,
) -> Result<Touched, ContractError> {
    let (mut earned, mut notes) = (Vec::new(), Vec::new());
    for Position { number, items } in &batch.positions {
        let terms = terms(deps.storage, *number)?;
        let terms = terms.ok_or_else(|| StdError::generic_err("stored terms: missing"))?;
        let before = progress(deps.storage, *number)?;
        let mut progress = before;
        let session_id = Named::new(seed, *number, &terms.owner)?.id(seed)?;
        let own = items.iter().filter(|i| i.entry.session_id == session_id);
        for item in own {
            let amount = apply_item(deps.as_ref(), env, config, &terms, &mut progress, item)?;
            earned.push(Earned {
                place: item.place,
                token: terms.token,
                amount,
            });
        }
        save_progress(deps.storage, *number, &progress);
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
