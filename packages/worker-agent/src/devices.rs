//! GPU evidence on its way to the registry: verified here first, so that a GPU that would be refused
//! is named before anybody pays gas for it, and made small.
//!
//! A report of 4 kB shrinks to about 1 kB: most of its measurements are those of the golden set that
//! the registry holds already. Certificates that the registry has verified before go by their hash.

use secret_ai_attestation::gpu::{
    check_golden, golden_id, pack, verify_gpu_certificates, verify_gpu_report, verify_nvidia_ca,
    GoldenSet, NvidiaCa, NvidiaIssuer, NvidiaRoot, VerifiedGpu,
};
use secret_ai_attestation::{Device, DeviceKind, Error, Item};
use secret_ai_receipts::sha256;

use crate::evidence::DeviceEvidence;

/// Certificates of the device itself, which a registration brings: leaf and boot code. What issued
/// them is NVIDIA's and is stored as collateral.
const OWN_CERTIFICATES: usize = 2;

/// A GPU whose evidence is genuine.
pub struct CheckedGpu {
    evidence: DeviceEvidence,
    verified: VerifiedGpu,
}

impl CheckedGpu {
    /// Verifies a GPU's certificates and its answer to `nonce` under NVIDIA's root, or another one
    /// in DER, at `now` (Unix seconds).
    ///
    /// # Errors
    /// The first check that fails; the registry makes the same ones.
    pub fn new(
        evidence: DeviceEvidence,
        development_root: Option<&[u8]>,
        nonce: &[u8; 32],
        now: u64,
    ) -> Result<Self, Error> {
        let root = match development_root {
            Some(der) => NvidiaRoot::from_der(der)?,
            None => NvidiaRoot::PINNED,
        };
        let chain: Vec<&[u8]> = evidence.certificates.iter().map(Vec::as_slice).collect();
        let (own, authorities) = chain
            .split_at_checked(OWN_CERTIFICATES)
            .unwrap_or((&chain, &[]));
        let mut ca: Option<NvidiaCa> = None;
        for der in authorities.iter().rev() {
            if sha256(der) == root.fingerprint() {
                continue;
            }
            let issuer = match &ca {
                Some(ca) => NvidiaIssuer::Ca(ca),
                None => NvidiaIssuer::Root(&root),
            };
            let next = verify_nvidia_ca(der, issuer, now)?;
            ca = Some(next);
        }
        let ca = ca.ok_or(Error::ChainLength(Item::NvidiaCa, 0))?;
        let leaf = verify_gpu_certificates(own, &ca, now)?;
        let verified = verify_gpu_report(&evidence.evidence, &leaf, nonce)?;
        Ok(CheckedGpu { evidence, verified })
    }

    /// What the GPU said, whole.
    pub fn into_evidence(self) -> DeviceEvidence {
        self.evidence
    }

    /// SHA-256 of its leaf certificate.
    pub fn leaf_sha256(&self) -> [u8; 32] {
        self.verified.leaf_sha256
    }

    /// Its certificates as a registration brings them, leaf first.
    pub fn own_certificates(&self) -> &[Vec<u8>] {
        let certificates = &self.evidence.certificates;
        certificates.get(..OWN_CERTIFICATES).unwrap_or(certificates)
    }

    /// SHA-256 of the certificate of the authority that issued them.
    pub fn issuer_sha256(&self) -> [u8; 32] {
        let issuer = self.evidence.certificates.get(OWN_CERTIFICATES);
        issuer.map_or([0; 32], |der| sha256(der))
    }

    /// Its part in the set of devices that the CPU's evidence binds.
    pub fn device(&self) -> Device {
        Device {
            kind: DeviceKind::Gpu,
            leaf_sha256: self.leaf_sha256(),
            evidence_sha256: sha256(&self.evidence.evidence),
        }
    }

    /// Id of the golden set that its firmware must fit.
    pub fn golden_id(&self) -> [u8; 32] {
        golden_id(&self.verified)
    }

    /// The evidence, packed against a golden set in its stored form.
    ///
    /// # Errors
    /// If the set does not decode, or the measurements do not fit it.
    pub fn pack(&self, golden_set: &[u8]) -> Result<Vec<u8>, Error> {
        let set = GoldenSet::decode(golden_set)?;
        check_golden(&self.verified, &set)?;
        pack(&self.evidence.evidence, &set)
    }
}
