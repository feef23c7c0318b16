//! The linkage game: a simulated adversary that sees every transaction's public part and every
//! storage access guesses which worker and which model each session was opened for.
//!
//! [`plan`] draws a day of traffic, [`day`] lives it on a [`day::Ledger`], [`stage`] is that ledger
//! on the devnet with the real contracts. What comes out is a [`trace::Game`]: the observer's views
//! and the public facts on one side, the truth on the other. [`adversary`] reads the former only,
//! [`score`] compares its guesses with the truth, [`report`] writes table and plot.

pub mod adversary;
mod clues;
pub mod day;
mod facts;
mod known;
mod logit;
mod pages;
pub mod plan;
mod plot;
mod presence;
mod prng;
pub mod report;
pub mod scenario;
pub mod score;
pub mod stage;
pub mod trace;

#[cfg(test)]
mod handmade;
