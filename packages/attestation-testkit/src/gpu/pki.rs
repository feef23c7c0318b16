//! Certificates in the shape of NVIDIA's device hierarchy, deterministic.

use p384::ecdsa::signature::Signer;
use p384::ecdsa::{Signature, SigningKey};
use sha2::{Digest, Sha256, Sha384};

use crate::der::{self, bits, integer, sequence, tlv};
use crate::time::{rfc3339, utc_time};

pub const ECDSA_WITH_SHA384: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03];
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const SECP384R1: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const SERIAL_NUMBER: &[u8] = &[0x55, 0x04, 0x05];
const ORGANISATION: &[u8] = &[0x55, 0x04, 0x0a];
pub const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
const DICE_IDENTITY: &[u8] = &[0x67, 0x81, 0x05, 0x05, 0x04, 0x01];
const DICE_TCB_INFO: &[u8] = &[0x67, 0x81, 0x05, 0x05, 0x04, 0x01, 0x01];
pub const SHA384: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02];
/// 2050-01-01T00:00:00Z, from which X.509 writes years in four digits.
const GENERALIZED_FROM: u64 = 2_524_608_000;

/// What a certificate may sign, as content of its key usage.
pub const SIGNS_REPORTS: [u8; 4] = [3, 2, 7, 0x80];
pub const SIGNS_CERTIFICATES: [u8; 4] = [3, 2, 2, 0x04];
pub const SIGNS_CERTIFICATES_AND_LISTS: [u8; 4] = [3, 2, 1, 0x06];

/// A signing key that follows from a seed and a label.
pub fn key(seed: &[u8; 32], label: &str) -> SigningKey {
    let scalar = Sha384::new()
        .chain_update(b"secret-ai attestation testkit")
        .chain_update(seed)
        .chain_update(label)
        .finalize();
    SigningKey::from_slice(&scalar).expect("a digest is a scalar but for a chance of 2^-190")
}

/// r ‖ s over SHA-384 of the message, with the nonce of RFC 6979.
pub fn sign(key: &SigningKey, message: &[u8]) -> [u8; 96] {
    let signature: Signature = key.sign(message);
    signature
        .to_bytes()
        .as_slice()
        .try_into()
        .expect("a signature has 96 bytes")
}

/// What a certificate says. Everything may be changed before it is issued.
#[derive(Clone)]
pub struct Certificate {
    pub common_name: String,
    /// Serial number of the device in its name; authorities have none.
    pub device: Option<String>,
    pub key: SigningKey,
    /// First and last Unix second.
    pub validity: (u64, u64),
    /// Whether basic constraints say CA; absent for an end entity.
    pub is_ca: bool,
    /// Content of the key usage.
    pub usage: [u8; 4],
    /// Further extensions, whole.
    pub extensions: Vec<Vec<u8>>,
    /// Object id of the signature algorithm.
    pub algorithm: &'static [u8],
    /// In place of the SubjectPublicKeyInfo of the key.
    pub spki: Option<Vec<u8>>,
}

impl Certificate {
    /// DER, signed by `issuer`.
    pub fn issue(&self, issuer: &Certificate) -> Vec<u8> {
        let mut extensions = Vec::new();
        if self.is_ca {
            let constraints = sequence(&[&[1, 1, 0xff]]);
            extensions.extend(extension(BASIC_CONSTRAINTS, true, &constraints));
        }
        extensions.extend(extension(KEY_USAGE, true, &self.usage));
        extensions.extend(self.extensions.concat());
        let algorithm = sequence(&[&tlv(der::OID, self.algorithm)]);
        let spki = self.spki.clone().unwrap_or_else(|| spki(&self.key));
        let tbs = sequence(&[
            &tlv(der::CONTEXT_0, &integer(&[2])),
            &integer(&self.serial()),
            &algorithm,
            &issuer.name(),
            &sequence(&[&time(self.validity.0), &time(self.validity.1)]),
            &self.name(),
            &spki,
            &tlv(der::CONTEXT_3, &tlv(der::SEQUENCE, &extensions)),
        ]);
        let signature = sign(&issuer.key, &tbs);
        let (r, s) = signature.split_at(48);
        let signature = sequence(&[&integer(r), &integer(s)]);
        sequence(&[&tbs, &algorithm, &bits(&signature)])
    }

