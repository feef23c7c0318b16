//! Who may read: viewing keys and permits, and the queries behind them.

use cosmwasm_std::{Addr, Deps, DepsMut, Env, MessageInfo, Response, StdResult};
use secret_ai_contract_kit::{access, padding, permit, viewing_key};
use secret_ai_interface::auth::{Permission, Permit, RevokedInterval};
use secret_ai_interface::token::{ExecuteAnswer, QueryAnswer, QueryWithPermit, ResponseStatus};

use crate::error::TokenError;
use crate::{allowance, state};

pub fn create_viewing_key(
    deps: DepsMut,
    env: Env,
    info: MessageInfo,
    entropy: Option<String>,
) -> Result<Response, TokenError> {
    let entropy = entropy.unwrap_or_default();
    let key = viewing_key::create(deps.storage, &env, &info, &entropy)?;
    Ok(padding::respond(&ExecuteAnswer::CreateViewingKey { key })?)
}

pub fn set_viewing_key(
    deps: DepsMut,
    info: MessageInfo,
    key: String,
) -> Result<Response, TokenError> {
    viewing_key::set(deps.storage, &info.sender, &key)?;
    Ok(padding::respond(&ExecuteAnswer::SetViewingKey {
        status: ResponseStatus::Success,
    })?)
}

pub fn revoke_permit(
    deps: DepsMut,
    info: MessageInfo,
    permit_name: String,
) -> Result<Response, TokenError> {
    permit::revoke(deps.storage, &info.sender, &permit_name)?;
    Ok(padding::respond(&ExecuteAnswer::RevokePermit {
        status: ResponseStatus::Success,
    })?)
}

pub fn revoke_all_permits(
    deps: DepsMut,
    info: MessageInfo,
    interval: RevokedInterval,
) -> Result<Response, TokenError> {
    let revocation_id = permit::revoke_all(deps.storage, &info.sender, interval)?;
    Ok(padding::respond(&ExecuteAnswer::RevokeAllPermits {
        status: ResponseStatus::Success,
        revocation_id,
    })?)
}

pub fn delete_permit_revocation(
    deps: DepsMut,
    info: MessageInfo,
    revocation_id: String,
) -> Result<Response, TokenError> {
    permit::delete(deps.storage, &info.sender, &revocation_id)?;
    Ok(padding::respond(&ExecuteAnswer::DeletePermitRevocation {
        status: ResponseStatus::Success,
    })?)
}

/// Answers if the key is that of one of the accounts. All accounts are checked, so that the work
/// does not tell which one fitted.
pub fn with_key(
    deps: Deps,
    accounts: &[&str],
    key: &str,
    answer: impl FnOnce() -> Result<QueryAnswer, TokenError>,
) -> Result<QueryAnswer, TokenError> {
    let fitting = accounts
        .iter()
        .filter(|account| viewing_key::check(deps.storage, account, key).is_ok())
        .count();
    if fitting == 0 {
        return Ok(QueryAnswer::ViewingKeyError {
            msg: viewing_key::WRONG_KEY.to_string(),
        });
    }
    answer()
}

pub fn with_permit(
    deps: Deps,
    env: Env,
    signed: Permit,
    query: QueryWithPermit,
) -> Result<QueryAnswer, TokenError> {
    match query {
        QueryWithPermit::Balance {} => {
            let allowed = [Permission::Owner, Permission::Balance];
            let signer = permit::validate(deps, &env, &signed, &allowed)?;
            Ok(balance(deps, signer.as_str())?)
        }
        QueryWithPermit::Allowance { owner, spender } => {
            let allowed = [Permission::Owner, Permission::Allowance];
            let signer = permit::validate(deps, &env, &signed, &allowed)?;
            if signer != owner && signer != spender {
                return Err(TokenError::NotParty);
            }
            allowance::query(deps, &owner, &spender)
        }
        QueryWithPermit::ListPermitRevocations { page, page_size } => {
            let signer = permit::validate(deps, &env, &signed, &[Permission::Owner])?;
            permit_revocations(deps, &signer, page, page_size)
        }
    }
}

/// A page of an account's revocations of permits, for whoever has shown the right to see them.
pub fn permit_revocations(
    deps: Deps,
    owner: &Addr,
    page: Option<u32>,
    page_size: Option<u32>,
) -> Result<QueryAnswer, TokenError> {
    let revocations = access::permit_revocations(deps, owner, page, page_size)?.revocations;
    Ok(QueryAnswer::ListPermitRevocations { revocations })
}

/// An account's balance, for whoever has shown the right to see it.
pub fn balance(deps: Deps, owner: &str) -> StdResult<QueryAnswer> {
    Ok(QueryAnswer::Balance {
        amount: state::balance(deps.storage, owner)?,
    })
}
