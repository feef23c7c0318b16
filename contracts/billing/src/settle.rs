//! `settle`: one page of receipts joins the pending set of the running epoch.
//!
//! Touches the receipt key's rows in the registry and the pending set, nothing of any user or
//! session: what a receipt is worth is found out when the epoch is finalized, mixed with others
//! (docs/privacy.md, P4). A page has one size whatever is in it, so that a worker who always sends
//! its pages shows nobody when it worked.

use cosmwasm_std::{Deps, DepsMut, Env, MessageInfo, QueryRequest, Response, WasmQuery};
use secret_ai_contract_kit::flat_gas;
use secret_ai_contract_kit::padding::{respond, to_padded_binary};
use secret_ai_interface::billing::{EntryStatus, SettleAnswer, SettleEntry, PAGE_ENTRIES};
use secret_ai_interface::registry::{KidInfo, KidStatus, KidsAnswer, QueryMsg};
use secret_ai_interface::{Hex, Kid, MAX_LINES};
use secret_ai_receipts::{Ack, Domain, Receipt, Signed};

use crate::clock::epoch_of;
use crate::error::{check_range, wide, ContractError};
use crate::gas;
use crate::state::{
    key_pages, queue, save_key_pages, save_page, save_queue, tick, Config, Entry, Globals, Page,
    PendingAck,
};

/// Pages of one receipt key that its operator can send in an epoch.
const MAX_OWN_PAGES: u32 = 64;
/// Pages of one receipt key that all others can send in an epoch.
const MAX_OTHER_PAGES: u32 = 4;

/// Anyone: hands in receipts of one key. One status per entry; a bad entry harms no other.
pub fn settle(
    deps: DepsMut,
    env: Env,
    info: &MessageInfo,
    kid: &Kid,
    entries: &[SettleEntry],
) -> Result<Response, ContractError> {
    flat_gas::target(gas::SETTLE);
    check_range("entries", wide(entries.len()), 0, wide(PAGE_ENTRIES))?;
    let config = Config::load(deps.storage)?;
    let Globals { clock, opened } = tick(deps.storage, &env)?;
    if clock.paused() {
        return Err(ContractError::Paused);
    }
    let epoch = epoch_of(clock.now, config.timing.epoch_s);
    let refuse_all = |status| {
        let statuses = vec![status; entries.len()];
        Ok(respond(&SettleAnswer { epoch, statuses })?)
    };
    let Some(key) = ask_registry(deps.as_ref(), &config, kid)? else {
        return refuse_all(EntryStatus::UnknownKid);
    };
    // Leases run in block time; a pause gives the time it took back to the worker.
    let now = env.block.time.seconds();
    let settles_until = key
        .lease_until
        .saturating_add(config.timing.grace_s)
        .saturating_add(now.saturating_sub(clock.now));
    if now > settles_until {
        return refuse_all(EntryStatus::LeaseOver);
    }
    // Whoever could send pages without end could leave a worker's page alone with its own.
    let mut sent = key_pages(deps.storage, kid, epoch)?;
    let is_operator = info.sender == key.operator;
    let (count, most) = match is_operator {
        true => (&mut sent.own, MAX_OWN_PAGES),
        false => (&mut sent.others, MAX_OTHER_PAGES),
    };
    if *count >= most {
        return refuse_all(EntryStatus::TooManyPages);
    }
    *count = count.saturating_add(1);

    let domain = Domain {
        chain_id: env.block.chain_id.clone(),
        billing: env.contract.address.to_string(),
    };
    let mut page = Page {
        epoch,
        settled_at: clock.now,
        opened,
        kid: *kid,
        worker_id: key.worker_id,
        operator: key.operator.clone(),
        compromised: key.status == KidStatus::Compromised,
        entries: [None; PAGE_ENTRIES],
    };
    let mut statuses = Vec::with_capacity(entries.len());
    for (place, entry) in page.entries.iter_mut().zip(entries) {
        let checked = check(deps.as_ref(), &domain, kid, &key, entry);
        statuses.push(checked.err().unwrap_or(EntryStatus::Pending));
        *place = checked.ok();
    }
    let is_cover = page.entries.iter().all(Option::is_none);
    if !is_cover || is_operator {
        save_key_pages(deps.storage, kid, &sent);
        let mut queue = queue(deps.storage)?;
        if queue.is_empty() {
            queue.head_epoch = epoch;
        }
        save_page(deps.storage, queue.tail, &page);
        queue.tail = queue.tail.saturating_add(1);
        save_queue(deps.storage, &queue);
    }
    Ok(respond(&SettleAnswer { epoch, statuses })?)
}

/// What the registry knows of the receipt key.
fn ask_registry(deps: Deps, config: &Config, kid: &Kid) -> Result<Option<KidInfo>, ContractError> {
    let mut answer: KidsAnswer = deps.querier.query(&QueryRequest::Wasm(WasmQuery::Smart {
        contract_addr: config.registry.address.to_string(),
        code_hash: config.registry.code_hash.clone(),
        msg: to_padded_binary(&QueryMsg::Kids { kids: vec![*kid] })?,
    }))?;
    let reason = "the registry answered for another number of keys";
    let unexpected = ContractError::Invalid {
        field: "kids",
        reason,
    };
    match answer.kids.len() {
        1 => answer.kids.pop().ok_or(unexpected),
        _ => Err(unexpected),
    }
}

/// An entry that the receipt key signed, as it is stored.
fn check(
    deps: Deps,
    domain: &Domain,
    kid: &Kid,
    key: &KidInfo,
    entry: &SettleEntry,
) -> Result<Entry, EntryStatus> {
    let receipt: Signed<Receipt> =
        Signed::decode(&entry.receipt).map_err(|_| EntryStatus::BadReceipt)?;
    if receipt.body.kid != kid.0 {
        return Err(EntryStatus::BadReceipt);
    }
    let ack = entry
        .ack
        .as_ref()
        .map(|ack| fitting_ack(ack, &receipt.body));
    let ack = ack.transpose()?;
    let digest = domain.digest(&receipt.body);
    let signed = deps
        .api
        .secp256k1_verify(&digest, &receipt.signature, &key.receipt_pk.0)
        .unwrap_or(false);
    if !signed {
        return Err(EntryStatus::BadSignature);
    }
    let body = receipt.body;
    let mut counters = [0; MAX_LINES];
    for (to, from) in counters.iter_mut().zip(&body.counters) {
        *to = *from;
    }
    Ok(Entry {
        session_id: Hex(body.session_id),
        is_final: body.is_final,
        lines: u8::try_from(body.counters.len()).unwrap_or(u8::MAX),
        counters,
        ack,
    })
}

fn fitting_ack(encoded: &[u8], receipt: &Receipt) -> Result<PendingAck, EntryStatus> {
    let ack: Signed<Ack> = Signed::decode(encoded).map_err(|_| EntryStatus::BadAck)?;
    let fits = ack.body.session_id == receipt.session_id
        && ack.body.kid == receipt.kid
        && ack.body.seq <= receipt.seq;
    if !fits {
        return Err(EntryStatus::BadAck);
    }
    Ok(PendingAck {
        seq: ack.body.seq,
        amount: ack.body.amount,
        signature: ack.signature,
    })
}
