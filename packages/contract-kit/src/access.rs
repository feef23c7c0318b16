//! What every contract with private state does alike: viewing keys and permits of the sender, and no
//! native coins.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response, StdError, StdResult};
use secret_ai_interface::auth::ViewingKeyAnswer;

use crate::padding::{respond, respond_empty};
use crate::{permit, viewing_key};

/// Makes a viewing key for the sender and answers it.
pub fn create_viewing_key(
    deps: DepsMut,
    env: &Env,
    info: &MessageInfo,
    entropy: &str,
) -> StdResult<Response> {
    let key = viewing_key::create(deps.storage, env, info, entropy)?;
    respond(&ViewingKeyAnswer { key })
}

/// Sets the sender's viewing key; 8 to 128 bytes.
pub fn set_viewing_key(deps: DepsMut, info: &MessageInfo, key: &str) -> StdResult<Response> {
    viewing_key::set(deps.storage, &info.sender, key)?;
    Ok(respond_empty())
}

/// Makes the sender's permits of this name worthless.
pub fn revoke_permit(deps: DepsMut, info: &MessageInfo, name: &str) -> StdResult<Response> {
    permit::revoke(deps.storage, &info.sender, name)?;
    Ok(respond_empty())
}

/// Native coins are public and have no place in a private contract; sent ones would be stuck.
pub fn refuse_funds(info: &MessageInfo) -> StdResult<()> {
    match info.funds.first() {
        Some(coin) => {
            let denom = &coin.denom;
            Err(StdError::generic_err(format!(
                "funds: {denom} was sent, no coins are taken"
            )))
        }
        None => Ok(()),
    }
}
