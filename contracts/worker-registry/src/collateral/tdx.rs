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
use secret_ai_interface::registry::{CollateralAnswer, CollateralInfo, RootKind, TdxCollateral};
use secret_ai_interface::Hex;

use crate::error::ContractError;
use crate::roots;

pub fn submit(
    storage: &mut dyn Storage,
    now: u64,
    root: RootKind,
    sent: TdxCollateral,
) -> Result<CollateralAnswer, ContractError> {
    let raw = raw(sent)?;
    let collateral = match root {
        RootKind::Vendor => verify_collateral(&raw, &TrustRoot::INTEL, now)?,
        RootKind::Development => {
            let der = roots::tdx(storage)?;
            verify_collateral(&raw, &TrustRoot::from_der(&der)?, now)?
        }
    };
    let origin = collateral.origin();
    let subject = Hex(collateral.fmspc).to_string();
    if let Some(known) = load(storage, &origin)? {
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
    crate::host_path::save(storage, &origin, &raw);
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

/// What is stored for platforms of this origin.
pub fn load(storage: &dyn Storage, origin: &Origin) -> Result<Option<Collateral>, ContractError> {
    let stored = storage.get(&slot(origin));
    Ok(stored.map(|bytes| Collateral::decode(&bytes)).transpose()?)
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
    let collateral = load(deps.storage, &origin)?.ok_or_else(unknown)?;
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
