//! `withdraw`: free balance leaves the vault, at once and always.

use cosmwasm_std::{Addr, DepsMut, MessageInfo, Response, Uint128};
use secret_ai_contract_kit::flat_gas;
use secret_ai_contract_kit::padding::respond;
use secret_ai_interface::billing::WithdrawAnswer;

use crate::error::ContractError;
use crate::gas;
use crate::state::{account, save_account, Config};
use crate::token::transfer;

/// Sender takes out `amount`, or all: also if that is nothing, which must look like any other.
pub fn withdraw(
    deps: DepsMut,
    info: &MessageInfo,
    token: &Addr,
    amount: Option<Uint128>,
) -> Result<Response, ContractError> {
    flat_gas::target(gas::WITHDRAW);
    let config = Config::load(deps.storage)?;
    let (index, row) = config.token(token)?;
    let mut account = account(deps.storage, &info.sender)?;
    let amount = amount.unwrap_or_else(|| Uint128::new(account.free(index)));
    account.debit(index, amount.u128())?;
    save_account(deps.storage, &info.sender, &account);
    let payment = transfer(&row.contract, info.sender.as_str(), amount)?;
    Ok(respond(&WithdrawAnswer { amount })?.add_message(payment))
}
