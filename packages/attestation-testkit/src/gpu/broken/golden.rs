//! Measurements and golden sets.

use secret_ai_attestation::gpu::{Arch, GoldenSet};

use super::{Broken, Kit};

impl Kit {
    pub(super) fn measurements(&self) -> Vec<Broken> {
        vec![
            self.other("one measurement changed", "gpu_measurement", |gpu| {
                gpu.measurements[21][0] ^= 1;
            }),
            self.other("measurement of zeros", "gpu_measurement", |gpu| {
                gpu.measurements[1] = [0; 48];
            }),
            self.other(
                "measurement where zeros are golden",
                "gpu_measurement",
                |gpu| {
                    gpu.measurements[8][0] = 1;
                },
            ),
            self.other("two measurements exchanged", "gpu_measurement", |gpu| {
                gpu.measurements.swap(3, 4);
            }),
            self.other(
                "NVDEC0 on with another measurement 35",
                "gpu_measurement",
                |gpu| {
                    gpu.nvdec0 = 0xaa;
                },
            ),
            self.blackwell(
                "Blackwell with one measurement changed",
                "gpu_measurement",
                |gpu| {
                    gpu.measurements[40][47] ^= 0x80;
                },
            ),
            self.reported("a block absent", "gpu_measurement_absent", |report| {
                report.drop_block(9);
            }),
            self.reported("no blocks", "gpu_measurement_absent", |report| {
                (report.count, report.record_length) = (0, 0);
                report.record.clear();
            }),
            self.other("another driver", "golden_identity", |gpu| {
                gpu.driver_version = "535.86.09".into();
            }),
            self.other("another VBIOS", "golden_identity", |gpu| {
                gpu.vbios_version[4] ^= 1
            }),
            self.other("another project", "golden_identity", |gpu| {
                gpu.project = "1010".into()
            }),
            self.other("another project SKU", "golden_identity", |gpu| {
                gpu.project_sku = "0210".into();
            }),
            self.other("another chip SKU", "golden_identity", |gpu| {
                gpu.chip_sku = "886".into()
            }),
            self.golden("another architecture", "golden_identity", |set| {
                set.arch = Arch::Blackwell;
            }),
        ]
    }

    pub(super) fn golden_sets(&self) -> Vec<Broken> {
        let form = |name, change: fn(&mut GoldenSet)| self.golden(name, "golden_form", change);
        vec![
            form("golden set without entries", |set| set.entries.clear()),
            form("golden entries out of order", |set| set.entries.swap(0, 1)),
            form("golden entry twice", |set| {
                set.entries.insert(0, set.entries[0].clone());
            }),
            form("golden entry 64", |set| {
                set.entries.last_mut().expect("not empty").index = 64;
            }),
            form("golden entry without values", |set| {
                set.entries[0].values.clear()
            }),
            form("golden values out of order", |set| {
                set.entries[7].values.reverse()
            }),
            form("golden value twice", |set| {
                let value = set.entries[0].values[0];
                set.entries[0].values.push(value);
            }),
            form("17 golden values", |set| {
                set.entries[0].values = (0..17).map(|byte| [byte; 48]).collect();
            }),
            form("golden set of no driver", |set| set.driver_version.clear()),
            form("golden set with a space", |set| set.chip_sku.push(' ')),
        ]
    }
}
