//! Certificates that were verified here once. Later messages name them by their hash, which spares
//! bytes and signatures: a renewal brings none at all.
//!
//! What is kept says nothing about now: whoever takes a certificate from here still has its dates and
//! revocation checked against today's collateral by the verifier.

use cosmwasm_std::{Binary, Deps, StdResult, Storage};
use secret_ai_attestation::gpu::{GpuLeaf, NvidiaCa};
use secret_ai_attestation::snp::Endorsement;
use secret_ai_attestation::{Error, Pck};
use secret_ai_contract_kit::padding;
use secret_ai_contract_kit::row::key;
use secret_ai_interface::registry::CertificateAnswer;
use secret_ai_interface::{Digest, Hex};

use crate::error::ContractError;

/// A kind of certificate, in its stored form.
pub trait Stored: Sized {
    /// First byte of the stored form, and name in errors.
    const KIND: (u8, &'static str);

    fn sha256(&self) -> [u8; 32];
    fn encode(&self) -> Result<Vec<u8>, Error>;
    fn decode(bytes: &[u8]) -> Result<Self, Error>;
}

macro_rules! stored {
    ($type:ty, $byte:literal, $name:literal, $encode:expr) => {
        impl Stored for $type {
            const KIND: (u8, &'static str) = ($byte, $name);

            fn sha256(&self) -> [u8; 32] {
                self.sha256
            }

            fn encode(&self) -> Result<Vec<u8>, Error> {
                $encode(self)
            }

            fn decode(bytes: &[u8]) -> Result<Self, Error> {
                <$type>::decode(bytes)
            }
        }
    };
}

stored!(Pck, 1, "PCK", |pck: &Pck| Ok(pck.encode()));
stored!(Endorsement, 2, "VCEK or VLEK", Endorsement::encode);
stored!(NvidiaCa, 3, "NVIDIA authority", |ca: &NvidiaCa| Ok(
    ca.encode()
));
stored!(GpuLeaf, 4, "GPU", |leaf: &GpuLeaf| Ok(leaf.encode()));

fn slot(sha256: &Digest) -> Vec<u8> {
    key("certificate", &[&sha256.0])
}

/// The certificate of this hash, if it was verified here as one of this kind.
pub fn find<T: Stored>(storage: &dyn Storage, sha256: &Digest) -> Result<Option<T>, ContractError> {
    let Some(stored) = storage.get(&slot(sha256)) else {
        return Ok(None);
    };
    match stored.split_first() {
        Some((byte, bytes)) if *byte == T::KIND.0 => Ok(Some(T::decode(bytes)?)),
        _ => Ok(None),
    }
}

/// The same for one that must be there.
pub fn known<T: Stored>(storage: &dyn Storage, sha256: &Digest) -> Result<T, ContractError> {
    find(storage, sha256)?.ok_or(ContractError::CertificateUnknown {
        kind: T::KIND.1,
        sha256: *sha256,
    })
}

/// A certificate that was just verified, to be kept if the message succeeds.
pub struct Fresh {
    sha256: Digest,
    stored: Vec<u8>,
}

impl Fresh {
    pub fn new<T: Stored>(certificate: &T) -> Result<Self, ContractError> {
        let mut stored = certificate.encode()?;
        stored.insert(0, T::KIND.0);
        Ok(Fresh {
            sha256: Hex(certificate.sha256()),
            stored,
        })
    }

    pub fn save(&self, storage: &mut dyn Storage) {
        storage.set(&slot(&self.sha256), &self.stored);
    }
}

/// Answers the query `certificate`.
pub fn certificate(deps: Deps, sha256: Digest) -> StdResult<Binary> {
    let known = deps.storage.get(&slot(&sha256)).is_some();
    padding::to_padded_binary(&CertificateAnswer { known })
}
