//! Revocation lists of an ARK (RFC 5280 §5): complete, not delta.

use super::certificate::{check_size, Issuer};
use super::rsa::expect_pss;
use crate::certificate::{extension, Serial, Signed};
use crate::der::{self, Der};
use crate::error::{Error, Item};

const OID_CRL_NUMBER: &[u8] = &[0x55, 0x1d, 0x14];
const ITEM: Item = Item::AmdCrl;
/// Largest list in bytes: some 700 entries, where a product has two authorities.
const LIMIT: usize = 32_768;

/// A list whose signature and form were checked; its dates are left to the caller.
pub(crate) struct AmdCrl<'a> {
    revoked: Der<'a>,
    /// 0 if the list has none.
    pub number: u64,
    /// Unix seconds.
    pub this_update: u64,
    /// Unix seconds.
    pub next_update: u64,
}

impl<'a> AmdCrl<'a> {
    /// Reads a DER list, which must be `issuer`'s. One RSA verification.
    pub fn verify(bytes: &'a [u8], issuer: &Issuer<'_>) -> Result<Self, Error> {
        check_size(bytes, ITEM, LIMIT)?;
        let signed = Signed::parse(bytes, ITEM)?;
        expect_pss(signed.algorithm, ITEM)?;
        let mut fields = Der::new(signed.tbs, ITEM).nested(der::SEQUENCE)?;
        if fields.unsigned::<1>()? != [1] {
            return Err(Error::Profile(ITEM, "version is not 2"));
        }
        if fields.expect(der::SEQUENCE)?.whole != signed.algorithm {
            return Err(Error::Profile(ITEM, "names two signature algorithms"));
        }
        issuer.check_name(fields.expect(der::SEQUENCE)?.whole, ITEM)?;
        let (this_update, next_update) = (fields.time()?, fields.time()?);
        issuer.check_signature(signed.tbs, signed.signature, ITEM)?;
        let revoked = fields.optional(der::SEQUENCE)?;
        let revoked = Der::new(revoked.map(|list| list.body).unwrap_or_default(), ITEM);
        let mut outer = fields.nested(der::CONTEXT_0)?;
        let number = number(outer.nested(der::SEQUENCE)?)?;
        outer.finish()?;
        fields.finish()?;
        Ok(AmdCrl {
            revoked,
            number,
            this_update,
            next_update,
        })
    }

    /// Whether the list has this serial number. All entries are read.
    pub fn contains(&self, serial: &Serial) -> Result<bool, Error> {
        let mut list = self.revoked;
        let mut found = false;
        while !list.is_empty() {
            let mut entry = list.nested(der::SEQUENCE)?;
            found |= entry.unsigned()? == *serial;
            entry.time()?;
            if let Some(extensions) = entry.optional(der::SEQUENCE)? {
                refuse_critical(Der::new(extensions.body, ITEM), |_, _| Ok(()))?;
            }
            entry.finish()?;
        }
        Ok(found)
    }
}

/// The CRL number. AMD's lists could not be seen here, so one without it is not refused: it counts as
/// 0, and only its date protects it against an older one.
fn number(extensions: Der<'_>) -> Result<u64, Error> {
    let mut number = 0;
    refuse_critical(extensions, |oid, value| {
        if oid == OID_CRL_NUMBER {
            let mut value = Der::new(value, ITEM);
            number = u64::from_be_bytes(value.unsigned()?);
            value.finish()?;
        }
        Ok(())
    })?;
    Ok(number)
}

/// Reads every extension. A delta list, one of limited scope and an entry of another issuer say so in
/// a critical one.
fn refuse_critical<'a>(
    mut extensions: Der<'a>,
    mut read: impl FnMut(&'a [u8], &'a [u8]) -> Result<(), Error>,
) -> Result<(), Error> {
    while !extensions.is_empty() {
        let (oid, critical, value) = extension(&mut extensions)?;
        if critical {
            return Err(Error::Profile(ITEM, "critical extension"));
        }
        read(oid, value)?;
    }
    Ok(())
}