    fn serial(&self) -> [u8; 20] {
        let digest = Sha256::digest(spki(&self.key));
        let mut serial: [u8; 20] = digest[..20].try_into().expect("20 bytes");
        serial[0] = 0x40 | (serial[0] & 0x3f);
        serial
    }

    fn name(&self) -> Vec<u8> {
        let device = self
            .device
            .iter()
            .map(|text| (SERIAL_NUMBER, text.as_str()));
        let parts = device.chain([
            (ORGANISATION, "Secret AI Development"),
            (COMMON_NAME, self.common_name.as_str()),
        ]);
        let parts: Vec<Vec<u8>> = parts
            .map(|(oid, text)| {
                let text = tlv(der::UTF8_STRING, text.as_bytes());
                tlv(der::SET, &sequence(&[&tlv(der::OID, oid), &text]))
            })
            .collect();
        tlv(der::SEQUENCE, &parts.concat())
    }
}

/// SubjectPublicKeyInfo.
pub fn spki(key: &SigningKey) -> Vec<u8> {
    let algorithm = sequence(&[&tlv(der::OID, EC_PUBLIC_KEY), &tlv(der::OID, SECP384R1)]);
    let point = key.verifying_key().to_sec1_point(false);
    sequence(&[&algorithm, &bits(point.as_bytes())])
}

/// One whole extension.
pub fn extension(oid: &[u8], critical: bool, content: &[u8]) -> Vec<u8> {
    let flag: &[u8] = if critical { &[1, 1, 0xff] } else { &[] };
    sequence(&[&tlv(der::OID, oid), flag, &tlv(der::OCTET_STRING, content)])
}

/// Hopper's DICE extension: the boot ROM's key and a firmware digest made with the algorithm of `oid`.
pub fn dice_identity(issuer: &SigningKey, oid: &[u8], fwid: &[u8]) -> Vec<u8> {
    let content = sequence(&[&integer(&[1]), &spki(issuer), &digest(oid, fwid)]);
    extension(DICE_IDENTITY, false, &content)
}

/// Blackwell's DICE extension; `flags` is the first byte of the operational flags.
pub fn dice_tcb_info(oid: &[u8], fwid: &[u8], flags: u8) -> Vec<u8> {
    let fwids = [digest(oid, fwid), digest(SHA384, &[0; 48])].concat();
    let content = sequence(&[
        &tlv(0x80, b"NVIDIA"),
        &tlv(0x81, b"GB100 A01 GSP"),
        &tlv(0x82, b"01"),
        &tlv(0x83, &[1]),
        &tlv(0x84, &[0]),
        &tlv(0x85, &[0]),
        &tlv(0xa6, &fwids),
        &tlv(0x87, &[0, flags, 0, 0, 1]),
        &tlv(0x88, &[0xc0]),
        &tlv(0x89, &[0]),
    ]);
    extension(DICE_TCB_INFO, false, &content)
}

fn digest(oid: &[u8], fwid: &[u8]) -> Vec<u8> {
    sequence(&[&tlv(der::OID, oid), &tlv(der::OCTET_STRING, fwid)])
}

fn time(unix: u64) -> Vec<u8> {
    if unix < GENERALIZED_FROM {
        return tlv(der::UTC_TIME, utc_time(unix).as_bytes());
    }
    let mut text = rfc3339(unix);
    text.retain(|c| c.is_ascii_digit() || c == 'Z');
    tlv(GENERALIZED_TIME, text.as_bytes())
}

const GENERALIZED_TIME: u8 = 0x18;
