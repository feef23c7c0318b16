//! `finalize`: what was settled in ended epochs is priced and paid.
//!
//! Nobody shall see which page (whose worker everybody knows) paid which session (whose user
//! everybody knows); docs/privacy.md, P4:
//!
//! * pages are worked off in *cohorts*, up to 32 of one epoch. Every call reads all of them and
//!   works off the next sessions of a secret permutation (`cohort.rs`), so that a call's sessions
//!   may belong to any of the cohort's pages;
//! * every call touches exactly `limit` sessions; others, picked by chance, stand in for empty
//!   entries (`decoys.rs`);
//! * nothing is drawn anew in a call: a call that is reverted and repeated, with whatever `limit`,
//!   shows the same;
//! * what pages earned stays in a secret slot until the cohort is through. Then rewards hears it,
//!   sealed, of every operator of the cohort alike (`credit.rs`). Whoever cranks learns nothing.
//!   Tokens stay in the vault.

mod cohort;
mod credit;
mod decoys;
mod touch;

use cohort::TakenUp;
use cosmwasm_std::{DepsMut, Env, Response, Storage};
use secret_ai_contract_kit::flat_gas;
use secret_ai_contract_kit::notification;
use secret_ai_contract_kit::padding::respond;
use secret_ai_contract_kit::random::Stream;
use secret_ai_contract_kit::sha256;
use secret_ai_interface::billing::{FinalizeAnswer, MAX_BATCH, PAGE_ENTRIES};

use crate::clock::epoch_of;
use crate::error::{check_range, wide, ContractError};
use crate::gas;
use crate::state::{
    credits, page, queue, remove_page, save_credits, save_queue, seed, tick, Cohort, Config, Queue,
};

/// Anyone: works off `limit` entries of the oldest cohort, if its epoch is not after `epoch`.
pub fn finalize(
    mut deps: DepsMut,
    env: Env,
    epoch: u64,
    limit: u32,
) -> Result<Response, ContractError> {
    flat_gas::target(gas::FINALIZE_NOTHING);
    check_range("limit", limit.into(), 1, wide(MAX_BATCH))?;
    let config = Config::load(deps.storage)?;
    let reason = "link_rewards comes first";
    let unlinked = ContractError::Invalid {
        field: "rewards",
        reason,
    };
    let rewards = config.rewards.as_ref().ok_or(unlinked)?;
    let globals = tick(deps.storage, &env)?;
    let current = epoch_of(globals.clock.now, config.timing.epoch_s);
    if epoch >= current {
        return Err(ContractError::EpochNotOver { epoch, current });
    }
    let mut queue = queue(deps.storage)?;
    if queue.is_empty() || queue.head_epoch > epoch {
        return answer(0, &queue, 0);
    }
    let TakenUp {
        mut cohort,
        pages,
        read,
    } = cohort::take_up(deps.storage, &queue)?;
    flat_gas::target(gas::finalize(limit, read));

    let seed = seed(deps.storage)?;
    let secret = sha256(&[b"secret-ai/cohort/1", &seed, &queue.head.to_be_bytes()]);
    let told = sha256(&[b"secret-ai/told/1", &secret, &cohort.done.to_be_bytes()]);
    let opened = globals.opened;
    let batch = cohort::next_batch(&seed, &secret, &mut cohort, &pages, opened, limit)?;
    let touched = touch::touch(&mut deps, &env, &config, &seed, &batch)?;
    let mut owed = credits(deps.storage)?;
    for touch::Earned {
        place,
        token,
        amount,
    } in touched.earned
    {
        owed.earn(token, amount)?;
        cohort.earn(place, token, amount)?;
    }
    save_credits(deps.storage, &owed);

    let mut message = None;
    if cohort.done >= cohort.pages().saturating_mul(wide(PAGE_ENTRIES)) {
        let credit = credit::message(deps.storage, rewards, &pages, &cohort)?;
        message = Some(credit);
        leave(deps.storage, &mut queue, cohort.pages())?;
        cohort = Cohort::default();
    }
    cohort.save(deps.storage);
    let notified =
        notification::attributes(deps.storage, &env, &mut Stream::new(told), &touched.notes)?;
    Ok(answer(batch.worked_off, &queue, cohort.done)?
        .add_attributes(notified)
        .add_messages(message))
}

/// Removes the pages at the head of the queue.
fn leave(storage: &mut dyn Storage, queue: &mut Queue, pages: u64) -> Result<(), ContractError> {
    for index in (queue.head..).take_while(|i| i.saturating_sub(queue.head) < pages) {
        remove_page(storage, index);
    }
    queue.head = queue.head.saturating_add(pages);
    if !queue.is_empty() {
        queue.head_epoch = page(storage, queue.head)?.epoch;
    }
    save_queue(storage, queue);
    Ok(())
}

/// `done` entries of the pages at the head of the queue are worked off already.
fn answer(finalized: u64, queue: &Queue, done: u64) -> Result<Response, ContractError> {
    let waiting = queue.len().saturating_mul(wide(PAGE_ENTRIES));
    Ok(respond(&FinalizeAnswer {
        finalized: u32::try_from(finalized).unwrap_or(u32::MAX),
        remaining: waiting.saturating_sub(done),
    })?)
}
