//! AMD's extensions of VCEK and VLEK certificates (AMD 57230 §3.1): patch levels, and whose key it is.

use super::{Product, Signer, Tcb};
use crate::certificate::extension;
use crate::der::{self, Der};
use crate::error::{Error, Item};

/// 1.3.6.1.4.1.3704.1
const OID_AMD: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x9c, 0x78, 0x01];
const IA5_STRING: u8 = 0x16;
/// Longest name of a product or a cloud provider in bytes.
const NAME_LIMIT: usize = 128;

/// Whose key a certificate endorses.
pub(crate) enum Holder {
    /// Hardware id, filled up with zeros as in reports.
    Chip([u8; 64]),
    /// Name of a cloud provider, ASCII.
    Provider(String),
}

/// What the extensions say.
pub(crate) struct Extensions {
    pub tcb: Tcb,
    pub holder: Holder,
}

#[derive(Default)]
struct Found<'a> {
    version: Option<&'a [u8]>,
    product: Option<&'a [u8]>,
    /// By the last arc of their OIDs, which count from 1: boot loader, TEE, SNP, four that are
    /// reserved, microcode, FMC.
    levels: [Option<&'a [u8]>; 9],
    hardware: Option<&'a [u8]>,
    provider: Option<&'a [u8]>,
}

impl Extensions {
    /// Reads the list of a certificate of this kind and product.
    pub fn parse(
        list: Der<'_>,
        product: Product,
        signer: Signer,
        item: Item,
    ) -> Result<Self, Error> {
        let found = Found::parse(list, item)?;
        // The structure's version is 0 or 1 (Turin); what differs is checked by itself.
        number(found.version, item)?;
        check_product(text(found.product, item)?, product, item)?;
        let holder = match (signer, found.hardware, found.provider) {
            (Signer::Vcek, Some(id), None) => Holder::Chip(hardware_id(id, product, item)?),
            (Signer::Vlek, None, provider) => Holder::Provider(text(provider, item)?.into()),
            _ => {
                return Err(Error::Profile(
                    item,
                    "hardware id or provider does not fit its role",
                ))
            }
        };
        let tcb = found.tcb(product, item)?;
        Ok(Extensions { tcb, holder })
    }
}

impl<'a> Found<'a> {
    fn parse(mut list: Der<'a>, item: Item) -> Result<Self, Error> {
        let mut found = Found::default();
        while !list.is_empty() {
            let (oid, critical, value) = extension(&mut list)?;
            let slot = oid.strip_prefix(OID_AMD).and_then(|arcs| found.slot(arcs));
            let twice = match slot {
                Some(slot) => slot.replace(value).is_some(),
                None if critical => {
                    return Err(Error::Profile(item, "unknown critical extension"));
                }
                None => false,
            };
            if twice {
                return Err(Error::Profile(item, "extension occurs twice"));
            }
        }
        Ok(found)
    }

    fn slot(&mut self, arcs: &[u8]) -> Option<&mut Option<&'a [u8]>> {
        match *arcs {
            [1] => Some(&mut self.version),
            [2] => Some(&mut self.product),
            [3, level] => self.levels.get_mut(usize::from(level.checked_sub(1)?)),
            [4] => Some(&mut self.hardware),
            [5] => Some(&mut self.provider),
            _ => None,
        }
    }

    fn tcb(&self, product: Product, item: Item) -> Result<Tcb, Error> {
        let [boot_loader, tee, snp, reserved @ .., microcode, fmc] = self.levels;
        for level in reserved.into_iter().flatten() {
            if number(Some(level), item)? != 0 {
                return Err(Error::Profile(item, "reserved patch level is not zero"));
            }
        }
        if fmc.is_some() != (product == Product::Turin) {
            return Err(Error::Profile(item, "FMC level does not fit the product"));
        }
        Ok(Tcb {
            fmc: fmc.map_or(Ok(0), |level| number(Some(level), item))?,
            boot_loader: number(boot_loader, item)?,
            tee: number(tee, item)?,
            snp: number(snp, item)?,
            microcode: number(microcode, item)?,
        })
    }
}

fn number(value: Option<&[u8]>, item: Item) -> Result<u8, Error> {
    let value = value.ok_or(Error::Profile(item, "AMD extension is missing"))?;
    let mut value = Der::new(value, item);
    let [number] = value.unsigned()?;
    value.finish()?;
    Ok(number)
}

fn text(value: Option<&[u8]>, item: Item) -> Result<&str, Error> {
    let value = value.ok_or(Error::Profile(item, "AMD extension is missing"))?;
    let mut value = Der::new(value, item);
    let text = value.expect(IA5_STRING)?.body;
    value.finish()?;
    match core::str::from_utf8(text) {
        Ok(text) if text.is_ascii() && !text.is_empty() && text.len() <= NAME_LIMIT => Ok(text),
        _ => Err(Error::Profile(item, "AMD extension is not a short name")),
    }
}

/// The name may carry a stepping (`Milan-B0`). Genoa's authority also endorses its derivatives.
fn check_product(name: &str, product: Product, item: Item) -> Result<(), Error> {
    let line = name.split('-').next().unwrap_or(name);
    let fits = match line {
        "Bergamo" | "Siena" => product == Product::Genoa,
        _ => line == product.name(),
    };
    if fits {
        Ok(())
    } else {
        Err(Error::Profile(item, "certificate is of another product"))
    }
}

/// 64 bytes, on Turin 8. AMD puts them into the extension as they are; some certificates have them as
/// an OCTET STRING inside it.
fn hardware_id(value: &[u8], product: Product, item: Item) -> Result<[u8; 64], Error> {
    let length: u8 = match product {
        Product::Milan | Product::Genoa => 64,
        Product::Turin => 8,
    };
    let id = match *value {
        [der::OCTET_STRING, inner, ref id @ ..]
            if inner == length && id.len() == usize::from(length) =>
        {
            id
        }
        _ => value,
    };
    if id.len() != usize::from(length) {
        return Err(Error::Profile(item, "hardware id has the wrong length"));
    }
    let mut padded = [0; 64];
    for (slot, byte) in padded.iter_mut().zip(id) {
        *slot = *byte;
    }
    Ok(padded)
}
