//! Entry points: each message to its function.

use cosmwasm_std::{Binary, Deps, DepsMut, Env, MessageInfo, Response};
use secret_ai_contract_kit::{flat_gas, padding};
use secret_ai_interface::token::{ExecuteMsg, InstantiateMsg, QueryMsg};

use crate::error::TokenError;
use crate::transfer::Delivery;
use crate::{allowance, auth, gas, info as token, mint, transfer};

secret_ai_contract_kit::entry_points!(unknown: crate::gas::UNKNOWN);

/// Creates the token.
pub fn instantiate(
    deps: DepsMut,
    _env: Env,
    info: MessageInfo,
    msg: InstantiateMsg,
) -> Result<Response, TokenError> {
    token::instantiate(deps, info, msg)
}

/// Changes state.
pub fn execute(
    deps: DepsMut,
    env: Env,
    info: MessageInfo,
    msg: ExecuteMsg,
) -> Result<Response, TokenError> {
    flat_gas::target(gas::target(&msg));
    match msg {
        ExecuteMsg::Transfer {
            recipient, amount, ..
        } => transfer::transfer(deps, info, recipient, amount),
        ExecuteMsg::Send {
            recipient,
            recipient_code_hash,
            amount,
            msg,
            memo,
            ..
        } => {
            let to = Delivery {
                recipient,
                recipient_code_hash,
                amount,
                memo,
                msg,
            };
            transfer::send(deps, info, to)
        }
        ExecuteMsg::RegisterReceive { code_hash, .. } => {
            transfer::register_receive(deps, info, code_hash)
        }
        ExecuteMsg::IncreaseAllowance {
            spender,
            amount,
            expiration,
            ..
        } => allowance::increase(deps, env, info, spender, amount, expiration),
        ExecuteMsg::DecreaseAllowance {
            spender,
            amount,
            expiration,
            ..
        } => allowance::decrease(deps, env, info, spender, amount, expiration),
        ExecuteMsg::TransferFrom {
            owner,
            recipient,
            amount,
            ..
        } => transfer::transfer_from(deps, env, info, owner, recipient, amount),
        ExecuteMsg::SendFrom {
            owner,
            recipient,
            recipient_code_hash,
            amount,
            msg,
            memo,
            ..
        } => {
            let to = Delivery {
                recipient,
                recipient_code_hash,
                amount,
                memo,
                msg,
            };
            transfer::send_from(deps, env, info, owner, to)
        }
        ExecuteMsg::CreateViewingKey { entropy, .. } => {
            auth::create_viewing_key(deps, env, info, entropy)
        }
        ExecuteMsg::SetViewingKey { key, .. } => auth::set_viewing_key(deps, info, key),
        ExecuteMsg::RevokePermit { permit_name, .. } => {
            auth::revoke_permit(deps, info, permit_name)
        }
        ExecuteMsg::RevokeAllPermits { interval, .. } => {
            auth::revoke_all_permits(deps, info, interval)
        }
        ExecuteMsg::DeletePermitRevocation { revocation_id, .. } => {
            auth::delete_permit_revocation(deps, info, revocation_id)
        }
        ExecuteMsg::Mint {
            recipient, amount, ..
        } => mint::mint(deps, info, recipient, amount),
        ExecuteMsg::SetMinters { minters, .. } => mint::set_minters(deps, info, minters),
    }
}

/// Answers, padded.
pub fn query(deps: Deps, env: Env, msg: QueryMsg) -> Result<Binary, TokenError> {
    let answer = match msg {
        QueryMsg::TokenInfo {} => token::token_info(deps)?,
        QueryMsg::TokenConfig {} => token::token_config(deps)?,
        QueryMsg::Minters {} => mint::minters(deps)?,
        QueryMsg::Balance { address, key } => auth::with_key(deps, &[&address], &key, || {
            Ok(auth::balance(deps, &address)?)
        })?,
        QueryMsg::Allowance {
            owner,
            spender,
            key,
        } => auth::with_key(deps, &[&owner, &spender], &key, || {
            allowance::query(deps, &owner, &spender)
        })?,
        QueryMsg::ListPermitRevocations {
            viewer,
            page,
            page_size,
        } => auth::with_key(
            deps,
            &[viewer.address.as_str()],
            &viewer.viewing_key,
            || auth::permit_revocations(deps, &viewer.address, page, page_size),
        )?,
        QueryMsg::WithPermit { permit, query } => auth::with_permit(deps, env, permit, query)?,
    };
    Ok(padding::to_padded_binary(&answer)?)
}
