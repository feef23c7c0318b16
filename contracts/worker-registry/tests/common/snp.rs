//! A software SNP platform with an image on it.

use std::sync::LazyLock;

use cosmwasm_std::Binary;
use secret_ai_attestation::snp::{snp_image_id_of, Product, RawSnpCollateral, Signer, SnpImage};
use secret_ai_attestation::{workload_digest, Workload};
use secret_ai_attestation_testkit::snp::{SnpMeasurements, SoftSnp};
use secret_ai_interface::registry::{
    CertificateRef, Collateral, CpuEvidence, SnpCollateral, SnpProduct,
};
use secret_ai_interface::{Digest, Hex};

use super::{sha256, Cpu, SEED, START};

/// RSA signatures take their time, so what all tests have in common is made once.
static FIRST: LazyLock<SoftSnp> = LazyLock::new(|| SoftSnp::new(SEED, START));
static ROOT: LazyLock<Vec<u8>> = LazyLock::new(|| FIRST.root_der());
static COLLATERAL: LazyLock<RawSnpCollateral> = LazyLock::new(|| FIRST.collateral());

/// A Genoa platform whose chip signs, if nothing else is said, and what runs on it.
#[derive(Clone)]
pub struct Snp {
    pub soft: SoftSnp,
    pub measurements: SnpMeasurements,
    /// Whether its certificate is named by hash.
    by_hash: bool,
}

impl Cpu for Snp {
    fn evidence(&self, report_data: &[u8; 64]) -> CpuEvidence {
        let report = Binary(self.soft.report(*report_data, &self.measurements));
        let certificate = match self.by_hash {
            true => CertificateRef::Known(self.certificate()),
            false => CertificateRef::Der(Binary(self.soft.vcek_der())),
        };
        CpuEvidence::Snp {
            product: product(self.soft.product),
            report,
            certificate,
        }
    }
}

impl Snp {
    pub fn new() -> Self {
        Snp::of(FIRST.clone())
    }

    /// Its provider signs and hides the chip.
    pub fn vlek() -> Self {
        Snp::of(SoftSnp::of(SEED, START, Product::Genoa, Signer::Vlek))
    }

    fn of(soft: SoftSnp) -> Self {
        Snp {
            soft,
            measurements: SnpMeasurements::default(),
            by_hash: false,
        }
    }

    /// The same image on another chip.
    pub fn other_chip() -> Self {
        let mut snp = Snp::new();
        snp.soft.hwid[0] ^= 1;
        snp.soft.show_chip_id();
        snp
    }

    /// The same, whose certificate is named by hash.
    pub fn by_hash(&self) -> Self {
        Snp {
            by_hash: true,
            ..self.clone()
        }
    }

    /// The development ARK.
    pub fn root() -> Vec<u8> {
        ROOT.clone()
    }

    /// Collateral of the usual platform.
    pub fn collateral() -> Collateral {
        snp_collateral(COLLATERAL.clone())
    }

    /// Collateral of this platform's world.
    pub fn own_collateral(&self) -> Collateral {
        snp_collateral(self.soft.collateral())
    }

    /// SHA-256 of its VCEK or VLEK.
    pub fn certificate(&self) -> Digest {
        sha256(&self.soft.vcek_der())
    }

    pub fn platform(&self) -> Digest {
        Hex(self.soft.chip_hash())
    }

    pub fn image(&self) -> Digest {
        let it = &self.measurements;
        Hex(snp_image_id_of(&SnpImage {
            measurement: &it.measurement,
            vmpl: it.vmpl,
            policy: it.policy,
            family_id: &it.family_id,
            image_id: &it.image_id,
            id_key_digest: &it.id_key_digest,
            author_key_digest: &it.author_key_digest,
        }))
    }

    /// Digest of its host data.
    pub fn workload(&self) -> Digest {
        Hex(workload_digest(&Workload::HostData(
            self.measurements.host_data,
        )))
    }
}

/// The message's form of raw collateral.
pub fn snp_collateral(raw: RawSnpCollateral) -> Collateral {
    Collateral::Snp(Box::new(SnpCollateral {
        product: product(raw.product),
        ask: Binary(raw.ask),
        crl: Binary(raw.crl),
    }))
}

/// The message's name of a product.
pub fn product(product: Product) -> SnpProduct {
    match product {
        Product::Milan => SnpProduct::Milan,
        Product::Genoa => SnpProduct::Genoa,
        Product::Turin => SnpProduct::Turin,
    }
}
