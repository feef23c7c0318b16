//! Reports: signatures, the form of SPDM, blocks, opaque data.

use secret_ai_attestation::gpu::Feature;

use super::{Broken, Kit};
use crate::gpu::report::{Report, BLOCK};
use crate::gpu::SoftGpu;

impl Kit {
    pub(super) fn signatures(&self) -> Vec<Broken> {
        let signature = |name, change: fn(&mut [u8])| {
            self.edited(name, "gpu_signature", move |broken| {
                let at = broken.evidence.len() - 96;
                change(&mut broken.evidence[at..]);
            })
        };
        let other = SoftGpu::new(self.seed, 1);
        vec![
            self.edited("another nonce was asked", "gpu_nonce", |broken| {
                broken.nonce[0] ^= 1
            }),
            self.reported("another nonce was answered", "gpu_nonce", |report| {
                report.nonce = [0; 32];
            }),
            signature("signature with a flipped bit", |bytes| bytes[95] ^= 1),
            signature("signature of zeros", |bytes| bytes.fill(0)),
            signature("signature of ones", |bytes| bytes.fill(0xff)),
            signature("signature with r and s exchanged", |bytes| {
                bytes.rotate_left(48)
            }),
            signature("signature with r of zero", |bytes| bytes[..48].fill(0)),
            self.edited("report of another GPU", "gpu_signature", |broken| {
                broken.evidence = other.evidence(broken.nonce);
            }),
            self.edited("responder's nonce edited", "gpu_signature", |broken| {
                broken.evidence[37 + 8 + 64 * BLOCK] ^= 1;
            }),
            self.edited("measurement edited", "gpu_signature", |broken| {
                broken.evidence[37 + 8 + BLOCK + 7] ^= 1;
            }),
            self.edited("driver version edited", "gpu_signature", |broken| {
                let at = broken.evidence.windows(3).position(|text| text == b"580");
                broken.evidence[at.expect("driver version")] = b'6';
            }),
        ]
    }

    pub(super) fn outer_forms(&self) -> Vec<Broken> {
        let request = |name, change: fn(&mut Report)| self.reported(name, "gpu_request", change);
        let response = |name, change: fn(&mut Report)| self.reported(name, "gpu_response", change);
        let length =
            |name, change: fn(&mut Report)| self.reported(name, "gpu_record_length", change);
        vec![
            self.edited("no evidence", "gpu_cut", |broken| broken.evidence.clear()),
            self.edited("request alone", "gpu_cut", |broken| {
                broken.evidence.truncate(37)
            }),
            self.edited("response alone", "gpu_request", |broken| {
                broken.evidence.drain(..37);
            }),
            self.edited("evidence a byte short", "gpu_cut", |broken| {
                broken.evidence.pop();
            }),
            self.edited("evidence a byte long", "gpu_trailing", |broken| {
                broken.evidence.push(0)
            }),
            self.edited("evidence twice", "gpu_trailing", |broken| {
                broken.evidence.extend_from_within(..64);
            }),
            self.edited("evidence above the limit", "gpu_length", |broken| {
                broken.evidence.resize(8_193, 0);
            }),
            request("request of SPDM 1.2", |report| report.request[0] = 0x12),
            request("request of another code", |report| report.request[1] = 0xe1),
            request("request without signature", |report| report.request[2] = 0),
            request("request of one block", |report| report.request[3] = 1),
            request("request of another slot", |report| report.slot = 1),
            response("response of SPDM 1.2", |report| report.response[0] = 0x12),
            response("response that is an error", |report| {
                report.response[1] = 0x7f
            }),
            response("response with a parameter", |report| report.response[3] = 1),
            length("record length too small", |report| {
                report.record_length -= 1
            }),
            length("record length of the whole evidence", |report| {
                report.record_length = 4_000
            }),
            length("record length of 16 MB", |report| {
                report.record_length = 0xff_ffff
            }),
            length("a block more than counted", |report| report.count -= 1),
            length("a block less than counted", |report| report.count += 1),
        ]
    }

