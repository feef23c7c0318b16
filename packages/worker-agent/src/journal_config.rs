//! `[journal]`: how receipts get to the disk.

use serde::Deserialize;

/// How receipts get to the disk.
#[derive(Clone, Copy, Debug, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct JournalConfig {
    /// How long receipts are gathered for one commit, milliseconds, 1 to 20; default 20. A crash of
    /// the machine loses at most the receipts of this time and of the syncs under way, and only
    /// those that no client holds are lost to anybody.
    pub commit_ms: u64,
}

impl Default for JournalConfig {
    fn default() -> Self {
        JournalConfig { commit_ms: 20 }
    }
}

impl JournalConfig {
    /// # Errors
    /// What is wrong with `commit_ms`.
    pub fn check(&self) -> Result<(), String> {
        match self.commit_ms {
            1..=20 => Ok(()),
            other => Err(format!("{other}, must be 1 to 20")),
        }
    }
}
