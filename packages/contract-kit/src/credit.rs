//! The row in which billing tells rewards, sealed, what an operator earned.

use cosmwasm_std::{Addr, StdResult};
use secret_ai_interface::ADDRESS_LENGTH;

use crate::row::{Reader, Row, Writer};

/// One operator's earnings of one batch. A row of amount 0 fills a batch up and means nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credit {
    pub operator: Addr,
    /// Place of the token in billing's list.
    pub token: u8,
    /// Base units.
    pub amount: u128,
}

impl Row for Credit {
    const SIZE: usize = ADDRESS_LENGTH + 1 + 16;

    fn write(&self, out: &mut Writer) {
        out.address(&self.operator);
        out.u8(self.token);
        out.u128(self.amount);
    }

    fn read(from: &mut Reader) -> StdResult<Self> {
        Ok(Credit {
            operator: from.address()?,
            token: from.u8()?,
            amount: from.u128()?,
        })
    }
}
