//! Tokens of NVIDIA's remote attestation service (NRAS): the service judges a platform's GPU reports
//! and signs the verdict, so that a verifier needs one P-384 verification however many GPUs there are.
//!
//! A detached EAT has one overall token, signed (ES384), and one token per device, which the overall
//! token names by its SHA-256; those need no signature check of their own. The overall token is signed
//! by a key whose certificate lives for two days and is issued by an intermediate authority (RSA-2048,
//! PKCS#1 v1.5, SHA-256). [`verify_nras_key`] checks that certificate once and leaves an [`NrasKey`] to
//! store; [`verify_nras_token`] checks tokens under it.
//!
//! **The root.** NVIDIA does not publish the certificate above the intermediate ("NVIDIA Attestation
//! Service CA 001"), so the intermediate itself is the pin: [`NrasRoot::PINNED`]. It cannot be verified
//! further, nor can its revocation be seen here; whoever trusts it trusts that the pinned fingerprint is
//! the one that the service's key set carries. It is an argument everywhere, like every root.
//!
//! **Key ids.** A token's `kid` stands in no certificate: only the service's key set, fetched over TLS,
//! connects the two. It is therefore a hint for finding the key and is checked for nothing else; a token
//! of a key that is not the given one fails by its signature.
//!
//! **What is believed.** Which golden measurements a driver and a VBIOS must have is NVIDIA's judgement
//! here, not that of this project's golden sets. Tokens of NVLink switches have other claims and are
//! refused.

mod claims;
mod error;
mod jwt;
mod key;
mod root;
#[cfg(test)]
mod tests;
mod token;

#[cfg(feature = "fuzzing")]
pub(crate) use claims::parse_both as claims_parse;
pub use error::NrasError;
pub use key::{verify_nras_key, NrasKey};
pub use root::{NrasRoot, NRAS_FINGERPRINT};
pub use token::{verify_nras_token, NrasDevice, VerifiedNras, MAX_DEVICES, NRAS_ISSUER};
