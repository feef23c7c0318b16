//! The protobuf messages of a Secret transaction, field numbers as in the Cosmos SDK 0.50
//! (`cosmos/tx/v1beta1/tx.proto`, `cosmos/base/…`) and in Secret Network's
//! `secret/compute/v1beta1/msg.proto`. Only what this project sends or reads.
//!
//! Store, instantiate and execute carry addresses as 20 raw bytes; migrate and the admin messages
//! carry them as bech32 text.

use prost::Message;

/// A message with its type: `google.protobuf.Any`.
#[derive(Clone, PartialEq, Message)]
pub struct Any {
    #[prost(string, tag = "1")]
    pub type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    pub value: Vec<u8>,
}

impl Any {
    /// Wraps a message under its type URL.
    pub fn pack<M: Message + TypeUrl>(message: &M) -> Self {
        Self {
            type_url: M::TYPE_URL.into(),
            value: message.encode_to_vec(),
        }
    }
}

/// A message's name in `Any`.
pub trait TypeUrl {
    const TYPE_URL: &'static str;
}

macro_rules! type_urls {
    ($($message:ty = $url:literal),* $(,)?) => {
        $(impl TypeUrl for $message { const TYPE_URL: &'static str = $url; })*
    };
}

type_urls! {
    PubKey = "/cosmos.crypto.secp256k1.PubKey",
    MsgSend = "/cosmos.bank.v1beta1.MsgSend",
    MsgStoreCode = "/secret.compute.v1beta1.MsgStoreCode",
    MsgInstantiateContract = "/secret.compute.v1beta1.MsgInstantiateContract",
    MsgExecuteContract = "/secret.compute.v1beta1.MsgExecuteContract",
    MsgMigrateContract = "/secret.compute.v1beta1.MsgMigrateContract",
    MsgUpdateAdmin = "/secret.compute.v1beta1.MsgUpdateAdmin",
    MsgClearAdmin = "/secret.compute.v1beta1.MsgClearAdmin",
    MsgStoreCodeResponse = "/secret.compute.v1beta1.MsgStoreCodeResponse",
    MsgInstantiateContractResponse = "/secret.compute.v1beta1.MsgInstantiateContractResponse",
    MsgExecuteContractResponse = "/secret.compute.v1beta1.MsgExecuteContractResponse",
    MsgMigrateContractResponse = "/secret.compute.v1beta1.MsgMigrateContractResponse",
}

/// An amount of a native coin, in base units, as decimal text.
#[derive(Clone, PartialEq, Eq, Message, serde::Serialize, serde::Deserialize)]
pub struct Coin {
    #[prost(string, tag = "1")]
    pub denom: String,
    #[prost(string, tag = "2")]
    pub amount: String,
}

impl Coin {
    /// `amount` base units of the chain's fee coin.
    pub fn uscrt(amount: u128) -> Self {
        Self {
            denom: "uscrt".into(),
            amount: amount.to_string(),
        }
    }
}

#[derive(Clone, PartialEq, Message)]
pub struct TxRaw {
    #[prost(bytes = "vec", tag = "1")]
    pub body_bytes: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub auth_info_bytes: Vec<u8>,
    #[prost(bytes = "vec", repeated, tag = "3")]
    pub signatures: Vec<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
pub struct TxBody {
    #[prost(message, repeated, tag = "1")]
    pub messages: Vec<Any>,
    #[prost(string, tag = "2")]
    pub memo: String,
    #[prost(uint64, tag = "3")]
    pub timeout_height: u64,
    #[prost(message, repeated, tag = "1023")]
    pub extension_options: Vec<Any>,
    #[prost(message, repeated, tag = "2047")]
    pub non_critical_extension_options: Vec<Any>,
}

#[derive(Clone, PartialEq, Message)]
pub struct AuthInfo {
    #[prost(message, repeated, tag = "1")]
    pub signer_infos: Vec<SignerInfo>,
    #[prost(message, optional, tag = "2")]
    pub fee: Option<Fee>,
}

#[derive(Clone, PartialEq, Message)]
pub struct SignerInfo {
    #[prost(message, optional, tag = "1")]
    pub public_key: Option<Any>,
    #[prost(message, optional, tag = "2")]
    pub mode_info: Option<ModeInfo>,
    #[prost(uint64, tag = "3")]
    pub sequence: u64,
}

/// How a signer signs. Multi-signatures (field 2) are not read.
#[derive(Clone, PartialEq, Message)]
pub struct ModeInfo {
    #[prost(message, optional, tag = "1")]
    pub single: Option<SingleMode>,
}

#[derive(Clone, PartialEq, Message)]
pub struct SingleMode {
    #[prost(int32, tag = "1")]
    pub mode: i32,
}

/// `SIGN_MODE_DIRECT`: the signature covers the encoded [`SignDoc`].
pub const SIGN_MODE_DIRECT: i32 = 1;
/// `SIGN_MODE_LEGACY_AMINO_JSON`: the signature covers sorted JSON (Ledger).
pub const SIGN_MODE_LEGACY_AMINO_JSON: i32 = 127;

#[derive(Clone, PartialEq, Message)]
pub struct Fee {
    #[prost(message, repeated, tag = "1")]
    pub amount: Vec<Coin>,
    #[prost(uint64, tag = "2")]
    pub gas_limit: u64,
    #[prost(string, tag = "3")]
    pub payer: String,
    #[prost(string, tag = "4")]
    pub granter: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct SignDoc {
    #[prost(bytes = "vec", tag = "1")]
    pub body_bytes: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub auth_info_bytes: Vec<u8>,
    #[prost(string, tag = "3")]
    pub chain_id: String,
    #[prost(uint64, tag = "4")]
    pub account_number: u64,
}

/// `cosmos.crypto.secp256k1.PubKey`
#[derive(Clone, PartialEq, Message)]
pub struct PubKey {
    #[prost(bytes = "vec", tag = "1")]
    pub key: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub struct MsgSend {
    #[prost(string, tag = "1")]
    pub from_address: String,
    #[prost(string, tag = "2")]
    pub to_address: String,
    #[prost(message, repeated, tag = "3")]
    pub amount: Vec<Coin>,
}

#[derive(Clone, PartialEq, Message)]
pub struct MsgStoreCode {
    #[prost(bytes = "vec", tag = "1")]
    pub sender: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub wasm_byte_code: Vec<u8>,
    #[prost(string, tag = "3")]
    pub source: String,
    #[prost(string, tag = "4")]
    pub builder: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct MsgInstantiateContract {
    #[prost(bytes = "vec", tag = "1")]
    pub sender: Vec<u8>,
    #[prost(string, tag = "2")]
    pub callback_code_hash: String,
    #[prost(uint64, tag = "3")]
    pub code_id: u64,
    #[prost(string, tag = "4")]
    pub label: String,
    #[prost(bytes = "vec", tag = "5")]
    pub init_msg: Vec<u8>,
    #[prost(message, repeated, tag = "6")]
    pub init_funds: Vec<Coin>,
    #[prost(bytes = "vec", tag = "7")]
    pub callback_sig: Vec<u8>,
    #[prost(string, tag = "8")]
    pub admin: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct MsgExecuteContract {
    #[prost(bytes = "vec", tag = "1")]
    pub sender: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub contract: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    pub msg: Vec<u8>,
    #[prost(string, tag = "4")]
    pub callback_code_hash: String,
    #[prost(message, repeated, tag = "5")]
    pub sent_funds: Vec<Coin>,
    #[prost(bytes = "vec", tag = "6")]
    pub callback_sig: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub struct MsgMigrateContract {
    #[prost(string, tag = "1")]
    pub sender: String,
    #[prost(string, tag = "2")]
    pub contract: String,
    #[prost(uint64, tag = "3")]
    pub code_id: u64,
    #[prost(bytes = "vec", tag = "4")]
    pub msg: Vec<u8>,
    #[prost(bytes = "vec", tag = "7")]
    pub callback_sig: Vec<u8>,
    #[prost(string, tag = "8")]
    pub callback_code_hash: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct MsgUpdateAdmin {
    #[prost(string, tag = "1")]
    pub sender: String,
    #[prost(string, tag = "2")]
    pub new_admin: String,
    #[prost(string, tag = "3")]
    pub contract: String,
    #[prost(bytes = "vec", tag = "7")]
    pub callback_sig: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub struct MsgClearAdmin {
    #[prost(string, tag = "1")]
    pub sender: String,
    #[prost(string, tag = "3")]
    pub contract: String,
    #[prost(bytes = "vec", tag = "7")]
    pub callback_sig: Vec<u8>,
}

/// `cosmos.base.abci.v1beta1.TxMsgData`: what a transaction's messages answered.
#[derive(Clone, PartialEq, Message)]
pub struct TxMsgData {
    #[prost(message, repeated, tag = "2")]
    pub msg_responses: Vec<Any>,
}

#[derive(Clone, PartialEq, Message)]
pub struct MsgStoreCodeResponse {
    #[prost(uint64, tag = "1")]
    pub code_id: u64,
}

#[derive(Clone, PartialEq, Message)]
pub struct MsgInstantiateContractResponse {
    #[prost(string, tag = "1")]
    pub address: String,
    #[prost(bytes = "vec", tag = "2")]
    pub data: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub struct MsgExecuteContractResponse {
    #[prost(bytes = "vec", tag = "1")]
    pub data: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub struct MsgMigrateContractResponse {
    #[prost(bytes = "vec", tag = "1")]
    pub data: Vec<u8>,
}
