//! What ties evidence to one worker: the digests G, GD and B, and the report data made of them.
//!
//! Each digest is SHA-256 over: tag ‖ 00 ‖ fields. A tag is the ASCII text `secret-ai/<name>/1`. A
//! field of fixed length stands as it is; a text is preceded by its length in bytes as u16 big-endian.
//!
//! ```text
//! G  = SHA-256("secret-ai/gpu-nonce/1" 00 ‖ text chain_id ‖ text registry ‖ text operator ‖
//!              receipt_pk 33 ‖ tls_spki_sha256 32 ‖ C 32)
//! GD = SHA-256("secret-ai/gpu-set/1" 00 ‖ count u16 ‖ for each device, sorted by leaf:
//!              kind 1 ‖ SHA-256(leaf certificate) 32 ‖ SHA-256(evidence) 32)
//! B  = SHA-256("secret-ai/worker/1" 00 ‖ text chain_id ‖ text registry ‖ text operator ‖
//!              receipt_pk 33 ‖ tls_spki_sha256 32 ‖ e2ee_pk 32 ‖ GD 32 ‖ C 32 ‖ class 1)
//! report data = B ‖ G
//! ```
//!
//! The registration itself is signed by the receipt key over
//! SHA-256("secret-ai/register/1" 00 ‖ C 32 ‖ text operator), a heartbeat over
//! SHA-256("secret-ai/heartbeat/1" 00 ‖ text chain_id ‖ text registry ‖ kid 20 ‖ at u64).

use crate::crypto::sha256;
use crate::error::Error;

/// Longest chain id or address, in bytes.
const TEXT_LIMIT: usize = 128;
/// Most devices of one worker.
const DEVICE_LIMIT: usize = 64;

/// Where and for whom a worker registers, with the keys that live in its TEE.
#[derive(Clone, Copy, Debug)]
pub struct Registration<'a> {
    pub chain_id: &'a str,
    /// Address of the registry contract.
    pub registry: &'a str,
    /// Address that sends the registration.
    pub operator: &'a str,
    /// Compressed secp256k1 key that signs receipts.
    pub receipt_pk: &'a [u8; 33],
    /// SHA-256 of the SubjectPublicKeyInfo of the TLS key.
    pub tls_spki_sha256: &'a [u8; 32],
    /// X25519 key.
    pub e2ee_pk: &'a [u8; 32],
    /// C, which the registry drew.
    pub challenge: &'a [u8; 32],
    /// What the worker claims to be.
    pub class: u8,
}

/// A device whose evidence belongs to a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Device {
    pub kind: DeviceKind,
    /// SHA-256 of the DER of its leaf certificate.
    pub leaf_sha256: [u8; 32],
    /// SHA-256 of its evidence as sent.
    pub evidence_sha256: [u8; 32],
}

/// Kind of a device; the byte is what [`device_set_digest`] hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum DeviceKind {
    Gpu = 1,
    Switch = 2,
}

/// G: the nonce that every device of this registration must answer.
///
/// # Errors
/// [`Error::FieldLength`] for a text of more than 128 bytes.
pub fn gpu_nonce(registration: &Registration<'_>) -> Result<[u8; 32], Error> {
    let Texts {
        lengths: [c, r, o],
        texts: [chain_id, registry, operator],
    } = texts(registration)?;
    Ok(sha256(&tagged(
        "secret-ai/gpu-nonce/1",
        &[
            &c,
            chain_id,
            &r,
            registry,
            &o,
            operator,
            registration.receipt_pk,
            registration.tls_spki_sha256,
            registration.challenge,
        ],
    )))
}

/// GD: digest of the devices in any order.
///
/// # Errors
/// [`Error::DuplicateDevice`]; [`Error::FieldLength`] for more than 64 devices.
pub fn device_set_digest(devices: &[Device]) -> Result<[u8; 32], Error> {
    let have = devices.len();
    let limit = DEVICE_LIMIT;
    let count = u16::try_from(have)
        .ok()
        .filter(|_| have <= limit)
        .ok_or(Error::FieldLength {
            field: "device list",
            have,
            limit,
        })?;
    let mut sorted: Vec<&Device> = devices.iter().collect();
    sorted.sort_unstable_by_key(|device| device.leaf_sha256);
    if sorted
        .windows(2)
        .any(|pair| matches!(pair, [a, b] if a.leaf_sha256 == b.leaf_sha256))
    {
        return Err(Error::DuplicateDevice);
    }
    let rows = sorted.iter().map(|device| {
        [
            &[device.kind as u8][..],
            &device.leaf_sha256,
            &device.evidence_sha256,
        ]
        .concat()
    });
    let rows: Vec<u8> = rows.flatten().collect();
    Ok(sha256(&tagged(
        "secret-ai/gpu-set/1",
        &[&count.to_be_bytes(), &rows],
    )))
}

