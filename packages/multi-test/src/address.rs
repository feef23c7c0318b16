//! Addresses as Secret Network writes them: bech32, prefix `secret`, 20 bytes.

use bech32::{primitives::decode::CheckedHrpstring, Bech32, Hrp};
use cw_multi_test::error::AnyResult;
use cw_multi_test::AddressGenerator;
use sha2::{Digest, Sha256};
use upstream_std::testing::MockApi;
use upstream_std::{
    Addr, Api, CanonicalAddr, RecoverPubkeyError, StdError, StdResult, Storage, VerificationError,
};

const PREFIX: Hrp = Hrp::parse_unchecked("secret");

/// The `secret1…` text of 20 address bytes.
pub fn address_of(bytes: &[u8; 20]) -> String {
    bech32::encode::<Bech32>(PREFIX, bytes).expect("20 bytes fit in a bech32 string")
}

/// The 20 bytes of a `secret1…` address, or `None` for anything else.
pub fn canonical(address: &str) -> Option<[u8; 20]> {
    let checked = CheckedHrpstring::new::<Bech32>(address).ok()?;
    if checked.hrp() != PREFIX || address.bytes().any(|b| b.is_ascii_uppercase()) {
        return None;
    }
    let bytes: Vec<u8> = checked.byte_iter().collect();
    bytes.try_into().ok()
}

/// The first 20 bytes of a SHA-256.
fn short_hash(text: &str) -> [u8; 20] {
    let digest = Sha256::digest(text.as_bytes());
    let mut out = [0; 20];
    out.copy_from_slice(&digest[..20]);
    out
}

/// Gives each contract instance an address of the chain's form.
pub(crate) struct ContractAddresses;

impl AddressGenerator for ContractAddresses {
    fn contract_address(
        &self,
        _api: &dyn Api,
        _storage: &mut dyn Storage,
        code_id: u64,
        instance_id: u64,
    ) -> AnyResult<Addr> {
        let bytes = short_hash(&format!("contract/{code_id}/{instance_id}"));
        Ok(Addr::unchecked(address_of(&bytes)))
    }
}

/// Upstream's `Api` with the chain's addresses: what cw-multi-test itself validates with.
pub(crate) struct Bech32Api;

fn refuse(human: &str) -> StdError {
    StdError::generic_err(format!(
        "address is not a secret1 address of 20 bytes: {human}"
    ))
}

impl Api for Bech32Api {
    fn addr_validate(&self, human: &str) -> StdResult<Addr> {
        canonical(human)
            .map(|_| Addr::unchecked(human))
            .ok_or_else(|| refuse(human))
    }

    fn addr_canonicalize(&self, human: &str) -> StdResult<CanonicalAddr> {
        canonical(human)
            .map(|bytes| bytes.as_slice().into())
            .ok_or_else(|| refuse(human))
    }

    fn addr_humanize(&self, address: &CanonicalAddr) -> StdResult<Addr> {
        let bytes = address
            .as_slice()
            .try_into()
            .map_err(|_| refuse(&address.to_string()))?;
        Ok(Addr::unchecked(address_of(bytes)))
    }

    fn secp256k1_verify(
        &self,
        message_hash: &[u8],
        signature: &[u8],
        public_key: &[u8],
    ) -> Result<bool, VerificationError> {
        MockApi::default().secp256k1_verify(message_hash, signature, public_key)
    }

    fn secp256k1_recover_pubkey(
        &self,
        message_hash: &[u8],
        signature: &[u8],
        recovery_param: u8,
    ) -> Result<Vec<u8>, RecoverPubkeyError> {
        MockApi::default().secp256k1_recover_pubkey(message_hash, signature, recovery_param)
    }

    fn ed25519_verify(
        &self,
        message: &[u8],
        signature: &[u8],
        public_key: &[u8],
    ) -> Result<bool, VerificationError> {
        MockApi::default().ed25519_verify(message, signature, public_key)
    }

    fn ed25519_batch_verify(
        &self,
        messages: &[&[u8]],
        signatures: &[&[u8]],
        public_keys: &[&[u8]],
    ) -> Result<bool, VerificationError> {
        MockApi::default().ed25519_batch_verify(messages, signatures, public_keys)
    }

    fn debug(&self, message: &str) {
        MockApi::default().debug(message);
    }
}
