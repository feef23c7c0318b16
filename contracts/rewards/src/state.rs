//! Every slot of the contract, named once.
//!
//! | slot | rows | size | touched by |
//! | --- | --- | --- | --- |
//! | `config` | 1 | JSON, never changes | all |
//! | `earnings` | per operator | [`Earned`] | `credit`, the operator's `claim` |
//!
//! Viewing keys, permits and the sealed channel are contract-kit's.

use cosmwasm_std::{from_slice, to_vec, Addr, StdResult, Storage};
use secret_ai_contract_kit::row::{key, may_load, save, Reader, Row, Writer};
use secret_ai_interface::billing::MAX_TOKENS;
use secret_ai_interface::Contract;
use serde::{Deserialize, Serialize};

use crate::error::ContractError;

const CONFIG: &[u8] = b"config";

/// Set at instantiation.
#[derive(Serialize, Deserialize)]
pub struct Config {
    pub billing: Contract,
    /// Billing's tokens, in its order.
    pub tokens: Vec<Addr>,
}

impl Config {
    pub fn load(storage: &dyn Storage) -> StdResult<Config> {
        from_slice(&storage.get(CONFIG).unwrap_or_default())
    }

    pub fn save(&self, storage: &mut dyn Storage) -> StdResult<()> {
        storage.set(CONFIG, &to_vec(self)?);
        Ok(())
    }

    /// Place of a token in billing's list.
    pub fn token(&self, address: &Addr) -> Result<u8, ContractError> {
        let found = (0u8..)
            .zip(&self.tokens)
            .find(|(_, token)| *token == address);
        found
            .map(|(index, _)| index)
            .ok_or(ContractError::UnknownToken)
    }
}

/// What an operator earned and claimed, in base units of billing's tokens; `claimed` never exceeds
/// `earned`, and neither falls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Earned {
    pub earned: [u128; MAX_TOKENS],
    pub claimed: [u128; MAX_TOKENS],
}

impl Earned {
    /// Adds what a cohort earned.
    pub fn earn(&mut self, amounts: &[u128; MAX_TOKENS]) -> Result<(), ContractError> {
        for (earned, amount) in self.earned.iter_mut().zip(amounts) {
            *earned = earned.checked_add(*amount).ok_or(ContractError::Overflow)?;
        }
        Ok(())
    }

    /// Takes `amount` of a token, or all that is left; returns what was taken.
    pub fn claim(&mut self, token: u8, amount: Option<u128>) -> Result<u128, ContractError> {
        let place = usize::from(token);
        let earned = self.earned.get(place).copied().unwrap_or(0);
        let claimed = self
            .claimed
            .get_mut(place)
            .ok_or(ContractError::UnknownToken)?;
        let available = earned.saturating_sub(*claimed);
        let amount = amount.unwrap_or(available);
        if amount > available {
            return Err(ContractError::TooMuch { amount, available });
        }
        *claimed = claimed.checked_add(amount).ok_or(ContractError::Overflow)?;
        Ok(amount)
    }
}

impl Row for Earned {
    const SIZE: usize = 2 * 16 * MAX_TOKENS;

    fn write(&self, out: &mut Writer) {
        self.earned.iter().for_each(|amount| out.u128(*amount));
        self.claimed.iter().for_each(|amount| out.u128(*amount));
    }

    fn read(from: &mut Reader) -> StdResult<Self> {
        let mut row = Earned::default();
        for amount in row.earned.iter_mut().chain(&mut row.claimed) {
            *amount = from.u128()?;
        }
        Ok(row)
    }
}

pub fn earned(storage: &dyn Storage, operator: &Addr) -> StdResult<Earned> {
    Ok(may_load(storage, &slot(operator))?.unwrap_or_default())
}

pub fn save_earned(storage: &mut dyn Storage, operator: &Addr, row: &Earned) {
    save(storage, &slot(operator), row);
}

fn slot(operator: &Addr) -> Vec<u8> {
    key("earnings", &[operator.as_bytes()])
}
