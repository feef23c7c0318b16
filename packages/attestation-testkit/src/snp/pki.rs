//! Certificates and revocation lists in the shape of AMD's hierarchy.

use p384::ecdsa::SigningKey;
use secret_ai_attestation::snp::{Product, Signer, Tcb};
use secret_ai_attestation::Serial;

use super::keys::Key;
use crate::der::{self, bits, integer, sequence, tlv};
use crate::time::utc_time;

const RSASSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a];
const MGF1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08];
const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// 2.16.840.1.101.3.4.2, to which the number of a hash is added.
const HASHES: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02];
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const SECP384R1: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
const CRL_NUMBER: &[u8] = &[0x55, 0x1d, 0x14];
/// 1.3.6.1.4.1.3704.1
const AMD: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x9c, 0x78, 0x01];
const IA5_STRING: u8 = 0x16;
const NULL: &[u8] = &[5, 0];
const CONTEXT_1: u8 = 0xa1;
const CONTEXT_2: u8 = 0xa2;

/// How something is signed, and what its algorithm identifier says of that.
#[derive(Clone, Copy, Debug)]
pub struct PssForm {
    /// Named hash and hash of the mask function: 1 SHA-256, 2 SHA-384, 3 SHA-512. SHA-384 is used.
    pub declared_hash: u8,
    /// Named length of the salt in bytes.
    pub declared_salt: u8,
    /// Used length of the salt in bytes.
    pub salt: usize,
    /// Whether the trailer field is named, which has only its default.
    pub trailer: bool,
}

impl Default for PssForm {
    fn default() -> Self {
        PssForm {
            declared_hash: 2,
            declared_salt: 48,
            salt: 48,
            trailer: true,
        }
    }
}

impl PssForm {
    /// The AlgorithmIdentifier.
    pub(super) fn algorithm(&self) -> Vec<u8> {
        let hash = [HASHES, &[self.declared_hash]].concat();
        let hash = sequence(&[&tlv(der::OID, &hash), NULL]);
        let mask = sequence(&[&tlv(der::OID, MGF1), &hash]);
        let trailer = match self.trailer {
            true => tlv(der::CONTEXT_3, &integer(&[1])),
            false => Vec::new(),
        };
        let parameters = sequence(&[
            &tlv(der::CONTEXT_0, &hash),
            &tlv(CONTEXT_1, &mask),
            &tlv(CONTEXT_2, &integer(&[self.declared_salt])),
            &trailer,
        ]);
        sequence(&[&tlv(der::OID, RSASSA_PSS), &parameters])
    }

    /// Signs what `tbs` makes of the algorithm identifier.
    fn sign(&self, key: Key, tbs: impl FnOnce(&[u8]) -> Vec<u8>) -> Vec<u8> {
        let algorithm = self.algorithm();
        let tbs = tbs(&algorithm);
        let signature = key.sign(&tbs, self.salt);
        sequence(&[&tbs, &algorithm, &bits(&signature)])
    }
}

/// An ARK, ASK or ASVK.
#[derive(Clone, Debug)]
pub struct Authority {
    pub subject: String,
    pub serial: Serial,
    pub key: Key,
    /// First and last Unix second.
    pub validity: (u64, u64),
    /// Length of the path below; none for a root.
    pub path: Option<u8>,
}

impl Authority {
    /// DER, signed by `issuer`.
    pub fn issue(&self, issuer: &Authority) -> Vec<u8> {
        let (usage, path) = match self.path {
            Some(path) => ([3, 2, 2, 4], integer(&[path])),
            None => ([3, 2, 1, 6], Vec::new()),
        };
        let constraints = sequence(&[&[1, 1, 0xff], &path]);
        let extensions = [
            extension(KEY_USAGE, true, &usage),
            extension(BASIC_CONSTRAINTS, true, &constraints),
        ];
        let algorithm = sequence(&[&tlv(der::OID, RSA_ENCRYPTION), NULL]);
        let key = sequence(&[&integer(&self.key.modulus()), &integer(&[1, 0, 1])]);
        let spki = sequence(&[&algorithm, &bits(&key)]);
        certificate(
            issuer,
            &PssForm::default(),
            &self.subject,
            &self.serial,
            self.validity,
            &spki,
            &extensions.concat(),
        )
    }

