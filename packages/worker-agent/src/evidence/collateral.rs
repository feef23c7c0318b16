//! What clients need beside the evidence to verify it by themselves: what the CPU's vendor publishes about
//! the platform. Nobody has to trust the worker for it: vendors sign it. Any JSON form that
//! `secret-ai evidence verify` reads will do.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secret_ai_interface::registry::DevelopmentRoots;
use serde_json::Value;
use snafu::ResultExt;

use super::{CpuReport, EvidenceError, EvidenceProvider, FileSnafu, SecretVmEvidence};

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
    /// What a SecretVM says about itself; nothing elsewhere.
    pub secretvm: SecretVmEvidence,
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
            ..Collateral::default()
        })
    }
}

/// A CPU whose evidence comes with what the operator has in files.
pub struct WithFiles {
    pub cpu: Arc<dyn EvidenceProvider>,
    /// What the vendor publishes, JSON; read anew with every evidence.
    pub collateral_file: Option<PathBuf>,
    pub secretvm: SecretVmEvidence,
}

impl EvidenceProvider for WithFiles {
    fn cpu(&self, report_data: &[u8; 64]) -> Result<CpuReport, EvidenceError> {
        self.cpu.cpu(report_data)
    }

    fn collateral(&self) -> Result<Collateral, EvidenceError> {
        let collateral = match &self.collateral_file {
            Some(file) => Collateral::from_file(file)?,
            None => self.cpu.collateral()?,
        };
        Ok(Collateral {
            secretvm: self.secretvm.clone(),
            ..collateral
        })
    }
}
