//! Evidence of a software TEE. It passes every check, under roots that are nobody's: a registry
//! accepts it only if it was instantiated with those roots, and then says `development: true`.
//!
//! The seed file holds the TEE's seed, 64 hex digits, and the Unix seconds for which its
//! certificates were made; both must be those of the collateral in the registry.

use std::fs;
use std::path::Path;

use base64::engine::general_purpose::STANDARD;
use base64::Engine;
use cosmwasm_std::Binary;
use secret_ai_attestation::snp::RawSnpCollateral;
use secret_ai_attestation_testkit::gpu::SoftGpu;
use secret_ai_attestation_testkit::snp::{SnpMeasurements, SoftSnp};
use secret_ai_attestation_testkit::{intel_json, Measurements, SoftTee};
use secret_ai_interface::registry::DevelopmentRoots;
use secret_ai_interface::Hex;
use serde_json::{json, Value};
use snafu::ResultExt;

use super::{
    Collateral, CpuReport, DeviceEvidence, DeviceProvider, EvidenceError, EvidenceProvider,
    FileSnafu,
};
use crate::tee::SimulatedCpu;

enum Cpu {
    Tdx(Box<SoftTee>),
    Snp(Box<SoftSnp>),
}

/// A CPU and GPUs that follow from a seed.
pub struct Simulated {
    cpu: Cpu,
    gpus: Vec<SoftGpu>,
}

impl Simulated {
    /// The TEE of a seed file.
    ///
    /// # Errors
    /// [`EvidenceError`] if the file cannot be read.
    pub fn from_seed_file(path: &Path, cpu: SimulatedCpu, gpus: u8) -> Result<Self, EvidenceError> {
        let (seed, time) = Self::read_seed(path)?;
        Ok(Self::new(seed, time, cpu, gpus))
    }

    /// Seed and Unix seconds of a seed file.
    ///
    /// # Errors
    /// [`EvidenceError`] if the file cannot be read.
    pub fn read_seed(path: &Path) -> Result<([u8; 32], u64), EvidenceError> {
        let field = "tee.seed_file";
        let text = fs::read_to_string(path).context(FileSnafu { field, path })?;
        let bad = || EvidenceError::Seed {
            path: path.to_owned(),
        };
        let (seed, time) = text
            .trim()
            .split_once(char::is_whitespace)
            .ok_or_else(bad)?;
        let seed: Hex<32> = seed.parse().map_err(|_| bad())?;
        let time: u64 = time.trim().parse().map_err(|_| bad())?;
        Ok((seed.0, time))
    }

    /// The TEE of a seed whose certificates were made for `time`, Unix seconds.
    pub fn new(seed: [u8; 32], time: u64, cpu: SimulatedCpu, gpus: u8) -> Self {
        Simulated {
            cpu: match cpu {
                SimulatedCpu::Tdx => Cpu::Tdx(Box::new(SoftTee::new(seed, time))),
                SimulatedCpu::Snp => Cpu::Snp(Box::new(SoftSnp::new(seed, time))),
            },
            gpus: (0..gpus).map(|number| SoftGpu::new(seed, number)).collect(),
        }
    }
}

impl EvidenceProvider for Simulated {
    fn cpu(&self, report_data: &[u8; 64]) -> Result<CpuReport, EvidenceError> {
        Ok(match &self.cpu {
            Cpu::Tdx(tee) => CpuReport::Tdx {
                quote: tee.quote(*report_data, &Measurements::default()),
            },
            Cpu::Snp(tee) => CpuReport::Snp {
                report: tee.report(*report_data, &SnpMeasurements::default()),
                certificate: tee.vcek_der(),
            },
        })
    }

    fn collateral(&self) -> Result<Collateral, EvidenceError> {
        let mut roots = DevelopmentRoots {
            nvidia: self.development_root().map(Binary),
            ..DevelopmentRoots::default()
        };
        let published = match &self.cpu {
            Cpu::Tdx(tee) => {
                roots.tdx = Some(Binary(tee.root_der()));
                intel_json(&tee.collateral())
            }
            Cpu::Snp(tee) => {
                roots.snp = Some(Binary(tee.root_der()));
                amd_json(&tee.root_der(), &tee.collateral())
            }
        };
        Ok(Collateral {
            published: Some(published),
            development_roots: Some(roots),
            ..Collateral::default()
        })
    }
}

/// AMD's: DER in base64.
fn amd_json(ark: &[u8], raw: &RawSnpCollateral) -> Value {
    json!({
        "ark": STANDARD.encode(ark),
        "ask": STANDARD.encode(&raw.ask),
        "crl": STANDARD.encode(&raw.crl),
    })
}

impl DeviceProvider for Simulated {
    fn gpus(&self, nonce: [u8; 32]) -> Result<Vec<DeviceEvidence>, EvidenceError> {
        let gpus = self.gpus.iter();
        Ok(gpus
            .map(|gpu| {
                let authorities = gpu.ca_chain().into_iter().rev();
                DeviceEvidence {
                    certificates: gpu.certificates().into_iter().chain(authorities).collect(),
                    evidence: gpu.evidence(nonce),
                }
            })
            .collect())
    }

    fn development_root(&self) -> Option<Vec<u8>> {
        self.gpus.first().map(SoftGpu::root_der)
    }
}
