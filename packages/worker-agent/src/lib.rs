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

mod admission;
pub mod agent;
mod apart;
mod ask;
pub mod auth;
mod bill;
pub mod boot;
pub mod budget;
pub mod chain;
mod choice;
mod claim;
pub mod cli;
pub mod clock;
mod common_terms;
pub mod config;
pub mod connect;
pub mod count;
pub mod devices;
mod e2ee;
pub mod engine_config;
pub mod engines;
pub mod error;
mod events;
pub mod evidence;
mod fields;
pub mod gas;
pub mod handing;
pub mod health;
pub mod heartbeat;
pub mod journal;
mod journal_config;
pub mod journal_error;
mod journal_file;
mod journal_queue;
mod journal_record;
pub mod journal_stats;
mod journal_tables;
mod journal_writer;
pub mod keys;
mod leases;
pub mod ledger;
pub mod limits;
mod lookups;
pub mod metrics;
mod models;
mod multipart;
pub mod node_chain;
mod ollama;
pub mod online;
mod openai;
mod operator;
mod outbox;
mod output;
pub mod pages;
mod parts;
mod patience;
pub mod prices;
pub mod receipts;
pub mod renew;
pub mod replicate;
mod retry;
pub mod routes;
pub mod run;
pub mod run_error;
mod running;
mod secret_file;
mod serve;
pub mod server;
pub mod session;
pub mod sessions;
pub mod settle;
pub mod sound;
mod strangers;
mod stream;
mod tally;
pub mod tee;
mod tee_sources;
mod tee_workload;
pub mod telemetry;
pub mod tls;
pub mod usage;
mod watched_chain;
pub mod watchtower;
mod whole;
mod words;

use secret_ai_interface::SessionId;

/// As much of a session id as a log may show.
fn short(id: &SessionId) -> String {
    hex::encode(id.as_bytes().first_chunk::<2>().unwrap_or(&[0; 2]))
}
