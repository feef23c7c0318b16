//! Evidence of NVIDIA GPUs, from the management library of their driver (NVML), which is loaded when
//! it is needed: building and running without GPUs takes no NVIDIA software.
//!
//! NVML's report is the SPDM request of 37 bytes and the response to it, one after the other: exactly
//! what the GPU signed, and what is sent (nvtrust's verifier takes the same bytes apart the same way).
//! Its certificates are PEM, leaf first, root last.

use std::path::Path;

use nvml_wrapper::error::NvmlError;
use nvml_wrapper::{Device, Nvml};

use super::{pem, DeviceEvidence, DeviceProvider, EvidenceError};

/// The GPUs that the driver shows to this machine.
pub struct NvidiaGpus(Nvml);

impl NvidiaGpus {
    /// The driver's library, as the dynamic linker finds it.
    pub const LIBRARY: &str = "libnvidia-ml.so.1";

    /// Loads the library and starts it.
    ///
    /// # Errors
    /// [`EvidenceError::Nvml`] if there is no such library, or no driver behind it.
    pub fn open(library: impl AsRef<Path>) -> Result<Self, EvidenceError> {
        let library = library.as_ref();
        let nvml = Nvml::builder().lib_path(library.as_os_str()).init();
        let what = format!("NVIDIA's driver library {}", library.display());
        nvml.map(NvidiaGpus).map_err(failed(what))
    }

    /// One line for each GPU: its name, and whether it is confidential.
    ///
    /// # Errors
    /// [`EvidenceError::Nvml`] if the driver does not tell.
    pub fn describe(&self) -> Result<Vec<String>, EvidenceError> {
        let driver = self.0.sys_driver_version();
        let driver = driver.map_err(failed("driver version".into()))?;
        let count = self.0.device_count();
        let count = count.map_err(failed("number of GPUs".into()))?;
        (0..count)
            .map(|index| {
                let failed = |what| failed(format!("{what} of GPU {index}"));
                let device = self.0.device_by_index(index).map_err(failed("handle"))?;
                let name = device.name().map_err(failed("name"))?;
                let mode = match (is_confidential(&device), device.is_cc_dev_mode_enabled()) {
                    (Some(false), _) => "confidential computing off",
                    (_, Ok(true)) => "confidential computing in devtools mode: anybody may look in",
                    (Some(true), _) => "confidential computing on",
                    (None, _) => "the driver does not tell whether it is confidential",
                };
                Ok(format!("GPU {index}: {name}, driver {driver}, {mode}"))
            })
            .collect()
    }

    fn gpu(&self, index: u32, nonce: [u8; 32]) -> Result<DeviceEvidence, EvidenceError> {
        let failed = |what| failed(format!("{what} of GPU {index}"));
        let device = self.0.device_by_index(index).map_err(failed("handle"))?;
        let is_off = is_confidential(&device) == Some(false);
        snafu::ensure!(!is_off, super::NotConfidentialSnafu { index });
        let report = device.confidential_compute_gpu_attestation_report(nonce);
        let chain = device.confidential_compute_gpu_certificate();
        let chain = chain.map_err(failed("certificates"))?;
        Ok(DeviceEvidence {
            certificates: pem::certificates(&chain.attestation_cert_chain)
                .ok_or(EvidenceError::GpuCertificates { index })?,
            evidence: report.map_err(failed("report"))?.attestation_report,
        })
    }
}

impl DeviceProvider for NvidiaGpus {
    fn gpus(&self, nonce: [u8; 32]) -> Result<Vec<DeviceEvidence>, EvidenceError> {
        let count = self
            .0
            .device_count()
            .map_err(failed("number of GPUs".into()))?;
        (0..count).map(|index| self.gpu(index, nonce)).collect()
    }
}

/// Whether a GPU's memory and bus are protected, by itself or, on Hopper machines of several GPUs, with
/// the others (protected PCIe); `None` if the driver is too old to tell.
fn is_confidential(device: &Device<'_>) -> Option<bool> {
    let alone = device.is_cc_enabled().ok()?;
    let together = device.is_multi_gpu_protected_pcie_enabled();
    Some(alone || together.unwrap_or(false))
}

fn failed(what: String) -> impl FnOnce(NvmlError) -> EvidenceError {
    move |error| EvidenceError::Nvml {
        what,
        reason: match error {
            // The linker's own words name the library and what is wrong with it.
            NvmlError::LibloadingError(error) => error.to_string(),
            other => other.to_string(),
        },
    }
}
