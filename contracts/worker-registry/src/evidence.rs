//! What evidence must show, in the order in which it is checked: what costs little comes first.
//!
//! 1. sizes and class;
//! 2. an open challenge of this operator and key, given for this TLS key;
//! 3. the receipt key's signature over challenge and operator;
//! 4. the quote is genuine under the collateral that is stored for its platform;
//! 5. its TCB status is one that policy accepts;
//! 6. its report data binds operator, keys, challenge, registry and chain;
//! 7. its image and workload are approved;
//! 8. its platform is not revoked.
//!
//! What depends on other workers (key used before, seats on the platform, what a renewal must not
//! change) is checked by the messages.

use cosmwasm_std::{Addr, Deps, Env};
use secret_ai_attestation::{
    check_policy, check_report_data, image_id, registration_digest, verify_tdx_quote, Registration,
    TcbStatus, TdxPolicy, VerifiedTdx,
};
use secret_ai_interface::registry::{Attestation, Policy};
use secret_ai_interface::{Digest, Hex};
use secret_ai_receipts::is_low_s;

use crate::error::ContractError;
use crate::origin::Origin;
use crate::state::{platform_standing, Config};
use crate::{challenge, collateral, images};

/// Most bytes of a quote.
const MAX_QUOTE: usize = 16_384;
/// Bit 0 of a class: the worker has confidential GPUs.
const CLASS_GPU: u8 = 1;
/// Seconds for which collateral may be used after its oldest part was issued. Intel's says that it
/// holds for 30 days.
const MAX_COLLATERAL_AGE: u64 = 30 * 86_400;

/// What evidence showed.
pub struct Shown {
    pub image: Digest,
    pub platform: Digest,
    pub tcb_status: TcbStatus,
    /// End of the lease: the policy's length, cut by collateral and certificates.
    pub lease_until: u64,
}

/// Checks all of the above for evidence that `operator` sent.
pub fn check(
    deps: Deps,
    env: &Env,
    config: &Config,
    operator: &Addr,
    attestation: &Attestation,
) -> Result<Shown, ContractError> {
    let now = env.block.time.seconds();
    let Attestation {
        receipt_pk,
        tls_spki_sha256,
        e2ee_pk,
        class,
        ..
    } = attestation;
    check_class(*class)?;
    let quote = attestation.tdx_quote.as_slice();
    if quote.len() > MAX_QUOTE {
        let (field, have) = ("tdx_quote", quote.len());
        return Err(ContractError::Length {
            field,
            have,
            min: 1,
            max: MAX_QUOTE,
        });
    }
    let challenge = challenge::open(deps.storage, now, operator, receipt_pk, tls_spki_sha256)?;
    let registration = Registration {
        chain_id: &env.block.chain_id,
        registry: env.contract.address.as_str(),
        operator: operator.as_str(),
        receipt_pk: &receipt_pk.0,
        tls_spki_sha256: &tls_spki_sha256.0,
        e2ee_pk: &e2ee_pk.0,
        challenge: &challenge.0,
        class: *class,
    };
    check_receipt_key(deps, &registration, &attestation.signature)?;
    let verified = verify(deps, quote, now)?;
    check_policy(&verified, &tdx_policy(&config.policy), now)?;
    check_report_data(&verified.report_data, &registration, &[])?;

    let image = Hex(image_id(&verified));
    let [_, _, _, rtmr3] = verified.rtmr;
    images::check_usable(deps.storage, &image, &Hex(rtmr3))?;
    let platform = Hex(verified.ppid_hash);
    platform_standing(deps.storage, &platform)?.check_active("platform")?;
    Ok(Shown {
        image,
        platform,
        tcb_status: verified.tcb_status,
        lease_until: now.saturating_add(config.lease_s).min(verified.valid_until),
    })
}

fn check_class(class: u8) -> Result<(), ContractError> {
    match class {
        0 => Ok(()),
        CLASS_GPU => Err(ContractError::GpuUnsupported(class)),
        _ => Err(ContractError::Class(class)),
    }
}

/// The receipt key wants this registration, too: nobody registers the key of another.
fn check_receipt_key(
    deps: Deps,
    registration: &Registration,
    signature: &[u8],
) -> Result<(), ContractError> {
    let refused = ContractError::ReceiptSignature;
    let digest = registration_digest(registration.challenge, registration.operator)?;
    let low_s = <&[u8; 64]>::try_from(signature).is_ok_and(is_low_s);
    let verified = low_s
        && deps
            .api
            .secp256k1_verify(&digest, signature, registration.receipt_pk)
            .unwrap_or(false);
    verified.then_some(()).ok_or(refused)
}

/// The quote, if it is genuine under what is stored for its platform.
fn verify(deps: Deps, quote: &[u8], now: u64) -> Result<VerifiedTdx, ContractError> {
    let origin = Origin::of_quote(quote)?;
    let stored = collateral::load(deps.storage, &origin)?;
    let stored = stored.ok_or(ContractError::CollateralUnknown(Hex(origin.fmspc)))?;
    stored.check_age(now, MAX_COLLATERAL_AGE)?;
    Ok(verify_tdx_quote(quote, &stored, now)?)
}

fn tdx_policy(policy: &Policy) -> TdxPolicy {
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
    TdxPolicy {
        allowed: allowed
            .iter()
            .filter(|(on, _)| *on)
            .map(|(_, status)| *status)
            .collect(),
        ..TdxPolicy::default()
    }
}
