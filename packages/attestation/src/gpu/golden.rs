//! Golden sets: what the measurements of good firmware are.
//!
//! NVIDIA publishes them in signed reference manifests, one for each driver and one for each VBIOS. A
//! set here is the union of one of each, for GPUs of one kind of board. NVIDIA's rules hold: every
//! entry must be met by one of its values, except that measurement 35 is not compared while NVDEC0 is
//! off; measurements without an entry are not looked at, because manifests mark them as inactive.
//!
//! The id names the firmware and not the values, so that a corrected set replaces the wrong one:
//!
//! ```text
//! SHA-256("secret-ai/golden/1" 00 ‖ architecture u8 ‖ text driver version ‖ text VBIOS version
//!         ‖ text project ‖ text project SKU ‖ text chip SKU)
//! ```
//!
//! where a text is preceded by its length as u16 big-endian.

use crate::crypto::sha256;
use crate::error::Error;
use crate::gpu::opaque::is_name;
use crate::gpu::{spdm, Arch, GpuError, VerifiedGpu};

/// Most values of one entry. Manifests have up to 4.
const VALUE_LIMIT: usize = 16;
/// The measurement that counts only while NVDEC0 is on.
const NVDEC0_INDEX: u8 = 35;

/// Good measurements of one firmware on one kind of board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoldenSet {
    pub arch: Arch,
    /// As in [`VerifiedGpu`], like the next four.
    pub driver_version: String,
    pub vbios_version: String,
    pub project: String,
    pub project_sku: String,
    pub chip_sku: String,
    /// 1 to 64, sorted by index, each index once.
    pub entries: Vec<GoldenEntry>,
}

/// The values of one measurement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoldenEntry {
    /// Measurement 0 to 63, as manifests number them.
    pub index: u8,
    /// 1 to 16, sorted, each once: any of them is good.
    pub values: Vec<[u8; 48]>,
}

impl GoldenSet {
    /// Names the firmware and board, not the values.
    pub fn id(&self) -> [u8; 32] {
        id(self.arch, self.names())
    }

    /// Fails unless the set has the one form that it may have: names, entries and values in order,
    /// none twice, none absent.
    ///
    /// # Errors
    /// [`GpuError::GoldenForm`].
    pub fn check_form(&self) -> Result<(), Error> {
        let form = |holds, why| match holds {
            true => Ok(()),
            false => Err(Error::Gpu(GpuError::GoldenForm(why))),
        };
        let [driver, vbios, project, project_sku, chip_sku] = self.names();
        form(is_name(driver), "driver version")?;
        form(is_name(vbios), "VBIOS version")?;
        form(is_name(project), "project")?;
        form(is_name(project_sku), "project SKU")?;
        form(is_name(chip_sku), "chip SKU")?;
        form(!self.entries.is_empty(), "no entries")?;
        form(
            ascend(&self.entries, |entry| entry.index),
            "order of entries",
        )?;
        for entry in &self.entries {
            form(entry.index < spdm::BLOCKS, "index above 63")?;
            let count = entry.values.len();
            form((1..=VALUE_LIMIT).contains(&count), "number of values")?;
            form(ascend(&entry.values, |value| *value), "order of values")?;
        }
        Ok(())
    }

    /// Driver version, VBIOS version, project, its SKU, chip SKU.
    pub(super) fn names(&self) -> [&str; 5] {
        [
            &self.driver_version,
            &self.vbios_version,
            &self.project,
            &self.project_sku,
            &self.chip_sku,
        ]
    }

    /// Whether every GPU that `other` accepts is accepted by this set, too.
    pub fn accepts_all_of(&self, other: &GoldenSet) -> bool {
        self.id() == other.id()
            && self.entries.iter().all(|entry| {
                let known = other.values(entry.index);
                !known.is_empty() && known.iter().all(|value| entry.values.contains(value))
            })
    }

    /// The values of a measurement; empty without an entry.
    pub(super) fn values(&self, index: u8) -> &[[u8; 48]] {
        self.entries
            .iter()
            .find(|entry| entry.index == index)
            .map_or(&[], |entry| &entry.values)
    }
}

/// Whether keys ascend and so none occurs twice.
fn ascend<T, K: Ord>(items: &[T], key: impl Fn(&T) -> K) -> bool {
    items.is_sorted_by(|a, b| key(a) < key(b))
}

/// The [`GoldenSet::id`] that a set for this GPU has.
pub fn golden_id(gpu: &VerifiedGpu) -> [u8; 32] {
    id(
        gpu.arch,
        [
            &gpu.driver_version,
            &gpu.vbios_version,
            &gpu.project,
            &gpu.project_sku,
            &gpu.chip_sku,
        ],
    )
}

fn id(arch: Arch, names: [&str; 5]) -> [u8; 32] {
    let mut input = b"secret-ai/golden/1\0".to_vec();
    input.push(arch as u8);
    for name in names {
        let length = u16::try_from(name.len()).unwrap_or(u16::MAX);
        input.extend_from_slice(&length.to_be_bytes());
        input.extend_from_slice(name.as_bytes());
    }
    sha256(&[&input])
}

/// Compares a GPU with a golden set, whose form must be right (decoding sees to that).
///
/// # Errors
/// [`GpuError::GoldenIdentity`] for a set of another firmware or board; [`GpuError::MeasurementAbsent`],
/// [`GpuError::Measurement`]; [`GpuError::GoldenForm`] for a set without entries.
pub fn check_golden(gpu: &VerifiedGpu, set: &GoldenSet) -> Result<(), Error> {
    let names = [
        ("driver version", &gpu.driver_version, &set.driver_version),
        ("VBIOS version", &gpu.vbios_version, &set.vbios_version),
        ("project", &gpu.project, &set.project),
        ("project SKU", &gpu.project_sku, &set.project_sku),
        ("chip SKU", &gpu.chip_sku, &set.chip_sku),
    ];
    if gpu.arch != set.arch {
        return Err(GpuError::GoldenIdentity("architecture").into());
    }
    if let Some((name, ..)) = names.into_iter().find(|(_, have, need)| have != need) {
        return Err(GpuError::GoldenIdentity(name).into());
    }
    if set.entries.is_empty() {
        return Err(GpuError::GoldenForm("no entries").into());
    }
    for entry in &set.entries {
        if entry.index == NVDEC0_INDEX && !gpu.nvdec0_enabled {
            continue;
        }
        let place = usize::from(entry.index);
        match gpu.measurements.get(place).copied().flatten() {
            None => return Err(GpuError::MeasurementAbsent(entry.index).into()),
            Some(value) if !entry.values.contains(&value) => {
                return Err(GpuError::Measurement(entry.index).into())
            }
            Some(_) => {}
        }
    }
    Ok(())
}
