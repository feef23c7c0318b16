//! Every slot of the contract, named once.
//!
//! | slot | rows | size | touched by |
//! | --- | --- | --- | --- |
//! | `config` | 1 | JSON, never changes | all |
//! | `earnings` | per operator and token | [`Earned`] | `credit`, the operator's `claim` |
//!
//! Viewing keys, permits and the sealed channel are contract-kit's.

use cosmwasm_std::{from_slice, to_vec, Addr, StdResult, Storage};
use secret_ai_contract_kit::row::{key, may_load, save, Reader, Row, Writer};
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

/// What an operator earned and claimed of one token, in base units; `claimed` never exceeds
/// `earned`, and neither falls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Earned {
    pub earned: u128,
    pub claimed: u128,
}

impl Row for Earned {
    const SIZE: usize = 32;

    fn write(&self, out: &mut Writer) {
        out.u128(self.earned);
        out.u128(self.claimed);
    }

    fn read(from: &mut Reader) -> StdResult<Self> {
        Ok(Earned {
            earned: from.u128()?,
            claimed: from.u128()?,
        })
    }
}

pub fn earned(storage: &dyn Storage, operator: &Addr, token: u8) -> StdResult<Earned> {
    Ok(may_load(storage, &slot(operator, token))?.unwrap_or_default())
}

pub fn save_earned(storage: &mut dyn Storage, operator: &Addr, token: u8, row: &Earned) {
    save(storage, &slot(operator, token), row);
}

fn slot(operator: &Addr, token: u8) -> Vec<u8> {
    key("earnings", &[operator.as_bytes(), &[token]])
}
