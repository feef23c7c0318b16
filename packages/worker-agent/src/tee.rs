//! The `[tee]` table of the configuration: where the worker runs, and how it proves that.

use std::path::PathBuf;

use schemars::gen::SchemaGenerator;
use schemars::schema::Schema;
use schemars::JsonSchema;
use secret_ai_interface::registry::Workload;
use serde::Deserialize;

use crate::evidence::{SecretVmFiles, QUOTE_PORT, TDX_GUEST};
pub use crate::tee_workload::WorkloadConfig;

/// Most GPUs that a worker's class can say.
pub const MAX_GPUS: u8 = 15;

/// Where evidence comes from.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "TeeFields")]
pub struct TeeConfig {
    pub(crate) source: Source,
    /// What the CPU's vendor publishes about this platform, JSON.
    pub(crate) collateral_file: Option<PathBuf>,
    /// Confidential GPUs.
    gpus: u8,
    workload: Option<WorkloadConfig>,
    pub(crate) secretvm: SecretVmFiles,
}

/// Where the CPU's evidence comes from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// Linux's `configfs-tsm`.
    ConfigfsTsm(Tsm),
    /// Linux's device of TDX guests, and the host's quoting service.
    TdxGuest(Guest),
    /// Whichever of both a SecretVM has.
    SecretVm(Tsm, Guest),
    /// A software TEE under development roots, for development networks only.
    Simulated {
        seed_file: PathBuf,
        cpu: SimulatedCpu,
    },
}

/// How `configfs-tsm` is used.
#[derive(Clone, Debug)]
pub(crate) struct Tsm {
    /// Another folder than the kernel's.
    pub path: Option<PathBuf>,
    pub certificate_file: Option<PathBuf>,
}

/// How the device of TDX guests is used.
#[derive(Clone, Debug)]
pub(crate) struct Guest {
    pub device: PathBuf,
    /// Vsock port of the quoting service.
    pub quote_port: u32,
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

// Serde's tagged enums would lose the names of the fields inside of them, and an operator needs them in
// error messages.
/// Where the worker runs, and how it proves that.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct TeeFields {
    /// `configfs-tsm` (TDX or SEV-SNP, Linux 6.7 and newer), `tdx-guest` (TDX without it), `secretvm`
    /// (whichever of both is there), or `simulated`.
    kind: TeeKind,
    /// Another folder than the kernel's; `configfs-tsm` and `secretvm` only.
    path: Option<PathBuf>,
    /// VCEK or VLEK in DER or PEM, for SEV-SNP hosts that hand out none; `configfs-tsm` and `secretvm`
    /// only.
    certificate_file: Option<PathBuf>,
    /// Device of the TDX guest, `/dev/tdx_guest` if absent; `tdx-guest` and `secretvm` only.
    device: Option<PathBuf>,
    /// Vsock port of the host's quoting service, 4050 if absent; `tdx-guest` and `secretvm` only.
    quote_port: Option<u32>,
    /// What the CPU's vendor publishes about this platform, JSON, handed to clients; not for `simulated`.
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
    /// A SecretVM's own evidence, for clients who know SecretVM's verifier.
    #[serde(default)]
    secretvm: SecretVmFiles,
}

impl JsonSchema for TeeConfig {
    fn schema_name() -> String {
        "Tee".to_owned()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        TeeFields::json_schema(generator)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum TeeKind {
    ConfigfsTsm,
    TdxGuest,
    #[serde(rename = "secretvm")]
    SecretVm,
    Simulated,
}

impl TryFrom<TeeFields> for TeeConfig {
    type Error = String;

    fn try_from(fields: TeeFields) -> Result<Self, String> {
        use TeeKind::{ConfigfsTsm, SecretVm, Simulated, TdxGuest};
        let kind = fields.kind;
        if !matches!(kind, ConfigfsTsm | SecretVm) {
            absent("path", &fields.path)?;
            absent("certificate_file", &fields.certificate_file)?;
        }
        if !matches!(kind, TdxGuest | SecretVm) {
            absent("device", &fields.device)?;
            absent("quote_port", &fields.quote_port)?;
        }
        if kind == Simulated {
            absent("collateral_file", &fields.collateral_file)?;
        } else {
            absent("seed_file", &fields.seed_file)?;
            absent("cpu", &fields.cpu)?;
        }
        let tsm = Tsm {
            path: fields.path,
            certificate_file: fields.certificate_file,
        };
        let guest = Guest {
            device: fields.device.unwrap_or_else(|| TDX_GUEST.into()),
            quote_port: fields.quote_port.unwrap_or(QUOTE_PORT),
        };
        Ok(TeeConfig {
            source: match kind {
                ConfigfsTsm => Source::ConfigfsTsm(tsm),
                TdxGuest => Source::TdxGuest(guest),
                SecretVm => Source::SecretVm(tsm, guest),
                Simulated => Source::Simulated {
                    seed_file: present("seed_file", fields.seed_file)?,
                    cpu: fields.cpu.unwrap_or_default(),
                },
            },
            collateral_file: fields.collateral_file,
            gpus: fields.gpus,
            workload: fields.workload,
            secretvm: fields.secretvm,
        })
    }
}

impl TeeConfig {
    /// Real hardware of any known kind with all GPUs that it shows: for an operator who has no
    /// configuration yet.
    pub fn found_here(gpus: u8) -> Self {
        let tsm = Tsm {
            path: None,
            certificate_file: None,
        };
        let guest = Guest {
            device: TDX_GUEST.into(),
            quote_port: QUOTE_PORT,
        };
        TeeConfig {
            source: Source::SecretVm(tsm, guest),
            collateral_file: None,
            gpus,
            workload: None,
            secretvm: SecretVmFiles::default(),
        }
    }

    /// Number of confidential GPUs.
    pub fn gpus(&self) -> u8 {
        self.gpus
    }

    /// The workload as the registry takes it.
    pub fn workload(&self) -> Option<Workload> {
        self.workload.clone().map(Workload::from)
    }
}

pub(crate) fn present<T>(name: &str, value: Option<T>) -> Result<T, String> {
    value.ok_or_else(|| format!("{name} is missing"))
}

pub(crate) fn absent<T>(name: &str, value: &Option<T>) -> Result<(), String> {
    match value {
        Some(_) => Err(format!("{name} does not belong to this kind")),
        None => Ok(()),
    }
}
