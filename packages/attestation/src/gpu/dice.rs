//! The digest of the firmware (FWID) in a device certificate.
//!
//! Hopper has an extension from before TCG's DICE attestation architecture settled:
//! `SEQUENCE { INTEGER 1, SubjectPublicKeyInfo of the boot ROM, Fwid }`. Blackwell has TCG's
//! DiceTcbInfo (DICE Attestation Architecture §6.1.1):
//!
//! ```text
//! SEQUENCE { [0] vendor, [1] model, [2] version, [3] svn, [4] layer, [5] index,
//!            [6] SEQUENCE OF Fwid, [7] BIT STRING flags, [8] vendorInfo, [9] type }
//! Fwid ::= SEQUENCE { OID of the digest, OCTET STRING }
//! ```
//!
//! of which the first Fwid is the one that reports repeat, as NVIDIA's own verifier reads it.

use crate::crypto::P384Key;
use crate::der::{self, Der};
use crate::error::{Error, Item};
use crate::gpu::certificate::{Dice, P384_SPKI};
use crate::gpu::{Arch, GpuError};

const ITEM: Item = Item::DeviceLeaf;
/// 2.16.840.1.101.3.4.2.2
const OID_SHA384: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02];
/// Context tags of DiceTcbInfo; `FWIDS` alone is constructed.
const TAG_INDEX: u8 = 0x85;
const TAG_FWIDS: u8 = 0xa6;
const TAG_FLAGS: u8 = 0x87;
const TAG_TYPE: u8 = 0x89;
/// OperationalFlags 1 notSecure, 2 recovery, 3 debug; bit 0 is the highest of the first byte. Flag 0,
/// notConfigured, is set in real certificates.
const REFUSED_FLAGS: u8 = 0x70;

/// The FWID of a leaf certificate that `issuer`'s key signed.
pub(super) fn fwid(
    extension: Option<Dice<'_>>,
    arch: Arch,
    issuer: &P384Key,
) -> Result<[u8; 48], Error> {
    match (arch, extension) {
        (Arch::Hopper, Some(Dice::Identity(content))) => identity(content, issuer),
        (Arch::Blackwell, Some(Dice::TcbInfo(content))) => tcb_info(content),
        _ => Err(Error::Profile(
            ITEM,
            "DICE extension is not its architecture's",
        )),
    }
}

fn identity(content: &[u8], issuer: &P384Key) -> Result<[u8; 48], Error> {
    let mut all = Der::new(content, ITEM);
    let mut fields = all.nested(der::SEQUENCE)?;
    all.finish()?;
    if fields.unsigned::<1>()? != [1] {
        return Err(Error::Profile(ITEM, "DICE identity is not of version 1"));
    }
    let spki = fields.expect(der::SEQUENCE)?.whole;
    if spki.strip_prefix(P384_SPKI) != Some(issuer.as_slice()) {
        return Err(Error::Profile(
            ITEM,
            "DICE identity is not its issuer's key",
        ));
    }
    let fwid = digest(&mut fields)?;
    fields.finish()?;
    Ok(fwid)
}

fn tcb_info(content: &[u8]) -> Result<[u8; 48], Error> {
    let mut all = Der::new(content, ITEM);
    let mut fields = all.nested(der::SEQUENCE)?;
    all.finish()?;
    for tag in 0x80..=TAG_INDEX {
        fields.expect(tag)?;
    }
    let mut fwids = fields.nested(TAG_FWIDS)?;
    let fwid = digest(&mut fwids)?;
    while !fwids.is_empty() {
        digest(&mut fwids)?;
    }
    match *fields.expect(TAG_FLAGS)?.body {
        [unused, first, ..] if unused < 8 => {
            if first & REFUSED_FLAGS != 0 {
                return Err(GpuError::Debug.into());
            }
        }
        _ => return Err(Error::Profile(ITEM, "DICE flags are not a bit string")),
    }
    for tag in 0x88..=TAG_TYPE {
        fields.expect(tag)?;
    }
    fields.finish()?;
    Ok(fwid)
}

/// Reads one Fwid.
fn digest(fields: &mut Der<'_>) -> Result<[u8; 48], Error> {
    let mut fwid = fields.nested(der::SEQUENCE)?;
    if fwid.expect(der::OID)?.body != OID_SHA384 {
        return Err(Error::Profile(ITEM, "FWID is not a SHA-384 digest"));
    }
    let digest = fwid.expect(der::OCTET_STRING)?.body;
    fwid.finish()?;
    digest
        .try_into()
        .map_err(|_| Error::Profile(ITEM, "FWID is not a SHA-384 digest"))
}
