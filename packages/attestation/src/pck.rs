//! PCK certificates: the key that vouches for a platform's quoting enclave, and Intel's SGX extension
//! in it (Intel SGX PCK Certificate and CRL Profile Specification §1.3.5), which says what platform
//! this is and how far it is patched.
//!
//! A certificate lives for years, a quote for an hour: whoever meets the same platform again keeps the
//! verified [`Pck`] (224 bytes) under its hash and spares a signature and 1.2 kB of every quote.
//! What changes in between is checked at every use: revocation, dates, authority.

use crate::certificate::{check_window, Serial};
use crate::collateral::{Collateral, Origin, PckCaKind};
use crate::crypto::sha256;
use crate::der::{self, Der};
use crate::error::{Error, Item};
use crate::stored::{decode, Cause};
use crate::x509::{Authority, Certificate, Role};

/// 1.2.840.113741.1.13.1; the fields are below it.
const OID_PREFIX: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01];
const ITEM: Item = Item::PckLeaf;
/// First byte of the stored form; another layout gets another number.
const FORMAT: u8 = 1;

/// What a verified PCK certificate says, to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pck {
    /// SHA-256 of the certificate's DER.
    pub sha256: [u8; 32],
    /// SHA-256 of the certificate of the authority that issued it.
    pub ca_certificate_sha256: [u8; 32],
    /// Which authority that is.
    pub ca_kind: PckCaKind,
    /// SHA-256 of the platform's PPID.
    pub ppid_hash: [u8; 32],
    /// The 16 SGX TCB components.
    pub components: [u8; 16],
    pub pce_svn: u16,
    pub pce_id: [u8; 2],
    pub fmspc: [u8; 6],
    pub serial: Serial,
    /// P-256 public key, x ‖ y.
    pub key: [u8; 64],
    /// First second of validity, Unix time.
    pub not_before: u64,
    /// Last second of validity, Unix time.
    pub not_after: u64,
}

/// Verifies a PCK certificate in DER under the collateral of its platform, at `now` (Unix seconds). One
/// P-256 verification.
///
/// # Errors
/// The first check that fails: form, issuer, dates, revocation, FMSPC, PCE-ID, signature.
pub fn verify_pck(der: &[u8], collateral: &Collateral, now: u64) -> Result<Pck, Error> {
    let dates = &collateral.dates;
    check_window(Item::Collateral, dates.valid_from, dates.valid_until, now)?;
    let (certificate, pck) = check(der, collateral, now)?;
    check_signature(&certificate, collateral)?;
    Ok(pck)
}

/// Which collateral a PCK certificate asks for. A hint, since nothing is verified: it chooses a set,
/// and the verifier then refuses a certificate that the set does not cover.
///
/// # Errors
/// [`Error::Der`] and [`Error::Profile`] for anything but a PCK certificate.
pub fn certificate_origin(pck_der: &[u8]) -> Result<Origin, Error> {
    let (certificate, platform) = parse(pck_der)?;
    Ok(Origin {
        fmspc: platform.fmspc,
        pck_ca: certificate.issuer_kind()?,
    })
}

/// The certificate and what would be kept of it; everything is checked but the signature.
pub(crate) fn check<'a>(
    der: &'a [u8],
    collateral: &Collateral,
    now: u64,
) -> Result<(Certificate<'a>, Pck), Error> {
    let (certificate, platform) = parse(der)?;
    certificate.check_issuer(&authority(collateral))?;
    let pck = Pck {
        sha256: sha256(&[der]),
        ca_certificate_sha256: collateral.pck_ca.certificate_sha256,
        ca_kind: collateral.pck_ca.kind,
        ppid_hash: sha256(&[&platform.ppid]),
        components: platform.components,
        pce_svn: platform.pce_svn,
        pce_id: platform.pce_id,
        fmspc: platform.fmspc,
        serial: certificate.serial,
        key: certificate.key,
        not_before: certificate.not_before,
        not_after: certificate.not_after,
    };
    pck.check_current(collateral, now)?;
    Ok((certificate, pck))
}

/// The collateral's PCK CA signed this certificate. One P-256 verification.
pub(crate) fn check_signature(
    certificate: &Certificate<'_>,
    collateral: &Collateral,
) -> Result<(), Error> {
    certificate.check_signature(&authority(collateral))
}

fn authority(collateral: &Collateral) -> Authority<'_> {
    Authority {
        name_sha256: collateral.pck_ca.name_sha256,
        key: &collateral.pck_ca.key,
    }
}

impl Pck {
    /// Which collateral its quotes are verified with.
    pub fn origin(&self) -> Origin {
        Origin {
            fmspc: self.fmspc,
            pck_ca: self.ca_kind,
        }
    }

    /// Fails unless the certificate is good under this collateral at `now`; its signature was checked.
    pub(crate) fn check_current(&self, collateral: &Collateral, now: u64) -> Result<(), Error> {
        if self.ca_certificate_sha256 != collateral.pck_ca.certificate_sha256 {
            return Err(Error::PckChain(Item::PckCa));
        }
        check_window(ITEM, self.not_before, self.not_after, now)?;
        if collateral.revoked_pck.binary_search(&self.serial).is_ok() {
            Err(Error::Revoked(ITEM))
        } else if self.fmspc != collateral.fmspc {
            Err(Error::Fmspc)
        } else if self.pce_id != collateral.pce_id {
            Err(Error::PceId)
        } else {
            Ok(())
        }
    }

