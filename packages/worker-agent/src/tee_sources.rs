//! From the `[tee]` table to what makes evidence.

use std::path::Path;
use std::sync::Arc;

use crate::evidence::{
    Collateral, ConfigfsTsm, DeviceProvider, EvidenceError, EvidenceProvider, TdxGuest, WithFiles,
};
use crate::tee::{Guest, SimulatedCpu, Source, TeeConfig, Tsm};

/// Where evidence of this configuration's CPU and GPUs comes from.
pub struct Sources {
    pub cpu: Arc<dyn EvidenceProvider>,
    /// None for a worker without GPUs.
    pub gpus: Option<Arc<dyn DeviceProvider>>,
}

impl TeeConfig {
    /// Reads the files that are named, on whatever machine.
    ///
    /// # Errors
    /// [`EvidenceError`] naming the field.
    pub fn check_files(&self) -> Result<(), EvidenceError> {
        match &self.source {
            Source::ConfigfsTsm(tsm) | Source::SecretVm(tsm, _) => {
                if let Some(file) = &tsm.certificate_file {
                    ConfigfsTsm::read_certificate(file)?;
                }
            }
            Source::TdxGuest(_) => {}
            Source::Simulated { seed_file, .. } => check_seed(seed_file)?,
        }
        if let Some(file) = &self.collateral_file {
            Collateral::from_file(file)?;
        }
        self.secretvm.read().map(drop)
    }

    /// Whether this machine has what makes evidence.
    ///
    /// # Errors
    /// [`EvidenceError`] for the first thing that it lacks.
    pub fn check_machine(&self) -> Result<(), EvidenceError> {
        match &self.source {
            Source::Simulated { .. } => Ok(()),
            _ => self.open().map(drop),
        }
    }

    /// Opens what makes evidence.
    ///
    /// # Errors
    /// [`EvidenceError`] if it is not there, or not in this build.
    pub fn open(&self) -> Result<Sources, EvidenceError> {
        Ok(Sources {
            cpu: self.open_cpu()?,
            gpus: self.open_gpus()?,
        })
    }

    /// Opens what makes evidence of the CPU.
    ///
    /// # Errors
    /// As [`TeeConfig::open`].
    pub fn open_cpu(&self) -> Result<Arc<dyn EvidenceProvider>, EvidenceError> {
        let cpu = match &self.source {
            Source::ConfigfsTsm(tsm) => configfs_tsm(tsm)?,
            Source::TdxGuest(guest) => tdx_guest(guest)?,
            Source::SecretVm(tsm, guest) => configfs_tsm(tsm).or_else(|tsm| {
                tdx_guest(guest).map_err(|guest| EvidenceError::NoSecretVm {
                    tsm: Box::new(tsm),
                    guest: Box::new(guest),
                })
            })?,
            Source::Simulated { seed_file, cpu } => {
                tracing::warn!(
                    "THE TEE IS SIMULATED: nothing here is confidential, use it for development only"
                );
                simulated(seed_file, *cpu, self.gpus())?.cpu
            }
        };
        Ok(Arc::new(WithFiles {
            cpu,
            collateral_file: self.collateral_file.clone(),
            secretvm: self.secretvm.read()?,
        }))
    }

    /// Opens what makes evidence of the GPUs; none if there are to be none.
    ///
    /// # Errors
    /// As [`TeeConfig::open`].
    pub fn open_gpus(&self) -> Result<Option<Arc<dyn DeviceProvider>>, EvidenceError> {
        match (self.gpus(), &self.source) {
            (0, _) => Ok(None),
            (gpus, Source::Simulated { seed_file, cpu }) => {
                Ok(simulated(seed_file, *cpu, gpus)?.gpus)
            }
            _ => nvidia().map(Some),
        }
    }

    /// The GPUs that NVIDIA's driver shows, one line for each, whether they are to be attested or not;
    /// nothing without a driver.
    pub fn describe_gpus(&self) -> Vec<String> {
        describe_nvidia().unwrap_or_default()
    }
}

fn configfs_tsm(tsm: &Tsm) -> Result<Arc<dyn EvidenceProvider>, EvidenceError> {
    let opened = ConfigfsTsm::open(tsm.path.as_deref(), tsm.certificate_file.clone())?;
    Ok(Arc::new(opened))
}

fn tdx_guest(guest: &Guest) -> Result<Arc<dyn EvidenceProvider>, EvidenceError> {
    Ok(Arc::new(TdxGuest::open(&guest.device, guest.quote_port)?))
}

#[cfg(feature = "nvml")]
fn nvidia() -> Result<Arc<dyn DeviceProvider>, EvidenceError> {
    use crate::evidence::NvidiaGpus;
    Ok(Arc::new(NvidiaGpus::open(NvidiaGpus::LIBRARY)?))
}

#[cfg(feature = "nvml")]
fn describe_nvidia() -> Result<Vec<String>, EvidenceError> {
    use crate::evidence::NvidiaGpus;
    NvidiaGpus::open(NvidiaGpus::LIBRARY)?.describe()
}

#[cfg(not(feature = "nvml"))]
fn nvidia() -> Result<Arc<dyn DeviceProvider>, EvidenceError> {
    Err(EvidenceError::NotBuilt {
        what: "evidence of GPUs",
        feature: "nvml",
    })
}

#[cfg(not(feature = "nvml"))]
fn describe_nvidia() -> Result<Vec<String>, EvidenceError> {
    Ok(Vec::new())
}

#[cfg(feature = "simulated-tee")]
fn simulated(seed_file: &Path, cpu: SimulatedCpu, gpus: u8) -> Result<Sources, EvidenceError> {
    let tee = Arc::new(crate::evidence::Simulated::from_seed_file(
        seed_file, cpu, gpus,
    )?);
    Ok(Sources {
        cpu: tee.clone(),
        gpus: (gpus > 0).then_some(tee as Arc<dyn DeviceProvider>),
    })
}

#[cfg(feature = "simulated-tee")]
fn check_seed(seed_file: &Path) -> Result<(), EvidenceError> {
    crate::evidence::Simulated::read_seed(seed_file).map(drop)
}

#[cfg(not(feature = "simulated-tee"))]
fn check_seed(seed_file: &Path) -> Result<(), EvidenceError> {
    simulated(seed_file, SimulatedCpu::default(), 0).map(drop)
}

#[cfg(not(feature = "simulated-tee"))]
fn simulated(_: &Path, _: SimulatedCpu, _: u8) -> Result<Sources, EvidenceError> {
    Err(EvidenceError::NotBuilt {
        what: "simulated TEE",
        feature: "simulated-tee",
    })
}
