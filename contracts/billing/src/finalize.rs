//! `finalize`: what was settled in ended epochs is priced and paid.
//!
//! The whole batch is read first; then sessions are touched in an order drawn from secret
//! randomness, so that the trace does not tell which worker's receipt belonged to which session
//! (docs/privacy.md, P4). What workers earned travels to rewards sealed, shuffled, in `limit` rows
//! of one size: whoever cranks learns nothing. Tokens stay in the vault.

use cosmwasm_std::{Addr, Binary, CosmosMsg, Deps, DepsMut, Env, Response, Storage, WasmMsg};
use secret_ai_contract_kit::credit::Credit;
use secret_ai_contract_kit::padding::{respond, to_padded_binary};
use secret_ai_contract_kit::random::{random, Stream};
use secret_ai_contract_kit::row::encode;
use secret_ai_contract_kit::sealed::seal;
use secret_ai_interface::billing::{FinalizeAnswer, SessionAuth, MAX_BATCH};
use secret_ai_interface::rewards::ExecuteMsg;
use secret_ai_interface::Contract;
use secret_ai_receipts::{Ack, Domain};

use crate::clock::epoch_of;
use crate::error::{check_range, ContractError};
use crate::money::{apply, Claim, MoneyError};
use crate::state::{
    credits, pending, progress, queue, remove_pending, save_credits, save_progress, save_queue,
    save_tally, tally, terms, tick, Config, Pending, PendingAck, Terms,
};

/// Anyone: works off at most `limit` entries of epochs up to `epoch`, oldest first.
pub fn finalize(
    deps: DepsMut,
    env: Env,
    epoch: u64,
    limit: u32,
) -> Result<Response, ContractError> {
    check_range(
        "limit",
        limit.into(),
        1,
        u64::try_from(MAX_BATCH).unwrap_or(u64::MAX),
    )?;
    let config = Config::load(deps.storage)?;
    let reason = "link_rewards comes first";
    let unlinked = ContractError::Invalid {
        field: "rewards",
        reason,
    };
    let rewards = config.rewards.as_ref().ok_or(unlinked)?;
    let clock = tick(deps.storage, &env)?;
    let current = epoch_of(clock.now, config.timing.epoch_s);
    if epoch >= current {
        return Err(ContractError::EpochNotOver { epoch, current });
    }
    let mut batch = take_batch(deps.storage, epoch, limit)?;
    let finalized = u32::try_from(batch.len()).unwrap_or(limit);
    let remaining = queue(deps.storage)?.len();

    let mut stream = Stream::new(random(&env, "finalize")?);
    stream.shuffle(&mut batch);
    let mut earned = Vec::with_capacity(batch.len());
    for entry in &batch {
        let terms = terms(deps.storage, &entry.session_id)?;
        let fits =
            |t: &Terms| t.worker_id == entry.worker_id && t.lines.len() == usize::from(entry.lines);
        if let Some(terms) = terms.filter(fits) {
            let ack = valid_ack(deps.as_ref(), &env, &terms, entry);
            let amount = pay(deps.storage, &config, &terms, entry, ack)?;
            merge(
                &mut earned,
                Credit {
                    operator: entry.operator.clone(),
                    token: terms.token,
                    amount,
                },
            )?;
        }
    }
    for (token, _) in (0u8..).zip(&config.tokens) {
        let mut owed = credits(deps.storage, token)?;
        for credit in earned.iter().filter(|c| c.token == token) {
            owed.earn(credit.amount)?;
        }
        save_credits(deps.storage, token, &owed);
    }
    let limit = usize::try_from(limit).unwrap_or(MAX_BATCH);
    earned.resize(
        limit,
        Credit {
            operator: Addr::unchecked(""),
            token: 0,
            amount: 0,
        },
    );
    stream.shuffle(&mut earned);
    let message = credit_message(deps.storage, rewards, &earned)?;
    Ok(respond(&FinalizeAnswer {
        finalized,
        remaining,
    })?
    .add_message(message))
}

/// Takes the oldest entries off the queue.
fn take_batch(
    storage: &mut dyn Storage,
    epoch: u64,
    limit: u32,
) -> Result<Vec<Pending>, ContractError> {
    let mut queue = queue(storage)?;
    let mut batch = Vec::new();
    while !queue.is_empty() && queue.head_epoch <= epoch && batch.len() < limit as usize {
        batch.push(pending(storage, queue.head)?);
        remove_pending(storage, queue.head);
        queue.head = queue.head.saturating_add(1);
        if !queue.is_empty() {
            queue.head_epoch = pending(storage, queue.head)?.epoch;
        }
    }
    save_queue(storage, &queue);
    Ok(batch)
}

/// The ack that came with an entry, if the session's key signed it.
fn valid_ack(deps: Deps, env: &Env, terms: &Terms, entry: &Pending) -> Option<u128> {
    let PendingAck {
        seq,
        amount,
        signature,
    } = entry.ack?;
    let SessionAuth::K(public_key) = &terms.auth else {
        return None;
    };
    let domain = Domain {
        chain_id: env.block.chain_id.clone(),
        billing: env.contract.address.to_string(),
    };
    let ack = Ack {
        session_id: entry.session_id.0,
        kid: entry.kid.0,
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

/// Applies an entry to its session; returns what the worker earns, base units.
fn pay(
    storage: &mut dyn Storage,
    config: &Config,
    terms: &Terms,
    entry: &Pending,
    ack: Option<u128>,
) -> Result<u128, ContractError> {
    let mut progress = progress(storage, &entry.session_id)?;
    let mut tally = tally(storage, &entry.session_id, &entry.kid)?;
    let claim = Claim {
        epoch: entry.epoch,
        settled_at: entry.settled_at,
        counters: entry.counters,
        ack: ack.unwrap_or(0),
        is_final: entry.is_final,
        compromised: entry.compromised,
    };
    let rates = terms.rates();
    let earned = apply(
        &terms.limits,
        &rates,
        &config.timing,
        &mut progress,
        &mut tally,
        &claim,
    )?;
    save_progress(storage, &entry.session_id, &progress);
    save_tally(storage, &entry.session_id, &entry.kid, &tally);
    Ok(earned)
}

/// One row per operator and token.
fn merge(earned: &mut Vec<Credit>, credit: Credit) -> Result<(), MoneyError> {
    let same = |c: &&mut Credit| c.operator == credit.operator && c.token == credit.token;
    match earned.iter_mut().find(same) {
        Some(row) => {
            let overflow = MoneyError::Overflow { what: "credits" };
            row.amount = row.amount.checked_add(credit.amount).ok_or(overflow)?;
        }
        None => earned.push(credit),
    }
    Ok(())
}

fn credit_message(
    storage: &mut dyn Storage,
    rewards: &Contract,
    rows: &[Credit],
) -> Result<CosmosMsg, ContractError> {
    let payload: Vec<u8> = rows.iter().flat_map(encode).collect();
    let sealed = Binary(seal(storage, &payload)?);
    Ok(WasmMsg::Execute {
        contract_addr: rewards.address.to_string(),
        code_hash: rewards.code_hash.clone(),
        msg: to_padded_binary(&ExecuteMsg::Credit { sealed })?,
        funds: vec![],
    }
    .into())
}
