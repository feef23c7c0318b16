//! The row in which billing tells rewards, sealed, what an operator earned.

use cosmwasm_std::{Addr, StdResult};
use secret_ai_interface::billing::MAX_TOKENS;
use secret_ai_interface::ADDRESS_LENGTH;

use crate::row::{Reader, Row, Writer};

/// One operator's earnings of one cohort.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credit {
    pub operator: Addr,
    /// Base units, in the order of billing's tokens; 0 beyond them.
    pub amounts: [u128; MAX_TOKENS],
}

impl Row for Credit {
    const SIZE: usize = ADDRESS_LENGTH + 16 * MAX_TOKENS;

    fn write(&self, out: &mut Writer) {
        out.address(&self.operator);
        self.amounts.iter().for_each(|amount| out.u128(*amount));
    }

    fn read(from: &mut Reader) -> StdResult<Self> {
        let operator = from.address()?;
        let mut amounts = [0; MAX_TOKENS];
        for amount in &mut amounts {
            *amount = from.u128()?;
        }
        Ok(Credit { operator, amounts })
    }
}
