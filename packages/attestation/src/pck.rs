//! Intel's SGX extension of a PCK certificate (Intel SGX PCK Certificate and CRL Profile
//! Specification §1.3.5): which platform this is and how far it is patched.

use crate::der::{self, Der};
use crate::error::{Error, Item};
use crate::x509::{Certificate, Role};

/// 1.2.840.113741.1.13.1; the fields are below it.
const OID_PREFIX: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01];
const ITEM: Item = Item::PckLeaf;

/// The platform of a PCK certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Platform {
    pub ppid: [u8; 16],
    /// The 16 SGX TCB components.
    pub components: [u8; 16],
    pub pce_svn: u16,
    pub pce_id: [u8; 2],
    pub fmspc: [u8; 6],
}

/// Reads a PCK certificate and its platform. Nothing is verified yet.
pub(crate) fn parse(bytes: &[u8]) -> Result<(Certificate<'_>, Platform), Error> {
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
