//! The `[tee]` table of the configuration: where the worker runs, and how it proves that.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use cosmwasm_std::Binary;
use secret_ai_interface::registry::Workload;
use secret_ai_interface::Digest;
use serde::{Deserialize, Deserializer};

use crate::evidence::{ConfigfsTsm, DeviceProvider, EvidenceError, EvidenceProvider};

/// Most GPUs that a worker's class can say.
pub const MAX_GPUS: u8 = 15;

/// Where evidence comes from.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum TeeConfig {
    /// Real hardware: Linux's `configfs-tsm` for the CPU, NVIDIA's driver for GPUs.
    ConfigfsTsm {
        /// Another directory than the kernel's.
        path: Option<PathBuf>,
        /// VCEK or VLEK in DER or PEM, for SEV-SNP hosts that do not hand it out.
        certificate_file: Option<PathBuf>,
        /// Number of confidential GPUs; all that the driver shows.
        #[serde(default)]
        gpus: u8,
        workload: Option<WorkloadConfig>,
    },
    /// A software TEE under development roots, for development networks only.
    Simulated {
        /// Holds 64 hex digits and the Unix seconds for which the certificates were made.
        seed_file: PathBuf,
        #[serde(default)]
        cpu: SimulatedCpu,
        /// Number of confidential GPUs.
        #[serde(default)]
        gpus: u8,
        workload: Option<WorkloadConfig>,
    },
}

/// Kind of a simulated CPU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SimulatedCpu {
    /// Intel TDX.
    #[default]
    Tdx,
    /// AMD SEV-SNP.
    Snp,
}

/// What the measured image was told to run (registry's `Workload`).
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "scheme", rename_all = "snake_case", deny_unknown_fields)]
pub enum WorkloadConfig {
    /// TDX, SecretVM's attest tool.
    AttestTool {
        compose_sha256: Digest,
        rootfs: Digest,
        docker_files_sha256: Option<Digest>,
    },
    /// TDX, dstack.
    Dstack {
        /// Hex.
        #[serde(deserialize_with = "hex_bytes")]
        app_id: Vec<u8>,
        compose_sha256: Digest,
        os_image_sha256: Digest,
        docker_files_sha256: Option<Digest>,
    },
}

/// Where evidence of this configuration's CPU and GPUs comes from.
pub struct Sources {
    pub cpu: Arc<dyn EvidenceProvider>,
    /// None for a worker without GPUs.
    pub gpus: Option<Arc<dyn DeviceProvider>>,
}

impl TeeConfig {
    /// Number of confidential GPUs.
    pub fn gpus(&self) -> u8 {
        match self {
            TeeConfig::ConfigfsTsm { gpus, .. } | TeeConfig::Simulated { gpus, .. } => *gpus,
        }
    }

    /// The workload as the registry takes it.
    pub fn workload(&self) -> Option<Workload> {
        match self {
            TeeConfig::ConfigfsTsm { workload, .. } | TeeConfig::Simulated { workload, .. } => {
                workload.clone().map(Workload::from)
            }
        }
    }

    /// Opens what makes evidence.
    ///
    /// # Errors
    /// [`EvidenceError`] if it is not there, or not in this build.
    pub fn open(&self) -> Result<Sources, EvidenceError> {
        match self {
            TeeConfig::ConfigfsTsm {
                path,
                certificate_file,
                gpus,
                ..
            } => Ok(Sources {
                cpu: Arc::new(ConfigfsTsm::new(path.as_deref(), certificate_file.clone())),
                gpus: match gpus {
                    0 => None,
                    _ => Some(nvidia()?),
                },
            }),
            TeeConfig::Simulated {
                seed_file,
                cpu,
                gpus,
                ..
            } => simulated(seed_file, *cpu, *gpus),
        }
    }
}

impl From<WorkloadConfig> for Workload {
    fn from(config: WorkloadConfig) -> Self {
        match config {
            WorkloadConfig::AttestTool {
                compose_sha256,
                rootfs,
                docker_files_sha256,
            } => Workload::AttestTool {
                compose_sha256,
                rootfs,
                docker_files_sha256,
            },
            WorkloadConfig::Dstack {
                app_id,
                compose_sha256,
                os_image_sha256,
                docker_files_sha256,
            } => Workload::Dstack {
                app_id: Binary(app_id),
                compose_sha256,
                os_image_sha256,
                docker_files_sha256,
            },
        }
    }
}

fn hex_bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    hex::decode(text).map_err(|_| serde::de::Error::custom("app_id must be hex"))
}

#[cfg(feature = "nvml")]
fn nvidia() -> Result<Arc<dyn DeviceProvider>, EvidenceError> {
    use crate::evidence::NvidiaGpus;
    Ok(Arc::new(NvidiaGpus::open(NvidiaGpus::LIBRARY)?))
}

#[cfg(not(feature = "nvml"))]
fn nvidia() -> Result<Arc<dyn DeviceProvider>, EvidenceError> {
    Err(EvidenceError::NotBuilt {
        what: "evidence of GPUs",
        feature: "nvml",
    })
}

#[cfg(feature = "simulated-tee")]
fn simulated(seed_file: &Path, cpu: SimulatedCpu, gpus: u8) -> Result<Sources, EvidenceError> {
    use crate::evidence::Simulated;
    tracing::warn!(
        "THE TEE IS SIMULATED: nothing here is confidential, use it for development only"
    );
    let tee = Arc::new(Simulated::from_seed_file(seed_file, cpu, gpus)?);
    Ok(Sources {
        cpu: tee.clone(),
        gpus: (gpus > 0).then_some(tee as Arc<dyn DeviceProvider>),
    })
}

#[cfg(not(feature = "simulated-tee"))]
fn simulated(_: &Path, _: SimulatedCpu, _: u8) -> Result<Sources, EvidenceError> {
    Err(EvidenceError::NotBuilt {
        what: "simulated TEE",
        feature: "simulated-tee",
    })
}
