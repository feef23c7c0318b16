//! Of AMD products: the key that issues VCEKs, or the one that issues VLEKs, with the revocation list
//! of the root above both.

use cosmwasm_std::{Binary, Deps, Storage};
use secret_ai_attestation::snp::{
    verify_snp_collateral, Product, RawSnpCollateral, Signer, SnpCollateral, SnpRoot,
};
use secret_ai_attestation::{Error, Item};
use secret_ai_contract_kit::padding;
use secret_ai_contract_kit::row::key;
use secret_ai_interface::registry::{
    CollateralAnswer, RootKind, SnpCollateral as Sent, SnpCollateralInfo, SnpProduct,
};

use super::{check_size, MAX_CERTIFICATE};
use crate::error::ContractError;
use crate::roots;

/// Most bytes of a revocation list.
const MAX_CRL: usize = 32_768;

pub fn submit(
    storage: &mut dyn Storage,
    now: u64,
    root: RootKind,
    sent: Sent,
) -> Result<CollateralAnswer, ContractError> {
    check_size("ask", &sent.ask, MAX_CERTIFICATE)?;
    check_size("crl", &sent.crl, MAX_CRL)?;
    let product = product(sent.product);
    let raw = RawSnpCollateral {
        product,
        ask: sent.ask.into(),
        crl: sent.crl.into(),
    };
    let development = match root {
        RootKind::Vendor => None,
        RootKind::Development => Some(roots::snp(storage)?),
    };
    let trusted = match &development {
        None => SnpRoot::pinned(product),
        Some(der) => SnpRoot::from_der(der)?,
    };
    let verified = verify_snp_collateral(&raw, &trusted, now);
    if let Err(Error::Revoked(Item::Ask)) = verified {
        return drop_revoked(storage, now, &raw, &trusted);
    }
    let collateral = verified?;
    // An older list, still in its dates, must not bring it back.
    if storage.get(&revoked_slot(&collateral)).is_some() {
        return Err(Error::Revoked(Item::Ask).into());
    }
    let subject = product.name().to_string();
    if let Some(known) = load(storage, product, collateral.signer)? {
        if known.root_sha256 != collateral.root_sha256 {
            return Err(ContractError::OtherRoot(subject));
        }
        if collateral.check_not_older(&known).is_err() {
            return Ok(CollateralAnswer {
                subject,
                stored: false,
                valid_until: known.valid_until,
            });
        }
    }
    storage.set(&slot(product, collateral.signer), &collateral.encode()?);
    Ok(CollateralAnswer {
        subject,
        stored: true,
        valid_until: collateral.valid_until,
    })
}

/// Forgets what is stored under an authority that this list revokes. An answer then, not an error: an
/// error would undo it.
fn drop_revoked(
    storage: &mut dyn Storage,
    now: u64,
    raw: &RawSnpCollateral,
    root: &SnpRoot,
) -> Result<CollateralAnswer, ContractError> {
    let mut dropped = false;
    for signer in [Signer::Vcek, Signer::Vlek] {
        if let Some(known) = load(storage, raw.product, signer)? {
            if known.root_sha256 == root.fingerprint()
                && known.is_revoked_by(&raw.crl, root, now)?
            {
                storage.remove(&slot(raw.product, signer));
                storage.set(&revoked_slot(&known), &[1]);
                dropped = true;
            }
        }
    }
    match dropped {
        false => Err(Error::Revoked(Item::Ask).into()),
        true => Ok(CollateralAnswer {
            subject: raw.product.name().to_string(),
            stored: false,
            valid_until: 0,
        }),
    }
}

fn slot(product: Product, signer: Signer) -> Vec<u8> {
    key("snp", &[&[product as u8, signer as u8]])
}

/// Says that this collateral's authority was revoked, for ever.
fn revoked_slot(collateral: &SnpCollateral) -> Vec<u8> {
    let authority: [&[u8]; 2] = [&collateral.root_sha256, &collateral.ask_serial];
    key("snp_revoked", &authority)
}

/// What is stored for reports of this product that are signed by this kind of key.
pub fn load(
    storage: &dyn Storage,
    product: Product,
    signer: Signer,
) -> Result<Option<SnpCollateral>, ContractError> {
    let stored = storage.get(&slot(product, signer));
    Ok(stored
        .map(|bytes| SnpCollateral::decode(&bytes))
        .transpose()?)
}

/// Answers the query `snp_collateral`.
pub fn info(deps: Deps, sent: SnpProduct, vlek: bool) -> Result<Binary, ContractError> {
    let product = product(sent);
    let signer = if vlek { Signer::Vlek } else { Signer::Vcek };
    let stored = load(deps.storage, product, signer)?;
    let collateral = stored.ok_or(ContractError::Unknown { what: "product" })?;
    let vendor = collateral.root_sha256 == SnpRoot::pinned(product).fingerprint();
    Ok(padding::to_padded_binary(&SnpCollateralInfo {
        root: match vendor {
            true => RootKind::Vendor,
            false => RootKind::Development,
        },
        issued_at: collateral.crl.map_or(0, |crl| crl.issued),
        valid_until: collateral.valid_until,
    })?)
}

/// The verifier's name of a product.
pub fn product(product: SnpProduct) -> Product {
    match product {
        SnpProduct::Milan => Product::Milan,
        SnpProduct::Genoa => Product::Genoa,
        SnpProduct::Turin => Product::Turin,
    }
}
