//! NVIDIA GPUs in confidential mode, Hopper and Blackwell: a chain of certificates from NVIDIA's root
//! to the key of one device, and a report of measurements that this key signs (DMTF DSP0274, SPDM 1.1,
//! with NVIDIA's opaque data).
//!
//! * **Whose device?** [`verify_nvidia_ca`] checks NVIDIA's authorities once, so that they can be kept;
//!   [`verify_gpu_certificates`] checks what is below them and leaves a small [`GpuLeaf`]. A chip's boot
//!   ROM issues the leaf anew for each firmware and names the firmware's digest (FWID) in it.
//! * **Which state?** [`verify_gpu_report`] checks one report: nonce, firmware, signature.
//! * **A good state?** [`check_golden`] compares the measurements with a [`GoldenSet`], which somebody
//!   trusted made from NVIDIA's signed reference manifests; [`check_feature`] judges the mode.
//!
//! **Debug.** Blackwell's leaf certificate carries DICE flags, and one that says "not secure",
//! "recovery" or "debug" is refused. A report itself has no such flag: NVIDIA's own verifiers call
//! debug "disabled" exactly if every measurement equals its golden value, and so it is here. A report
//! that was not compared with a golden set proves nothing about debug or developer modes.
//!
//! **Driver 535** does not put the FWID into reports, so nothing ties such a report to the
//! firmware that the certificate was issued for. It is refused ([`GpuError::FwidAbsent`]).
//!
//! **Revocation.** These certificates end in the year 9999 and NVIDIA revokes them by OCSP, which a
//! contract cannot ask: whoever keeps a leaf must be able to strike it out.

mod certificate;
mod chain;
mod codec;
mod dice;
mod error;
mod golden;
mod opaque;
mod pack;
mod report;
mod spdm;

pub use certificate::Chip;
pub use chain::{
    issuer_name_sha256, verify_gpu_certificates, verify_nvidia_ca, GpuLeaf, NvidiaCa, NvidiaIssuer,
    NvidiaRoot, NVIDIA_FINGERPRINT,
};
pub use error::GpuError;
pub use golden::{check_golden, golden_id, GoldenEntry, GoldenSet};
pub use opaque::Feature;
pub use pack::{pack, unpack};
pub use report::{check_feature, verify_gpu_report, VerifiedGpu};

use core::fmt;

/// Longest evidence and longest packed evidence, in bytes. Real reports have about 4,200.
pub const EVIDENCE_LIMIT: usize = 8_192;

/// A generation of GPUs with confidential computing; the byte is what is stored and hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Arch {
    /// GH100: H100, H200, GH200.
    Hopper = 1,
    /// GB100 and its kin: B200, B300, RTX PRO 6000.
    Blackwell = 2,
}

impl Arch {
    /// The name that NVIDIA's tools use in evidence files, in capitals.
    pub fn name(self) -> &'static str {
        match self {
            Arch::Hopper => "HOPPER",
            Arch::Blackwell => "BLACKWELL",
        }
    }

    /// The architecture with this [`Arch::name`].
    pub fn from_name(name: &str) -> Option<Self> {
        [Arch::Hopper, Arch::Blackwell]
            .into_iter()
            .find(|arch| arch.name() == name)
    }

    fn from_byte(byte: u8) -> Option<Self> {
        [Arch::Hopper, Arch::Blackwell]
            .into_iter()
            .find(|arch| *arch as u8 == byte)
    }
}

impl fmt::Display for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
