//! `settle`: receipts join the pending set of the running epoch.
//!
//! Touches the receipt keys' rows in the registry and the pending set, nothing of any user or
//! session: what a receipt is worth is found out when the epoch is finalized, mixed with others
//! (docs/privacy.md, P4).

use cosmwasm_std::{Deps, DepsMut, Env, QueryRequest, Response, WasmQuery};
use secret_ai_contract_kit::padding::{respond, to_padded_binary};
use secret_ai_interface::billing::{EntryStatus, SettleAnswer, SettleEntry, MAX_BATCH};
use secret_ai_interface::registry::{KidInfo, KidStatus, KidsAnswer, QueryMsg};
use secret_ai_interface::{Hex, Kid, MAX_LINES};
use secret_ai_receipts::{Ack, Domain, Receipt, Signed};

use crate::clock::{epoch_of, Clock};
use crate::error::{check_count, ContractError};
use crate::state::{queue, save_pending, save_queue, tick, Config, Pending, PendingAck};

/// An entry that could be decoded.
struct Decoded {
    receipt: Signed<Receipt>,
    ack: Option<Signed<Ack>>,
}

/// Anyone: hands in receipts. One status per entry; a bad entry harms no other.
pub fn settle(deps: DepsMut, env: Env, entries: &[SettleEntry]) -> Result<Response, ContractError> {
    check_count("entries", entries.len(), MAX_BATCH)?;
    let config = Config::load(deps.storage)?;
    let clock = tick(deps.storage, &env)?;
    if clock.paused() {
        return Err(ContractError::Paused);
    }
    let decoded: Vec<_> = entries.iter().map(decode).collect();
    let kids = ask_registry(deps.as_ref(), &config, &decoded)?;

    let epoch = epoch_of(clock.now, config.timing.epoch_s);
    let mut queue = queue(deps.storage)?;
    if queue.is_empty() {
        queue.head_epoch = epoch;
    }
    let mut statuses = Vec::with_capacity(entries.len());
    for (entry, kid) in decoded.into_iter().zip(kids) {
        let checked = entry.and_then(|e| check(deps.as_ref(), &env, &config, &clock, e, kid));
        statuses.push(match checked {
            Ok(pending) => {
                save_pending(deps.storage, queue.tail, &pending);
                queue.tail = queue.tail.saturating_add(1);
                EntryStatus::Pending
            }
            Err(status) => status,
        });
    }
    save_queue(deps.storage, &queue);
    Ok(respond(&SettleAnswer { epoch, statuses })?)
}

fn decode(entry: &SettleEntry) -> Result<Decoded, EntryStatus> {
    let receipt: Signed<Receipt> =
        Signed::decode(&entry.receipt).map_err(|_| EntryStatus::BadReceipt)?;
    let ack: Option<Signed<Ack>> = entry
        .ack
        .as_ref()
        .map(|a| Signed::decode(a))
        .transpose()
        .map_err(|_| EntryStatus::BadAck)?;
    let fits = |ack: &Signed<Ack>| {
        ack.body.session_id == receipt.body.session_id
            && ack.body.kid == receipt.body.kid
            && ack.body.seq <= receipt.body.seq
    };
    if ack.as_ref().is_some_and(|a| !fits(a)) {
        return Err(EntryStatus::BadAck);
    }
    Ok(Decoded { receipt, ack })
}

/// What the registry knows of the entries' receipt keys, in one query.
fn ask_registry(
    deps: Deps,
    config: &Config,
    entries: &[Result<Decoded, EntryStatus>],
) -> Result<Vec<Option<KidInfo>>, ContractError> {
    let kid = |e: &Result<Decoded, _>| e.as_ref().map_or([0; 20], |d| d.receipt.body.kid);
    let kids: Vec<Kid> = entries.iter().map(kid).map(Hex).collect();
    let asked = kids.len();
    let answer: KidsAnswer = deps.querier.query(&QueryRequest::Wasm(WasmQuery::Smart {
        contract_addr: config.registry.address.to_string(),
        code_hash: config.registry.code_hash.clone(),
        msg: to_padded_binary(&QueryMsg::Kids { kids })?,
    }))?;
    if answer.kids.len() == asked {
        Ok(answer.kids)
    } else {
        let reason = "the registry answered for another number of keys";
        Err(ContractError::Invalid {
            field: "kids",
            reason,
        })
    }
}

fn check(
    deps: Deps,
    env: &Env,
    config: &Config,
    clock: &Clock,
    entry: Decoded,
    kid: Option<KidInfo>,
) -> Result<Pending, EntryStatus> {
    let kid = kid.ok_or(EntryStatus::UnknownKid)?;
    let Decoded { receipt, ack } = entry;
    // Leases run in block time; a pause gives the time it took back to the worker.
    let paused_for = env.block.time.seconds().saturating_sub(clock.now);
    let settles_until = kid
        .lease_until
        .saturating_add(config.timing.grace_s)
        .saturating_add(paused_for);
    if env.block.time.seconds() > settles_until {
        return Err(EntryStatus::LeaseOver);
    }
    let domain = Domain {
        chain_id: env.block.chain_id.clone(),
        billing: env.contract.address.to_string(),
    };
    let digest = domain.digest(&receipt.body);
    let signed = deps
        .api
        .secp256k1_verify(&digest, &receipt.signature, &kid.receipt_pk.0)
        .unwrap_or(false);
    if !signed {
        return Err(EntryStatus::BadSignature);
    }
    let body = receipt.body;
    let mut counters = [0; MAX_LINES];
    for (to, from) in counters.iter_mut().zip(&body.counters) {
        *to = *from;
    }
    Ok(Pending {
        epoch: epoch_of(clock.now, config.timing.epoch_s),
        settled_at: clock.now,
        session_id: Hex(body.session_id),
        kid: Hex(body.kid),
        worker_id: kid.worker_id,
        operator: kid.operator,
        is_final: body.is_final,
        compromised: kid.status == KidStatus::Compromised,
        lines: u8::try_from(body.counters.len()).unwrap_or(u8::MAX),
        counters,
        ack: ack.map(|a| PendingAck {
            seq: a.body.seq,
            amount: a.body.amount,
            signature: a.signature,
        }),
    })
}
