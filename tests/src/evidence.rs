//! Evidence of simulated TEEs and GPUs, made as the agent makes it.

use cosmwasm_std::Binary;
use secret_ai_attestation::gpu::pack;
use secret_ai_attestation::snp::{snp_image_id_of, RawSnpCollateral, SnpImage};
use secret_ai_attestation::{
    compact, compact_known, gpu_nonce, image_id_of, registration_digest, report_data, Device,
    DeviceKind, RawCollateral, Registration,
};
use secret_ai_attestation_testkit::gpu::SoftGpu;
use secret_ai_attestation_testkit::snp::{SnpMeasurements, SoftSnp};
use secret_ai_attestation_testkit::{Measurements, SoftTee};
use secret_ai_interface::registry::{
    Attestation, CertificateRef, Collateral, CpuEvidence, DevelopmentRoots, DeviceCertificates,
    GpuEvidence, GpuReport, SnpCollateral, SnpProduct, TdxCollateral,
};
use secret_ai_interface::Hex;
use secret_ai_receipts::{public_key, sha256, SigningKey};

/// Seed of the development TEEs of demo and tests; public, worth nothing.
pub const SEED: [u8; 32] = [0x5a; 32];

/// One simulated platform of each technology, with the roots above them.
pub struct World {
    pub tdx: SoftTee,
    pub snp: SoftSnp,
    pub gpus: Vec<SoftGpu>,
}

/// Which technology a claim's CPU is of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Cpu {
    Tdx,
    Snp,
}

/// How a claim brings its certificates.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Certificates {
    /// As a vendor's tools do: PEM chain in a TDX quote.
    Full,
    /// Those that the registry does not know yet.
    Fresh,
    /// By hash.
    Known,
}

/// What a worker claims.
#[derive(Clone, Copy)]
pub struct Claim<'a> {
    pub key: &'a SigningKey,
    pub chain_id: &'a str,
    pub registry: &'a str,
    pub operator: &'a str,
    pub challenge: &'a [u8; 32],
    pub cpu: Cpu,
    /// How many of the world's GPUs, the first ones.
    pub gpus: usize,
    pub certificates: Certificates,
    /// Whether the GPUs were staged, at places 0 and following.
    pub staged: bool,
}

impl World {
    /// Certificates and collateral hold from about `now`, Unix seconds.
    pub fn new(now: u64) -> Self {
        World {
            tdx: SoftTee::new(SEED, now),
            snp: SoftSnp::new(SEED, now),
            gpus: (0..8).map(|number| SoftGpu::new(SEED, number)).collect(),
        }
    }

    /// What a registry must be instantiated with to take this world's evidence.
    pub fn roots(&self) -> DevelopmentRoots {
        DevelopmentRoots {
            tdx: Some(Binary(self.tdx.root_der())),
            snp: Some(Binary(self.snp.root_der())),
            nvidia: self.gpus.first().map(|gpu| Binary(gpu.root_der())),
        }
    }

    /// NVIDIA's authorities of this world.
    pub fn nvidia_collateral(&self) -> Collateral {
        Collateral::Nvidia {
            issuer: None,
            certificates: binaries(self.gpus[0].ca_chain()),
        }
    }

    /// The golden set that this world's GPUs show, in stored form.
    pub fn golden(&self) -> Binary {
        Binary(self.gpus[0].golden().encode().expect("a golden set"))
    }

    /// One GPU's report for a nonce.
    pub fn gpu_report(&self, number: usize, nonce: [u8; 32], form: Certificates) -> GpuReport {
        let gpu = &self.gpus[number];
        let (golden, evidence) = (gpu.golden(), gpu.evidence(nonce));
        let chain = gpu.certificates();
        let issuer = gpu.ca_chain().pop().expect("authorities");
        GpuReport {
            golden: Hex(golden.id()),
            evidence: Binary(pack(&evidence, &golden).expect("own evidence")),
            certificates: match form {
                Certificates::Known => DeviceCertificates::Known(Hex(sha256(&chain[0]))),
                _ => DeviceCertificates::Der {
                    certificates: binaries(chain),
                    issuer: Hex(sha256(&issuer)),
                },
            },
        }
    }

