//! The server from outside: a client's transactions and queries, and everything a node refuses.

#[path = "../common/mod.rs"]
mod common;
mod contracts;
mod endpoints;
mod errors;
mod grpc;
mod harness;
mod refusals;
mod rpc;
mod rpc_blocks;
mod rpc_txs;
mod search;
