//! Evidence of AMD SEV-SNP.

use cosmwasm_std::Storage;
use secret_ai_attestation::snp::{
    check_snp_policy, report_signer, snp_image_id, verify_endorsement, verify_snp_report,
    Endorsement, SnpPolicy as VerifierPolicy, Tcb,
};
use secret_ai_attestation::TcbStatus;
use secret_ai_interface::registry::{CertificateRef, SnpMinTcb, SnpPolicy, SnpProduct};
use secret_ai_interface::Hex;

use super::workload::Measured;
use super::Cpu;
use crate::certificates::{self, Fresh};
use crate::collateral::{check_size, product, snp_load, MAX_CERTIFICATE};
use crate::error::ContractError;
use crate::state::Tee;

/// The report, if it is genuine under what is stored for its product and policy accepts it.
pub fn verify(
    storage: &dyn Storage,
    policy: &SnpPolicy,
    sent_product: SnpProduct,
    report: &[u8],
    certificate: &CertificateRef,
    now: u64,
) -> Result<Cpu, ContractError> {
    let product = product(sent_product);
    let stored = snp_load(storage, product, report_signer(report)?)?;
    let collateral = stored.ok_or(ContractError::CollateralUnknown(product.name().into()))?;
    collateral.check_age(now, policy.max_crl_age_s)?;
    let (endorsement, fresh): (Endorsement, _) = match certificate {
        CertificateRef::Known(sha256) => (certificates::known(storage, sha256)?, None),
        CertificateRef::Der(der) => {
            check_size("certificate", der, MAX_CERTIFICATE)?;
            let endorsement = verify_endorsement(der, &collateral, now)?;
            let fresh = Fresh::new(&endorsement)?;
            (endorsement, Some(fresh))
        }
    };
    let verified = verify_snp_report(report, &endorsement, &collateral, now)?;
    check_snp_policy(&verified, &verifier_policy(policy))?;
    Ok(Cpu {
        tee: Tee::Snp,
        image: Hex(snp_image_id(&verified)),
        platform: Hex(verified.platform_hash),
        platform_is_one: verified.chip_id != [0; 64],
        tcb_status: TcbStatus::UpToDate as u8,
        report_data: verified.report_data,
        measured: Measured::HostData(verified.host_data),
        valid_until: verified.valid_until,
        fresh,
    })
}

fn verifier_policy(policy: &SnpPolicy) -> VerifierPolicy {
    let least = |min: &SnpMinTcb| Tcb {
        fmc: min.fmc,
        boot_loader: min.boot_loader,
        tee: min.tee,
        snp: min.snp,
        microcode: min.microcode,
    };
    VerifierPolicy {
        allow_smt: policy.allow_smt,
        allow_vlek: policy.allow_vlek,
        allow_version_2: policy.allow_version_2,
        min_tcb: policy
            .min_tcb
            .iter()
            .map(|min| (product(min.product), least(min)))
            .collect(),
    }
}
