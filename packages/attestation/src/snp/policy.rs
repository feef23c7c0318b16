//! What policies differ on, and the name of what was launched.

use super::{Product, Signer, SnpError, Tcb, VerifiedSnp};
use crate::binding::tagged;
use crate::crypto::sha256;
use crate::error::Error;

const POLICY_SMT: u64 = 1 << 16;

/// What is accepted of genuine reports. The default accepts nothing: it has no least TCB.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SnpPolicy {
    /// Accept guests that may run with simultaneous multithreading.
    pub allow_smt: bool,
    /// Accept reports signed by a cloud provider's key instead of the chip's.
    pub allow_vlek: bool,
    /// Accept reports of version 2, which do not name the processor.
    pub allow_version_2: bool,
    /// Least reported TCB; a product that is not here is refused, one that is here twice must meet
    /// both.
    pub min_tcb: Vec<(Product, Tcb)>,
}

/// Judges a genuine report.
///
/// # Errors
/// The first rule that the report breaks.
pub fn check_snp_policy(report: &VerifiedSnp, policy: &SnpPolicy) -> Result<(), Error> {
    if report.version < 3 && !policy.allow_version_2 {
        return Err(SnpError::PolicyVersion.into());
    }
    if report.signer == Signer::Vlek && !policy.allow_vlek {
        return Err(SnpError::PolicyVlek.into());
    }
    if report.policy & POLICY_SMT != 0 && !policy.allow_smt {
        return Err(SnpError::PolicySmt(report.policy).into());
    }
    let mut minimums = policy
        .min_tcb
        .iter()
        .filter(|(product, _)| *product == report.product)
        .peekable();
    if minimums.peek().is_none() {
        return Err(SnpError::PolicyNoMinimum(report.product).into());
    }
    // What a guest was launched under counts as well: old firmware may have let its memory be changed.
    for (_, need) in minimums {
        for have in [report.reported_tcb, report.launch_tcb] {
            if !have.at_least(need) {
                let need = *need;
                return Err(SnpError::PolicyMinTcb { have, need }.into());
            }
        }
    }
    Ok(())
}

/// What identifies an image: what was launched, under which guest policy, at which privilege level it
/// asks for reports, and who vouched for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnpImage<'a> {
    pub measurement: &'a [u8; 48],
    pub vmpl: u32,
    pub policy: u64,
    pub family_id: &'a [u8; 16],
    pub image_id: &'a [u8; 16],
    pub id_key_digest: &'a [u8; 48],
    pub author_key_digest: &'a [u8; 48],
}

/// Identity of the image that a report shows, without its workload (host data).
///
/// SHA-256(`secret-ai/snp-image/1` ‖ 00 ‖ measurement 48 ‖ VMPL u32 ‖ guest policy u64 ‖ family id 16 ‖
/// image id 16 ‖ id key digest 48 ‖ author key digest 48), integers little-endian as in the report.
pub fn snp_image_id(report: &VerifiedSnp) -> [u8; 32] {
    snp_image_id_of(&SnpImage {
        measurement: &report.measurement,
        vmpl: report.vmpl,
        policy: report.policy,
        family_id: &report.family_id,
        image_id: &report.image_id,
        id_key_digest: &report.id_key_digest,
        author_key_digest: &report.author_key_digest,
    })
}

/// [`snp_image_id`] from its parts.
pub fn snp_image_id_of(image: &SnpImage<'_>) -> [u8; 32] {
    sha256(&tagged(
        "secret-ai/snp-image/1",
        &[
            image.measurement,
            &image.vmpl.to_le_bytes(),
            &image.policy.to_le_bytes(),
            image.family_id,
            image.image_id,
            image.id_key_digest,
            image.author_key_digest,
        ],
    ))
}
