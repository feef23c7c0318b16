//! What an outside observer sees of a transaction.
//!
//! Everything that leaves the enclave in the clear or as ciphertext of telling length: who sent
//! what to which contract in which order, the lengths of messages and responses, the gas, the
//! shapes of events and, call by call, the storage slots touched. Slots carry names that are stable
//! per contract and key, as the chain's deterministic key encryption makes them.
//!
//! The view holds nothing that only the enclave or the sender knows; two worlds that differ in
//! secrets only must have equal views (`renamed` makes them comparable across contracts' state).

use std::collections::BTreeMap;

use cosmwasm_std::Coin;
use serde::{Deserialize, Serialize};

use crate::tx::{EntryPoint, Event};

/// Length of the clear head of an encrypted message: nonce and public key, 32 bytes each.
pub const MESSAGE_HEAD: usize = 64;
/// Length of the tag that AES-SIV adds.
pub const SIV_TAG: usize = 16;
/// Length of the hex code hash that stands before the JSON inside the ciphertext.
pub const CODE_HASH_HEX: usize = 64;

/// The observer's view of one transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TxView {
    /// Signer.
    pub sender: String,
    /// The signed messages.
    pub messages: Vec<MessageView>,
    /// Contract calls in the order in which they began, reverted ones included.
    pub calls: Vec<CallView>,
    /// SDK gas limit.
    pub gas_wanted: u64,
    /// SDK gas used.
    pub gas_used: u64,
    /// Whether the transaction succeeded.
    pub success: bool,
    /// Codespace, code and length of the (encrypted) log of a failed transaction.
    pub error: Option<ErrorView>,
    /// Events of a transaction that succeeded, in order.
    pub events: Vec<EventView>,
}

/// A failed transaction's public part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorView {
    pub codespace: String,
    pub code: u32,
    /// Bytes of the raw log, a contract's text counted as base64 of its ciphertext.
    pub length: usize,
}

/// A signed message's public part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageView {
    /// Protobuf type URL.
    pub type_url: String,
    /// The contract or recipient named by the message, if any.
    pub target: Option<String>,
    /// Bytes of the encrypted message (or of the code uploaded).
    pub length: usize,
    /// Native funds sent along.
    pub funds: Vec<Coin>,
}

/// A contract call's public part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallView {
    /// Index in [`TxView::calls`] of the call that caused this one, if a contract did.
    pub parent: Option<usize>,
    /// Who called: the signer or a contract.
    pub sender: String,
    /// The contract called.
    pub contract: String,
    /// The entry point.
    pub entry: EntryPoint,
    /// Bytes of the encrypted message.
    pub message_length: usize,
    /// Bytes of the encrypted response data; `None` if it gave none or failed.
    pub response_length: Option<usize>,
    /// Native funds sent along.
    pub funds: Vec<Coin>,
    /// SDK gas of the call's computation.
    pub gas_used: u64,
    /// SDK gas of what the enclave asked its host for: storage and queries.
    pub callback_gas: u64,
    /// Whether the call itself succeeded (its submessages may still fail).
    pub success: bool,
    /// Storage operations in order.
    pub storage: Vec<StorageOp>,
}

/// What was done to a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OpKind {
    Read,
    Write,
    Delete,
}

/// One storage operation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StorageOp {
    pub kind: OpKind,
    /// The slot's public name, hex: stable per contract and key.
    pub slot: String,
    /// Bytes of the value, without the encryption's constant overhead; `None` if the slot was empty
    /// or is deleted.
    pub length: Option<usize>,
}

/// An event's public part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventView {
    pub ty: String,
    pub attributes: Vec<AttributeView>,
}

/// An attribute's public part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum AttributeView {
    Plain {
        key: String,
        value: String,
    },
    /// Lengths of the base64 texts.
    Encrypted {
        key_length: usize,
        value_length: usize,
    },
}

impl TxView {
    /// The same view with slots named by the order of their first appearance (`s0`, `s1`, …) in
    /// `seen`, which carries the names from one transaction to the next. Equal for two histories
    /// only if corresponding slots come in the same order; that is more than an observer can tell
    /// where a contract touches slots in random order, so comparing worlds takes another naming
    /// (`tests/src/worlds/view.rs`).
    pub fn renamed(&self, seen: &mut BTreeMap<String, usize>) -> TxView {
        let mut view = self.clone();
        for op in view.calls.iter_mut().flat_map(|c| c.storage.iter_mut()) {
            let next = seen.len();
            let number = *seen.entry(op.slot.clone()).or_insert(next);
            op.slot = format!("s{number}");
        }
        view
    }
}

impl From<&Event> for EventView {
    fn from(event: &Event) -> Self {
        let attributes = event.attributes.iter().map(|a| match a.encrypted {
            false => AttributeView::Plain {
                key: a.key.clone(),
                value: a.value.clone(),
            },
            true => AttributeView::Encrypted {
                key_length: base64_length(a.key.len() + SIV_TAG),
                value_length: base64_length(a.value.len() + SIV_TAG),
            },
        });
        EventView {
            ty: event.ty.clone(),
            attributes: attributes.collect(),
        }
    }
}

/// Bytes of an encrypted message whose plaintext JSON has `plain` bytes.
pub fn message_length(plain: usize) -> usize {
    MESSAGE_HEAD + SIV_TAG + CODE_HASH_HEX + plain
}

/// Bytes of encrypted response data whose plaintext has `plain` bytes: the base64 is encrypted;
/// data that goes to a calling contract carries that contract's code hash as well.
pub fn response_length(plain: usize, to_contract: bool) -> usize {
    let head = if to_contract { CODE_HASH_HEX } else { 0 };
    SIV_TAG + head + base64_length(plain)
}

/// Characters of the padded base64 of `bytes` bytes.
pub fn base64_length(bytes: usize) -> usize {
    bytes.div_ceil(3) * 4
}
