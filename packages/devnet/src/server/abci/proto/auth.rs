//! `cosmos/auth/v1beta1/{auth,query}.proto`

use prost::Message;
use secret_ai_chain_client::proto::{Any, TypeUrl};

#[derive(Clone, PartialEq, Message)]
pub struct BaseAccount {
    #[prost(string, tag = "1")]
    pub address: String,
    #[prost(message, optional, tag = "2")]
    pub pub_key: Option<Any>,
    #[prost(uint64, tag = "3")]
    pub account_number: u64,
    #[prost(uint64, tag = "4")]
    pub sequence: u64,
}

impl TypeUrl for BaseAccount {
    const TYPE_URL: &'static str = "/cosmos.auth.v1beta1.BaseAccount";
}

#[derive(Clone, PartialEq, Message)]
pub struct QueryAccountResponse {
    #[prost(message, optional, tag = "1")]
    pub account: Option<Any>,
}

#[derive(Clone, PartialEq, Message)]
pub struct QueryAccountInfoResponse {
    #[prost(message, optional, tag = "1")]
    pub info: Option<BaseAccount>,
}

#[derive(Clone, PartialEq, Message)]
pub struct QueryParamsResponse {
    #[prost(message, optional, tag = "1")]
    pub params: Option<Params>,
}

/// Gas prices are in SDK gas.
#[derive(Clone, PartialEq, Message)]
pub struct Params {
    #[prost(uint64, tag = "1")]
    pub max_memo_characters: u64,
    #[prost(uint64, tag = "2")]
    pub tx_sig_limit: u64,
    #[prost(uint64, tag = "3")]
    pub tx_size_cost_per_byte: u64,
    #[prost(uint64, tag = "5")]
    pub sig_verify_cost_secp256k1: u64,
}
