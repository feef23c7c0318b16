//! The server from outside: a client's transactions and queries, and everything a node refuses.

#[path = "../common/mod.rs"]
mod common;
mod contracts;
mod endpoints;
mod errors;
mod harness;
mod refusals;
