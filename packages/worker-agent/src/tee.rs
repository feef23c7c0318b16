//! The `[tee]` table of the configuration: where the worker runs, and how it proves that.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cosmwasm_std::Binary;
use schemars::gen::SchemaGenerator;
use schemars::schema::Schema;
use schemars::JsonSchema;
use secret_ai_interface::registry::Workload;
use secret_ai_interface::Digest;
use serde::{Deserialize, Deserializer};

use crate::evidence::{Collateral, ConfigfsTsm, DeviceProvider, EvidenceError, EvidenceProvider};

/// Most GPUs that a worker's class can say.
pub const MAX_GPUS: u8 = 15;

/// Bytes of a dstack app id: 20 as dstack makes it, at most what the registry takes.
const APP_ID: RangeInclusive<usize> = 20..=64;

/// Where evidence comes from.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "TeeFields")]
pub enum TeeConfig {
    /// Real hardware: Linux's `configfs-tsm` for the CPU, NVIDIA's driver for GPUs.
    ConfigfsTsm {
        /// Another directory than the kernel's.
        path: Option<PathBuf>,
        /// VCEK or VLEK in DER or PEM, for SEV-SNP hosts that do not hand it out.
        certificate_file: Option<PathBuf>,
        /// What the CPU's vendor publishes about this platform, JSON, for clients that verify by themselves.
        collateral_file: Option<PathBuf>,
        /// Number of confidential GPUs; all that the driver shows.
        gpus: u8,
        workload: Option<WorkloadConfig>,
    },
    /// A software TEE under development roots, for development networks only.
    Simulated {
        /// Holds 64 hex digits and the Unix seconds for which the certificates were made.
        seed_file: PathBuf,
        cpu: SimulatedCpu,
        /// Number of confidential GPUs.
        gpus: u8,
        workload: Option<WorkloadConfig>,
    },
}

/// Kind of a simulated CPU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
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
#[serde(try_from = "WorkloadFields")]
pub enum WorkloadConfig {
    /// TDX, SecretVM's attest tool.
    AttestTool {
        compose_sha256: Digest,
        rootfs: Digest,
        docker_files_sha256: Option<Digest>,
    },
    /// TDX, dstack.
    Dstack {
        /// 20 to 64 bytes.
        app_id: Vec<u8>,
        compose_sha256: Digest,
        os_image_sha256: Digest,
        docker_files_sha256: Option<Digest>,
    },
}

// Serde's tagged enums would lose the names of the fields inside of them, and an operator needs them in
// error messages.
/// Where the worker runs, and how it proves that.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct TeeFields {
    /// Real hardware (`configfs-tsm`, TDX or SEV-SNP: found by itself), or `simulated`.
    kind: TeeKind,
    /// Another folder than the kernel's; `configfs-tsm` only.
    path: Option<PathBuf>,
    /// VCEK or VLEK in DER or PEM, for SEV-SNP hosts that hand out none; `configfs-tsm` only.
    certificate_file: Option<PathBuf>,
    /// What the CPU's vendor publishes about this platform, JSON, handed to clients; `configfs-tsm` only.
    collateral_file: Option<PathBuf>,
    /// File with 64 hex digits and the Unix seconds of the certificates; `simulated` only.
    seed_file: Option<PathBuf>,
    /// Kind of the CPU, `tdx` if absent; `simulated` only.
    cpu: Option<SimulatedCpu>,
    /// Confidential GPUs, all that the driver shows, 0 to 15.
    #[serde(default)]
    gpus: u8,
    /// What the measured image was told to run, if the registry approved it with a named workload.
    workload: Option<WorkloadConfig>,
}

