//! What a SecretVM says about itself: files that it makes once at its boot, and shows at port 29343.
//!
//! They carry no challenge, so no registry takes them. They are handed out beside the agent's own evidence,
//! under the paths that SecretVM's verifier asks for, to clients who know that verifier.

use std::fs;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use snafu::ResultExt;

use super::{EvidenceError, FileSnafu};

/// Longest file that is handed out, bytes; evidence of eight GPUs has about 200,000.
const LIMIT: u64 = 1 << 20;

/// A SecretVM's own evidence, to be handed out at `/cpu`, `/gpu`, `/self` and `/docker-compose`. The VM has
/// the files in `/mnt/secure`; mount each by itself, as there are secrets beside them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SecretVmFiles {
    /// Quote or report of the CPU: `tdx_attestation.txt`.
    pub cpu_file: Option<PathBuf>,
    /// Evidence of the GPUs: `gpu_attestation.txt`.
    pub gpu_file: Option<PathBuf>,
    /// Registers of the VM: `self_report.txt`.
    pub self_file: Option<PathBuf>,
    /// The compose file that the VM runs and has measured.
    pub docker_compose_file: Option<PathBuf>,
}

/// What stands in those files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SecretVmEvidence {
    /// Hex of a TDX quote, or base64 of a SEV-SNP report.
    pub cpu: Option<String>,
    /// JSON with a nonce and, for each GPU, certificates and evidence.
    pub gpu: Option<String>,
    /// Lines of register names and hex.
    #[serde(rename = "self")]
    pub registers: Option<String>,
    /// YAML.
    pub docker_compose: Option<String>,
}

impl SecretVmFiles {
    /// Reads the files that are named. A VM makes them once, so once is enough.
    ///
    /// # Errors
    /// [`EvidenceError`] naming the field whose file cannot be read, is no text or longer than 1 MiB.
    pub fn read(&self) -> Result<SecretVmEvidence, EvidenceError> {
        Ok(SecretVmEvidence {
            cpu: read("tee.secretvm.cpu_file", &self.cpu_file)?,
            gpu: read("tee.secretvm.gpu_file", &self.gpu_file)?,
            registers: read("tee.secretvm.self_file", &self.self_file)?,
            docker_compose: read(
                "tee.secretvm.docker_compose_file",
                &self.docker_compose_file,
            )?,
        })
    }
}

impl SecretVmEvidence {
    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

fn read(field: &'static str, path: &Option<PathBuf>) -> Result<Option<String>, EvidenceError> {
    path.as_deref()
        .map(|path| read_text(field, path))
        .transpose()
}

fn read_text(field: &'static str, path: &Path) -> Result<String, EvidenceError> {
    let bad = || EvidenceError::NoText {
        field,
        path: path.into(),
        limit: LIMIT,
    };
    let size = fs::metadata(path).context(FileSnafu { field, path })?.len();
    if size > LIMIT {
        return Err(bad());
    }
    let bytes = fs::read(path).context(FileSnafu { field, path })?;
    String::from_utf8(bytes).map_err(|_| bad())
}
