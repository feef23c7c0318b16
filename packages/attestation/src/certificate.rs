//! The outer form of X.509 v3 certificates and of everything signed like them (RFC 5280 §4.1, §5.1),
//! whatever the algorithms. Which algorithms, names and extensions are right is for the hierarchy that
//! a certificate belongs to: `x509.rs` (Intel), `snp/` (AMD), `gpu/` (NVIDIA).

use crate::der::{self, Der, Element};
use crate::error::{Error, Item};

/// A certificate's or revocation entry's serial number, filled up with zeros in front.
pub type Serial = [u8; 20];

const OID_COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];

/// A signed structure: what is signed, how, and the signature.
#[derive(Clone, Copy)]
pub(crate) struct Signed<'a> {
    /// The whole TBS element, as given.
    pub tbs: &'a [u8],
    /// The whole AlgorithmIdentifier.
    pub algorithm: &'a [u8],
    /// Content of the signature's BIT STRING.
    pub signature: &'a [u8],
}

impl<'a> Signed<'a> {
    /// Splits a certificate or CRL, which must fill `bytes`.
    pub fn parse(bytes: &'a [u8], item: Item) -> Result<Self, Error> {
        let mut all = Der::new(bytes, item);
        let mut outer = all.nested(der::SEQUENCE)?;
        all.finish()?;
        let tbs = outer.expect(der::SEQUENCE)?.whole;
        let algorithm = outer.expect(der::SEQUENCE)?.whole;
        let signature = outer.whole_bits()?;
        outer.finish()?;
        Ok(Signed {
            tbs,
            algorithm,
            signature,
        })
    }

    /// The signature as an ECDSA signature over P-256: r ‖ s.
    pub fn p256_signature(&self, item: Item) -> Result<[u8; 64], Error> {
        let mut signature = [0; 64];
        let (r, s) = self.ecdsa::<32>(item)?;
        fill(&mut signature, r.into_iter().chain(s));
        Ok(signature)
    }

    /// The signature as an ECDSA signature over P-384: r ‖ s.
    pub fn p384_signature(&self, item: Item) -> Result<[u8; 96], Error> {
        let mut signature = [0; 96];
        let (r, s) = self.ecdsa::<48>(item)?;
        fill(&mut signature, r.into_iter().chain(s));
        Ok(signature)
    }

    fn ecdsa<const N: usize>(&self, item: Item) -> Result<([u8; N], [u8; N]), Error> {
        let mut bits = Der::new(self.signature, item);
        let mut rs = bits.nested(der::SEQUENCE)?;
        bits.finish()?;
        let (r, s) = (rs.unsigned()?, rs.unsigned()?);
        rs.finish()?;
        Ok((r, s))
    }
}

fn fill(slots: &mut [u8], bytes: impl Iterator<Item = u8>) {
    for (slot, byte) in slots.iter_mut().zip(bytes) {
        *slot = byte;
    }
}

/// The fields of a v3 certificate; nothing is verified but its form.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a> {
    pub signed: Signed<'a>,
    pub serial: Serial,
    /// The whole Name.
    pub issuer: &'a [u8],
    /// First second of validity, Unix time.
    pub not_before: u64,
    /// Last second of validity, Unix time.
    pub not_after: u64,
    /// The Name.
    pub subject: Element<'a>,
    /// The whole SubjectPublicKeyInfo.
    pub spki: &'a [u8],
    /// The list of extensions, to be read with [`extension`].
    pub extensions: Der<'a>,
}

impl<'a> Fields<'a> {
    /// Reads one DER certificate of version 3 with extensions.
    pub fn parse(bytes: &'a [u8], item: Item) -> Result<Self, Error> {
        let signed = Signed::parse(bytes, item)?;
        let mut fields = Der::new(signed.tbs, item).nested(der::SEQUENCE)?;
        if fields.expect(der::CONTEXT_0)?.body != [der::INTEGER, 1, 2] {
            return Err(Error::Profile(item, "version is not 3"));
        }
        let serial = fields.unsigned()?;
        if fields.expect(der::SEQUENCE)?.whole != signed.algorithm {
            return Err(Error::Profile(item, "names two signature algorithms"));
        }
        let issuer = fields.expect(der::SEQUENCE)?.whole;
        let mut validity = fields.nested(der::SEQUENCE)?;
        let (not_before, not_after) = (validity.time()?, validity.time()?);
        validity.finish()?;
        let subject = fields.expect(der::SEQUENCE)?;
        let spki = fields.expect(der::SEQUENCE)?.whole;
        let mut outer = fields.nested(der::CONTEXT_3)?;
        let extensions = outer.nested(der::SEQUENCE)?;
        outer.finish()?;
        fields.finish()?;
        Ok(Fields {
            signed,
            serial,
            issuer,
            not_before,
            not_after,
            subject,
            spki,
            extensions,
        })
    }
}

/// Reads one Extension: OID, whether critical, content of its OCTET STRING.
pub(crate) fn extension<'a>(list: &mut Der<'a>) -> Result<(&'a [u8], bool, &'a [u8]), Error> {
    let mut fields = list.nested(der::SEQUENCE)?;
    let oid = fields.expect(der::OID)?.body;
    let critical = fields.default_false()?;
    let value = fields.expect(der::OCTET_STRING)?.body;
    fields.finish()?;
    Ok((oid, critical, value))
}

/// The contents of the extensions with these OIDs, in their order. One that occurs twice is refused, and
/// any other that is critical.
pub(crate) fn known_extensions<'a, const N: usize>(
    mut list: Der<'a>,
    item: Item,
    oids: [&[u8]; N],
) -> Result<[Option<&'a [u8]>; N], Error> {
    let mut found = [None; N];
    while !list.is_empty() {
        let (oid, critical, value) = extension(&mut list)?;
        let slot = oids
            .iter()
            .zip(&mut found)
            .find(|(known, _)| **known == oid);
        let twice = match slot {
            Some((_, slot)) => slot.replace(value).is_some(),
            None if critical => return Err(Error::Profile(item, "unknown critical extension")),
            None => false,
        };
        if twice {
            return Err(Error::Profile(item, "extension occurs twice"));
        }
    }
    Ok(found)
}

/// The text of the only common name in the content of a Name.
pub(crate) fn common_name(name: &[u8], item: Item) -> Result<&[u8], Error> {
    let mut name = Der::new(name, item);
    let mut found = None;
    while !name.is_empty() {
        let mut set = name.nested(der::SET)?;
        let mut attribute = set.nested(der::SEQUENCE)?;
        set.finish()?;
        let oid = attribute.expect(der::OID)?.body;
        let value = attribute.element()?.body;
        attribute.finish()?;
        if oid == OID_COMMON_NAME && found.replace(value).is_some() {
            return Err(Error::Profile(item, "two common names"));
        }
    }
    found.ok_or(Error::Profile(item, "no common name"))
}

/// Fails unless `from <= now <= until` (Unix seconds).
pub(crate) fn check_window(item: Item, from: u64, until: u64, now: u64) -> Result<(), Error> {
    if now < from {
        Err(Error::NotYetValid { item, from, now })
    } else if now > until {
        Err(Error::Expired { item, until, now })
    } else {
        Ok(())
    }
}
