//! Where evidence comes from: of the CPU, and of the GPUs beside it.

mod certificate_table;
mod collateral;
mod configfs_tsm;
#[cfg(feature = "nvml")]
mod nvml;
pub mod pem;
#[cfg(feature = "simulated-tee")]
mod simulated;

use std::path::PathBuf;

use snafu::Snafu;

pub use collateral::Collateral;
pub use configfs_tsm::ConfigfsTsm;
#[cfg(feature = "nvml")]
pub use nvml::NvidiaGpus;
#[cfg(feature = "simulated-tee")]
pub use simulated::Simulated;

/// What a CPU says about the guest that asks it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CpuReport {
    /// Intel TDX: a quote of version 4 or 5; zeros may follow.
    Tdx { quote: Vec<u8> },
    /// AMD SEV-SNP.
    Snp {
        /// 1,184 bytes.
        report: Vec<u8>,
        /// VCEK or VLEK, whichever signed, in DER.
        certificate: Vec<u8>,
    },
}

/// What a device says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceEvidence {
    /// DER, leaf first, up to the certificate that the root issued; the root may follow.
    pub certificates: Vec<Vec<u8>>,
    /// SPDM request of 37 bytes and its response.
    pub evidence: Vec<u8>,
}

/// Makes evidence of the CPU.
pub trait EvidenceProvider: Send + Sync {
    /// A report over 64 bytes of report data. May take seconds.
    ///
    /// # Errors
    /// [`EvidenceError`] if there is no TEE, or it refuses.
    fn cpu(&self, report_data: &[u8; 64]) -> Result<CpuReport, EvidenceError>;

    /// What clients need beside it.
    ///
    /// # Errors
    /// [`EvidenceError`] if the operator's file cannot be used.
    fn collateral(&self) -> Result<Collateral, EvidenceError> {
        Ok(Collateral::default())
    }
}

/// Makes evidence of devices.
pub trait DeviceProvider: Send + Sync {
    /// A report of every GPU over one nonce, in the driver's order. May take seconds for each.
    ///
    /// # Errors
    /// [`EvidenceError`] if there is no driver, or a GPU is not confidential or refuses.
    fn gpus(&self, nonce: [u8; 32]) -> Result<Vec<DeviceEvidence>, EvidenceError>;

    /// DER of the root under which these devices were made; none if it is NVIDIA's.
    fn development_root(&self) -> Option<Vec<u8>> {
        None
    }
}

/// Why there is no evidence.
#[derive(Debug, Snafu)]
#[snafu(visibility(pub(crate)))]
pub enum EvidenceError {
    #[snafu(display("tee: {}: {source}", path.display()))]
    Io {
        path: PathBuf,
        source: std::io::Error,
    },
    #[snafu(display(
        "tee: the report provider is {found:?}, must be \"tdx_guest\" or \"sev_guest\""
    ))]
    Provider { found: String },
    #[snafu(display("tee: the report changed while it was read, {attempts} times"))]
    Raced { attempts: u32 },
    #[snafu(display("tee: the report does not carry the report data that it was asked for"))]
    ReportData,
    #[snafu(display("tee: the SEV-SNP report has {have} bytes, must have {need}"))]
    SnpLength { have: usize, need: usize },
    #[snafu(display("tee: the host's table of certificates: {problem}"))]
    CertificateTable { problem: &'static str },
    #[snafu(display(
        "tee: the host hands out no {name} certificate, and tee.certificate_file is not set"
    ))]
    NoCertificate { name: &'static str },
    #[snafu(display("{field}: {}: {source}", path.display()))]
    File {
        field: &'static str,
        path: PathBuf,
        source: std::io::Error,
    },
    #[snafu(display(
        "this machine shows no TDX or SEV-SNP guest (no {}; is configfs mounted, is the kernel 6.7 \
         or newer?)",
        path.display()
    ))]
    NoTee { path: PathBuf },
    #[snafu(display(
        "tee.certificate_file: {}: is not one certificate in DER or PEM",
        path.display()
    ))]
    CertificateFile { path: PathBuf },
    #[snafu(display(
        "tee.collateral_file: {}: must be JSON of at most 1 MiB",
        path.display()
    ))]
    CollateralFile { path: PathBuf },
    #[snafu(display("gpu: {what}: {reason}"))]
    Nvml { what: String, reason: String },
    #[snafu(display("gpu: the certificates of GPU {index} are not PEM"))]
    GpuCertificates { index: u32 },
    #[snafu(display(
        "tee.seed_file: {}: must hold 64 hex digits and Unix seconds",
        path.display()
    ))]
    Seed { path: PathBuf },
    #[snafu(display("tee: this build has no {what} (feature {feature})"))]
    NotBuilt {
        what: &'static str,
        feature: &'static str,
    },
}
