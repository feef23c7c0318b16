//! Quotes from Linux's `configfs-tsm` (Documentation/ABI/testing/configfs-tsm-report): a directory
//! whose `inblob` takes the report data and whose `outblob` then gives the quote. The kernel counts
//! writes in `generation`, so that a reader notices another writer.

use std::fs;
use std::path::{Path, PathBuf};

use snafu::ResultExt;

use super::{EvidenceError, EvidenceProvider, IoSnafu};

/// Where the kernel has it.
const ROOT: &str = "/sys/kernel/config/tsm/report";
const ENTRY: &str = "secret-ai-worker";
const PROVIDER: &str = "tdx_guest";
const ATTEMPTS: u32 = 3;

/// The TEE that this Linux runs in.
pub struct ConfigfsTsm {
    entry: PathBuf,
}

impl ConfigfsTsm {
    /// Reports under `root`, the kernel's directory if absent.
    pub fn new(root: Option<&Path>) -> Self {
        ConfigfsTsm {
            entry: root.unwrap_or(Path::new(ROOT)).join(ENTRY),
        }
    }

    fn read(&self, name: &str) -> Result<Vec<u8>, EvidenceError> {
        let path = self.entry.join(name);
        fs::read(&path).context(IoSnafu { path })
    }

    /// One report; `None` if somebody else wrote meanwhile.
    fn report(&self, report_data: &[u8; 64]) -> Result<Option<Vec<u8>>, EvidenceError> {
        let path = self.entry.join("inblob");
        fs::write(&path, report_data).context(IoSnafu { path })?;
        let generation = self.read("generation")?;
        let quote = self.read("outblob")?;
        Ok((self.read("generation")? == generation).then_some(quote))
    }
}

impl EvidenceProvider for ConfigfsTsm {
    fn quote(&self, report_data: &[u8; 64]) -> Result<Vec<u8>, EvidenceError> {
        match fs::create_dir(&self.entry) {
            // Left by an earlier boot of the agent.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            other => other.context(IoSnafu { path: &self.entry })?,
        }
        let found = String::from_utf8_lossy(&self.read("provider")?)
            .trim()
            .to_owned();
        if found != PROVIDER {
            return Err(EvidenceError::Provider { found });
        }
        for _ in 0..ATTEMPTS {
            let Some(quote) = self.report(report_data)? else {
                continue;
            };
            // Another writer may have come between `inblob` and the first look at `generation`.
            if quote
                .windows(report_data.len())
                .any(|window| window == report_data)
            {
                return Ok(quote);
            }
            return Err(EvidenceError::ReportData);
        }
        Err(EvidenceError::Raced { attempts: ATTEMPTS })
    }
}
