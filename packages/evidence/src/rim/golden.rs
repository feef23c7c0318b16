//! From manifests to the golden set that a registry approves.

use secret_ai_attestation::gpu::{Arch, GoldenEntry, GoldenSet};
use thiserror::Error;

use super::{Rim, RimKind};

/// The board that a golden set is for, as GPUs report it: a manifest does not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Board {
    /// Such as `1010`.
    pub project: String,
    /// Such as `0200`.
    pub project_sku: String,
    /// Such as `882`.
    pub chip_sku: String,
}

impl Board {
    /// Reads the board from the name that NVIDIA gives a VBIOS manifest:
    /// `NV_GPU_VBIOS_<project>_<project SKU>_<chip SKU>_<version>….xml`.
    pub fn from_file_name(name: &str) -> Option<Self> {
        let mut parts = name.split_once("NV_GPU_VBIOS_")?.1.split(['_', '.']);
        let mut next = || {
            parts
                .next()
                .filter(|part| !part.is_empty())
                .map(str::to_string)
        };
        Some(Board {
            project: next()?,
            project_sku: next()?,
            chip_sku: next()?,
        })
    }
}

/// Why manifests make no golden set.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum GoldenError {
    #[error("{have} {} manifests, expected {need}", kind.name())]
    Count {
        kind: RimKind,
        have: usize,
        need: &'static str,
    },
    #[error("manifests are for `{0}` and `{1}`")]
    Product(String, String),
    #[error("product `{0}` is no GPU architecture that is known here")]
    Architecture(String),
    #[error("measurement {0} is active in both manifests")]
    Conflict(u8),
    #[error("VBIOS version is given although there is a manifest that says `{0}`")]
    TwoVersions(String),
    #[error("VBIOS version is missing: there is no VBIOS manifest that says it")]
    NoVersion,
}

/// Merges the active measurements of a driver's and a VBIOS' manifest into one set for a board.
///
/// Without a VBIOS manifest its version must be given, and the set compares what the driver's manifest
/// lists and nothing else: the boot firmware is then unjudged, which whoever approves the set must
/// want.
///
/// # Errors
/// [`GoldenError`].
pub fn golden(
    rims: &[Rim],
    vbios_version: Option<&str>,
    board: &Board,
) -> Result<GoldenSet, GoldenError> {
    let driver = only(rims, RimKind::Driver)?.ok_or(GoldenError::Count {
        kind: RimKind::Driver,
        have: 0,
        need: "1",
    })?;
    let vbios = only(rims, RimKind::Vbios)?;
    let version = match (vbios, vbios_version) {
        (Some(rim), None) => rim.version.as_str(),
        (None, Some(version)) => version,
        (Some(rim), Some(_)) => return Err(GoldenError::TwoVersions(rim.version.clone())),
        (None, None) => return Err(GoldenError::NoVersion),
    };
    let mut active = driver.active.clone();
    if let Some(vbios) = vbios {
        if vbios.product != driver.product {
            let (a, b) = (driver.product.clone(), vbios.product.clone());
            return Err(GoldenError::Product(a, b));
        }
        let twice = vbios
            .active
            .iter()
            .find(|(i, _)| active.iter().any(|(j, _)| i == j));
        if let Some((index, _)) = twice {
            return Err(GoldenError::Conflict(*index));
        }
        active.extend(vbios.active.iter().cloned());
    }
    active.sort_unstable_by_key(|(index, _)| *index);
    Ok(GoldenSet {
        arch: architecture(&driver.product)?,
        driver_version: driver.version.clone(),
        vbios_version: version.to_ascii_uppercase(),
        project: board.project.clone(),
        project_sku: board.project_sku.clone(),
        chip_sku: board.chip_sku.clone(),
        entries: active
            .into_iter()
            .map(|(index, mut values)| {
                values.sort_unstable();
                values.dedup();
                GoldenEntry { index, values }
            })
            .collect(),
    })
}

/// The only manifest of a kind, if there is one.
fn only(rims: &[Rim], kind: RimKind) -> Result<Option<&Rim>, GoldenError> {
    let mut found = rims.iter().filter(|rim| rim.kind == kind);
    match (found.next(), found.count()) {
        (first, 0) => Ok(first),
        (_, more) => Err(GoldenError::Count {
            kind,
            have: more.saturating_add(1),
            need: "at most 1",
        }),
    }
}

/// The architecture of a chip such as `GH100` or `GB100`.
fn architecture(product: &str) -> Result<Arch, GoldenError> {
    match product.get(..2) {
        Some("GH") => Ok(Arch::Hopper),
        Some("GB") => Ok(Arch::Blackwell),
        _ => Err(GoldenError::Architecture(product.to_string())),
    }
}
