//! `payout`: rewards has a claim paid out of the vault.

use cosmwasm_std::{Addr, DepsMut, MessageInfo, Response, Uint128};
use secret_ai_contract_kit::checked_address;
use secret_ai_contract_kit::flat_gas;
use secret_ai_contract_kit::padding::respond_empty;

use crate::error::ContractError;
use crate::gas;
use crate::state::{credits, save_credits, Config};
use crate::token::transfer;

/// From the linked rewards contract only, and never more than was credited.
pub fn payout(
    deps: DepsMut,
    info: &MessageInfo,
    token: &Addr,
    recipient: &Addr,
    amount: Uint128,
) -> Result<Response, ContractError> {
    flat_gas::target(gas::PAYOUT);
    let config = Config::load(deps.storage)?;
    if config.rewards.as_ref().map(|r| &r.address) != Some(&info.sender) {
        return Err(ContractError::Unauthorized {
            must_be: "the rewards contract",
        });
    }
    let (index, row) = config.token(token)?;
    let recipient = checked_address("recipient", recipient.as_str())?;
    let mut credits = credits(deps.storage)?;
    credits.pay_out(index, amount.u128())?;
    save_credits(deps.storage, &credits);
    Ok(respond_empty().add_message(transfer(&row.contract, recipient.as_str(), amount)?))
}
