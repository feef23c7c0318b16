//! Software GPUs of one firmware, and what they answer to a nonce.

use std::sync::LazyLock;

use cosmwasm_std::Binary;
use secret_ai_attestation::gpu::{pack, GoldenSet};
use secret_ai_attestation::{Device, DeviceKind};
use secret_ai_attestation_testkit::gpu::SoftGpu;
use secret_ai_interface::registry::{Collateral, DeviceCertificates, GpuEvidence, GpuReport};
use secret_ai_interface::{Digest, Hex};

use super::{sha256, SEED};

/// NVIDIA's part is the same for all GPUs.
static FIRST: LazyLock<SoftGpu> = LazyLock::new(|| SoftGpu::new(SEED, 0));

/// A GPU.
#[derive(Clone)]
pub struct Gpu {
    pub soft: SoftGpu,
    /// Whether it is sent with the hash of its certificate only.
    by_hash: bool,
}

/// A GPU's answer to a nonce.
#[derive(Clone)]
pub struct Answer {
    /// Whose it is, as registries know GPUs.
    pub gpu: Digest,
    /// As the CPU's evidence binds it.
    pub device: Device,
    /// As it is sent.
    pub report: GpuReport,
}

impl Answer {
    pub fn sent(&self) -> GpuEvidence {
        GpuEvidence::Report(Box::new(self.report.clone()))
    }
}

impl Gpu {
    /// One of many.
    pub fn new(number: u8) -> Self {
        Gpu {
            soft: SoftGpu::new(SEED, number),
            by_hash: false,
        }
    }

    /// The first so many.
    pub fn first(count: u8) -> Vec<Self> {
        (0..count).map(Gpu::new).collect()
    }

    /// The same, sent without its certificates.
    pub fn by_hash(&self) -> Self {
        Gpu {
            by_hash: true,
            ..self.clone()
        }
    }

    /// Of Blackwell's kind.
    pub fn blackwell(number: u8) -> Self {
        Gpu {
            soft: SoftGpu::blackwell(SEED, number),
            by_hash: false,
        }
    }

    /// Under a newer driver, hence of another golden set.
    pub fn newer_driver(number: u8) -> Self {
        let mut gpu = Gpu::new(number);
        gpu.soft.driver_version = "590.12".into();
        gpu
    }

    /// The development root.
    pub fn root() -> Vec<u8> {
        FIRST.root_der()
    }

    /// Collateral: the authorities between root and Hoppers.
    pub fn authorities() -> Collateral {
        Gpu::new(0).own_authorities()
    }

    /// The authorities between root and this GPU.
    pub fn own_authorities(&self) -> Collateral {
        Collateral::Nvidia {
            issuer: None,
            certificates: self.soft.ca_chain().into_iter().map(Binary).collect(),
        }
    }

    /// SHA-256 of the authority that issues the certificates of Hoppers.
    pub fn authority() -> Digest {
        sha256(FIRST.ca_chain().last().unwrap())
    }

    /// The golden set of its firmware, in its stored form.
    pub fn golden(&self) -> Vec<u8> {
        self.soft.golden().encode().unwrap()
    }

    pub fn golden_id(&self) -> Digest {
        Hex(self.soft.golden().id())
    }

    /// SHA-256 of its certificate.
    pub fn leaf(&self) -> Digest {
        sha256(&self.soft.certificates()[0])
    }

    /// By what registries know it.
    pub fn device(&self) -> Digest {
        Hex(self.soft.device_sha256())
    }

    pub fn answer(&self, nonce: [u8; 32]) -> Answer {
        self.answer_with(self.soft.evidence(nonce), &self.soft.golden())
    }

    /// This evidence, packed against this set and sent as one that shows it.
    pub fn answer_with(&self, evidence: Vec<u8>, set: &GoldenSet) -> Answer {
        let certificates = match self.by_hash {
            true => DeviceCertificates::Known(self.leaf()),
            false => DeviceCertificates::Der {
                certificates: self.soft.certificates().into_iter().map(Binary).collect(),
                issuer: sha256(self.soft.ca_chain().last().unwrap()),
            },
        };
        Answer {
            gpu: self.device(),
            device: Device {
                kind: DeviceKind::Gpu,
                leaf_sha256: self.leaf().0,
                evidence_sha256: sha256(&evidence).0,
            },
            report: GpuReport {
                golden: Hex(set.id()),
                evidence: Binary(pack(&evidence, set).unwrap()),
                certificates,
            },
        }
    }
}
