//! What each class of messages costs (docs/privacy.md, rule P2): the value of `check_gas` at the end
//! of a call, in SDK gas, measured on the wasm with room above the dearest message of the class.
//!
//! Everybody sees how long a message is, so a class costs more by the block; what a block says
//! changes nothing. `set_minters` writes a public list and is not levelled.

use secret_ai_contract_kit::{flat_gas, padding};
use secret_ai_interface::token::ExecuteMsg;

/// SDK gas of a block that is parsed.
const READING: u64 = 300;
/// SDK gas of a block that is parsed and handed on to the recipient.
const SENDING: u64 = 660;

/// The target of a message's class.
pub fn target(msg: &ExecuteMsg) -> u64 {
    match msg {
        ExecuteMsg::Transfer { .. } | ExecuteMsg::Mint { .. } => by_length(800, READING),
        ExecuteMsg::TransferFrom { .. } => by_length(900, READING),
        ExecuteMsg::Send { .. } => by_length(900, SENDING),
        ExecuteMsg::SendFrom { .. } => by_length(1_100, SENDING),
        ExecuteMsg::IncreaseAllowance { .. } | ExecuteMsg::DecreaseAllowance { .. } => {
            by_length(800, READING)
        }
        ExecuteMsg::RegisterReceive { .. }
        | ExecuteMsg::CreateViewingKey { .. }
        | ExecuteMsg::SetViewingKey { .. }
        | ExecuteMsg::RevokePermit { .. } => by_length(850, READING),
        ExecuteMsg::RevokeAllPermits { .. } | ExecuteMsg::DeletePermitRevocation { .. } => {
            by_length(1_900, READING)
        }
        ExecuteMsg::SetMinters { .. } => 0,
    }
}

/// The target of a message that cannot be parsed.
pub fn unknown() -> u64 {
    by_length(550, READING)
}

/// What a class costs before its blocks, and each block.
fn by_length(first: u64, block: u64) -> u64 {
    let blocks = flat_gas::message_length().div_ceil(padding::BLOCK as u64);
    first.saturating_add(blocks.saturating_mul(block))
}
