//! Certificates of AMD's authorities: ARK (root of a product), below it ASK and ASVK.

use super::rsa::{expect_pss, modulus, pss_verifies, Modulus};
use crate::certificate::{check_window, common_name, known_extensions, Fields, Serial, Signed};
use crate::crl::SignedBy;
use crate::crypto::sha256;
use crate::der::{self, Der};
use crate::error::{Error, Item};

const OID_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
const OID_BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
const KEY_CERT_SIGN: u8 = 0x04;
const CRL_SIGN: u8 = 0x02;

/// Largest certificate in bytes; AMD's have about 1,700.
const LIMIT: usize = 4_096;

/// Reads the outer form of one certificate of AMD's hierarchy.
pub(crate) fn fields(bytes: &[u8], item: Item) -> Result<Fields<'_>, Error> {
    check_size(bytes, item, LIMIT)?;
    let fields = Fields::parse(bytes, item)?;
    expect_pss(fields.signed.algorithm, item)?;
    Ok(fields)
}

/// Fails if there are more than `limit` bytes.
pub(crate) fn check_size(bytes: &[u8], item: Item, limit: usize) -> Result<(), Error> {
    let have = bytes.len();
    if have > limit {
        return Err(Error::TooLarge { item, have, limit });
    }
    Ok(())
}

/// An issuer of certificates or lists: its name and key.
#[derive(Clone, Copy)]
pub(crate) struct Issuer<'a> {
    /// SHA-256 of the DER of its name.
    pub name_sha256: &'a [u8; 32],
    pub modulus: &'a Modulus,
}

impl SignedBy for Issuer<'_> {
    fn check_algorithm(&self, algorithm: &[u8], item: Item) -> Result<(), Error> {
        expect_pss(algorithm, item)
    }

    fn check_name(&self, name: &[u8], item: Item) -> Result<(), Error> {
        if sha256(&[name]) == *self.name_sha256 {
            Ok(())
        } else {
            Err(Error::Issuer(item))
        }
    }

    fn check_signed(&self, signed: &Signed<'_>, item: Item) -> Result<(), Error> {
        if pss_verifies(self.modulus, signed.tbs, signed.signature) {
            Ok(())
        } else {
            Err(Error::Signature(item))
        }
    }
}

/// The certificate of an authority; its signature was not checked.
pub(crate) struct Authority<'a> {
    item: Item,
    fields: Fields<'a>,
    pub common_name: &'a [u8],
    pub name_sha256: [u8; 32],
    pub modulus: Modulus,
}

impl<'a> Authority<'a> {
    /// Reads the certificate of an ARK.
    pub fn root(bytes: &'a [u8]) -> Result<Self, Error> {
        let root = Self::parse(bytes, Item::Ark)?;
        constraints(&root.fields, root.item, KEY_CERT_SIGN | CRL_SIGN)?;
        Ok(root)
    }

    /// Reads the certificate of an ASK or ASVK, which may only issue leaves.
    pub fn intermediate(bytes: &'a [u8]) -> Result<Self, Error> {
        let intermediate = Self::parse(bytes, Item::Ask)?;
        let path_length = constraints(&intermediate.fields, intermediate.item, KEY_CERT_SIGN)?;
        if path_length != Some([0]) {
            return Err(Error::Profile(Item::Ask, "path length is not 0"));
        }
        Ok(intermediate)
    }

    fn parse(bytes: &'a [u8], item: Item) -> Result<Self, Error> {
        let fields = fields(bytes, item)?;
        Ok(Authority {
            item,
            common_name: common_name(fields.subject.body, item)?,
            name_sha256: sha256(&[fields.subject.whole]),
            modulus: modulus(fields.spki, item)?,
            fields,
        })
    }

    pub fn serial(&self) -> Serial {
        self.fields.serial
    }

    /// First and last second of validity, Unix time.
    pub fn window(&self) -> (u64, u64) {
        (self.fields.not_before, self.fields.not_after)
    }

    pub fn check_dates(&self, now: u64) -> Result<(), Error> {
        let (from, until) = self.window();
        check_window(self.item, from, until, now)
    }

    /// This authority as an issuer.
    pub fn issuer(&self) -> Issuer<'_> {
        Issuer {
            name_sha256: &self.name_sha256,
            modulus: &self.modulus,
        }
    }

    /// Fails unless `issuer` issued this certificate. One RSA verification.
    pub fn check_issued_by(&self, issuer: &Issuer<'_>) -> Result<(), Error> {
        issuer.check_name(self.fields.issuer, self.item)?;
        issuer.check_signed(&self.fields.signed, self.item)
    }
}

/// Fails unless the extensions are those of an authority with these key usages. The path length.
fn constraints(fields: &Fields<'_>, item: Item, usage: u8) -> Result<Option<[u8; 1]>, Error> {
    let oids = [OID_BASIC_CONSTRAINTS, OID_KEY_USAGE];
    let [constraints, key_usage] = known_extensions(fields.extensions, item, oids)?;
    match key_usage {
        Some(&[der::BIT_STRING, 2, unused, bits]) if unused < 8 && bits & usage == usage => {}
        _ => return Err(Error::Profile(item, "key usage does not fit its role")),
    }
    let constraints = constraints.ok_or(Error::Profile(item, "no constraints"))?;
    let mut all = Der::new(constraints, item);
    let mut fields = all.nested(der::SEQUENCE)?;
    all.finish()?;
    if !fields.default_false()? {
        return Err(Error::Profile(item, "is not an authority"));
    }
    let path_length = match fields.is_empty() {
        true => None,
        false => Some(fields.unsigned()?),
    };
    fields.finish()?;
    Ok(path_length)
}
