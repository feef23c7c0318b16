//! The fast path for TDX quotes: the chain's own function checks signatures and TCB (feature
//! `host-dcap`).
//!
//! If the host vouches for a quote, its signatures are not checked here again; everything else is. If
//! it does not, the contract verifies the quote itself, so a refusal has the same code on both paths,
//! and what only policy can accept is accepted on both.
//!
//! | slot | key | value |
//! | --- | --- | --- |
//! | `tdx_host` | FMSPC, PCK CA | the collateral, packed for the host, 15 to 20 kB |
//! | `tdx_chain` | FMSPC, PCK CA | DER of PCK CA (after its length, 2 bytes) and root |

use cosmwasm_std::Storage;
use secret_ai_attestation::dcap::{encode_qve_collateral, HostVerdict};
use secret_ai_attestation::{expand, Origin, RawCollateral};
use secret_ai_contract_kit::row::key;

use crate::host_dcap;

fn slot(name: &'static str, origin: &Origin) -> Vec<u8> {
    key(name, &[&origin.fmspc, &[origin.pck_ca as u8]])
}

/// Keeps collateral that was just verified, under this root, in the forms that the host wants: with
/// the root in every chain, whether or not it was sent.
pub fn save(storage: &mut dyn Storage, origin: &Origin, mut raw: RawCollateral, root: &[u8]) {
    for chain in [
        &mut raw.pck_crl_issuer_chain,
        &mut raw.tcb_info_issuer_chain,
        &mut raw.qe_identity_issuer_chain,
    ] {
        chain.truncate(1);
        chain.push(root.to_vec());
    }
    storage.set(&slot("tdx_host", origin), &encode_qve_collateral(&raw));
    let ca = raw.pck_crl_issuer_chain.first().map(Vec::as_slice);
    let ca = ca.unwrap_or_default();
    let length = u16::try_from(ca.len()).unwrap_or(u16::MAX);
    let chain = [&length.to_be_bytes()[..], ca, root].concat();
    storage.set(&slot("tdx_chain", origin), &chain);
}

/// Whether the host says that this quote is genuine and up to date.
pub fn vouches(storage: &dyn Storage, origin: &Origin, quote: &[u8]) -> bool {
    let whole = whole(storage, origin, quote);
    let collateral = storage.get(&slot("tdx_host", origin));
    let (Some(whole), Some(collateral)) = (whole, collateral) else {
        return false;
    };
    matches!(
        host_dcap::verify(&whole, &collateral),
        HostVerdict::UpToDate | HostVerdict::SwHardeningNeeded
    )
}

/// The quote with its PCK chain in PEM.
fn whole(storage: &dyn Storage, origin: &Origin, quote: &[u8]) -> Option<Vec<u8>> {
    let stored = storage.get(&slot("tdx_chain", origin))?;
    let (length, chain) = stored.split_first_chunk()?;
    let (ca, root) = chain.split_at_checked(u16::from_be_bytes(*length).into())?;
    expand(quote, ca, root).ok()
}
