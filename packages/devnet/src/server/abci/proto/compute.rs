//! `secret/compute/v1beta1/{query,types,params}.proto`

use prost::Message;

#[derive(Clone, PartialEq, Message)]
pub struct QuerySecretContractRequest {
    #[prost(string, tag = "1")]
    pub contract_address: String,
    #[prost(bytes = "vec", tag = "2")]
    pub query: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub struct AbsoluteTxPosition {
    #[prost(int64, tag = "1")]
    pub block_height: i64,
    #[prost(uint64, tag = "2")]
    pub tx_index: u64,
}

#[derive(Clone, PartialEq, Message)]
pub struct ContractInfo {
    #[prost(uint64, tag = "1")]
    pub code_id: u64,
    /// 20 bytes.
    #[prost(bytes = "vec", tag = "2")]
    pub creator: Vec<u8>,
    #[prost(string, tag = "4")]
    pub label: String,
    #[prost(message, optional, tag = "5")]
    pub created: Option<AbsoluteTxPosition>,
    #[prost(string, tag = "7")]
    pub admin: String,
}

/// `QueryContractInfoResponse` and `ContractInfoWithAddress`
#[derive(Clone, PartialEq, Message)]
pub struct ContractInfoWithAddress {
    #[prost(string, tag = "1")]
    pub contract_address: String,
    #[prost(message, optional, tag = "2")]
    pub contract_info: Option<ContractInfo>,
}

#[derive(Clone, PartialEq, Message)]
pub struct QueryContractsByCodeIdResponse {
    #[prost(message, repeated, tag = "1")]
    pub contract_infos: Vec<ContractInfoWithAddress>,
}

#[derive(Clone, PartialEq, Message)]
pub struct CodeInfoResponse {
    #[prost(uint64, tag = "1")]
    pub code_id: u64,
    #[prost(string, tag = "2")]
    pub creator: String,
    #[prost(string, tag = "3")]
    pub code_hash: String,
    #[prost(string, tag = "4")]
    pub source: String,
    #[prost(string, tag = "5")]
    pub builder: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct QueryCodeResponse {
    #[prost(message, optional, tag = "1")]
    pub code_info: Option<CodeInfoResponse>,
    #[prost(bytes = "vec", tag = "2")]
    pub wasm: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub struct QueryCodesResponse {
    #[prost(message, repeated, tag = "1")]
    pub code_infos: Vec<CodeInfoResponse>,
}

/// `CONTRACT_CODE_HISTORY_OPERATION_TYPE_INIT`
pub const OPERATION_INIT: i32 = 1;
/// `CONTRACT_CODE_HISTORY_OPERATION_TYPE_MIGRATE`
pub const OPERATION_MIGRATE: i32 = 2;

#[derive(Clone, PartialEq, Message)]
pub struct ContractCodeHistoryEntry {
    #[prost(int32, tag = "1")]
    pub operation: i32,
    #[prost(uint64, tag = "2")]
    pub code_id: u64,
    #[prost(message, optional, tag = "3")]
    pub updated: Option<AbsoluteTxPosition>,
}

#[derive(Clone, PartialEq, Message)]
pub struct QueryContractHistoryResponse {
    #[prost(message, repeated, tag = "1")]
    pub entries: Vec<ContractCodeHistoryEntry>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Params {
    /// SDK gas per byte of wasm; a decimal times 10^18.
    #[prost(string, tag = "1")]
    pub compile_cost: String,
    /// Bytes.
    #[prost(uint64, tag = "2")]
    pub max_contract_size: u64,
}

#[derive(Clone, PartialEq, Message)]
pub struct ParamsResponse {
    #[prost(message, optional, tag = "1")]
    pub params: Option<Params>,
}
