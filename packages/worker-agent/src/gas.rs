//! `[chain.gas]`: what transactions may use.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// SDK gas given to each kind of transaction. Gas limits are public, so they follow from nothing but
/// the kind and what is public of it. One that runs out is sent again with twice as much, up to
/// `most`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Gas {
    /// Opening a registration, gas.
    pub challenge: u64,
    /// `register` and `renew`, gas.
    pub register: u64,
    /// Verification of one GPU, gas.
    pub stage_gpu: u64,
    /// A sign of life, gas.
    pub heartbeat: u64,
    /// One page, whatever is in it, gas.
    pub settle: u64,
    /// One call of `finalize`, gas.
    pub finalize: u64,
    /// For each session that `finalize` touches, in addition.
    pub finalize_session: u64,
    /// For each page of the cohort, in addition: it is read, removed, and its operator credited.
    pub finalize_page: u64,
    /// `claim` and `retire`, gas.
    pub other: u64,
    /// Most that a transaction is ever given, gas.
    pub most: u64,
}

impl Default for Gas {
    fn default() -> Self {
        Gas {
            challenge: 150_000,
            register: 1_500_000,
            stage_gpu: 900_000,
            heartbeat: 150_000,
            settle: 250_000,
            finalize: 200_000,
            finalize_session: 45_000,
            finalize_page: 25_000,
            other: 300_000,
            most: 6_000_000,
        }
    }
}
