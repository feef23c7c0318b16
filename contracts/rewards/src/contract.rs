//! Entry points: which file handles which message.

use cosmwasm_std::{Binary, Deps, DepsMut, Env, MessageInfo, QueryRequest, Response, WasmQuery};
use secret_ai_contract_kit::padding::{respond_empty, to_padded_binary};
use secret_ai_contract_kit::{access, checked_address, flat_gas, notification, sealed};
use secret_ai_interface::billing;
use secret_ai_interface::rewards::{ExecuteMsg, InstantiateMsg, QueryMsg};

use crate::error::ContractError;
use crate::state::Config;
use crate::{claim, credit, gas, query};

secret_ai_contract_kit::entry_points!(unknown: crate::gas::RIGHTS);

/// Asks billing for its tokens and sealing key. Billing's admin then sends it `link_rewards`.
pub fn instantiate(
    deps: DepsMut,
    env: Env,
    info: MessageInfo,
    msg: InstantiateMsg,
) -> Result<Response, ContractError> {
    access::refuse_funds(&info)?;
    let billing = msg.billing;
    checked_address("billing", billing.address.as_str())?;
    let answer: billing::ConfigAnswer =
        deps.querier.query(&QueryRequest::Wasm(WasmQuery::Smart {
            contract_addr: billing.address.to_string(),
            code_hash: billing.code_hash.clone(),
            msg: to_padded_binary(&billing::QueryMsg::Config {})?,
        }))?;
    sealed::make_keys(deps.storage, &env)?;
    notification::make_secret(deps.storage, &env)?;
    sealed::open_channel(deps.storage, &answer.sealing_pk)?;
    let tokens = answer
        .tokens
        .into_iter()
        .map(|token| token.contract.address)
        .collect();
    Config { billing, tokens }.save(deps.storage)?;
    Ok(respond_empty())
}

pub fn execute(
    deps: DepsMut,
    env: Env,
    info: MessageInfo,
    msg: ExecuteMsg,
) -> Result<Response, ContractError> {
    // Handlers of other classes set their own.
    flat_gas::target(gas::RIGHTS);
    access::refuse_funds(&info)?;
    match msg {
        ExecuteMsg::Credit { sealed } => credit::credit(deps, &env, &info, &sealed),
        ExecuteMsg::Claim { token, amount, .. } => claim::claim(deps, &info, &token, amount),
        ExecuteMsg::CreateViewingKey { entropy, .. } => {
            Ok(access::create_viewing_key(deps, &env, &info, &entropy)?)
        }
        ExecuteMsg::SetViewingKey { key, .. } => Ok(access::set_viewing_key(deps, &info, &key)?),
        ExecuteMsg::RevokePermit { permit_name, .. } => {
            Ok(access::revoke_permit(deps, &info, &permit_name)?)
        }
        ExecuteMsg::UpdateSeed { signed_doc, .. } => {
            Ok(notification::update_seed(deps, &env, &info, &signed_doc)?)
        }
        ExecuteMsg::RevokeAllPermits { interval, .. } => {
            Ok(access::revoke_all_permits(deps, &info, interval)?)
        }
        ExecuteMsg::DeletePermitRevocation { revocation_id, .. } => Ok(
            access::delete_permit_revocation(deps, &info, &revocation_id)?,
        ),
    }
}

pub fn query(deps: Deps, env: Env, msg: QueryMsg) -> Result<Binary, ContractError> {
    query::query(deps, env, msg)
}
