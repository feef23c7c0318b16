//! Stored forms (`stored.rs`) of [`SnpCollateral`] and [`Endorsement`].

use super::{CrlState, Endorsement, Product, Signer, SnpCollateral, Tcb};
use crate::bytes::Reader;
use crate::error::Error;
use crate::stored::{decode, text, Cause};

/// First byte; another layout gets another number.
const FORMAT: u8 = 1;

impl SnpCollateral {
    /// The stored form, 631 bytes.
    ///
    /// # Errors
    /// [`super::SnpError::NoRevocationList`]: without a list there is no stored form.
    pub fn encode(&self) -> Result<Vec<u8>, Error> {
        let crl = self.crl()?;
        let kind = [FORMAT, self.product as u8, self.signer as u8];
        Ok([
            &kind[..],
            &self.root_sha256,
            &self.ask_name_sha256,
            &self.ask_key,
            &self.ask_serial,
            &crl.number.to_be_bytes(),
            &crl.issued.to_be_bytes(),
            &self.valid_from.to_be_bytes(),
            &self.valid_until.to_be_bytes(),
        ]
        .concat())
    }

    /// Reads the stored form. The bytes must come from [`SnpCollateral::encode`]: they are believed.
    ///
    /// # Errors
    /// [`Error::Encoding`] for bytes that are cut, followed by others or of another format.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        decode(bytes, FORMAT, |input| {
            let (product, signer) = kind(input)?;
            Ok(SnpCollateral {
                product,
                signer,
                root_sha256: input.array()?,
                ask_name_sha256: input.array()?,
                ask_key: input.array()?,
                ask_serial: input.array()?,
                crl: Some(CrlState {
                    number: input.u64_be()?,
                    issued: input.u64_be()?,
                }),
                valid_from: input.u64_be()?,
                valid_until: input.u64_be()?,
            })
        })
    }
}

impl Endorsement {
    /// The stored form, about 280 bytes.
    ///
    /// # Errors
    /// [`Error::Encoding`] if it has not exactly what its kind has: a hardware id or a provider's
    /// name of at most 255 bytes.
    pub fn encode(&self) -> Result<Vec<u8>, Error> {
        let mismatch = Error::Encoding("hardware id or provider does not fit the signer");
        let (length, holder): (Option<u8>, &[u8]) = match (self.signer, &self.hwid, &self.csp_id) {
            (Signer::Vcek, Some(id), None) => (None, id),
            (Signer::Vlek, None, Some(name)) => {
                let length = u8::try_from(name.len()).map_err(|_| mismatch)?;
                (Some(length), name.as_bytes())
            }
            _ => return Err(mismatch),
        };
        let kind = [FORMAT, self.product as u8, self.signer as u8];
        let Tcb {
            fmc,
            boot_loader,
            tee,
            snp,
            microcode,
        } = self.tcb;
        Ok([
            &kind[..],
            &self.sha256,
            &self.root_sha256,
            &self.ask_key_sha256,
            &self.key,
            &[fmc, boot_loader, tee, snp, microcode],
            &self.not_before.to_be_bytes(),
            &self.not_after.to_be_bytes(),
            length.as_slice(),
            holder,
        ]
        .concat())
    }

    /// Reads the stored form. The bytes must come from [`Endorsement::encode`]: they are believed.
    ///
    /// # Errors
    /// [`Error::Encoding`] for bytes that are cut, followed by others or of another format.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        decode(bytes, FORMAT, |input| {
            let (product, signer) = kind(input)?;
            Ok(Endorsement {
                sha256: input.array()?,
                root_sha256: input.array()?,
                ask_key_sha256: input.array()?,
                product,
                signer,
                key: input.array()?,
                tcb: Tcb {
                    fmc: input.u8()?,
                    boot_loader: input.u8()?,
                    tee: input.u8()?,
                    snp: input.u8()?,
                    microcode: input.u8()?,
                },
                not_before: input.u64_be()?,
                not_after: input.u64_be()?,
                hwid: match signer {
                    Signer::Vcek => Some(input.array()?),
                    Signer::Vlek => None,
                },
                csp_id: match signer {
                    Signer::Vcek => None,
                    Signer::Vlek => Some(text(input)?),
                },
            })
        })
    }
}

fn kind(input: &mut Reader<'_>) -> Result<(Product, Signer), Cause> {
    let [product, signer] = input.array()?;
    match (Product::from_byte(product), Signer::from_byte(signer)) {
        (Some(product), Some(signer)) => Ok((product, signer)),
        _ => Err(Cause("unknown product or signer")),
    }
}
