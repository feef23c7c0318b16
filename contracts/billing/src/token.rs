//! Messages to SNIP-20 tokens.

use cosmwasm_std::{CosmosMsg, StdResult, Uint128, WasmMsg};
use secret_ai_contract_kit::padding::to_padded_binary;
use secret_ai_interface::token::ExecuteMsg;
use secret_ai_interface::Contract;

/// Sends tokens out of the vault.
pub fn transfer(token: &Contract, recipient: &str, amount: Uint128) -> StdResult<CosmosMsg> {
    call(
        token,
        &ExecuteMsg::Transfer {
            recipient: recipient.to_string(),
            amount,
            memo: None,
            padding: None,
        },
    )
}

/// Tells a token to announce transfers to this contract.
pub fn register_receive(token: &Contract, own_code_hash: &str) -> StdResult<CosmosMsg> {
    let code_hash = own_code_hash.to_string();
    call(
        token,
        &ExecuteMsg::RegisterReceive {
            code_hash,
            padding: None,
        },
    )
}

fn call(token: &Contract, message: &ExecuteMsg) -> StdResult<CosmosMsg> {
    Ok(WasmMsg::Execute {
        contract_addr: token.address.to_string(),
        code_hash: token.code_hash.clone(),
        msg: to_padded_binary(message)?,
        funds: vec![],
    }
    .into())
}
