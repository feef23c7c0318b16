//! Viewing keys and permits of operators.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response};
use secret_ai_contract_kit::padding::{respond, respond_empty};
use secret_ai_contract_kit::{permit, viewing_key};
use secret_ai_interface::auth::ViewingKeyAnswer;

use crate::error::ContractError;

pub fn create_viewing_key(
    deps: DepsMut,
    env: &Env,
    info: &MessageInfo,
    entropy: &str,
) -> Result<Response, ContractError> {
    let key = viewing_key::create(deps.storage, env, info, entropy)?;
    Ok(respond(&ViewingKeyAnswer { key })?)
}

pub fn set_viewing_key(
    deps: DepsMut,
    info: &MessageInfo,
    key: &str,
) -> Result<Response, ContractError> {
    viewing_key::set(deps.storage, &info.sender, key)?;
    Ok(respond_empty())
}

pub fn revoke_permit(
    deps: DepsMut,
    info: &MessageInfo,
    name: &str,
) -> Result<Response, ContractError> {
    permit::revoke(deps.storage, &info.sender, name)?;
    Ok(respond_empty())
}
