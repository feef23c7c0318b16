//! The size to which every sender fills a message before it is encrypted (docs/privacy.md, P1).
//!
//! Encryption hides what a message says, not how long it is, so all messages of one class have one
//! size. The class is the kind of message and what is public about it: the number of sessions that
//! it opens, nothing else. Amounts, names of models, the number of lines, receipts and acks do not
//! count, and kinds are merged where that costs little.
//!
//! Sizes are bytes of compact JSON and hold the longest message that the contracts accept, as long
//! as its texts need no escapes (`"`, `\`, control characters). A longer one must not be sent.

use cosmwasm_std::to_vec;
use serde::Serialize;

use crate::billing::{self, PAGE_ENTRIES};
use crate::{registry, rewards, token, ADDRESS_LENGTH, MAX_LINES, MAX_MODEL_NAME};

/// A message that travels in a size of its class.
pub trait PaddedSize {
    /// Bytes of JSON to which every sender fills this message with spaces.
    fn padded_size(&self) -> usize;
}

/// All sizes of messages in a transaction are multiples of this.
const BLOCK: usize = 256;
/// Every short message of billing, rewards and tokens.
const SHORT: usize = 2 * BLOCK;
/// Bytes whose base64 is one [`BLOCK`]. What a token's `send` carries has a multiple of it, so that
/// the token's call of the receiver, 147 to 185 bytes longer, lies in the same block whatever the
/// amount.
const INNER_BLOCK: usize = BLOCK / 4 * 3;

/// Digits of 2¹²⁸ − 1.
const AMOUNT: usize = 39;
/// Digits of 2⁶⁴ − 1.
const TIME: usize = 20;
/// Digits of 2⁵⁶ − 1.
const RATE: usize = 17;
/// Hex digits of a worker's id.
const WORKER_ID: usize = 32;
/// Hex digits of a receipt key's id.
const KID: usize = 40;
/// Hex digits of a compressed public key, the longer form of a session's authenticator.
const PUBLIC_KEY: usize = 66;

/// One [`billing::Line`] with the longest unit, and a comma.
const LINE: usize = r#"{"model":"","unit":"cached_input","rate":},"#.len() + MAX_MODEL_NAME + RATE;
/// One [`billing::OpenSession`] with a comma.
const SESSION: usize =
    r#"{"worker_id":"","lines":[],"cap":"","slack":"","expires":,"auth":{"k":""}},"#.len()
        + WORKER_ID
        + MAX_LINES * LINE
        + 2 * AMOUNT
        + TIME
        + PUBLIC_KEY;
/// `open_sessions` of billing without its sessions.
const OPEN: usize =
    r#"{"open_sessions":{"token":"","sessions":[],"padding":null}}"#.len() + ADDRESS_LENGTH;
/// `open_sessions` in a token's `send`, without its sessions.
const RECEIVED_OPEN: usize = r#"{"open_sessions":{"sessions":[],"padding":null}}"#.len();

/// Bytes of the longest signed receipt (docs/protocol.md): session, kid, seq, flags, n, counters,
/// evidence, signature.
const RECEIPT: usize = 16 + 20 + 8 + 1 + 1 + MAX_LINES * 8 + 32 + 64;
/// Bytes of a signed ack: session, kid, seq, amount, signature.
const ACK: usize = 16 + 20 + 8 + 16 + 64;
/// One [`billing::SettleEntry`] with a comma.
const ENTRY: usize = r#"{"receipt":"","ack":""},"#.len() + base64_size(RECEIPT) + base64_size(ACK);
/// A full page.
const PAGE: usize =
    r#"{"settle":{"kid":"","entries":[],"padding":null}}"#.len() + KID + PAGE_ENTRIES * ENTRY;

/// `set_minters` with the 16 addresses that a token takes.
const MINTERS: usize =
    r#"{"set_minters":{"minters":[],"padding":null}}"#.len() + 16 * (ADDRESS_LENGTH + 3);

/// Length of the base64 of so many bytes.
const fn base64_size(bytes: usize) -> usize {
    bytes.div_ceil(3).saturating_mul(4)
}

/// The next multiple of `block`.
const fn filled(bytes: usize, block: usize) -> usize {
    bytes.div_ceil(block).saturating_mul(block)
}

/// For what is public, or sent by contracts, which pad by themselves: the next full block.
fn own_blocks<T: Serialize>(msg: &T) -> usize {
    to_vec(msg).map_or(0, |json| filled(json.len(), BLOCK))
}

impl PaddedSize for billing::ExecuteMsg {
    fn padded_size(&self) -> usize {
        match self {
            Self::OpenSessions { sessions, .. } => {
                filled(OPEN.saturating_add(all_sessions(sessions)), BLOCK)
            }
            Self::Settle { .. } => filled(PAGE, BLOCK),
            Self::Receive { .. } => own_blocks(self),
            _ => SHORT,
        }
    }
}

impl PaddedSize for billing::ReceiveMsg {
    fn padded_size(&self) -> usize {
        match self {
            Self::Deposit { .. } => INNER_BLOCK,
            Self::OpenSessions { sessions, .. } => {
                let bytes = RECEIVED_OPEN.saturating_add(all_sessions(sessions));
                filled(bytes, INNER_BLOCK)
            }
        }
    }
}

fn all_sessions(sessions: &[billing::OpenSession]) -> usize {
    sessions.len().saturating_mul(SESSION)
}

impl PaddedSize for rewards::ExecuteMsg {
    fn padded_size(&self) -> usize {
        match self {
            Self::Credit { .. } => own_blocks(self),
            _ => SHORT,
        }
    }
}

impl PaddedSize for token::ExecuteMsg {
    /// Of `send`: by the length of what it carries, which must have been filled before.
    fn padded_size(&self) -> usize {
        match self {
            Self::Send { msg, .. } | Self::SendFrom { msg, .. } => {
                let inner = msg.as_ref().map_or(0, |inner| base64_size(inner.len()));
                SHORT.saturating_add(filled(inner, BLOCK))
            }
            Self::SetMinters { .. } => filled(MINTERS, BLOCK),
            _ => SHORT,
        }
    }
}

/// The registry's content is public.
impl PaddedSize for registry::ExecuteMsg {
    fn padded_size(&self) -> usize {
        own_blocks(self)
    }
}
