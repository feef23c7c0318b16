//! Development roots: given at instantiation, never added later.

use cosmwasm_std::{Binary, Storage};
use secret_ai_attestation::gpu::NvidiaRoot;
use secret_ai_attestation::snp::SnpRoot;
use secret_ai_attestation::TrustRoot;
use secret_ai_contract_kit::row::key;
use secret_ai_interface::registry::DevelopmentRoots;

use crate::collateral::{check_size, MAX_CERTIFICATE};
use crate::error::ContractError;

fn slot(technology: &'static str) -> Vec<u8> {
    key("root", &[technology.as_bytes()])
}

/// Keeps the roots, each of which must be one of its kind.
pub fn save(storage: &mut dyn Storage, roots: &DevelopmentRoots) -> Result<(), ContractError> {
    if let Some(der) = size("development_roots.tdx", &roots.tdx)? {
        TrustRoot::from_der(der)?;
        storage.set(&slot("tdx"), der);
    }
    if let Some(der) = size("development_roots.snp", &roots.snp)? {
        SnpRoot::from_der(der)?;
        storage.set(&slot("snp"), der);
    }
    if let Some(der) = size("development_roots.nvidia", &roots.nvidia)? {
        NvidiaRoot::from_der(der)?;
        storage.set(&slot("nvidia"), der);
    }
    Ok(())
}

fn size<'a>(
    field: &'static str,
    root: &'a Option<Binary>,
) -> Result<Option<&'a Binary>, ContractError> {
    if let Some(der) = root {
        check_size(field, der, MAX_CERTIFICATE)?;
    }
    Ok(root.as_ref())
}

pub fn tdx(storage: &dyn Storage) -> Result<Vec<u8>, ContractError> {
    root(storage, "tdx")
}

pub fn snp(storage: &dyn Storage) -> Result<Vec<u8>, ContractError> {
    root(storage, "snp")
}

pub fn nvidia(storage: &dyn Storage) -> Result<Vec<u8>, ContractError> {
    root(storage, "nvidia")
}

fn root(storage: &dyn Storage, technology: &'static str) -> Result<Vec<u8>, ContractError> {
    let der = storage.get(&slot(technology));
    der.ok_or(ContractError::NoDevelopmentRoot(technology))
}
