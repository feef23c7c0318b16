//! Workers: whose they are, and the queries that show them.

use cosmwasm_std::{Addr, Binary, Deps, Env, Storage};
use secret_ai_attestation::TcbStatus;
use secret_ai_contract_kit::{padding, row};
use secret_ai_interface::registry::{WorkerAnswer, WorkersAnswer};
use secret_ai_interface::WorkerId;

use crate::error::ContractError;
use crate::heartbeat::seen_at;
use crate::kids::{is_listed, worth, Worth};
use crate::state::{
    self, kid_slot, load_listing, order_slot, worker_slot, Key, Worker, WorkerIdRow, NO_GOLDEN,
};

/// Most workers in one answer.
const MAX_WORKERS: u32 = 30;

/// The worker of this id, if it is the operator's.
pub fn own_worker(
    storage: &dyn Storage,
    worker_id: &WorkerId,
    operator: &Addr,
) -> Result<Worker, ContractError> {
    let worker = find(storage, worker_id)?;
    if worker.operator == *operator {
        Ok(worker)
    } else {
        Err(ContractError::NotOperator)
    }
}

pub fn worker(deps: Deps, env: Env, worker_id: WorkerId) -> Result<Binary, ContractError> {
    let now = env.block.time.seconds();
    Ok(padding::to_padded_binary(&answer(
        deps.storage,
        worker_id,
        now,
    )?)?)
}

pub fn workers(
    deps: Deps,
    env: Env,
    start: Option<u32>,
    limit: Option<u32>,
) -> Result<Binary, ContractError> {
    let limit = limit.unwrap_or(MAX_WORKERS);
    if limit > MAX_WORKERS {
        let (have, max) = (limit.into(), MAX_WORKERS.into());
        return Err(ContractError::Range {
            field: "limit",
            have,
            min: 0,
            max,
        });
    }
    let now = env.block.time.seconds();
    let total = state::counters(deps.storage)?.workers;
    let start = start.unwrap_or(0);
    let end = start.saturating_add(limit).min(total);
    let workers = (start..end)
        .map(|number| answer(deps.storage, numbered(deps.storage, number)?, now))
        .collect::<Result<_, ContractError>>()?;
    Ok(padding::to_padded_binary(&WorkersAnswer {
        workers,
        total,
    })?)
}

/// The id of the worker that registered as number `number`, from 0.
pub fn numbered(storage: &dyn Storage, number: u32) -> Result<WorkerId, ContractError> {
    Ok(row::load::<WorkerIdRow>(storage, &order_slot(number))?.0)
}

/// The worker and the key of its newest boot.
pub fn with_key(
    storage: &dyn Storage,
    worker_id: &WorkerId,
) -> Result<(Worker, Key), ContractError> {
    let worker = find(storage, worker_id)?;
    let key = row::load(storage, &kid_slot(&worker.kid))?;
    Ok((worker, key))
}

fn find(storage: &dyn Storage, worker_id: &WorkerId) -> Result<Worker, ContractError> {
    let found = row::may_load(storage, &worker_slot(worker_id))?;
    found.ok_or(ContractError::Unknown { what: "worker_id" })
}

fn answer(
    storage: &dyn Storage,
    worker_id: WorkerId,
    now: u64,
) -> Result<WorkerAnswer, ContractError> {
    let (worker, key) = with_key(storage, &worker_id)?;
    let worth = worth(storage, &key)?;
    let heartbeat_s = state::config(storage)?.policy.heartbeat_s;
    let active = is_listed(storage, &worker.kid, &key, &worth, heartbeat_s, now)?;
    let Worth {
        status,
        lease_until,
    } = worth;
    Ok(WorkerAnswer {
        worker_id,
        operator: worker.operator,
        kid: worker.kid,
        receipt_pk: key.receipt_pk,
        tls_spki_sha256: key.tls_spki_sha256,
        e2ee_pk: key.e2ee_pk,
        class: key.class,
        image: key.image,
        workload: key.workload,
        platform: key.platform,
        tee: key.tee.name().to_string(),
        tcb_status: TcbStatus::from_byte(key.tcb_status)
            .map_or("", TcbStatus::name)
            .to_string(),
        gpus: key.class >> 4,
        golden: Some(key.golden).filter(|golden| *golden != NO_GOLDEN),
        seen_at: seen_at(storage, &worker.kid, &key)?,
        status,
        lease_until,
        active,
        listing: load_listing(storage, &worker_id)?,
    })
}
