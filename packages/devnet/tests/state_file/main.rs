//! `secret-devnet --state FILE`: what was acknowledged is there after kill -9, whole, and a file that
//! cannot be trusted is refused.

#[path = "../common/mod.rs"]
mod common;
mod node;
mod refusals;
mod restarts;
