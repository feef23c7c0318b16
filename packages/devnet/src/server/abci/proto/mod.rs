//! Protobuf messages of the node's query services, field numbers as in the Cosmos SDK 0.50, CometBFT
//! 0.38 and Secret Network's `secret/compute/v1beta1/query.proto`. Only the fields that are served.

pub mod auth;
pub mod bank;
pub mod block;
pub mod compute;
pub mod node;
pub mod tx;

use prost::Message;

/// A message without fields.
#[derive(Clone, PartialEq, Message)]
pub struct Empty {}

/// Any message whose only field of interest is number 1, a text: an address, label or hash.
#[derive(Clone, PartialEq, Message)]
pub struct Text {
    #[prost(string, tag = "1")]
    pub value: String,
}

/// Any message whose only field of interest is number 1, an unsigned number.
#[derive(Clone, PartialEq, Message)]
pub struct Number {
    #[prost(uint64, tag = "1")]
    pub value: u64,
}

/// Any message whose only field of interest is number 1, bytes.
#[derive(Clone, PartialEq, Message)]
pub struct Bytes {
    #[prost(bytes = "vec", tag = "1")]
    pub value: Vec<u8>,
}

/// `cosmos.base.query.v1beta1.PageRequest`
#[derive(Clone, PartialEq, Message)]
pub struct PageRequest {
    #[prost(uint64, tag = "2")]
    pub offset: u64,
    #[prost(uint64, tag = "3")]
    pub limit: u64,
}

/// `cosmos.base.query.v1beta1.PageResponse`; no next key, since answers are whole.
#[derive(Clone, PartialEq, Message)]
pub struct PageResponse {
    #[prost(uint64, tag = "2")]
    pub total: u64,
}

/// `google.protobuf.Timestamp`
#[derive(Clone, PartialEq, Message)]
pub struct Timestamp {
    #[prost(int64, tag = "1")]
    pub seconds: i64,
    #[prost(int32, tag = "2")]
    pub nanos: i32,
}

impl Timestamp {
    /// Of nanoseconds since 1970.
    pub fn of_nanoseconds(time_ns: u64) -> Self {
        const NANOS: u64 = 1_000_000_000;
        Self {
            // Both fit: 2^64 ns are 2^34 s.
            seconds: (time_ns / NANOS) as i64,
            nanos: (time_ns % NANOS) as i32,
        }
    }
}
