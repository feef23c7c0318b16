//! The policy as it is stored: fixed size, so that reading it costs the same whatever it says.

use cosmwasm_std::{StdError, StdResult};
use secret_ai_attestation::Advisory;
use secret_ai_contract_kit::row::{Reader, Writer};
use secret_ai_interface::registry::{Policy, SnpMinTcb, SnpPolicy, SnpProduct, TdxPolicy};

/// Most advisories that a policy denies.
pub const MAX_ADVISORIES: usize = 32;
const PRODUCTS: [SnpProduct; 3] = [SnpProduct::Milan, SnpProduct::Genoa, SnpProduct::Turin];

/// Bytes of a policy.
pub const POLICY_SIZE: usize = TDX_SIZE + SNP_SIZE + 4 + 1 + 8;
const TDX_SIZE: usize = 2 + 8 + 1 + 4 * MAX_ADVISORIES + 4 + 5 + 8;
const SNP_SIZE: usize = 3 + 8 + 6 * PRODUCTS.len();

pub fn write_policy(policy: &Policy, out: &mut Writer) {
    write_tdx(&policy.tdx, out);
    write_snp(&policy.snp, out);
    out.u32(policy.max_workers_per_platform);
    out.bool(policy.known_platforms_only);
    out.u64(policy.heartbeat_s);
}

pub fn read_policy(from: &mut Reader) -> StdResult<Policy> {
    Ok(Policy {
        tdx: read_tdx(from)?,
        snp: read_snp(from)?,
        max_workers_per_platform: from.u32()?,
        known_platforms_only: from.bool()?,
        heartbeat_s: from.u64()?,
    })
}

fn write_tdx(policy: &TdxPolicy, out: &mut Writer) {
    out.bool(policy.allow_sw_hardening_needed);
    out.bool(policy.allow_configuration_needed);
    out.u64(policy.out_of_date_grace_s);
    let denied = policy.denied_advisories.iter().take(MAX_ADVISORIES);
    out.u8(u8::try_from(denied.len()).unwrap_or(u8::MAX));
    let free = MAX_ADVISORIES
        .saturating_sub(denied.len())
        .saturating_mul(4);
    for id in denied {
        out.bytes(&Advisory::from_id(id).to_bytes());
    }
    out.zeros(free);
    out.u32(policy.min_tcb_evaluation_number);
    out.bool(policy.max_tcb_evaluation_number.is_some());
    out.u32(policy.max_tcb_evaluation_number.unwrap_or(0));
    out.u64(policy.max_collateral_age_s);
}

fn read_tdx(from: &mut Reader) -> StdResult<TdxPolicy> {
    let allow_sw_hardening_needed = from.bool()?;
    let allow_configuration_needed = from.bool()?;
    let out_of_date_grace_s = from.u64()?;
    let count = usize::from(from.u8()?);
    let mut denied_advisories = Vec::with_capacity(count);
    for place in 0..MAX_ADVISORIES {
        let bytes = from.array()?;
        if place < count {
            denied_advisories.push(Advisory::from_bytes(bytes).to_string());
        }
    }
    Ok(TdxPolicy {
        allow_sw_hardening_needed,
        allow_configuration_needed,
        out_of_date_grace_s,
        denied_advisories,
        min_tcb_evaluation_number: from.u32()?,
        max_tcb_evaluation_number: {
            let (limited, number) = (from.bool()?, from.u32()?);
            limited.then_some(number)
        },
        max_collateral_age_s: from.u64()?,
    })
}

/// A place for each product, whose first byte says whether the policy names it.
fn write_snp(policy: &SnpPolicy, out: &mut Writer) {
    out.bool(policy.allow_smt);
    out.bool(policy.allow_vlek);
    out.bool(policy.allow_version_2);
    out.u64(policy.max_crl_age_s);
    for product in PRODUCTS {
        match policy.min_tcb.iter().find(|min| min.product == product) {
            Some(min) => out.bytes(&[1, min.fmc, min.boot_loader, min.tee, min.snp, min.microcode]),
            None => out.zeros(6),
        }
    }
}

fn read_snp(from: &mut Reader) -> StdResult<SnpPolicy> {
    let allow_smt = from.bool()?;
    let allow_vlek = from.bool()?;
    let allow_version_2 = from.bool()?;
    let max_crl_age_s = from.u64()?;
    let mut min_tcb = Vec::new();
    for product in PRODUCTS {
        match from.array::<6>()? {
            [0, ..] => {}
            [1, fmc, boot_loader, tee, snp, microcode] => min_tcb.push(SnpMinTcb {
                product,
                fmc,
                boot_loader,
                tee,
                snp,
                microcode,
            }),
            _ => return Err(StdError::generic_err("stored policy: corrupt")),
        }
    }
    Ok(SnpPolicy {
        allow_smt,
        allow_vlek,
        allow_version_2,
        max_crl_age_s,
        min_tcb,
    })
}
