//! Evidence of Intel TDX.

use cosmwasm_std::Storage;
use secret_ai_attestation::{
    certificate_origin, check_policy, image_id, quote_certificate, verify_tdx_quote_and_pck,
    verify_tdx_quote_with, Advisory, Collateral, Origin, Pck, QuoteCertificate, TcbStatus,
    TdxPolicy as VerifierPolicy, VerifiedTdx,
};
use secret_ai_interface::registry::TdxPolicy;
use secret_ai_interface::Hex;

use super::workload::Measured;
use super::Cpu;
use crate::certificates::{self, Fresh};
use crate::collateral::{check_size, tdx_load};
use crate::error::ContractError;
use crate::state::Tee;

/// Most bytes of a quote.
const MAX_QUOTE: usize = 16_384;

/// The quote, if it is genuine under what is stored for its platform and policy accepts it.
pub fn verify(
    storage: &dyn Storage,
    policy: &TdxPolicy,
    quote: &[u8],
    now: u64,
) -> Result<Cpu, ContractError> {
    check_size("quote", quote, MAX_QUOTE)?;
    let (verified, fresh) = genuine(storage, policy, quote, now)?;
    check_policy(&verified, &verifier_policy(policy), now)?;
    let [_, _, _, rtmr3] = verified.rtmr;
    Ok(Cpu {
        tee: Tee::Tdx,
        image: Hex(image_id(&verified)),
        platform: Hex(verified.ppid_hash),
        platform_is_one: true,
        tcb_status: verified.tcb_status as u8,
        report_data: verified.report_data,
        measured: Measured::Rtmr3(rtmr3),
        valid_until: verified.valid_until,
        fresh,
    })
}

/// The quote, and its PCK certificate if that was not known before.
fn genuine(
    storage: &dyn Storage,
    policy: &TdxPolicy,
    quote: &[u8],
    now: u64,
) -> Result<(VerifiedTdx, Option<Fresh>), ContractError> {
    let der = match quote_certificate(quote)? {
        QuoteCertificate::Der(der) => der,
        QuoteCertificate::Known(sha256) => {
            let pck: Pck = certificates::known(storage, &Hex(sha256))?;
            let collateral = load(storage, &pck.origin(), policy, now)?;
            return Ok((verify_tdx_quote_with(quote, &pck, &collateral, now)?, None));
        }
    };
    let origin = certificate_origin(&der)?;
    let collateral = load(storage, &origin, policy, now)?;
    #[cfg(feature = "host-dcap")]
    if crate::host_path::vouches(storage, &origin, quote) {
        let verified = secret_ai_attestation::check_tdx_quote(quote, &collateral, now)?;
        return Ok((verified, None));
    }
    let (verified, pck) = verify_tdx_quote_and_pck(quote, &collateral, now)?;
    Ok((verified, Some(Fresh::new(&pck)?)))
}

/// Collateral for platforms of this origin that is young enough.
fn load(
    storage: &dyn Storage,
    origin: &Origin,
    policy: &TdxPolicy,
    now: u64,
) -> Result<Collateral, ContractError> {
    let stored = tdx_load(storage, origin, policy)?;
    let stored = stored.ok_or(ContractError::CollateralUnknown(
        Hex(origin.fmspc).to_string(),
    ))?;
    stored.check_age(now, policy.max_collateral_age_s)?;
    Ok(stored)
}

fn verifier_policy(policy: &TdxPolicy) -> VerifierPolicy {
    let (hardening, configuration) = (
        policy.allow_sw_hardening_needed,
        policy.allow_configuration_needed,
    );
    let allowed = [
        (hardening, TcbStatus::SwHardeningNeeded),
        (configuration, TcbStatus::ConfigurationNeeded),
        (
            hardening && configuration,
            TcbStatus::ConfigurationAndSwHardeningNeeded,
        ),
    ];
    let denied = policy.denied_advisories.iter();
    VerifierPolicy {
        allowed: allowed
            .iter()
            .filter(|(on, _)| *on)
            .map(|(_, status)| *status)
            .collect(),
        out_of_date_grace: policy.out_of_date_grace_s,
        denied_advisories: denied.map(|id| Advisory::from_id(id)).collect(),
        min_tcb_evaluation_number: policy.min_tcb_evaluation_number,
    }
}
