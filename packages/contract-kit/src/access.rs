//! What every contract with private state does alike: viewing keys and permits of the sender, and no
//! native coins.

use cosmwasm_std::{Addr, Deps, DepsMut, Env, MessageInfo, Response, StdError, StdResult};
use secret_ai_interface::auth::{
    RevocationAnswer, RevocationsAnswer, RevokedInterval, Viewer, ViewingKeyAnswer,
};

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

/// Makes the sender's permits of an interval worthless and answers the revocation's id.
pub fn revoke_all_permits(
    deps: DepsMut,
    info: &MessageInfo,
    interval: RevokedInterval,
) -> StdResult<Response> {
    let revocation_id = permit::revoke_all(deps.storage, &info.sender, interval)?;
    respond(&RevocationAnswer { revocation_id })
}

/// Ends one of the sender's revocations.
pub fn delete_permit_revocation(
    deps: DepsMut,
    info: &MessageInfo,
    revocation_id: &str,
) -> StdResult<Response> {
    permit::delete(deps.storage, &info.sender, revocation_id)?;
    Ok(respond_empty())
}

/// A page of an owner's revocations: by default all, of which there are never more than 11. The
/// caller has checked that the owner asks.
pub fn permit_revocations(
    deps: Deps,
    owner: &Addr,
    page: Option<u32>,
    page_size: Option<u32>,
) -> StdResult<RevocationsAnswer> {
    let size = page_size.unwrap_or(u32::MAX) as usize;
    let start = size.saturating_mul(page.unwrap_or(0) as usize);
    let all = permit::list(deps.storage, owner)?.into_iter();
    Ok(RevocationsAnswer {
        revocations: all.skip(start).take(size).collect(),
    })
}

/// [`permit_revocations`] for whoever has the viewing key.
pub fn permit_revocations_by_key(
    deps: Deps,
    viewer: &Viewer,
    page: Option<u32>,
    page_size: Option<u32>,
) -> StdResult<RevocationsAnswer> {
    viewing_key::check(deps.storage, viewer.address.as_str(), &viewer.viewing_key)?;
    permit_revocations(deps, &viewer.address, page, page_size)
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