    /// A revocation list in DER.
    pub fn revocation_list(
        &self,
        number: u8,
        (from, until): (u64, u64),
        revoked: &[Serial],
    ) -> Vec<u8> {
        let entries: Vec<u8> = revoked
            .iter()
            .flat_map(|serial| sequence(&[&integer(serial), &time(from)]))
            .collect();
        let list = match entries.is_empty() {
            true => Vec::new(),
            false => tlv(der::SEQUENCE, &entries),
        };
        let number = sequence(&[&extension(CRL_NUMBER, false, &integer(&[number]))]);
        PssForm::default().sign(self.key, |algorithm| {
            sequence(&[
                &integer(&[1]),
                algorithm,
                &name(&self.subject),
                &time(from),
                &time(until),
                &list,
                &tlv(der::CONTEXT_0, &number),
            ])
        })
    }
}

/// A VCEK's or VLEK's certificate.
#[derive(Clone)]
pub struct Leaf<'a> {
    pub product: Product,
    pub signer: Signer,
    pub key: &'a SigningKey,
    /// First and last Unix second.
    pub validity: (u64, u64),
    pub tcb: Tcb,
    /// What is in the hardware id's extension; none leaves it away.
    pub hwid: Option<&'a [u8]>,
    /// The cloud provider; none leaves the extension away.
    pub csp_id: Option<&'a str>,
}

impl Leaf<'_> {
    /// DER, signed by `issuer`.
    pub fn issue(&self, issuer: &Authority, form: &PssForm) -> Vec<u8> {
        let point = self.key.verifying_key().to_sec1_point(false);
        let algorithm = sequence(&[&tlv(der::OID, EC_PUBLIC_KEY), &tlv(der::OID, SECP384R1)]);
        let spki = sequence(&[&algorithm, &bits(point.as_bytes())]);
        certificate(
            issuer,
            form,
            &format!("SEV-{}", self.signer),
            // AMD numbers none of them.
            &[0; 20],
            self.validity,
            &spki,
            &self.extensions(),
        )
    }

    fn extensions(&self) -> Vec<u8> {
        let turin = self.product == Product::Turin;
        let amd = |arcs: &[u8], value: &[u8]| extension(&[AMD, arcs].concat(), false, value);
        let level = |arc: u8, level: u8| amd(&[3, arc], &integer(&[level]));
        let mut all = vec![
            amd(&[1], &integer(&[u8::from(turin)])),
            amd(&[2], &tlv(IA5_STRING, self.product.name().as_bytes())),
            level(1, self.tcb.boot_loader),
            level(2, self.tcb.tee),
            level(3, self.tcb.snp),
            level(5, 0),
            level(6, 0),
            level(7, 0),
            level(8, self.tcb.microcode),
        ];
        all.push(match turin {
            true => level(9, self.tcb.fmc),
            false => level(4, 0),
        });
        all.extend(self.hwid.map(|id| amd(&[4], id)));
        let provider = self.csp_id;
        all.extend(provider.map(|name| amd(&[5], &tlv(IA5_STRING, name.as_bytes()))));
        all.concat()
    }
}

fn certificate(
    issuer: &Authority,
    form: &PssForm,
    subject: &str,
    serial: &Serial,
    (from, until): (u64, u64),
    spki: &[u8],
    extensions: &[u8],
) -> Vec<u8> {
    form.sign(issuer.key, |algorithm| {
        sequence(&[
            &tlv(der::CONTEXT_0, &integer(&[2])),
            &integer(serial),
            algorithm,
            &name(&issuer.subject),
            &sequence(&[&time(from), &time(until)]),
            &name(subject),
            spki,
            &tlv(der::CONTEXT_3, &tlv(der::SEQUENCE, extensions)),
        ])
    })
}

fn extension(oid: &[u8], critical: bool, content: &[u8]) -> Vec<u8> {
    let flag: &[u8] = if critical { &[1, 1, 0xff] } else { &[] };
    sequence(&[&tlv(der::OID, oid), flag, &tlv(der::OCTET_STRING, content)])
}

fn name(common_name: &str) -> Vec<u8> {
    let text = tlv(der::UTF8_STRING, common_name.as_bytes());
    let attribute = sequence(&[&tlv(der::OID, COMMON_NAME), &text]);
    sequence(&[&tlv(der::SET, &attribute)])
}

fn time(unix: u64) -> Vec<u8> {
    tlv(der::UTC_TIME, utc_time(unix).as_bytes())
}
