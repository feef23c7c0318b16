//! The certificates of the service, signed with RSA-2048, PKCS#1 v1.5 and SHA-256.

use std::sync::LazyLock;

use p384::ecdsa::SigningKey;
use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::signature::{SignatureEncoding, Signer};
use rsa::traits::PublicKeyParts;
use rsa::RsaPrivateKey;
use sha2::Sha256;

use crate::der::{self, bits, integer, sequence, tlv};
use crate::nras::Leaf;
use crate::time::utc_time;

const ROOT_NAME: &str = "Secret AI Development Attestation Service";
/// 2020-01-01 and 2049-01-01, Unix seconds.
const ROOT_VALIDITY: (u64, u64) = (1_577_836_800, 2_493_072_000);

const SHA256_WITH_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const SECP384R1: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
const NULL: &[u8] = &[5, 0];

static ROOT_KEY: LazyLock<RsaPrivateKey> = LazyLock::new(|| {
    RsaPrivateKey::from_pkcs1_der(include_bytes!("development_root_key.der"))
        .expect("the development key is well formed")
});

/// The root's certificate, self-signed.
pub fn root() -> Vec<u8> {
    let modulus = integer(&ROOT_KEY.n_bytes());
    let exponent = integer(&ROOT_KEY.e_bytes());
    let spki = sequence(&[
        &sequence(&[&tlv(der::OID, RSA_ENCRYPTION), NULL]),
        &bits(&sequence(&[&modulus, &exponent])),
    ]);
    certificate(ROOT_NAME, ROOT_VALIDITY, &spki, true, 0x06)
}

/// The certificate of a signing key.
pub fn leaf(leaf: &Leaf, key: &SigningKey) -> Vec<u8> {
    let point = key.verifying_key().to_sec1_point(false);
    let spki = sequence(&[
        &sequence(&[&tlv(der::OID, EC_PUBLIC_KEY), &tlv(der::OID, SECP384R1)]),
        &bits(point.as_bytes()),
    ]);
    let validity = (leaf.not_before, leaf.not_after);
    certificate(leaf.common_name, validity, &spki, leaf.is_ca, leaf.usage)
}

fn certificate(
    subject: &str,
    (not_before, not_after): (u64, u64),
    spki: &[u8],
    is_ca: bool,
    usage: u8,
) -> Vec<u8> {
    let usage = [der::BIT_STRING, 2, usage.trailing_zeros() as u8, usage];
    let mut extensions = extension(KEY_USAGE, &usage);
    if is_ca {
        extensions.extend(extension(BASIC_CONSTRAINTS, &sequence(&[&[1, 1, 0xff]])));
    }
    let algorithm = sequence(&[&tlv(der::OID, SHA256_WITH_RSA), NULL]);
    let tbs = sequence(&[
        &tlv(der::CONTEXT_0, &integer(&[2])),
        &integer(&[0x11; 20]),
        &algorithm,
        &name(ROOT_NAME),
        &sequence(&[&time(not_before), &time(not_after)]),
        &name(subject),
        spki,
        &tlv(der::CONTEXT_3, &tlv(der::SEQUENCE, &extensions)),
    ]);
    let signer = rsa::pkcs1v15::SigningKey::<Sha256>::new(ROOT_KEY.clone());
    let signature = signer.sign(&tbs).to_vec();
    sequence(&[&tbs, &algorithm, &bits(&signature)])
}

/// A critical extension.
fn extension(oid: &[u8], content: &[u8]) -> Vec<u8> {
    sequence(&[
        &tlv(der::OID, oid),
        &[1, 1, 0xff],
        &tlv(der::OCTET_STRING, content),
    ])
}

fn name(common_name: &str) -> Vec<u8> {
    let text = tlv(der::UTF8_STRING, common_name.as_bytes());
    let attribute = sequence(&[&tlv(der::OID, COMMON_NAME), &text]);
    sequence(&[&tlv(der::SET, &attribute)])
}

fn time(unix: u64) -> Vec<u8> {
    tlv(der::UTC_TIME, utc_time(unix).as_bytes())
}
