//! What each class of messages costs (docs/privacy.md, rule P2): the value of `check_gas` at the end
//! of a call, in SDK gas, measured on the wasm with room above the dearest message of the class.
//!
//! Messages of up to 1 KiB cost the same whatever they say; longer ones, which anybody sees to be
//! longer, may cost more. `set_minters` writes a public list and is not levelled.

use secret_ai_interface::token::ExecuteMsg;

/// A message that cannot be parsed.
pub const UNKNOWN: u64 = 1_000;
/// `transfer` and `mint`.
const TRANSFER: u64 = 1_000;
/// `transfer_from`.
const TRANSFER_FROM: u64 = 1_000;
/// `send` with the first block of `msg` and `memo`.
const SEND: u64 = 1_000;
/// `send_from` likewise.
const SEND_FROM: u64 = 1_000;
/// Every further block of [`BLOCK`] bytes that a `send` or `send_from` hands on.
const SEND_BLOCK: u64 = 300;
/// `increase_allowance` and `decrease_allowance`.
const ALLOWANCE: u64 = 1_000;
/// Everything else about the sender's own rights.
const RIGHTS: u64 = 1_000;

/// Bytes of `msg` and `memo` together that [`SEND_BLOCK`] pays for.
const BLOCK: usize = 512;

/// The target of a message's class.
pub fn target(msg: &ExecuteMsg) -> u64 {
    match msg {
        ExecuteMsg::Transfer { .. } | ExecuteMsg::Mint { .. } => TRANSFER,
        ExecuteMsg::TransferFrom { .. } => TRANSFER_FROM,
        ExecuteMsg::Send { msg, memo, .. } => SEND.saturating_add(handed_on(msg, memo)),
        ExecuteMsg::SendFrom { msg, memo, .. } => SEND_FROM.saturating_add(handed_on(msg, memo)),
        ExecuteMsg::IncreaseAllowance { .. } | ExecuteMsg::DecreaseAllowance { .. } => ALLOWANCE,
        ExecuteMsg::RegisterReceive { .. }
        | ExecuteMsg::CreateViewingKey { .. }
        | ExecuteMsg::SetViewingKey { .. }
        | ExecuteMsg::RevokePermit { .. }
        | ExecuteMsg::RevokeAllPermits { .. }
        | ExecuteMsg::DeletePermitRevocation { .. } => RIGHTS,
        ExecuteMsg::SetMinters { .. } => 0,
    }
}

/// What handing on a message and a memo costs.
fn handed_on(msg: &Option<cosmwasm_std::Binary>, memo: &Option<String>) -> u64 {
    let msg = msg.as_ref().map_or(0, |msg| msg.len());
    let bytes = msg.saturating_add(memo.as_ref().map_or(0, String::len));
    let blocks = bytes.checked_div(BLOCK).unwrap_or(0);
    SEND_BLOCK.saturating_mul(blocks as u64)
}
