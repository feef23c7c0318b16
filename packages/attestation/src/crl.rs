//! X.509 v2 certificate revocation lists (RFC 5280 §5): complete, not delta, signed by the authority
//! whose certificates they revoke. How that authority signs is for its hierarchy to say.

use crate::certificate::{extension, Serial, Signed};
use crate::der::{self, Der};
use crate::error::{Error, Item};

const OID_CRL_NUMBER: &[u8] = &[0x55, 0x1d, 0x14];

/// Who must have signed a list or certificate, and how.
pub(crate) trait SignedBy {
    /// Fails unless this AlgorithmIdentifier is how the authority signs.
    fn check_algorithm(&self, algorithm: &[u8], item: Item) -> Result<(), Error>;

    /// Fails unless `name` (DER) is the authority's.
    fn check_name(&self, name: &[u8], item: Item) -> Result<(), Error>;

    /// One signature verification.
    fn check_signed(&self, signed: &Signed<'_>, item: Item) -> Result<(), Error>;
}

/// A revocation list whose signature was checked.
pub(crate) struct RevocationList {
    /// Sorted.
    pub revoked: Vec<Serial>,
    /// None if the list has no number.
    pub number: Option<u64>,
    /// Unix seconds.
    pub this_update: u64,
    /// Unix seconds.
    pub next_update: u64,
}

impl RevocationList {
    /// Reads a DER list, which must be `issuer`'s; its dates are left to the caller. One signature
    /// verification.
    pub fn verify(bytes: &[u8], item: Item, issuer: &impl SignedBy) -> Result<Self, Error> {
        let signed = Signed::parse(bytes, item)?;
        issuer.check_algorithm(signed.algorithm, item)?;
        let mut fields = Der::new(signed.tbs, item).nested(der::SEQUENCE)?;
        if fields.unsigned::<1>()? != [1] {
            return Err(Error::Profile(item, "version is not 2"));
        }
        if fields.expect(der::SEQUENCE)?.whole != signed.algorithm {
            return Err(Error::Profile(item, "names two signature algorithms"));
        }
        issuer.check_name(fields.expect(der::SEQUENCE)?.whole, item)?;
        let (this_update, next_update) = (fields.time()?, fields.time()?);
        issuer.check_signed(&signed, item)?;
        let revoked = match fields.optional(der::SEQUENCE)? {
            Some(list) => serials(Der::new(list.body, item), item)?,
            None => Vec::new(),
        };
        let mut outer = fields.nested(der::CONTEXT_0)?;
        let number = crl_number(outer.nested(der::SEQUENCE)?, item)?;
        outer.finish()?;
        fields.finish()?;
        Ok(RevocationList {
            revoked,
            number,
            this_update,
            next_update,
        })
    }

    pub fn contains(&self, serial: &Serial) -> bool {
        self.revoked.binary_search(serial).is_ok()
    }
}

fn serials(mut list: Der<'_>, item: Item) -> Result<Vec<Serial>, Error> {
    let mut revoked = Vec::new();
    while !list.is_empty() {
        let mut entry = list.nested(der::SEQUENCE)?;
        revoked.push(entry.unsigned()?);
        entry.time()?;
        if let Some(extensions) = entry.optional(der::SEQUENCE)? {
            let mut extensions = Der::new(extensions.body, item);
            while !extensions.is_empty() {
                if let (_, true, _) = extension(&mut extensions)? {
                    return Err(Error::Profile(item, "critical extension of an entry"));
                }
            }
        }
        entry.finish()?;
    }
    revoked.sort_unstable();
    Ok(revoked)
}

fn crl_number(mut extensions: Der<'_>, item: Item) -> Result<Option<u64>, Error> {
    let mut number = None;
    while !extensions.is_empty() {
        let (oid, critical, value) = extension(&mut extensions)?;
        if critical {
            // A delta list or one of limited scope says so in a critical extension.
            return Err(Error::Profile(item, "critical extension"));
        }
        if oid == OID_CRL_NUMBER {
            let mut value = Der::new(value, item);
            number = Some(u64::from_be_bytes(value.unsigned()?));
            value.finish()?;
        }
    }
    Ok(number)
}