/// B: digest of a registration with the devices of digest `gd`.
///
/// # Errors
/// As [`gpu_nonce`].
pub fn worker_digest(registration: &Registration<'_>, gd: &[u8; 32]) -> Result<[u8; 32], Error> {
    let Texts {
        lengths: [c, r, o],
        texts: [chain_id, registry, operator],
    } = texts(registration)?;
    Ok(sha256(&tagged(
        "secret-ai/worker/1",
        &[
            &c,
            chain_id,
            &r,
            registry,
            &o,
            operator,
            registration.receipt_pk,
            registration.tls_spki_sha256,
            registration.e2ee_pk,
            gd,
            registration.challenge,
            &[registration.class],
        ],
    )))
}

/// B ‖ G: what the CPU's evidence must carry.
///
/// # Errors
/// As [`gpu_nonce`] and [`device_set_digest`].
pub fn report_data(registration: &Registration<'_>, devices: &[Device]) -> Result<[u8; 64], Error> {
    let b = worker_digest(registration, &device_set_digest(devices)?)?;
    let g = gpu_nonce(registration)?;
    let mut data = [0u8; 64];
    for (slot, byte) in data.iter_mut().zip(b.into_iter().chain(g)) {
        *slot = byte;
    }
    Ok(data)
}

/// Fails unless `found` is the report data of this registration with these devices.
///
/// # Errors
/// [`Error::Binding`], or as [`report_data`].
pub fn check_report_data(
    found: &[u8; 64],
    registration: &Registration<'_>,
    devices: &[Device],
) -> Result<(), Error> {
    if *found == report_data(registration, devices)? {
        Ok(())
    } else {
        Err(Error::Binding)
    }
}

/// What the receipt key signs when it is registered.
///
/// # Errors
/// [`Error::FieldLength`] for an operator of more than 128 bytes.
pub fn registration_digest(challenge: &[u8; 32], operator: &str) -> Result<[u8; 32], Error> {
    let length = length_prefix("operator", operator)?;
    let parts: [&[u8]; 3] = [challenge, &length, operator.as_bytes()];
    Ok(sha256(&tagged("secret-ai/register/1", &parts)))
}

/// What the receipt key signs to say that its TEE is alive at `at` (Unix seconds).
///
/// # Errors
/// [`Error::FieldLength`] for a text of more than 128 bytes.
pub fn heartbeat_digest(
    chain_id: &str,
    registry: &str,
    kid: &[u8; 20],
    at: u64,
) -> Result<[u8; 32], Error> {
    let (c, r) = (
        length_prefix("chain id", chain_id)?,
        length_prefix("registry address", registry)?,
    );
    let at = at.to_be_bytes();
    let parts: [&[u8]; 6] = [&c, chain_id.as_bytes(), &r, registry.as_bytes(), kid, &at];
    Ok(sha256(&tagged("secret-ai/heartbeat/1", &parts)))
}

/// Tag, zero byte, fields.
pub(crate) fn tagged<'a>(tag: &'static str, fields: &[&'a [u8]]) -> Vec<&'a [u8]> {
    let mut parts: Vec<&'a [u8]> = Vec::with_capacity(fields.len().saturating_add(2));
    parts.extend([tag.as_bytes(), &[0u8]]);
    parts.extend_from_slice(fields);
    parts
}

struct Texts<'a> {
    lengths: [[u8; 2]; 3],
    texts: [&'a [u8]; 3],
}

fn texts<'a>(registration: &Registration<'a>) -> Result<Texts<'a>, Error> {
    let Registration {
        chain_id,
        registry,
        operator,
        ..
    } = *registration;
    Ok(Texts {
        lengths: [
            length_prefix("chain id", chain_id)?,
            length_prefix("registry address", registry)?,
            length_prefix("operator address", operator)?,
        ],
        texts: [
            chain_id.as_bytes(),
            registry.as_bytes(),
            operator.as_bytes(),
        ],
    })
}

fn length_prefix(field: &'static str, text: &str) -> Result<[u8; 2], Error> {
    let (have, limit) = (text.len(), TEXT_LIMIT);
    match u16::try_from(have) {
        Ok(length) if have <= limit => Ok(length.to_be_bytes()),
        _ => Err(Error::FieldLength { field, have, limit }),
    }
}
