//! `cosmos/tx/v1beta1/service.proto` and `cosmos/base/abci/v1beta1/abci.proto`

use super::{PageRequest, PageResponse};
use prost::Message;
use secret_ai_chain_client::proto::{Any, TxRaw};

#[derive(Clone, PartialEq, Message)]
pub struct EventAttribute {
    #[prost(string, tag = "1")]
    pub key: String,
    #[prost(string, tag = "2")]
    pub value: String,
    #[prost(bool, tag = "3")]
    pub index: bool,
}

#[derive(Clone, PartialEq, Message)]
pub struct Event {
    #[prost(string, tag = "1")]
    pub r#type: String,
    #[prost(message, repeated, tag = "2")]
    pub attributes: Vec<EventAttribute>,
}

#[derive(Clone, PartialEq, Message)]
pub struct TxResponse {
    #[prost(int64, tag = "1")]
    pub height: i64,
    #[prost(string, tag = "2")]
    pub txhash: String,
    #[prost(string, tag = "3")]
    pub codespace: String,
    #[prost(uint32, tag = "4")]
    pub code: u32,
    /// `TxMsgData`, upper-case hex.
    #[prost(string, tag = "5")]
    pub data: String,
    #[prost(string, tag = "6")]
    pub raw_log: String,
    #[prost(int64, tag = "9")]
    pub gas_wanted: i64,
    #[prost(int64, tag = "10")]
    pub gas_used: i64,
    #[prost(message, optional, tag = "11")]
    pub tx: Option<Any>,
    #[prost(string, tag = "12")]
    pub timestamp: String,
    #[prost(message, repeated, tag = "13")]
    pub events: Vec<Event>,
}

/// `Tx` and `TxRaw` look the same on the wire.
#[derive(Clone, PartialEq, Message)]
pub struct GetTxResponse {
    #[prost(message, optional, tag = "1")]
    pub tx: Option<TxRaw>,
    #[prost(message, optional, tag = "2")]
    pub tx_response: Option<TxResponse>,
}

#[derive(Clone, PartialEq, Message)]
pub struct GetTxsEventRequest {
    /// The old form of `query`: conditions, all of which must hold.
    #[prost(string, repeated, tag = "1")]
    pub events: Vec<String>,
    #[prost(message, optional, tag = "2")]
    pub pagination: Option<PageRequest>,
    #[prost(int32, tag = "3")]
    pub order_by: i32,
    #[prost(uint64, tag = "4")]
    pub page: u64,
    #[prost(uint64, tag = "5")]
    pub limit: u64,
    #[prost(string, tag = "6")]
    pub query: String,
}

/// `ORDER_BY_DESC`
pub const ORDER_BY_DESC: i32 = 2;

#[derive(Clone, PartialEq, Message)]
pub struct GetTxsEventResponse {
    #[prost(message, repeated, tag = "1")]
    pub txs: Vec<TxRaw>,
    #[prost(message, repeated, tag = "2")]
    pub tx_responses: Vec<TxResponse>,
    #[prost(message, optional, tag = "3")]
    pub pagination: Option<PageResponse>,
    #[prost(uint64, tag = "4")]
    pub total: u64,
}

#[derive(Clone, PartialEq, Message)]
pub struct BroadcastTxRequest {
    #[prost(bytes = "vec", tag = "1")]
    pub tx_bytes: Vec<u8>,
    #[prost(int32, tag = "2")]
    pub mode: i32,
}

/// `BROADCAST_MODE_SYNC`
pub const BROADCAST_MODE_SYNC: i32 = 2;
/// `BROADCAST_MODE_ASYNC`
pub const BROADCAST_MODE_ASYNC: i32 = 3;

#[derive(Clone, PartialEq, Message)]
pub struct BroadcastTxResponse {
    #[prost(message, optional, tag = "1")]
    pub tx_response: Option<TxResponse>,
}

#[derive(Clone, PartialEq, Message)]
pub struct SimulateRequest {
    /// The old form of `tx_bytes`.
    #[prost(message, optional, tag = "1")]
    pub tx: Option<TxRaw>,
    #[prost(bytes = "vec", tag = "2")]
    pub tx_bytes: Vec<u8>,
}

/// SDK gas.
#[derive(Clone, PartialEq, Message)]
pub struct GasInfo {
    #[prost(uint64, tag = "1")]
    pub gas_wanted: u64,
    #[prost(uint64, tag = "2")]
    pub gas_used: u64,
}

#[derive(Clone, PartialEq, Message)]
pub struct SimulationResult {
    #[prost(bytes = "vec", tag = "1")]
    pub data: Vec<u8>,
    #[prost(message, repeated, tag = "3")]
    pub events: Vec<Event>,
    #[prost(message, repeated, tag = "4")]
    pub msg_responses: Vec<Any>,
}

#[derive(Clone, PartialEq, Message)]
pub struct SimulateResponse {
    #[prost(message, optional, tag = "1")]
    pub gas_info: Option<GasInfo>,
    #[prost(message, optional, tag = "2")]
    pub result: Option<SimulationResult>,
}
