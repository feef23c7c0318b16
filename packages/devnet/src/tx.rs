//! Transactions as the library takes and answers them: plaintext in, plaintext out.

use cosmwasm_std::Coin;
use serde::{Deserialize, Serialize};

use crate::observer::TxView;

/// A transaction of one signer. The library checks no signature, sequence or fee.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tx {
    /// Bech32 address of the signer, who is the sender of every message.
    pub sender: String,
    /// Messages, run in order; one failure reverts them all.
    pub messages: Vec<Msg>,
    /// Gas wanted, in SDK gas.
    pub gas_limit: u64,
    /// Hash of the transaction's bytes, 64 hex digits; drawn from the seed if none is given.
    pub hash: Option<String>,
    /// Length of the transaction's bytes, charged at 10 SDK gas each; estimated if not given.
    pub bytes: Option<u64>,
}

impl Tx {
    /// A transaction with one message, its hash and length left to the devnet.
    pub fn one(sender: impl Into<String>, message: Msg, gas_limit: u64) -> Self {
        Self {
            sender: sender.into(),
            messages: vec![message],
            gas_limit,
            hash: None,
            bytes: None,
        }
    }
}

/// A message of a transaction. Addresses are bech32 text.
///
/// `code_hash` is the code hash (64 hex digits, any case) that the sender put before the encrypted
/// message: given, it must be the contract's; `None` stands for a sender who looked it up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Msg {
    /// Native coins from the sender to an address (`MsgSend`).
    Send { to: String, amount: Vec<Coin> },
    /// Upload of wasm, plain or gzip (`MsgStoreCode`).
    StoreCode {
        wasm: Vec<u8>,
        source: String,
        builder: String,
    },
    /// `MsgInstantiateContract`; the message is plaintext JSON.
    Instantiate {
        code_id: u64,
        code_hash: Option<String>,
        label: String,
        msg: Vec<u8>,
        funds: Vec<Coin>,
        admin: Option<String>,
    },
    /// `MsgExecuteContract`; the message is plaintext JSON.
    Execute {
        contract: String,
        code_hash: Option<String>,
        msg: Vec<u8>,
        funds: Vec<Coin>,
    },
    /// `MsgMigrateContract`; the code hash is the new code's.
    Migrate {
        contract: String,
        code_id: u64,
        code_hash: Option<String>,
        msg: Vec<u8>,
    },
    /// `MsgUpdateAdmin`.
    UpdateAdmin { contract: String, new_admin: String },
    /// `MsgClearAdmin`.
    ClearAdmin { contract: String },
}

impl Msg {
    /// The protobuf type URL of the message.
    pub fn type_url(&self) -> &'static str {
        match self {
            Msg::Send { .. } => "/cosmos.bank.v1beta1.MsgSend",
            Msg::StoreCode { .. } => "/secret.compute.v1beta1.MsgStoreCode",
            Msg::Instantiate { .. } => "/secret.compute.v1beta1.MsgInstantiateContract",
            Msg::Execute { .. } => "/secret.compute.v1beta1.MsgExecuteContract",
            Msg::Migrate { .. } => "/secret.compute.v1beta1.MsgMigrateContract",
            Msg::UpdateAdmin { .. } => "/secret.compute.v1beta1.MsgUpdateAdmin",
            Msg::ClearAdmin { .. } => "/secret.compute.v1beta1.MsgClearAdmin",
        }
    }
}

/// What became of a transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TxResult {
    /// Height of its block.
    pub height: u64,
    /// Time of its block in nanoseconds since 1970.
    pub time_ns: u64,
    /// Its place in the block, from 0.
    pub index: u32,
    /// Hash, upper-case hex.
    pub hash: String,
    /// One outcome per message, or the failure that reverted them all.
    pub outcome: Result<Vec<MsgOutcome>, Failure>,
    /// SDK gas limit given.
    pub gas_wanted: u64,
    /// SDK gas used, failed transactions included.
    pub gas_used: u64,
    /// Gas of each contract call, in the order in which the calls began.
    pub calls: Vec<CallGas>,
    /// What the sender can decrypt of each of these calls; not stored with the result.
    #[serde(skip)]
    pub texts: Vec<CallText>,
    /// What an outside observer sees.
    pub observer: TxView,
    /// Texts that contracts gave to `debug`, for the developer only: the chain discards them.
    pub debug: Vec<String>,
}

impl TxResult {
    /// Whether every message succeeded.
    pub fn is_ok(&self) -> bool {
        self.outcome.is_ok()
    }

    /// All events of all messages, in order; none if the transaction failed.
    pub fn events(&self) -> impl Iterator<Item = &Event> {
        self.outcome.iter().flatten().flat_map(|m| m.events.iter())
    }

    /// The first message's response data; empty if the transaction failed or it has none.
    pub fn data(&self) -> &[u8] {
        match self.outcome.as_ref().ok().and_then(|m| m.first()) {
            Some(outcome) => outcome.response.data(),
            None => &[],
        }
    }

    /// The failure, if the transaction failed.
    pub fn failure(&self) -> Option<&Failure> {
        self.outcome.as_ref().err()
    }
}

/// A message that succeeded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MsgOutcome {
    /// The message's response.
    pub response: MsgResponse,
    /// Its events in order.
    pub events: Vec<Event>,
}

