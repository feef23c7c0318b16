//! Of Intel TDX platforms.
//!
//! Kept apart by FMSPC *and* by the authority that issues the platform's certificates. TCB levels
//! are per FMSPC, revocation lists per authority: were there one set per FMSPC, a set that is all
//! genuine but of the other authority could push out the right one.

use cosmwasm_std::{Binary, Deps, Storage};
use secret_ai_attestation::{
    verify_collateral, Collateral, Origin, PckCaKind, RawCollateral, TrustRoot, INTEL_FINGERPRINT,
};
use secret_ai_contract_kit::padding;
use secret_ai_contract_kit::row::key;
use secret_ai_interface::registry::{
    CollateralAnswer, CollateralInfo, RootKind, TdxCollateral, TdxPolicy,
};
use secret_ai_interface::Hex;

use crate::error::ContractError;
use crate::{roots, state};

pub fn submit(
    storage: &mut dyn Storage,
    now: u64,
    root: RootKind,
    sent: TdxCollateral,
) -> Result<CollateralAnswer, ContractError> {
    let raw = raw(sent)?;
    let development = match root {
        RootKind::Vendor => None,
        RootKind::Development => Some(roots::tdx(storage)?),
    };
    let trusted = match &development {
        None => TrustRoot::INTEL,
        Some(der) => TrustRoot::from_der(der)?,
    };
    let collateral = verify_collateral(&raw, &trusted, now)?;
    let origin = collateral.origin();
    let subject = Hex(collateral.fmspc).to_string();
    let policy = state::config(storage)?.policy.tdx;
    let (have, max) = (collateral.evaluation_number(), newest(&policy));
    if have > max {
        return Err(ContractError::Range {
            field: "tcb evaluation number",
            have: have.into(),
            min: 0,
            max: max.into(),
        });
    }
    if let Some(known) = load(storage, &origin, &policy)? {
        if known.root_sha256 != collateral.root_sha256 {
            return Err(ContractError::OtherRoot(subject));
        }
        if collateral.check_not_older(&known).is_err() {
            return Ok(CollateralAnswer {
                subject,
                stored: false,
                valid_until: known.dates.valid_until,
            });
        }
    }
    storage.set(&slot(&origin), &collateral.encode()?);
    storage.set(&origin_slot(&origin.fmspc), &[origin.pck_ca as u8]);
    #[cfg(feature = "host-dcap")]
    crate::host_path::save(storage, &origin, raw, trusted.der());
    Ok(CollateralAnswer {
        subject,
        stored: true,
        valid_until: collateral.dates.valid_until,
    })
}

fn slot(origin: &Origin) -> Vec<u8> {
    key("tdx", &[&origin.fmspc, &[origin.pck_ca as u8]])
}

fn origin_slot(fmspc: &[u8; 6]) -> Vec<u8> {
    key("tdx_of", &[fmspc])
}

/// The newest evaluation number that policy lets count.
fn newest(policy: &TdxPolicy) -> u32 {
    policy.max_tcb_evaluation_number.unwrap_or(u32::MAX)
}

/// What is stored for platforms of this origin. A set that policy calls too new is as if it were not
/// there: Intel publishes levels early under the next number, and whoever brought those would else
/// keep out the ones that count.
pub fn load(
    storage: &dyn Storage,
    origin: &Origin,
    policy: &TdxPolicy,
) -> Result<Option<Collateral>, ContractError> {
    let stored = storage.get(&slot(origin));
    let stored = stored.map(|bytes| Collateral::decode(&bytes)).transpose()?;
    Ok(stored.filter(|set| set.evaluation_number() <= newest(policy)))
}

/// Of the set that was stored last for this FMSPC.
pub fn info(deps: Deps, fmspc: Hex<6>) -> Result<Binary, ContractError> {
    let unknown = || ContractError::Unknown { what: "fmspc" };
    let pck_ca = match deps.storage.get(&origin_slot(&fmspc.0)).as_deref() {
        Some([byte]) if *byte == PckCaKind::Processor as u8 => PckCaKind::Processor,
        Some(_) => PckCaKind::Platform,
        None => return Err(unknown()),
    };
    let origin = Origin {
        fmspc: fmspc.0,
        pck_ca,
    };
    let policy = state::config(deps.storage)?.policy.tdx;
    let collateral = load(deps.storage, &origin, &policy)?.ok_or_else(unknown)?;
    let answer = CollateralInfo {
        fmspc,
        root: match collateral.root_sha256 {
            INTEL_FINGERPRINT => RootKind::Vendor,
            _ => RootKind::Development,
        },
        tcb_evaluation_data_number: collateral.evaluation_number(),
        issued_at: collateral.dates.tcb_info_issued,
        valid_until: collateral.dates.valid_until,
    };
    Ok(padding::to_padded_binary(&answer)?)
}

/// Sizes are checked by the verifier.
fn raw(sent: TdxCollateral) -> Result<RawCollateral, ContractError> {
    let tcb_info_signature = signature("tcb_info_signature", &sent.tcb_info_signature)?;
    let qe_identity_signature = signature("qe_identity_signature", &sent.qe_identity_signature)?;
    let signers: Vec<Vec<u8>> = sent.tcb_signing_chain.into_iter().map(Into::into).collect();
    Ok(RawCollateral {
        root_ca_crl: sent.root_ca_crl.into(),
        pck_crl: sent.pck_crl.into(),
        pck_crl_issuer_chain: sent
            .pck_crl_issuer_chain
            .into_iter()
            .map(Into::into)
            .collect(),
        tcb_info: sent.tcb_info.into(),
        tcb_info_signature,
        tcb_info_issuer_chain: signers.clone(),
        qe_identity: sent.qe_identity.into(),
        qe_identity_signature,
        qe_identity_issuer_chain: signers,
    })
}

fn signature(field: &'static str, bytes: &Binary) -> Result<[u8; 64], ContractError> {
    let have = bytes.len();
    let wrong = |_| ContractError::Length {
        field,
        have,
        min: 64,
        max: 64,
    };
    bytes.as_slice().try_into().map_err(wrong)
}
