//! `claim`: an operator takes earnings out.

use cosmwasm_std::{Addr, DepsMut, MessageInfo, Response, Uint128, WasmMsg};
use secret_ai_contract_kit::padding::{respond, to_padded_binary};
use secret_ai_interface::billing::ExecuteMsg;
use secret_ai_interface::rewards::ClaimAnswer;

use crate::error::ContractError;
use crate::state::{earned, save_earned, Config};

/// Has billing pay `amount`, or all that is left, to the sender.
pub fn claim(
    deps: DepsMut,
    info: &MessageInfo,
    token: &Addr,
    amount: Option<Uint128>,
) -> Result<Response, ContractError> {
    let config = Config::load(deps.storage)?;
    let index = config.token(token)?;
    let mut row = earned(deps.storage, &info.sender, index)?;
    let available = row.earned.saturating_sub(row.claimed);
    let amount = amount.map_or(available, |a| a.u128());
    if amount == 0 {
        return Err(ContractError::NothingToClaim);
    }
    if amount > available {
        return Err(ContractError::TooMuch { amount, available });
    }
    row.claimed = row
        .claimed
        .checked_add(amount)
        .ok_or(ContractError::Overflow)?;
    save_earned(deps.storage, &info.sender, index, &row);

    let amount = Uint128::new(amount);
    let payout = ExecuteMsg::Payout {
        token: token.clone(),
        recipient: info.sender.clone(),
        amount,
        padding: None,
    };
    let message = WasmMsg::Execute {
        contract_addr: config.billing.address.to_string(),
        code_hash: config.billing.code_hash,
        msg: to_padded_binary(&payout)?,
        funds: vec![],
    };
    Ok(respond(&ClaimAnswer { amount })?.add_message(message))
}
