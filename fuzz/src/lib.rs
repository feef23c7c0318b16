//! What the fuzz targets share: the development roots and what was verified under them, made once per
//! process from a fixed seed and time.

use std::sync::LazyLock;

use secret_ai_attestation::gpu::{
    verify_gpu_certificates, verify_nvidia_ca, GoldenSet, GpuLeaf, NvidiaCa, NvidiaIssuer,
    NvidiaRoot,
};
use secret_ai_attestation::nras::{verify_nras_key, NrasKey, NrasRoot};
use secret_ai_attestation::snp::{
    verify_endorsement, verify_snp_collateral, Endorsement, RawSnpCollateral, SnpCollateral,
    SnpRoot,
};
use secret_ai_attestation::{verify_collateral, Collateral, RawCollateral, TrustRoot};
use secret_ai_attestation_testkit::gpu::SoftGpu;
use secret_ai_attestation_testkit::nras::SoftNras;
use secret_ai_attestation_testkit::snp::SoftSnp;
use secret_ai_attestation_testkit::SoftTee;

/// Everything is minted from this seed.
pub const SEED: [u8; 32] = [7; 32];
/// 2026-09-21, Unix seconds.
pub const NOW: u64 = 1_790_000_000;
/// Nonce of GPU reports and NRAS tokens.
pub const NONCE: [u8; 32] = [0x42; 32];
/// Report data of quotes and SNP reports.
pub const REPORT_DATA: [u8; 64] = [0x5a; 64];

/// A TDX platform under a development root.
pub struct Tdx {
    pub tee: SoftTee,
    pub root: Vec<u8>,
    pub raw: RawCollateral,
    pub collateral: Collateral,
}

/// The TDX platform whose evidence the seeds are.
pub static TDX: LazyLock<Tdx> = LazyLock::new(|| {
    let tee = SoftTee::new(SEED, NOW);
    let root = tee.root_der();
    let trusted = TrustRoot::from_der(&root).expect("a minted root");
    let raw = tee.collateral();
    let collateral = verify_collateral(&raw, &trusted, NOW).expect("minted collateral");
    Tdx {
        tee,
        root,
        raw,
        collateral,
    }
});

/// An SEV-SNP platform under a development root.
pub struct Snp {
    pub soft: SoftSnp,
    pub root: Vec<u8>,
    pub raw: RawSnpCollateral,
    pub vcek: Vec<u8>,
    pub collateral: SnpCollateral,
    pub endorsement: Endorsement,
}

/// The SEV-SNP platform whose evidence the seeds are.
pub static SNP: LazyLock<Snp> = LazyLock::new(|| {
    let soft = SoftSnp::new(SEED, NOW);
    let root = soft.root_der();
    let trusted = SnpRoot::from_der(&root).expect("a minted root");
    let (raw, vcek) = (soft.collateral(), soft.vcek_der());
    let collateral = verify_snp_collateral(&raw, &trusted, NOW).expect("minted collateral");
    let endorsement = verify_endorsement(&vcek, &collateral, NOW).expect("a minted VCEK");
    Snp {
        soft,
        root,
        raw,
        vcek,
        collateral,
        endorsement,
    }
});

/// A GPU under a development root.
pub struct Gpu {
    pub soft: SoftGpu,
    pub root: Vec<u8>,
    pub certificates: Vec<Vec<u8>>,
    pub golden: GoldenSet,
    pub ca: NvidiaCa,
    pub leaf: GpuLeaf,
}

/// The GPU whose evidence the seeds are.
pub static GPU: LazyLock<Gpu> = LazyLock::new(|| {
    let soft = SoftGpu::new(SEED, 0);
    let root = soft.root_der();
    let trusted = NvidiaRoot::from_der(&root).expect("a minted root");
    let mut ca: Option<NvidiaCa> = None;
    for der in soft.ca_chain() {
        let issuer = ca
            .as_ref()
            .map_or(NvidiaIssuer::Root(&trusted), NvidiaIssuer::Ca);
        let next = verify_nvidia_ca(&der, issuer, NOW).expect("a minted authority");
        ca = Some(next);
    }
    let ca = ca.expect("a chain of authorities");
    let certificates = soft.certificates();
    let chain: Vec<&[u8]> = certificates.iter().map(Vec::as_slice).collect();
    let leaf = verify_gpu_certificates(&chain, &ca, NOW).expect("minted certificates");
    Gpu {
        golden: soft.golden(),
        soft,
        root,
        certificates,
        ca,
        leaf,
    }
});

/// An attestation service under a development root.
pub struct Nras {
    pub soft: SoftNras,
    pub root: Vec<u8>,
    pub key: NrasKey,
}

/// The attestation service whose tokens the seeds are.
pub static NRAS: LazyLock<Nras> = LazyLock::new(|| {
    let soft = SoftNras::new(SEED, NOW);
    let root = soft.root_der();
    let trusted = NrasRoot::from_der(&root).expect("a minted root");
    let key = verify_nras_key(&soft.leaf_der(), &trusted, NOW).expect("a minted certificate");
    Nras { soft, root, key }
});

/// Splits the input into `N` parts, each but the last after two bytes of its length.
pub fn parts<const N: usize>(mut data: &[u8]) -> [&[u8]; N] {
    let mut parts = [&[][..]; N];
    for (index, part) in parts.iter_mut().enumerate() {
        let length = match data.split_first_chunk::<2>() {
            Some((length, rest)) if index + 1 < N => {
                data = rest;
                usize::from(u16::from_be_bytes(*length)).min(data.len())
            }
            _ => data.len(),
        };
        (*part, data) = data.split_at(length);
    }
    parts
}

/// Joins what [`parts`] splits.
pub fn join(parts: &[&[u8]]) -> Vec<u8> {
    let mut data = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        if index + 1 < parts.len() {
            let length = u16::try_from(part.len()).expect("a seed's parts are below 64 KiB");
            data.extend_from_slice(&length.to_be_bytes());
        }
        data.extend_from_slice(part);
    }
    data
}
