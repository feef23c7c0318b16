//! Certificates and revocation lists in the shape of Intel's SGX hierarchy, deterministic.

use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use secret_ai_attestation::Serial;
use sha2::{Digest, Sha256};

use crate::der::{self, bits, integer, sequence, tlv};
use crate::time::utc_time;

const ECDSA_WITH_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const PRIME256V1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
const CRL_NUMBER: &[u8] = &[0x55, 0x1d, 0x14];
/// 1.2.840.113741.1.13.1
const SGX: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01];

/// A signing key that follows from a seed and a label.
pub fn key(seed: &[u8; 32], label: &str) -> SigningKey {
    let scalar = Sha256::new()
        .chain_update(b"secret-ai attestation testkit")
        .chain_update(seed)
        .chain_update(label)
        .finalize();
    SigningKey::from_slice(&scalar).expect("a digest is a scalar but for a chance of 2^-32")
}

/// x ‖ y of the public key.
pub fn public(key: &SigningKey) -> [u8; 64] {
    let point = key.verifying_key().to_sec1_point(false);
    point.as_bytes()[1..]
        .try_into()
        .expect("an uncompressed point has 65 bytes")
}

/// r ‖ s over SHA-256 of the message, with the nonce of RFC 6979.
pub fn sign(key: &SigningKey, message: &[u8]) -> [u8; 64] {
    let signature: Signature = key.sign(message);
    signature.to_bytes().into()
}

/// What a certificate says.
#[derive(Clone)]
pub struct Certificate {
    pub subject: String,
    pub serial: Serial,
    pub key: SigningKey,
    pub not_before: u64,
    pub not_after: u64,
    /// Length of the path below a CA; none for an end entity.
    pub ca_path: Option<u8>,
    /// Content of Intel's SGX extension.
    pub sgx: Option<Vec<u8>>,
}

impl Certificate {
    /// DER, signed by `issuer`.
    pub fn issue(&self, issuer: &Certificate) -> Vec<u8> {
        let usage = if self.ca_path.is_some() {
            [3, 2, 1, 6]
        } else {
            [3, 2, 6, 0xc0]
        };
        let constraints = match self.ca_path {
            Some(path) => sequence(&[&[1, 1, 0xff], &integer(&[path])]),
            None => sequence(&[]),
        };
        let mut extensions = vec![
            extension(KEY_USAGE, true, &usage),
            extension(BASIC_CONSTRAINTS, true, &constraints),
        ];
        extensions.extend(
            self.sgx
                .as_ref()
                .map(|content| extension(&SGX, false, content)),
        );
        let algorithm = sequence(&[&tlv(der::OID, EC_PUBLIC_KEY), &tlv(der::OID, PRIME256V1)]);
        let point = [&[4u8][..], &public(&self.key)].concat();
        signed(
            issuer,
            &[
                &tlv(der::CONTEXT_0, &integer(&[2])),
                &integer(&self.serial),
                &signature_algorithm(),
                &name(&issuer.subject),
                &sequence(&[&time(self.not_before), &time(self.not_after)]),
                &name(&self.subject),
                &sequence(&[&algorithm, &bits(&point)]),
                &tlv(der::CONTEXT_3, &tlv(der::SEQUENCE, &extensions.concat())),
            ],
        )
    }
}

/// A revocation list in DER, signed by `issuer`.
pub fn revocation_list(
    issuer: &Certificate,
    number: u8,
    (from, until): (u64, u64),
    revoked: &[Serial],
) -> Vec<u8> {
    let entries: Vec<u8> = revoked
        .iter()
        .flat_map(|serial| sequence(&[&integer(serial), &time(from)]))
        .collect();
    let list = if entries.is_empty() {
        Vec::new()
    } else {
        tlv(der::SEQUENCE, &entries)
    };
    let number = sequence(&[&extension(CRL_NUMBER, false, &integer(&[number]))]);
    signed(
        issuer,
        &[
            &integer(&[1]),
            &signature_algorithm(),
            &name(&issuer.subject),
            &time(from),
            &time(until),
            &list,
            &tlv(der::CONTEXT_0, &number),
        ],
    )
}

/// What a PCK certificate says of its platform.
#[derive(Clone, Debug)]
pub struct Platform {
    pub ppid: [u8; 16],
    pub components: [u8; 16],
    pub pce_svn: u8,
    pub pce_id: [u8; 2],
    pub fmspc: [u8; 6],
}

impl Platform {
    /// Content of the SGX extension.
    pub fn extension(&self) -> Vec<u8> {
        let mut tcb: Vec<u8> = (1u8..)
            .zip(self.components)
            .flat_map(|(number, svn)| field(&[2, number], &integer(&[svn])))
            .collect();
        tcb.extend(field(&[2, 17], &integer(&[self.pce_svn])));
        tcb.extend(field(&[2, 18], &tlv(der::OCTET_STRING, &self.components)));
        let flags: Vec<u8> = (1u8..=3)
            .flat_map(|number| field(&[7, number], &[1, 1, 0xff]))
            .collect();
        sequence(&[
            &field(&[1], &tlv(der::OCTET_STRING, &self.ppid)),
            &field(&[2], &tlv(der::SEQUENCE, &tcb)),
            &field(&[3], &tlv(der::OCTET_STRING, &self.pce_id)),
            &field(&[4], &tlv(der::OCTET_STRING, &self.fmspc)),
            &field(&[5], &tlv(der::ENUMERATED, &[1])),
            &field(&[6], &tlv(der::OCTET_STRING, &[0x77; 16])),
            &field(&[7], &tlv(der::SEQUENCE, &flags)),
        ])
    }
}

fn field(suffix: &[u8], value: &[u8]) -> Vec<u8> {
    sequence(&[&tlv(der::OID, &[&SGX[..], suffix].concat()), value])
}

fn extension(oid: &[u8], critical: bool, content: &[u8]) -> Vec<u8> {
    let flag: &[u8] = if critical { &[1, 1, 0xff] } else { &[] };
    sequence(&[&tlv(der::OID, oid), flag, &tlv(der::OCTET_STRING, content)])
}

fn signature_algorithm() -> Vec<u8> {
    sequence(&[&tlv(der::OID, ECDSA_WITH_SHA256)])
}

fn name(common_name: &str) -> Vec<u8> {
    let text = tlv(der::UTF8_STRING, common_name.as_bytes());
    sequence(&[&tlv(
        der::SET,
        &sequence(&[&tlv(der::OID, COMMON_NAME), &text]),
    )])
}

fn time(unix: u64) -> Vec<u8> {
    tlv(der::UTC_TIME, utc_time(unix).as_bytes())
}

fn signed(issuer: &Certificate, tbs: &[&[u8]]) -> Vec<u8> {
    let tbs = sequence(tbs);
    let signature = sign(&issuer.key, &tbs);
    let (r, s) = signature.split_at(32);
    let signature = sequence(&[&integer(r), &integer(s)]);
    sequence(&[&tbs, &signature_algorithm(), &bits(&signature)])
}