    pub(super) fn blocks(&self) -> Vec<Broken> {
        let index = |name, change: fn(&mut Report)| self.reported(name, "gpu_block_index", change);
        let form = |name, place: usize, byte: u8| {
            self.reported(name, "gpu_block_form", move |report| {
                report.record[5 * BLOCK + place] = byte;
            })
        };
        vec![
            index("block index twice", |report| report.record[BLOCK] = 1),
            index("block index of zero", |report| report.record[0] = 0),
            index("block indices exchanged", |report| {
                (report.record[0], report.record[BLOCK]) = (2, 1);
            }),
            index("block index above 64", |report| {
                report.record[63 * BLOCK] = 65
            }),
            index("65 blocks", |report| {
                let mut block = report.record[..BLOCK].to_vec();
                block[0] = 65;
                report.record.extend(block);
                report.count += 1;
                report.record_length += 55;
            }),
            form("block of no DMTF form", 1, 2),
            form("block a byte short", 2, 50),
            form("block of 307 bytes", 3, 1),
            form("block with a raw value", 4, 0x81),
            form("digest a byte short", 5, 47),
            form("digest of 304 bytes", 6, 1),
        ]
    }

    pub(super) fn opaque_data(&self) -> Vec<Broken> {
        let report = |name, code, change: fn(&mut Report)| self.reported(name, code, change);
        let missing = |name, kind| {
            self.reported(name, "gpu_opaque_missing", move |report| {
                report.drop_field(kind)
            })
        };
        let ill = |name, kind, value: &'static [u8]| {
            self.reported(name, "gpu_opaque_field", move |report| {
                *report.field(kind) = value.to_vec();
            })
        };
        vec![
            report("opaque data beyond the evidence", "gpu_cut", |report| {
                report.opaque_excess = 4_000;
            }),
            report(
                "opaque data over the signature",
                "gpu_opaque_cut",
                |report| {
                    report.opaque_tail = vec![3, 0, 0xff, 0, 0];
                },
            ),
            report(
                "opaque data with half a header",
                "gpu_opaque_cut",
                |report| {
                    report.opaque_tail = vec![1, 0, 0];
                },
            ),
            report("opaque field of type 0", "gpu_opaque_type", |report| {
                report.opaque.push((0, vec![1]));
            }),
            report("opaque field of type 37", "gpu_opaque_type", |report| {
                report.opaque.push((37, vec![1]));
            }),
            report("driver version twice", "gpu_opaque_duplicate", |report| {
                report.opaque.push((3, b"550.144.03\0".to_vec()));
            }),
            report("unread field twice", "gpu_opaque_duplicate", |report| {
                report.opaque.push((14, vec![0; 4]));
            }),
            report("no opaque data", "gpu_opaque_missing", |report| {
                report.opaque.clear()
            }),
            missing("no driver version", 3),
            missing("no VBIOS version", 6),
            missing("no NVDEC0 status", 11),
            missing("no chip SKU", 15),
            missing("no project", 17),
            missing("no project SKU", 18),
            ill("empty driver version", 3, b""),
            ill("driver version of NULs", 3, b"\0\0\0"),
            ill("driver version with a line feed", 3, b"580\n\0"),
            ill("driver version with text after a NUL", 3, b"580\x00590\0"),
            ill("driver version of 33 characters", 3, &[b'5'; 33]),
            ill(
                "VBIOS version with more than five bytes",
                6,
                &[0, 0, 0, 0x96, 0, 1, 0, 0],
            ),
            ill("VBIOS version of seven bytes", 6, &[0; 7]),
            ill("NVDEC0 neither on nor off", 11, &[0]),
            ill("protected PCIe neither on nor off", 21, &[0]),
            ill("feature flag of an unknown mode", 36, &[3, 0]),
            ill("feature flag of one byte", 36, &[0]),
            report("feature flag absent", "gpu_opaque_field", |report| {
                report.drop_field(36)
            }),
            report(
                "feature flag before its version",
                "gpu_opaque_field",
                |report| {
                    report.drop_field(34);
                },
            ),
            report("opaque data of version 2", "gpu_opaque_version", |report| {
                *report.field(34) = vec![2, 0];
            }),
            report(
                "protected PCIe on in single passthrough",
                "gpu_feature_conflict",
                |report| {
                    *report.field(21) = vec![0xaa];
                },
            ),
            report(
                "protected PCIe off in PPCIE",
                "gpu_feature_conflict",
                |report| {
                    *report.field(36) = vec![2, 0];
                },
            ),
            self.other("PPCIE, which is not accepted", "gpu_feature", |gpu| {
                gpu.feature = 2
            }),
            self.edited(
                "single passthrough, which is not accepted",
                "gpu_feature",
                |broken| {
                    broken.features = vec![Feature::Ppcie];
                },
            ),
        ]
    }
}
