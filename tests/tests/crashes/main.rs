//! Crashes on a whole stage: a chain, the contracts, a worker agent that is killed, its clients.

mod client;
mod kill;
mod watchtower;