    /// A worker's claim with fresh evidence.
    pub fn attest(&self, claim: Claim) -> Attestation {
        let receipt_pk = public_key(claim.key);
        let registration = Registration {
            chain_id: claim.chain_id,
            registry: claim.registry,
            operator: claim.operator,
            receipt_pk: &receipt_pk,
            tls_spki_sha256: &[0; 32],
            e2ee_pk: &[0xe2; 32],
            challenge: claim.challenge,
            class: (claim.gpus as u8) << 4,
        };
        let nonce = gpu_nonce(&registration).expect("fixed-length fields");
        let devices: Vec<Device> = self.gpus[..claim.gpus]
            .iter()
            .map(|gpu| Device {
                kind: DeviceKind::Gpu,
                leaf_sha256: sha256(&gpu.certificates()[0]),
                evidence_sha256: sha256(&gpu.evidence(nonce)),
            })
            .collect();
        let data = report_data(&registration, &devices).expect("fixed-length fields");
        let digest = registration_digest(claim.challenge, claim.operator).expect("an operator");
        let (signature, _) = claim.key.sign_prehash_recoverable(&digest);
        let gpu = |number: usize| match claim.staged {
            true => GpuEvidence::Staged(number as u8),
            false => {
                let report = self.gpu_report(number, nonce, claim.certificates);
                GpuEvidence::Report(Box::new(report))
            }
        };
        Attestation {
            receipt_pk: Hex(receipt_pk),
            tls_spki_sha256: Hex([0; 32]),
            e2ee_pk: Hex([0xe2; 32]),
            class: registration.class,
            cpu: self.cpu(&claim, data),
            workload: None,
            gpus: (0..claim.gpus).map(gpu).collect(),
            signature: Binary(signature.normalize_s().to_bytes().to_vec()),
        }
    }

    fn cpu(&self, claim: &Claim, report_data: [u8; 64]) -> CpuEvidence {
        match claim.cpu {
            Cpu::Tdx => {
                let quote = self.tdx.quote(report_data, &Measurements::default());
                let quote = match claim.certificates {
                    Certificates::Full => quote,
                    Certificates::Fresh => compact(&quote).expect("own quote"),
                    Certificates::Known => compact_known(&quote).expect("own quote"),
                };
                CpuEvidence::Tdx {
                    quote: Binary(quote),
                }
            }
            Cpu::Snp => {
                let vcek = self.snp.vcek_der();
                CpuEvidence::Snp {
                    product: SnpProduct::Genoa,
                    report: Binary(self.snp.report(report_data, &SnpMeasurements::default())),
                    certificate: match claim.certificates {
                        Certificates::Known => CertificateRef::Known(Hex(sha256(&vcek))),
                        _ => CertificateRef::Der(Binary(vcek)),
                    },
                }
            }
        }
    }
}

fn binaries(chain: Vec<Vec<u8>>) -> Vec<Binary> {
    chain.into_iter().map(Binary).collect()
}

/// Intel's collateral in the form that the registry takes.
pub fn collateral(raw: RawCollateral) -> Collateral {
    Collateral::Tdx(Box::new(TdxCollateral {
        root_ca_crl: Binary(raw.root_ca_crl),
        pck_crl: Binary(raw.pck_crl),
        pck_crl_issuer_chain: binaries(raw.pck_crl_issuer_chain),
        tcb_info: Binary(raw.tcb_info),
        tcb_info_signature: Binary(raw.tcb_info_signature.to_vec()),
        tcb_signing_chain: binaries(raw.tcb_info_issuer_chain),
        qe_identity: Binary(raw.qe_identity),
        qe_identity_signature: Binary(raw.qe_identity_signature.to_vec()),
    }))
}

/// AMD's collateral for a product in the form that the registry takes.
pub fn snp_collateral(product: SnpProduct, raw: RawSnpCollateral) -> Collateral {
    Collateral::Snp(Box::new(SnpCollateral {
        product,
        ask: Binary(raw.ask),
        crl: Binary(raw.crl),
    }))
}

/// Image id of what the simulated TDX platform measures.
pub fn image() -> Hex<32> {
    let m = Measurements::default();
    let [rtmr0, rtmr1, rtmr2, _] = &m.rtmr;
    Hex(image_id_of(
        &m.mr_td,
        [rtmr0, rtmr1, rtmr2],
        &m.xfam,
        &m.td_attributes,
    ))
}

/// Image id of what the simulated SEV-SNP platform measures.
pub fn snp_image() -> Hex<32> {
    let m = SnpMeasurements::default();
    Hex(snp_image_id_of(&SnpImage {
        measurement: &m.measurement,
        vmpl: m.vmpl,
        policy: m.policy,
        family_id: &m.family_id,
        image_id: &m.image_id,
        id_key_digest: &m.id_key_digest,
        author_key_digest: &m.author_key_digest,
    }))
}
