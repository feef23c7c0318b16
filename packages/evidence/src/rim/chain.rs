//! The certificates of a manifest: ECDSA P-384 with SHA-384 throughout, from the signer up to NVIDIA's
//! root. The hierarchy is its own: it has nothing to do with the one that device certificates are in.

use p384::ecdsa::signature::Verifier;
use p384::ecdsa::{DerSignature, Signature, VerifyingKey};
use x509_cert::der::asn1::{AnyRef, ObjectIdentifier};
use x509_cert::der::Decode;
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage};
use x509_cert::Certificate;

use super::RimError;
use crate::digest::sha256;

/// SHA-256 of "NVIDIA CoRIM signing Root CA", valid until 2053-03-08.
pub const NVIDIA_RIM_FINGERPRINT: [u8; 32] = [
    0x12, 0x97, 0x7b, 0x51, 0x15, 0xac, 0xb0, 0x38, 0x11, 0x79, 0x27, 0x9f, 0xff, 0xeb, 0x5a, 0x8c,
    0x4d, 0x26, 0x49, 0x71, 0xeb, 0xb3, 0x22, 0x98, 0x02, 0x3a, 0x46, 0x5f, 0xa4, 0x1d, 0xf5, 0xd1,
];

const ECDSA_WITH_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
/// Most certificates between signer and root, both included.
const CHAIN_LIMIT: usize = 6;

/// A self-signed P-384 root certificate under which manifests are believed.
#[derive(Clone, Debug)]
pub struct RimRoot {
    der: Vec<u8>,
}

impl RimRoot {
    /// NVIDIA's root of reference integrity manifests, as its attestation SDK publishes it.
    pub fn nvidia() -> Self {
        RimRoot {
            der: include_bytes!("nvidia_corim_root_ca.der").to_vec(),
        }
    }

    /// A root given from outside, such as one made for a test.
    pub fn from_der(der: Vec<u8>) -> Self {
        RimRoot { der }
    }

    /// SHA-256 of the certificate.
    pub fn fingerprint(&self) -> [u8; 32] {
        sha256(&self.der)
    }
}

/// A manifest's signer, verified up to the root.
pub(super) struct Signer {
    key: VerifyingKey,
    /// Common name of the signer's issuer, which says which products it signs for.
    pub issuer: String,
    /// First and last second at which every certificate of the chain is valid, Unix time.
    pub valid: (u64, u64),
}

impl Signer {
    /// Whether `signature` (r ‖ s) over SHA-384 of `message` is this signer's.
    pub fn signed(&self, message: &[u8], signature: &[u8; 96]) -> bool {
        Signature::from_slice(signature)
            .is_ok_and(|signature| self.key.verify(message, &signature).is_ok())
    }
}

/// Verifies a chain, signer first, that ends with the root or with a certificate the root issued.
///
/// # Errors
/// The `Chain…` errors of [`RimError`]; `now` in Unix seconds.
pub(super) fn verify(chain: &[Vec<u8>], root: &RimRoot, now: u64) -> Result<Signer, RimError> {
    let mut ders: Vec<&[u8]> = chain.iter().map(Vec::as_slice).collect();
    if ders.last() != Some(&root.der.as_slice()) {
        ders.push(&root.der);
    }
    if !(2..=CHAIN_LIMIT).contains(&ders.len()) {
        return Err(RimError::ChainForm(format!(
            "{} certificates, expected 2 to {CHAIN_LIMIT}",
            ders.len()
        )));
    }
    let links = ders
        .iter()
        .map(|der| Link::parse(der))
        .collect::<Result<Vec<_>, _>>()?;
    for (place, link) in links.iter().enumerate() {
        link.check_role(place > 0)?;
        // The root is its own issuer; its signature says nothing, its bytes are pinned.
        if let Some(issuer) = links.get(place + 1) {
            link.check_issuer(issuer)?;
        }
    }
    let valid = links.iter().fold((0, u64::MAX), |(from, until), link| {
        (from.max(link.valid.0), until.min(link.valid.1))
    });
    if let Some(link) = links
        .iter()
        .find(|link| now < link.valid.0 || now > link.valid.1)
    {
        return Err(RimError::ChainDates {
            name: link.name.clone(),
            from: link.valid.0,
            until: link.valid.1,
            now,
        });
    }
    let mut links = links.into_iter();
    match (links.next(), links.next()) {
        (Some(signer), Some(issuer)) => Ok(Signer {
            key: signer.key,
            issuer: issuer.name,
            valid,
        }),
        _ => Err(RimError::ChainForm("no signer".to_string())),
    }
}

