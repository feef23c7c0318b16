//! The `[tee.workload]` table of the configuration: what the measured image was told to run.

use std::ops::RangeInclusive;

use cosmwasm_std::Binary;
use schemars::gen::SchemaGenerator;
use schemars::schema::Schema;
use schemars::JsonSchema;
use secret_ai_interface::registry::Workload;
use secret_ai_interface::Digest;
use serde::{Deserialize, Deserializer};

use crate::tee::{absent, present};

/// Bytes of a dstack app id: 20 as dstack makes it, at most what the registry takes.
const APP_ID: RangeInclusive<usize> = 20..=64;

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
