//! Where the CPU's evidence comes from.

mod configfs_tsm;
#[cfg(feature = "simulated-tee")]
mod simulated;

use std::path::PathBuf;

use snafu::Snafu;

pub use configfs_tsm::ConfigfsTsm;
#[cfg(feature = "simulated-tee")]
pub use simulated::Simulated;

/// Something that makes quotes.
pub trait EvidenceProvider: Send + Sync {
    /// A TDX quote over 64 bytes of report data. May take seconds.
    ///
    /// # Errors
    /// [`EvidenceError`] if there is no TEE, or it refuses.
    fn quote(&self, report_data: &[u8; 64]) -> Result<Vec<u8>, EvidenceError>;
}

/// Why there is no quote.
#[derive(Debug, Snafu)]
#[snafu(visibility(pub(crate)))]
pub enum EvidenceError {
    #[snafu(display("tee: {}: {source}", path.display()))]
    Io {
        path: PathBuf,
        source: std::io::Error,
    },
    #[snafu(display("tee: the report provider is {found:?}, must be \"tdx_guest\""))]
    Provider { found: String },
    #[snafu(display("tee: the report changed while it was read, {attempts} times"))]
    Raced { attempts: u32 },
    #[snafu(display("tee: the quote does not carry the report data that it was asked for"))]
    ReportData,
    #[snafu(display(
        "tee: seed file {}: must hold 64 hex digits and Unix seconds",
        path.display()
    ))]
    Seed { path: PathBuf },
}
