//! Evidence of NVIDIA GPUs, from the management library of their driver (NVML), which is loaded when
//! it is needed: building and running without GPUs takes no NVIDIA software.
//!
//! NVML's report is the SPDM request of 37 bytes and the response to it, one after the other: exactly
//! what the GPU signed, and what is sent (nvtrust's verifier takes the same bytes apart the same way).
//! Its certificates are PEM, leaf first, root last.

use std::path::Path;

use nvml_wrapper::error::NvmlError;
use nvml_wrapper::Nvml;

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

    fn gpu(&self, index: u32, nonce: [u8; 32]) -> Result<DeviceEvidence, EvidenceError> {
        let failed = |what| failed(format!("{what} of GPU {index}"));
        let device = self.0.device_by_index(index).map_err(failed("handle"))?;
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
