//! A software TEE with an image in it.

use cosmwasm_std::Binary;
use secret_ai_attestation::{
    compact_known, expected_rtmr3, image_id_of, workload_digest, RawCollateral, Workload,
};
use secret_ai_attestation_testkit::{Measurements, SoftTee};
use secret_ai_interface::registry::{CpuEvidence, TdxCollateral};
use secret_ai_interface::{Digest, Hex};

use super::{sha256, Cpu, START};

/// From which all development roots of these tests follow.
pub const SEED: [u8; 32] = [1; 32];
const MONTH: u64 = 30 * 86_400;

/// A platform of the kind that all have in common, and what runs on it.
#[derive(Clone)]
pub struct Tee {
    pub soft: SoftTee,
    pub measurements: Measurements,
    /// Whether its quotes name the PCK certificate by hash.
    by_hash: bool,
}

impl Cpu for Tee {
    fn evidence(&self, report_data: &[u8; 64]) -> CpuEvidence {
        CpuEvidence::Tdx {
            quote: Binary(self.quote(report_data)),
        }
    }
}

impl Tee {
    pub fn new() -> Self {
        Tee {
            soft: SoftTee::new(SEED, START),
            measurements: Measurements::default(),
            by_hash: false,
        }
    }

    /// The same, whose quotes name the PCK certificate by hash.
    pub fn by_hash(&self) -> Self {
        Tee {
            by_hash: true,
            ..self.clone()
        }
    }

    /// The usual platform and image with this workload in it.
    pub fn running(workload: &Workload) -> Self {
        let mut tee = Tee::new();
        tee.measurements.rtmr[3] = expected_rtmr3(workload).unwrap();
        tee
    }

    /// The same image elsewhere.
    pub fn other_platform() -> Self {
        let mut tee = Tee::new();
        tee.soft.platform.ppid = [0x77; 16];
        tee
    }

    /// Another image on the same platform.
    pub fn other_image() -> Self {
        let mut tee = Tee::new();
        tee.measurements.mr_td = [0xaa; 48];
        tee
    }

    /// A platform that Intel says needs hardening by software.
    pub fn needs_hardening() -> Self {
        let mut tee = Tee::new();
        tee.soft.tcb_info.levels[0].status = "SWHardeningNeeded";
        tee
    }

    pub fn root(&self) -> Vec<u8> {
        self.soft.root_der()
    }

    pub fn image(&self) -> Digest {
        let Measurements {
            mr_td,
            rtmr: [r0, r1, r2, _],
            xfam,
            td_attributes,
            ..
        } = &self.measurements;
        Hex(image_id_of(mr_td, [r0, r1, r2], xfam, td_attributes))
    }

    pub fn rtmr3(&self) -> Hex<48> {
        Hex(self.measurements.rtmr[3])
    }

    /// Digest of its workload, if nobody says what it is made of.
    pub fn workload(&self) -> Digest {
        Hex(workload_digest(&Workload::Rtmr3(self.measurements.rtmr[3])))
    }

    /// SHA-256 of its PCK certificate.
    pub fn pck(&self) -> Digest {
        sha256(&self.soft.pck_der())
    }

    pub fn platform(&self) -> Digest {
        Hex(self.soft.ppid_hash())
    }

    pub fn quote(&self, report_data: &[u8; 64]) -> Vec<u8> {
        let quote = self.soft.quote(*report_data, &self.measurements);
        match self.by_hash {
            true => compact_known(&quote).unwrap(),
            false => quote,
        }
    }

    /// Collateral issued at `issued`, for 30 days.
    pub fn collateral(&self, issued: u64) -> TdxCollateral {
        self.collateral_numbered(issued, self.soft.tcb_info.evaluation_number)
    }

    /// The same of another TCB evaluation number.
    pub fn collateral_numbered(&self, issued: u64, number: u32) -> TdxCollateral {
        let mut soft = self.soft.clone();
        soft.tcb_info.evaluation_number = number;
        soft.qe_identity.evaluation_number = number;
        let until = issued + MONTH;
        soft.crl_validity = (issued, until);
        (soft.tcb_info.issued, soft.tcb_info.next_update) = (issued, until);
        (soft.qe_identity.issued, soft.qe_identity.next_update) = (issued, until);
        tdx_collateral(soft.collateral())
    }
}

/// The message's form of raw collateral.
pub fn tdx_collateral(raw: RawCollateral) -> TdxCollateral {
    let chain = |chain: Vec<Vec<u8>>| chain.into_iter().map(Binary).collect();
    TdxCollateral {
        root_ca_crl: Binary(raw.root_ca_crl),
        pck_crl: Binary(raw.pck_crl),
        pck_crl_issuer_chain: chain(raw.pck_crl_issuer_chain),
        tcb_info: Binary(raw.tcb_info),
        tcb_info_signature: Binary(raw.tcb_info_signature.to_vec()),
        tcb_signing_chain: chain(raw.tcb_info_issuer_chain),
        qe_identity: Binary(raw.qe_identity),
        qe_identity_signature: Binary(raw.qe_identity_signature.to_vec()),
    }
}