    /// The stored form: a format byte, then every field in the order of the struct, integers
    /// big-endian.
    pub fn encode(&self) -> Vec<u8> {
        [
            &[FORMAT][..],
            &self.sha256,
            &self.ca_certificate_sha256,
            &[self.ca_kind as u8],
            &self.ppid_hash,
            &self.components,
            &self.pce_svn.to_be_bytes(),
            &self.pce_id,
            &self.fmspc,
            &self.serial,
            &self.key,
            &self.not_before.to_be_bytes(),
            &self.not_after.to_be_bytes(),
        ]
        .concat()
    }

    /// Reads the stored form. The bytes must come from [`Pck::encode`]: they are believed.
    ///
    /// # Errors
    /// [`Error::Encoding`] for bytes that are cut, followed by others or of another format.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        decode(bytes, FORMAT, |input| {
            Ok(Pck {
                sha256: input.array()?,
                ca_certificate_sha256: input.array()?,
                ca_kind: PckCaKind::from_byte(input.u8()?).ok_or(Cause("unknown PCK CA"))?,
                ppid_hash: input.array()?,
                components: input.array()?,
                pce_svn: input.u16_be()?,
                pce_id: input.array()?,
                fmspc: input.array()?,
                serial: input.array()?,
                key: input.array()?,
                not_before: input.u64_be()?,
                not_after: input.u64_be()?,
            })
        })
    }
}

/// The platform of a PCK certificate.
struct Platform {
    ppid: [u8; 16],
    components: [u8; 16],
    pce_svn: u16,
    pce_id: [u8; 2],
    fmspc: [u8; 6],
}

/// Reads a PCK certificate and its platform. Nothing is verified yet.
fn parse(bytes: &[u8]) -> Result<(Certificate<'_>, Platform), Error> {
    let certificate = Certificate::parse(bytes, Role::PckLeaf)?;
    let extension = certificate
        .sgx
        .ok_or(Error::Profile(ITEM, "no SGX extension"))?;
    let platform = parse_extension(extension)?;
    Ok((certificate, platform))
}

/// PPID, TCB, PCE-ID and FMSPC come first and in this order; SGX type follows, and platform instance
/// and configuration in certificates of the Platform CA.
fn parse_extension(bytes: &[u8]) -> Result<Platform, Error> {
    let mut all = Der::new(bytes, ITEM);
    let mut fields = all.nested(der::SEQUENCE)?;
    all.finish()?;
    let ppid = octets(&mut field(&mut fields, &[1])?)?;
    let (components, pce_svn) = parse_tcb(field(&mut fields, &[2])?)?;
    let pce_id = octets(&mut field(&mut fields, &[3])?)?;
    let fmspc = octets(&mut field(&mut fields, &[4])?)?;
    field(&mut fields, &[5])?.expect(der::ENUMERATED)?;
    if !fields.is_empty() {
        octets::<16>(&mut field(&mut fields, &[6])?)?;
        field(&mut fields, &[7])?.expect(der::SEQUENCE)?;
    }
    fields.finish()?;
    Ok(Platform {
        ppid,
        components,
        pce_svn,
        pce_id,
        fmspc,
    })
}

/// SVNs 1 to 16 of the components, 17 of the PCE, 18 the raw CPUSVN (which the components restate).
fn parse_tcb(mut tcb: Der<'_>) -> Result<([u8; 16], u16), Error> {
    let mut list = tcb.nested(der::SEQUENCE)?;
    tcb.finish()?;
    let mut components = [0u8; 16];
    for (number, component) in (1u8..).zip(components.iter_mut()) {
        let mut value = field(&mut list, &[2, number])?;
        [*component] = value.unsigned()?;
        value.finish()?;
    }
    let mut value = field(&mut list, &[2, 17])?;
    let pce_svn = u16::from_be_bytes(value.unsigned()?);
    value.finish()?;
    octets::<16>(&mut field(&mut list, &[2, 18])?)?;
    list.finish()?;
    Ok((components, pce_svn))
}

/// A reader of the value of the next `SEQUENCE { OID prefix.suffix, value }`.
fn field<'a>(fields: &mut Der<'a>, suffix: &[u8]) -> Result<Der<'a>, Error> {
    let mut pair = fields.nested(der::SEQUENCE)?;
    let oid = pair.expect(der::OID)?.body;
    if oid.strip_prefix(OID_PREFIX) == Some(suffix) {
        Ok(pair)
    } else {
        Err(Error::Profile(ITEM, "fields of the SGX extension"))
    }
}

fn octets<const N: usize>(value: &mut Der<'_>) -> Result<[u8; N], Error> {
    let bytes = value.expect(der::OCTET_STRING)?.body;
    value.finish()?;
    bytes
        .try_into()
        .map_err(|_| Error::Profile(ITEM, "length of a field of the SGX extension"))
}
