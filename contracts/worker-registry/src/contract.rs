//! Entry points: each message goes to the file of its name.

use cosmwasm_std::{Binary, Deps, DepsMut, Env, MessageInfo, Response};
use secret_ai_interface::registry::{ExecuteMsg, InstantiateMsg, QueryMsg};

use crate::error::ContractError;
use crate::{
    certificates, challenge, collateral, goldens, heartbeat, images, kids, listing, platforms,
    policy, prices, register, renew, retire, revoke, stage, workers,
};

secret_ai_contract_kit::entry_points!(unknown: 0);

/// Creates the registry.
pub fn instantiate(
    deps: DepsMut,
    _env: Env,
    info: MessageInfo,
    msg: InstantiateMsg,
) -> Result<Response, ContractError> {
    refuse_funds(&info)?;
    policy::instantiate(deps, info, msg)
}

/// Changes the registry.
pub fn execute(
    deps: DepsMut,
    env: Env,
    info: MessageInfo,
    msg: ExecuteMsg,
) -> Result<Response, ContractError> {
    refuse_funds(&info)?;
    match msg {
        ExecuteMsg::Challenge {
            receipt_pk,
            tls_spki_sha256,
            ..
        } => challenge::challenge(deps, env, info, receipt_pk, tls_spki_sha256),
        ExecuteMsg::Register {
            worker_id,
            attestation,
            listing,
            ..
        } => register::register(deps, env, info, worker_id, attestation, listing),
        ExecuteMsg::Renew { attestation, .. } => renew::renew(deps, env, info, attestation),
        ExecuteMsg::Update {
            worker_id, listing, ..
        } => listing::update(deps, info, worker_id, listing),
        ExecuteMsg::Retire { worker_id, .. } => retire::retire(deps, env, info, worker_id),
        ExecuteMsg::Revoke { target, speed, .. } => revoke::revoke(deps, env, info, target, speed),
        ExecuteMsg::SubmitCollateral {
            root, collateral, ..
        } => collateral::submit(deps, env, root, collateral),
        ExecuteMsg::StageGpu {
            receipt_pk,
            tls_spki_sha256,
            place,
            gpu,
            ..
        } => stage::stage(deps, env, info, receipt_pk, tls_spki_sha256, place, *gpu),
        ExecuteMsg::Heartbeat {
            kid, at, signature, ..
        } => heartbeat::heartbeat(deps, env, kid, at, signature),
        ExecuteMsg::ApproveImage {
            image,
            workload,
            until,
            ..
        } => images::approve(deps, env, info, image, workload, until),
        ExecuteMsg::ApprovePlatform {
            platform, known, ..
        } => platforms::approve(deps, info, platform, known),
        ExecuteMsg::ApproveGolden { set, .. } => goldens::approve(deps, env, info, set),
        ExecuteMsg::SetPolicy { policy, .. } => policy::set_policy(deps, info, policy),
        ExecuteMsg::SetAdmin { admin, .. } => policy::set_admin(deps, info, &admin),
    }
}

/// Reads the registry. Times in queries are the host's, not the chain's.
pub fn query(deps: Deps, env: Env, msg: QueryMsg) -> Result<Binary, ContractError> {
    match msg {
        QueryMsg::Config {} => policy::config(deps),
        QueryMsg::Worker { worker_id } => workers::worker(deps, env, worker_id),
        QueryMsg::Workers { start, limit } => workers::workers(deps, env, start, limit),
        QueryMsg::PriceList { model, token } => prices::price_list(deps, env, model, token),
        QueryMsg::GetModels {} => prices::models(deps, env),
        QueryMsg::GetURLs { model } => prices::urls(deps, env, model),
        QueryMsg::Kids { kids } => kids::kids(deps, kids),
        QueryMsg::Collateral { fmspc } => collateral::tdx_info(deps, fmspc),
        QueryMsg::SnpCollateral { product, vlek } => collateral::snp_info(deps, product, vlek),
        QueryMsg::Certificate { sha256 } => Ok(certificates::certificate(deps, sha256)?),
        QueryMsg::Golden { golden } => goldens::golden(deps, golden),
        QueryMsg::Image { image, workload } => images::image(deps, env, image, workload),
    }
}

/// Nothing here is paid in native coins; what came would be lost.
fn refuse_funds(info: &MessageInfo) -> Result<(), ContractError> {
    match info.funds.len() {
        0 => Ok(()),
        count => Err(ContractError::Funds(count)),
    }
}