/// The response of a message, plaintext. `data: None` and empty data differ on the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MsgResponse {
    Send,
    StoreCode {
        code_id: u64,
        /// Lower-case hex.
        code_hash: String,
    },
    Instantiate {
        address: String,
        data: Option<Vec<u8>>,
    },
    Execute {
        data: Option<Vec<u8>>,
    },
    Migrate {
        data: Option<Vec<u8>>,
    },
    UpdateAdmin,
    ClearAdmin,
}

impl MsgResponse {
    /// The contract's data, empty if there is none.
    pub fn data(&self) -> &[u8] {
        match self {
            Self::Instantiate { data, .. } | Self::Execute { data } | Self::Migrate { data } => {
                data.as_deref().unwrap_or_default()
            }
            _ => &[],
        }
    }
}

/// Why a transaction failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Codespace: `compute`, `sdk` or `bank`.
    pub codespace: String,
    /// Code within the codespace.
    pub code: u32,
    /// Which message failed, from 0; `None` if the transaction failed as a whole.
    pub message_index: Option<usize>,
    /// The text.
    pub error: ErrorText,
}

impl Failure {
    /// The raw log of the chain. `encrypt` turns a contract's text into the base64 of its
    /// ciphertext; the chain's own words stay plain.
    pub fn raw_log(&self, encrypt: impl Fn(&str) -> String) -> String {
        let text = self.error.render(encrypt);
        match self.message_index {
            Some(index) => format!("failed to execute message; message index: {index}: {text}"),
            None => text,
        }
    }

    /// The text with a contract's words in plain and without their padding: for tests and for the
    /// developer.
    pub fn plain(&self) -> String {
        self.raw_log(|text| text.trim_end().to_owned())
    }
}

/// A text of which one part may be a contract's, which the chain encrypts to the sender.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorText {
    /// The chain's words before (`dispatch: submessages: `), plain.
    pub before: String,
    /// The contract's own text, which the chain shows as `encrypted: <base64>`.
    pub contract: Option<String>,
    /// The chain's words after (`: execute contract failed`), plain.
    pub after: String,
}

impl ErrorText {
    /// The chain's own text.
    pub fn chain(text: impl Into<String>) -> Self {
        Self {
            before: text.into(),
            contract: None,
            after: String::new(),
        }
    }

    /// The whole text, the contract's part passed through `encrypt`.
    pub fn render(&self, encrypt: impl Fn(&str) -> String) -> String {
        match &self.contract {
            Some(text) => {
                let text = encrypt(text);
                format!("{}encrypted: {text}{}", self.before, self.after)
            }
            None => format!("{}{}", self.before, self.after),
        }
    }
}

/// An event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// `wasm`, `wasm-…` for a contract's own; `message`, `execute`, `transfer`, … for the chain's.
    pub ty: String,
    /// Attributes in order.
    pub attributes: Vec<Attribute>,
}

impl Event {
    /// The value of the first attribute with this key, plaintext.
    pub fn attribute(&self, key: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|a| a.key == key)
            .map(|a| a.value.as_str())
    }
}

/// An attribute, plaintext; `encrypted` says whether the chain shows only ciphertext of both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribute {
    pub key: String,
    pub value: String,
    pub encrypted: bool,
}

impl Attribute {
    /// An attribute that the chain itself writes.
    pub fn plain(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            value: value.into(),
            encrypted: false,
        }
    }
}

/// A contract's entry point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryPoint {
    Instantiate,
    Execute,
    Migrate,
    Reply,
    Query,
}

impl EntryPoint {
    /// What the chain calls the gas of loading an instance for it.
    pub(crate) fn loading(self) -> &'static str {
        match self {
            Self::Instantiate => "Loading CosmWasm module: init",
            Self::Execute => "Loading Compute module: execute",
            Self::Migrate => "Loading CosmWasm module: migrate",
            Self::Reply => "Loading Compute module: reply",
            Self::Query => "Loading CosmWasm module: query",
        }
    }

    /// The name of the wasm export.
    pub fn export(self) -> &'static str {
        match self {
            Self::Instantiate => "instantiate",
            Self::Execute => "execute",
            Self::Migrate => "migrate",
            Self::Reply => "reply",
            Self::Query => "query",
        }
    }
}

/// What the sender of a transaction can decrypt of one contract call, nested ones included: the chain
/// encrypts messages between contracts and their answers to the sender of the transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallText {
    /// The contract called.
    pub contract: String,
    /// Plaintext of the message.
    pub message: String,
    /// Plaintext of what the entry point returned: messages, attributes and data; empty if the
    /// call came to no result.
    pub answer: String,
}

/// The gas of one contract call, its submessages apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallGas {
    /// The contract called.
    pub contract: String,
    /// Its entry point.
    pub entry: EntryPoint,
    /// Wasm gas used (CosmWasm gas): instructions, memory, host calls; queries it made apart.
    pub wasm: u64,
    /// SDK gas charged for `wasm`.
    pub compute: u64,
    /// SDK gas of the storage: reads, writes, removals.
    pub storage: u64,
    /// SDK gas for loading the instance.
    pub instance: u64,
}

impl CallGas {
    /// SDK gas of the call in all.
    pub fn total(&self) -> u64 {
        self.compute
            .saturating_add(self.storage)
            .saturating_add(self.instance)
    }
}

/// Code stored by [`crate::Devnet::store_code`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredCode {
    /// Code id, from 1.
    pub code_id: u64,
    /// SHA-256 of the uncompressed wasm, lower-case hex.
    pub code_hash: String,
    /// SDK gas used by the transaction.
    pub gas_used: u64,
}
