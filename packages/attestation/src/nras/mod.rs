//! Tokens of NVIDIA's remote attestation service.

mod error;

pub use error::NrasError;
