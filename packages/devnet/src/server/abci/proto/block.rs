//! `tendermint/types/*.proto` and `cosmos/base/tendermint/v1beta1/{types,query}.proto`

use super::{PageResponse, Timestamp};
use prost::Message;
use secret_ai_chain_client::proto::Any;

#[derive(Clone, PartialEq, Message)]
pub struct PartSetHeader {
    #[prost(uint32, tag = "1")]
    pub total: u32,
    #[prost(bytes = "vec", tag = "2")]
    pub hash: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub struct BlockId {
    #[prost(bytes = "vec", tag = "1")]
    pub hash: Vec<u8>,
    #[prost(message, optional, tag = "2")]
    pub part_set_header: Option<PartSetHeader>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Consensus {
    #[prost(uint64, tag = "1")]
    pub block: u64,
    #[prost(uint64, tag = "2")]
    pub app: u64,
}

/// Both CometBFT's header, whose proposer is 20 bytes, and the SDK's, whose proposer is text: the
/// two look the same on the wire.
#[derive(Clone, PartialEq, Message)]
pub struct Header {
    #[prost(message, optional, tag = "1")]
    pub version: Option<Consensus>,
    #[prost(string, tag = "2")]
    pub chain_id: String,
    #[prost(int64, tag = "3")]
    pub height: i64,
    #[prost(message, optional, tag = "4")]
    pub time: Option<Timestamp>,
    #[prost(message, optional, tag = "5")]
    pub last_block_id: Option<BlockId>,
    #[prost(bytes = "vec", tag = "6")]
    pub last_commit_hash: Vec<u8>,
    #[prost(bytes = "vec", tag = "7")]
    pub data_hash: Vec<u8>,
    #[prost(bytes = "vec", tag = "8")]
    pub validators_hash: Vec<u8>,
    #[prost(bytes = "vec", tag = "9")]
    pub next_validators_hash: Vec<u8>,
    #[prost(bytes = "vec", tag = "10")]
    pub consensus_hash: Vec<u8>,
    #[prost(bytes = "vec", tag = "11")]
    pub app_hash: Vec<u8>,
    #[prost(bytes = "vec", tag = "12")]
    pub last_results_hash: Vec<u8>,
    #[prost(bytes = "vec", tag = "13")]
    pub evidence_hash: Vec<u8>,
    #[prost(bytes = "vec", tag = "14")]
    pub proposer_address: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Data {
    #[prost(bytes = "vec", repeated, tag = "1")]
    pub txs: Vec<Vec<u8>>,
}

/// A commit without signatures: nobody signs blocks here.
#[derive(Clone, PartialEq, Message)]
pub struct Commit {
    #[prost(int64, tag = "1")]
    pub height: i64,
    #[prost(message, optional, tag = "3")]
    pub block_id: Option<BlockId>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Block {
    #[prost(message, optional, tag = "1")]
    pub header: Option<Header>,
    #[prost(message, optional, tag = "2")]
    pub data: Option<Data>,
    #[prost(message, optional, tag = "4")]
    pub last_commit: Option<Commit>,
}

/// `GetLatestBlockResponse` and `GetBlockByHeightResponse`
#[derive(Clone, PartialEq, Message)]
pub struct BlockResponse {
    #[prost(message, optional, tag = "1")]
    pub block_id: Option<BlockId>,
    #[prost(message, optional, tag = "2")]
    pub block: Option<Block>,
    #[prost(message, optional, tag = "3")]
    pub sdk_block: Option<Block>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Validator {
    #[prost(string, tag = "1")]
    pub address: String,
    #[prost(message, optional, tag = "2")]
    pub pub_key: Option<Any>,
    #[prost(int64, tag = "3")]
    pub voting_power: i64,
}

/// `GetLatestValidatorSetResponse`
#[derive(Clone, PartialEq, Message)]
pub struct ValidatorSetResponse {
    #[prost(int64, tag = "1")]
    pub block_height: i64,
    #[prost(message, repeated, tag = "2")]
    pub validators: Vec<Validator>,
    #[prost(message, optional, tag = "3")]
    pub pagination: Option<PageResponse>,
}
