//! Moving tokens, with or without a call to the recipient.

use cosmwasm_std::{
    to_vec, Addr, Binary, Deps, DepsMut, Env, MessageInfo, Response, StdResult, Uint128, WasmMsg,
};
use secret_ai_contract_kit::{checked_address, padding};
use secret_ai_interface::token::{ExecuteAnswer, ReceiverMsg, ResponseStatus};

use crate::error::TokenError;
use crate::{allowance, state};

/// Digits of the largest amount.
const AMOUNT_DIGITS: usize = 39;
/// Bytes of a block of a call of `receive`.
pub const RECEIVE_BLOCK: usize = 1_024;

/// Where a `send` goes and what it says.
pub struct Delivery {
    pub recipient: String,
    pub recipient_code_hash: Option<String>,
    pub amount: Uint128,
    pub memo: Option<String>,
    pub msg: Option<Binary>,
}

pub fn transfer(
    deps: DepsMut,
    info: MessageInfo,
    recipient: String,
    amount: Uint128,
) -> Result<Response, TokenError> {
    let recipient = checked_address("recipient", &recipient)?;
    state::move_tokens(deps.storage, &info.sender, &recipient, amount)?;
    Ok(padding::respond(&ExecuteAnswer::Transfer {
        status: ResponseStatus::Success,
    })?)
}

pub fn transfer_from(
    deps: DepsMut,
    env: Env,
    info: MessageInfo,
    owner: String,
    recipient: String,
    amount: Uint128,
) -> Result<Response, TokenError> {
    let owner = checked_address("owner", &owner)?;
    let recipient = checked_address("recipient", &recipient)?;
    allowance::spend(deps.storage, &env.block, &owner, &info.sender, amount)?;
    state::move_tokens(deps.storage, &owner, &recipient, amount)?;
    Ok(padding::respond(&ExecuteAnswer::TransferFrom {
        status: ResponseStatus::Success,
    })?)
}

pub fn send(deps: DepsMut, info: MessageInfo, to: Delivery) -> Result<Response, TokenError> {
    let owner = info.sender.clone();
    let call = deliver(deps, info.sender, owner, to)?;
    let answer = ExecuteAnswer::Send {
        status: ResponseStatus::Success,
    };
    Ok(padding::respond(&answer)?.add_messages(call))
}

pub fn send_from(
    deps: DepsMut,
    env: Env,
    info: MessageInfo,
    owner: String,
    to: Delivery,
) -> Result<Response, TokenError> {
    let owner = checked_address("owner", &owner)?;
    allowance::spend(deps.storage, &env.block, &owner, &info.sender, to.amount)?;
    let call = deliver(deps, info.sender, owner, to)?;
    let answer = ExecuteAnswer::SendFrom {
        status: ResponseStatus::Success,
    };
    Ok(padding::respond(&answer)?.add_messages(call))
}

/// Moves the tokens and makes the recipient's call, if there is one to make.
fn deliver(
    deps: DepsMut,
    sender: Addr,
    from: Addr,
    to: Delivery,
) -> Result<Option<WasmMsg>, TokenError> {
    let recipient = checked_address("recipient", &to.recipient)?;
    state::move_tokens(deps.storage, &from, &recipient, to.amount)?;
    let Some(code_hash) = code_hash_of(deps.as_ref(), &recipient, to.recipient_code_hash)? else {
        return Ok(None);
    };
    let (amount, memo, msg) = (to.amount, to.memo, to.msg);
    let call = ReceiverMsg::Receive {
        sender,
        from,
        amount,
        memo,
        msg,
    };
    Ok(Some(WasmMsg::Execute {
        contract_addr: recipient.into_string(),
        code_hash,
        msg: received(to_vec(&call)?, amount),
        funds: vec![],
    }))
}

/// The call of `receive`, of a length that memo and message decide, never the amount.
fn received(mut call: Vec<u8>, amount: Uint128) -> Binary {
    let spare = AMOUNT_DIGITS.saturating_sub(amount.to_string().len());
    call.resize(call.len().saturating_add(spare), b' ');
    Binary(padding::pad_to(call, RECEIVE_BLOCK))
}

/// The code hash given with the message, else the one that the recipient registered.
fn code_hash_of(deps: Deps, recipient: &Addr, given: Option<String>) -> StdResult<Option<String>> {
    match given {
        Some(code_hash) => Ok(Some(code_hash)),
        None => state::receiver(deps.storage, recipient),
    }
}

pub fn register_receive(
    deps: DepsMut,
    info: MessageInfo,
    code_hash: String,
) -> Result<Response, TokenError> {
    if code_hash.len() != state::CODE_HASH_LENGTH {
        let given = code_hash.len() as u64;
        return Err(TokenError::OutOfRange {
            field: "code_hash",
            given,
            rule: "64 characters",
        });
    }
    state::register_receiver(deps.storage, &info.sender, &code_hash);
    Ok(padding::respond(&ExecuteAnswer::RegisterReceive {
        status: ResponseStatus::Success,
    })?)
}
