//! The user's side of Secret AI: everything that the command line tool `secret-ai` does.
//!
//! Nothing that matters is kept on this machine alone. Sessions are numbered by the chain, and the
//! secret of each is derived from the wallet and its number ([`session`]); the newest receipts are
//! kept as files ([`receipts`]) only so that they can be handed in should a worker lose them.

pub mod account;
pub mod answer;
pub mod chat;
pub mod cli;
pub mod commands;
pub mod config;
pub mod credentials;
pub mod error;
pub mod gateway;
pub mod notifications;
pub mod offers;
pub mod progress;
pub mod receipts;
pub mod session;
pub mod sse;
pub mod transport;
pub mod verify;

pub use error::ClientError;
