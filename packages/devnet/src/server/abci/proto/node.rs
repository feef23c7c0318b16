//! What a node says of itself: `cosmos/base/{tendermint,node}/v1beta1/query.proto`

use super::Timestamp;
use prost::Message;

#[derive(Clone, PartialEq, Message)]
pub struct ProtocolVersion {
    #[prost(uint64, tag = "1")]
    pub p2p: u64,
    #[prost(uint64, tag = "2")]
    pub block: u64,
    #[prost(uint64, tag = "3")]
    pub app: u64,
}

#[derive(Clone, PartialEq, Message)]
pub struct DefaultNodeInfo {
    #[prost(message, optional, tag = "1")]
    pub protocol_version: Option<ProtocolVersion>,
    #[prost(string, tag = "2")]
    pub default_node_id: String,
    #[prost(string, tag = "4")]
    pub network: String,
    #[prost(string, tag = "5")]
    pub version: String,
    #[prost(string, tag = "7")]
    pub moniker: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct VersionInfo {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(string, tag = "2")]
    pub app_name: String,
    #[prost(string, tag = "3")]
    pub version: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct GetNodeInfoResponse {
    #[prost(message, optional, tag = "1")]
    pub default_node_info: Option<DefaultNodeInfo>,
    #[prost(message, optional, tag = "2")]
    pub application_version: Option<VersionInfo>,
}

#[derive(Clone, PartialEq, Message)]
pub struct GetSyncingResponse {
    #[prost(bool, tag = "1")]
    pub syncing: bool,
}

/// `cosmos.base.node.v1beta1.ConfigResponse`
#[derive(Clone, PartialEq, Message)]
pub struct ConfigResponse {
    #[prost(string, tag = "1")]
    pub minimum_gas_price: String,
}

/// `cosmos.base.node.v1beta1.StatusResponse`
#[derive(Clone, PartialEq, Message)]
pub struct StatusResponse {
    #[prost(uint64, tag = "1")]
    pub earliest_store_height: u64,
    #[prost(uint64, tag = "2")]
    pub height: u64,
    #[prost(message, optional, tag = "3")]
    pub timestamp: Option<Timestamp>,
    #[prost(bytes = "vec", tag = "4")]
    pub app_hash: Vec<u8>,
    #[prost(bytes = "vec", tag = "5")]
    pub validator_hash: Vec<u8>,
}
