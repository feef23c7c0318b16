//! `env` and `info` as a contract gets them.

use cosmwasm_std::{Addr, Binary, BlockInfo, Coin, ContractInfo, Env, MessageInfo};
use cosmwasm_std::{Timestamp, TransactionInfo};

use crate::engine::Runtime;

/// The env of a call to `contract`; `random` only for modules that ask for it, never in queries.
pub fn env(rt: &Runtime, contract: &str, code_hash: &str, random: Option<[u8; 32]>) -> Env {
    Env {
        block: BlockInfo {
            height: rt.clock.height,
            time: Timestamp::from_nanos(rt.clock.time_ns),
            chain_id: rt.clock.chain_id.clone(),
            random: random.map(|r| Binary(r.to_vec())),
        },
        transaction: rt.tx.as_ref().map(|tx| TransactionInfo {
            index: tx.index,
            hash: tx.hash.clone(),
        }),
        contract: ContractInfo {
            address: Addr::unchecked(contract),
            code_hash: code_hash.to_owned(),
        },
    }
}

/// The info of a call.
pub fn info(sender: &str, funds: &[Coin]) -> MessageInfo {
    MessageInfo {
        sender: Addr::unchecked(sender),
        funds: funds.to_vec(),
    }
}
