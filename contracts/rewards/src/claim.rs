//! `claim`: an operator takes earnings out.

use cosmwasm_std::{Addr, DepsMut, MessageInfo, Response, Uint128, WasmMsg};
use secret_ai_contract_kit::flat_gas;
use secret_ai_contract_kit::padding::{respond, to_padded_binary};
use secret_ai_interface::billing::ExecuteMsg;
use secret_ai_interface::rewards::ClaimAnswer;

use crate::error::ContractError;
use crate::gas;
use crate::state::{earned, save_earned, Config};

/// Has billing pay `amount`, or all that is left, to the sender: also if that is nothing, which must
/// look like any other claim.
pub fn claim(
    deps: DepsMut,
    info: &MessageInfo,
    token: &Addr,
    amount: Option<Uint128>,
) -> Result<Response, ContractError> {
    flat_gas::target(gas::CLAIM);
    let config = Config::load(deps.storage)?;
    let index = config.token(token)?;
    let mut row = earned(deps.storage, &info.sender)?;
    let amount = row.claim(index, amount.map(|a| a.u128()))?;
    save_earned(deps.storage, &info.sender, &row);

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
    let message = (cfg!(not(feature = "leak-p5")) || !amount.is_zero()).then_some(message);
    Ok(respond(&ClaimAnswer { amount })?.add_messages(message))
}
