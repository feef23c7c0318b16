//! Quotes of a software TEE. They pass every check, under a root that is nobody's: a registry
//! accepts them only if it was instantiated with that root, and then says `development: true`.
//!
//! The seed file holds the TEE's seed, 64 hex digits, and the Unix seconds for which its
//! certificates were made; both must be those of the collateral in the registry.

use std::fs;
use std::path::Path;

use secret_ai_attestation_testkit::{Measurements, SoftTee};
use secret_ai_interface::Hex;
use snafu::ResultExt;

use super::{EvidenceError, EvidenceProvider, IoSnafu};

/// A TEE that follows from a seed.
pub struct Simulated(SoftTee);

impl Simulated {
    /// The TEE of a seed file.
    ///
    /// # Errors
    /// [`EvidenceError`] if the file cannot be read.
    pub fn from_seed_file(path: &Path) -> Result<Self, EvidenceError> {
        let text = fs::read_to_string(path).context(IoSnafu { path })?;
        let bad = || EvidenceError::Seed {
            path: path.to_owned(),
        };
        let (seed, time) = text
            .trim()
            .split_once(char::is_whitespace)
            .ok_or_else(bad)?;
        let seed: Hex<32> = seed.parse().map_err(|_| bad())?;
        let time: u64 = time.trim().parse().map_err(|_| bad())?;
        Ok(Simulated(SoftTee::new(seed.0, time)))
    }
}

impl EvidenceProvider for Simulated {
    fn quote(&self, report_data: &[u8; 64]) -> Result<Vec<u8>, EvidenceError> {
        Ok(self.0.quote(*report_data, &Measurements::default()))
    }
}
