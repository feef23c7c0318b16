//! `register`: a receipt key, proven to live in an approved image on a healthy platform, becomes
//! the key of a worker.

use cosmwasm_std::{Addr, DepsMut, Env, MessageInfo, Response, Storage};
use secret_ai_contract_kit::checked_address;
use secret_ai_contract_kit::random::random;
use secret_ai_contract_kit::{padding, row};
use secret_ai_interface::registry::{Attestation, KidStatus, Listing, RegisterAnswer};
use secret_ai_interface::{Hex, Kid, WorkerId};
use secret_ai_receipts::kid_of;

use crate::error::ContractError;
use crate::platforms::{take_seat, Seat};
use crate::standing::Standing;
use crate::state::{
    self, kid_slot, order_slot, save_listing, worker_slot, Counters, Key, Worker, WorkerIdRow,
    COUNTERS,
};
use crate::workers::own_worker;
use crate::{challenge, devices, evidence, listing, retire, stage};

pub fn register(
    deps: DepsMut,
    env: Env,
    info: MessageInfo,
    worker_id: Option<WorkerId>,
    attestation: Attestation,
    listing: Listing,
) -> Result<Response, ContractError> {
    let now = env.block.time.seconds();
    // Rows hold 45 characters of it; another length would be cut, and never be paid.
    let operator = checked_address("sender", info.sender.as_str())?;
    let config = state::config(deps.storage)?;
    listing::check(&listing)?;
    let kid = Hex(kid_of(&attestation.receipt_pk.0));
    if deps.storage.get(&kid_slot(&kid)).is_some() {
        return Err(ContractError::KidUsed);
    }
    let earlier = match worker_id {
        Some(id) => Some((id, own_worker(deps.storage, &id, &operator)?)),
        None => None,
    };
    let shown = evidence::check(deps.as_ref(), &env, &config, &operator, &attestation)?;

    challenge::consume(deps.storage, &operator, &attestation.receipt_pk);
    stage::clear(deps.storage, &operator, &attestation);
    let worker_id = match earlier {
        Some((id, worker)) => {
            replace(deps.storage, &worker.kid, now)?;
            id
        }
        None => new_worker(deps.storage, &env)?,
    };
    if shown.platform_is_one {
        let seat = Seat {
            kid,
            lease_until: shown.lease_until,
        };
        let limit = config.policy.max_workers_per_platform;
        take_seat(deps.storage, &shown.platform, seat, now, limit)?;
    }
    for device in &shown.devices {
        devices::take(deps.storage, device, &kid, now)?;
    }
    for certificate in &shown.fresh {
        certificate.save(deps.storage);
    }
    save_listing(deps.storage, &worker_id, &listing)?;
    let worker = Worker {
        operator: operator.clone(),
        kid,
    };
    row::save(deps.storage, &worker_slot(&worker_id), &worker);
    let key = new_key(worker_id, operator, &attestation, &shown, now);
    row::save(deps.storage, &kid_slot(&kid), &key);
    Ok(padding::respond(&RegisterAnswer {
        worker_id,
        kid,
        lease_until: shown.lease_until,
    })?)
}

/// The key of an earlier boot retires, unless it fell already.
fn replace(storage: &mut dyn Storage, kid: &Kid, now: u64) -> Result<(), ContractError> {
    match retire::fall(storage, kid, KidStatus::Retired, now) {
        Err(ContractError::NoFall { .. }) => Ok(()),
        other => other,
    }
}

/// Draws an id and adds it to the order of registration.
fn new_worker(storage: &mut dyn Storage, env: &Env) -> Result<WorkerId, ContractError> {
    let Counters {
        workers,
        challenges,
    } = state::counters(storage)?;
    let bytes = random(env, "worker-id")?;
    let worker_id = Hex(bytes.first_chunk().copied().unwrap_or_default());
    let following = workers.checked_add(1).ok_or(ContractError::Range {
        field: "workers",
        have: workers.into(),
        min: 0,
        max: u32::MAX.into(),
    })?;
    row::save(
        storage,
        COUNTERS,
        &Counters {
            workers: following,
            challenges,
        },
    );
    row::save(storage, &order_slot(workers), &WorkerIdRow(worker_id));
    Ok(worker_id)
}

fn new_key(
    worker_id: WorkerId,
    operator: Addr,
    attestation: &Attestation,
    shown: &evidence::Shown,
    now: u64,
) -> Key {
    Key {
        receipt_pk: attestation.receipt_pk,
        worker_id,
        operator,
        tls_spki_sha256: attestation.tls_spki_sha256,
        e2ee_pk: attestation.e2ee_pk,
        class: attestation.class,
        tee: shown.tee,
        image: shown.image,
        workload: shown.workload,
        platform: shown.platform,
        golden: shown.golden,
        tcb_status: shown.tcb_status,
        lease_from: now,
        lease_until: shown.lease_until,
        standing: Standing::ACTIVE,
    }
}
