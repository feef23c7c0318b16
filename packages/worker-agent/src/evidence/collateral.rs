//! What clients need beside the evidence to verify it by themselves: what the CPU's vendor publishes about
//! the platform. Nobody has to trust the worker for it: vendors sign it. Any JSON form that
//! `secret-ai evidence verify` reads will do.

use std::fs;
use std::path::Path;

use secret_ai_interface::registry::DevelopmentRoots;
use serde_json::Value;
use snafu::ResultExt;

use super::{EvidenceError, FileSnafu};

const FIELD: &str = "tee.collateral_file";
/// Longest file that is handed out, in bytes; a platform's collateral has about 40,000.
const LIMIT: u64 = 1 << 20;

/// Handed out together with evidence.
#[derive(Clone, Debug, Default)]
pub struct Collateral {
    /// What the vendor publishes; none if the operator gave none.
    pub published: Option<Value>,
    /// Roots in place of the vendors', of a software TEE.
    pub development_roots: Option<DevelopmentRoots>,
}

impl Collateral {
    /// The vendor's, from a file. It is read anew with every evidence, as vendors publish anew.
    ///
    /// # Errors
    /// [`EvidenceError`] if it cannot be read, is longer than 1 MiB or no JSON.
    pub fn from_file(path: &Path) -> Result<Self, EvidenceError> {
        let bad = || EvidenceError::CollateralFile { path: path.into() };
        let field = FIELD;
        let size = fs::metadata(path).context(FileSnafu { field, path })?.len();
        snafu::ensure!(size <= LIMIT, super::CollateralFileSnafu { path });
        let bytes = fs::read(path).context(FileSnafu { field, path })?;
        Ok(Collateral {
            published: Some(serde_json::from_slice(&bytes).map_err(|_| bad())?),
            development_roots: None,
        })
    }
}
