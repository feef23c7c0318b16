//! Where evidence comes from: of the CPU, and of the GPUs beside it.

mod certificate_table;
mod collateral;
mod configfs_tsm;
mod error;
#[cfg(feature = "nvml")]
mod nvml;
pub mod pem;
pub mod probe;
mod quoting;
mod secretvm;
#[cfg(feature = "simulated-tee")]
mod simulated;
mod tdx_guest;

pub use collateral::{Collateral, WithFiles};
pub use configfs_tsm::ConfigfsTsm;
pub use error::EvidenceError;
pub(crate) use error::*;
#[cfg(feature = "nvml")]
pub use nvml::NvidiaGpus;
pub use secretvm::{SecretVmEvidence, SecretVmFiles};
#[cfg(feature = "simulated-tee")]
pub use simulated::Simulated;
pub use tdx_guest::{TdxGuest, DEVICE as TDX_GUEST, QUOTE_PORT};

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