/// One certificate, parsed.
struct Link {
    certificate: Certificate,
    /// What is signed; DER has one encoding only, so this is what was given.
    tbs: Vec<u8>,
    key: VerifyingKey,
    name: String,
    valid: (u64, u64),
}

impl Link {
    fn parse(der: &[u8]) -> Result<Self, RimError> {
        let form = |problem: &str| RimError::ChainForm(problem.to_string());
        let certificate =
            Certificate::from_der(der).map_err(|e| RimError::ChainForm(e.to_string()))?;
        let tbs = certificate.tbs_certificate();
        let name = crate::read::common_name(tbs.subject());
        let algorithms = [certificate.signature_algorithm(), tbs.signature()];
        if algorithms
            .iter()
            .any(|algorithm| algorithm.oid != ECDSA_WITH_SHA384)
        {
            return Err(RimError::ChainForm(format!(
                "`{name}` is not signed with ECDSA P-384"
            )));
        }
        let point = tbs.subject_public_key_info().subject_public_key.as_bytes();
        let key = point.and_then(|point| VerifyingKey::from_sec1_bytes(point).ok());
        let validity = tbs.validity();
        let seconds = |time: &x509_cert::time::Time| time.to_unix_duration().as_secs();
        Ok(Link {
            tbs: signed_part(der).ok_or_else(|| form("a certificate has no content"))?,
            key: key.ok_or_else(|| form("a key is not a P-384 point"))?,
            name,
            valid: (seconds(&validity.not_before), seconds(&validity.not_after)),
            certificate,
        })
    }

    /// Authorities must be allowed to sign certificates, the signer must not be one.
    fn check_role(&self, authority: bool) -> Result<(), RimError> {
        let tbs = self.certificate.tbs_certificate();
        let constraints = tbs.get_extension::<BasicConstraints>().ok().flatten();
        let usage = tbs.get_extension::<KeyUsage>().ok().flatten();
        let is_authority = constraints.is_some_and(|(_, constraints)| constraints.ca);
        let may = usage.is_some_and(|(_, usage)| {
            if authority {
                usage.key_cert_sign()
            } else {
                usage.digital_signature()
            }
        });
        if is_authority == authority && may {
            Ok(())
        } else {
            Err(RimError::ChainForm(format!(
                "`{}` may not be used like this",
                self.name
            )))
        }
    }

    fn check_issuer(&self, issuer: &Link) -> Result<(), RimError> {
        let own = self.certificate.tbs_certificate();
        if own.issuer() != issuer.certificate.tbs_certificate().subject() {
            return Err(RimError::ChainIssuer {
                name: self.name.clone(),
                issuer: issuer.name.clone(),
            });
        }
        let signature = self.certificate.signature().as_bytes().unwrap_or_default();
        let signature = DerSignature::try_from(signature)
            .map_err(|_| RimError::ChainSignature(self.name.clone()))?;
        issuer
            .key
            .verify(&self.tbs, &signature)
            .map_err(|_| RimError::ChainSignature(self.name.clone()))
    }
}

/// The first element in a certificate, as given: NVIDIA encodes some defaults that DER leaves out, so
/// encoding what was parsed would give other bytes.
fn signed_part(der: &[u8]) -> Option<Vec<u8>> {
    let content = AnyRef::from_der(der).ok()?.value();
    let (_, rest) = AnyRef::from_der_partial(content).ok()?;
    content.strip_suffix(rest).map(<[u8]>::to_vec)
}