impl JsonSchema for TeeConfig {
    fn schema_name() -> String {
        "Tee".to_owned()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        TeeFields::json_schema(generator)
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum TeeKind {
    ConfigfsTsm,
    Simulated,
}

impl TryFrom<TeeFields> for TeeConfig {
    type Error = String;

    fn try_from(fields: TeeFields) -> Result<Self, String> {
        let TeeFields { gpus, workload, .. } = fields;
        match fields.kind {
            TeeKind::ConfigfsTsm => {
                absent("seed_file", &fields.seed_file)?;
                absent("cpu", &fields.cpu)?;
                Ok(TeeConfig::ConfigfsTsm {
                    path: fields.path,
                    certificate_file: fields.certificate_file,
                    collateral_file: fields.collateral_file,
                    gpus,
                    workload,
                })
            }
            TeeKind::Simulated => {
                absent("path", &fields.path)?;
                absent("certificate_file", &fields.certificate_file)?;
                absent("collateral_file", &fields.collateral_file)?;
                Ok(TeeConfig::Simulated {
                    seed_file: present("seed_file", fields.seed_file)?,
                    cpu: fields.cpu.unwrap_or_default(),
                    gpus,
                    workload,
                })
            }
        }
    }
}

/// What the measured image was told to run (registry's `Workload`).
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WorkloadFields {
    /// How the image binds its workload: `attest_tool` (SecretVM) or `dstack`.
    scheme: Scheme,
    /// 20 to 64 bytes in hex; `dstack` only.
    #[serde(default, deserialize_with = "app_id")]
    #[schemars(with = "Option<String>")]
    app_id: Option<Vec<u8>>,
    /// SHA-256 of the compose file, 64 hex digits.
    compose_sha256: Digest,
    /// Digest of the root file system, 64 hex digits; `attest_tool` only.
    rootfs: Option<Digest>,
    /// SHA-256 of the OS image, 64 hex digits; `dstack` only.
    os_image_sha256: Option<Digest>,
    /// SHA-256 of the Docker files, if there are any, 64 hex digits.
    docker_files_sha256: Option<Digest>,
}

impl JsonSchema for WorkloadConfig {
    fn schema_name() -> String {
        "Workload".to_owned()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        WorkloadFields::json_schema(generator)
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Scheme {
    AttestTool,
    Dstack,
}

impl TryFrom<WorkloadFields> for WorkloadConfig {
    type Error = String;

    fn try_from(fields: WorkloadFields) -> Result<Self, String> {
        let compose_sha256 = fields.compose_sha256;
        let docker_files_sha256 = fields.docker_files_sha256;
        match fields.scheme {
            Scheme::AttestTool => {
                absent("app_id", &fields.app_id)?;
                absent("os_image_sha256", &fields.os_image_sha256)?;
                Ok(WorkloadConfig::AttestTool {
                    compose_sha256,
                    rootfs: present("rootfs", fields.rootfs)?,
                    docker_files_sha256,
                })
            }
            Scheme::Dstack => {
                absent("rootfs", &fields.rootfs)?;
                Ok(WorkloadConfig::Dstack {
                    app_id: present("app_id", fields.app_id)?,
                    compose_sha256,
                    os_image_sha256: present("os_image_sha256", fields.os_image_sha256)?,
                    docker_files_sha256,
                })
            }
        }
    }
}

fn present<T>(name: &str, value: Option<T>) -> Result<T, String> {
    value.ok_or_else(|| format!("{name} is missing"))
}

fn absent<T>(name: &str, value: &Option<T>) -> Result<(), String> {
    match value {
        Some(_) => Err(format!("{name} does not belong to this kind")),
        None => Ok(()),
    }
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

    /// Reads the files that are named, on whatever machine.
    ///
    /// # Errors
    /// [`EvidenceError`] naming the field.
    pub fn check_files(&self) -> Result<(), EvidenceError> {
        match self {
            TeeConfig::ConfigfsTsm {
                certificate_file,
                collateral_file,
                ..
            } => {
                if let Some(file) = certificate_file {
                    ConfigfsTsm::read_certificate(file)?;
                }
                if let Some(file) = collateral_file {
                    Collateral::from_file(file)?;
                }
                Ok(())
            }
            TeeConfig::Simulated { seed_file, .. } => check_seed(seed_file),
        }
    }

    /// Whether this machine has what makes evidence.
    ///
    /// # Errors
    /// [`EvidenceError`] for the first thing that it lacks.
    pub fn check_machine(&self) -> Result<(), EvidenceError> {
        match self {
            TeeConfig::ConfigfsTsm { path, gpus, .. } => {
                ConfigfsTsm::open(path.as_deref(), None)?;
                match gpus {
                    0 => Ok(()),
                    _ => nvidia().map(drop),
                }
            }
            TeeConfig::Simulated { .. } => Ok(()),
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
                collateral_file,
                gpus,
                ..
            } => Ok(Sources {
                cpu: Arc::new(
                    ConfigfsTsm::open(path.as_deref(), certificate_file.clone())?
                        .with_collateral_file(collateral_file.clone()),
                ),
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

fn app_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<u8>>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let bytes = hex::decode(text).map_err(|_| serde::de::Error::custom("app_id must be hex"))?;
    if APP_ID.contains(&bytes.len()) {
        return Ok(Some(bytes));
    }
    let (have, min, max) = (bytes.len(), APP_ID.start(), APP_ID.end());
    Err(serde::de::Error::custom(format!(
        "{have} bytes, must be {min} to {max}"
    )))
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
