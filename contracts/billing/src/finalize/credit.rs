//! What a cohort's operators earned, told to rewards in one sealed message.

use std::collections::BTreeMap;

use cosmwasm_std::{Addr, Binary, CosmosMsg, Storage, WasmMsg};
use secret_ai_contract_kit::credit::Credit;
use secret_ai_contract_kit::padding::to_padded_binary;
use secret_ai_contract_kit::row::encode;
use secret_ai_contract_kit::sealed::seal;
use secret_ai_interface::billing::MAX_TOKENS;
use secret_ai_interface::rewards::ExecuteMsg;
use secret_ai_interface::Contract;

use crate::error::ContractError;
use crate::money::MoneyError;
use crate::state::{Cohort, Page};

/// One row per operator that has a page in the cohort, those who earned nothing too: who sent
/// pages is public, so the number of rows tells nothing new.
pub fn message(
    storage: &mut dyn Storage,
    rewards: &Contract,
    pages: &[Page],
    cohort: &Cohort,
) -> Result<CosmosMsg, ContractError> {
    let overflow = || MoneyError::Overflow { what: "credits" };
    let mut operators: BTreeMap<&Addr, [u128; MAX_TOKENS]> = BTreeMap::new();
    for (page, earned) in pages.iter().zip(&cohort.earned) {
        let sums = operators.entry(&page.operator).or_default();
        for (sum, amount) in sums.iter_mut().zip(earned) {
            *sum = sum.checked_add(*amount).ok_or_else(overflow)?;
        }
    }
    // In the order of addresses, which tells nothing.
    let rows = operators.into_iter().map(|(operator, amounts)| Credit {
        operator: operator.clone(),
        amounts,
    });
    let payload: Vec<u8> = rows.flat_map(|row| encode(&row)).collect();
    let sealed = Binary(seal(storage, &payload)?);
    Ok(WasmMsg::Execute {
        contract_addr: rewards.address.to_string(),
        code_hash: rewards.code_hash.clone(),
        msg: to_padded_binary(&ExecuteMsg::Credit { sealed })?,
        funds: vec![],
    }
    .into())
}
