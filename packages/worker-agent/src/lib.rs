//! The thin off-chain agent of a worker.
//!
//! It runs in the worker's TEE beside an inference engine and does what the chain cannot: it proves
//! where it runs ([`boot`], [`evidence`], [`devices`]) and that it lives ([`heartbeat`]), answers
//! requests in OpenAI's and Ollama's words ([`routes`]), checks who asks ([`auth`]) and whether the session can pay
//! for the worst case ([`budget`], [`ledger`]), counts ([`count`]), signs one receipt per answer
//! ([`receipts`]), keeps the newest one on disk ([`journal`]) and hands it in ([`pages`], [`settle`]). *The
//! worker counts, the contract prices.*
//!
//! Nothing here logs prompts, answers or keys; of a session id only the first four hex digits.

pub mod agent;
pub mod auth;
pub mod boot;
pub mod budget;
pub mod chain;
mod choice;
mod claim;
pub mod clock;
pub mod config;
pub mod count;
pub mod devices;
pub mod engine_config;
pub mod engines;
pub mod error;
mod events;
pub mod evidence;
pub mod heartbeat;
pub mod journal;
mod journal_tables;
pub mod keys;
pub mod ledger;
mod models;
pub mod node_chain;
mod ollama;
mod openai;
pub mod pages;
mod patience;
pub mod prices;
pub mod receipts;
pub mod renew;
mod retry;
pub mod routes;
pub mod run;
mod serve;
pub mod server;
pub mod session;
pub mod sessions;
pub mod settle;
mod stream;
mod tally;
pub mod tee;
mod tee_sources;
mod tee_workload;
pub mod usage;
mod words;

use secret_ai_interface::SessionId;

/// As much of a session id as a log may show.
fn short(id: &SessionId) -> String {
    hex::encode(id.as_bytes().first_chunk::<2>().unwrap_or(&[0; 2]))
}
