//! What AMD publishes about a product, verified once and kept small.

use super::certificate::{check_size, Authority, Issuer};
use super::rsa::Modulus;
use super::{Product, Signer, SnpError, SnpRoot};
use crate::certificate::{check_window, Serial};
use crate::crl::RevocationList;
use crate::crypto::sha256;
use crate::error::{Error, Item};

/// Largest list in bytes: some 700 entries, where a product has two authorities.
const CRL_LIMIT: usize = 32_768;

/// Collateral as AMD's key distribution service publishes it, in DER.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawSnpCollateral {
    pub product: Product,
    /// ASK (issues VCEKs) or ASVK (issues VLEKs).
    pub ask: Vec<u8>,
    /// The ARK's revocation list.
    pub crl: Vec<u8>,
}

/// One of AMD's authorities, verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnpCollateral {
    /// SHA-256 of the root certificate under which it was verified.
    pub root_sha256: [u8; 32],
    pub product: Product,
    /// What the authority issues.
    pub signer: Signer,
    /// SHA-256 of the DER of the authority's name.
    pub ask_name_sha256: [u8; 32],
    /// The authority's RSA modulus, big-endian.
    pub ask_key: Modulus,
    /// Serial number of the authority's certificate.
    pub ask_serial: Serial,
    /// The revocation list that does not name the authority; none if there was no list, which only
    /// tools can do with: such collateral has no stored form.
    pub crl: Option<CrlState>,
    /// First second at which all parts hold, Unix time.
    pub valid_from: u64,
    /// Last second at which all parts hold, Unix time.
    pub valid_until: u64,
}

/// How new a revocation list is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CrlState {
    /// 0 for a list without a number, which only its date protects against an older one: AMD's lists
    /// could not be seen when this was written, so one without is not refused.
    pub number: u64,
    /// Unix seconds.
    pub issued: u64,
}

/// Verifies collateral under the root of its product. Two RSA verifications.
///
/// # Errors
/// If a part is malformed, not in its time, not signed by the root, or if the list names the
/// authority.
pub fn verify_snp_collateral(
    raw: &RawSnpCollateral,
    root: &SnpRoot<'_>,
    now: u64,
) -> Result<SnpCollateral, Error> {
    let authority = root.authority()?;
    let mut collateral = verify_ask(raw.product, &raw.ask, root, now)?;
    let crl = revocation_list(&raw.crl, &authority)?;
    check_window(Item::AmdCrl, crl.this_update, crl.next_update, now)?;
    if crl.contains(&collateral.ask_serial) {
        return Err(Error::Revoked(Item::Ask));
    }
    collateral.crl = Some(CrlState {
        number: crl.number.unwrap_or(0),
        issued: crl.this_update,
    });
    collateral.valid_from = collateral.valid_from.max(crl.this_update);
    collateral.valid_until = collateral.valid_until.min(crl.next_update);
    Ok(collateral)
}

/// Verifies an ASK or ASVK without a revocation list, for tools that have none and say so: nothing
/// tells whether the authority was revoked. One RSA verification.
///
/// # Errors
/// As [`verify_snp_collateral`].
pub fn verify_ask(
    product: Product,
    ask: &[u8],
    root: &SnpRoot<'_>,
    now: u64,
) -> Result<SnpCollateral, Error> {
    let authority = root.authority()?;
    authority.check_dates(now)?;
    let ask = Authority::intermediate(ask)?;
    let signer = signer_of(ask.common_name, product)?;
    ask.check_dates(now)?;
    ask.check_issued_by(&authority.issuer())?;
    let (root_window, ask_window) = (authority.window(), ask.window());
    Ok(SnpCollateral {
        root_sha256: root.fingerprint(),
        product,
        signer,
        ask_name_sha256: ask.name_sha256,
        ask_key: ask.modulus,
        ask_serial: ask.serial(),
        crl: None,
        valid_from: root_window.0.max(ask_window.0),
        valid_until: root_window.1.min(ask_window.1),
    })
}

/// The list of a root. One RSA verification.
fn revocation_list(crl: &[u8], root: &Authority<'_>) -> Result<RevocationList, Error> {
    check_size(crl, Item::AmdCrl, CRL_LIMIT)?;
    RevocationList::verify(crl, Item::AmdCrl, &root.issuer())
}

/// AMD calls an ASK `SEV-` and an ASVK `SEV-VLEK-`, followed by the product.
fn signer_of(common_name: &[u8], product: Product) -> Result<Signer, Error> {
    let after_sev = common_name.strip_prefix(b"SEV-");
    let (signer, name) = match after_sev.and_then(|name| name.strip_prefix(b"VLEK-")) {
        Some(name) => (Signer::Vlek, Some(name)),
        None => (Signer::Vcek, after_sev),
    };
    if name == Some(product.name().as_bytes()) {
        Ok(signer)
    } else {
        Err(Error::Profile(
            Item::Ask,
            "common name is not of an authority of this product",
        ))
    }
}

impl SnpCollateral {
    /// Fails if the revocation list is older than that of `known`; equal is fine. Whoever keeps
    /// collateral calls this before replacing it, so that nobody can bring back an older list that is
    /// still within its dates.
    ///
    /// # Errors
    /// [`Error::Stale`] naming the part; [`SnpError::NoRevocationList`].
    pub fn check_not_older(&self, known: &SnpCollateral) -> Result<(), Error> {
        let (new, old) = (self.crl()?, known.crl()?);
        if new.issued < old.issued {
            Err(Error::Stale("AMD CRL"))
        } else if new.number < old.number {
            Err(Error::Stale("AMD CRL number"))
        } else {
            Ok(())
        }
    }

    /// Fails if the revocation list was issued more than `limit` seconds before `now`.
    ///
    /// # Errors
    /// [`Error::CollateralAge`]; [`SnpError::NoRevocationList`].
    pub fn check_age(&self, now: u64, limit: u64) -> Result<(), Error> {
        let issued = self.crl()?.issued;
        if now.saturating_sub(issued) > limit {
            Err(Error::CollateralAge { issued, limit, now })
        } else {
            Ok(())
        }
    }

    /// The revocation list.
    ///
    /// # Errors
    /// [`SnpError::NoRevocationList`].
    pub fn crl(&self) -> Result<CrlState, Error> {
        Ok(self.crl.ok_or(SnpError::NoRevocationList)?)
    }

    /// Whether this list (DER), genuine and not of the future, revokes the authority. Collateral with
    /// such a list does not verify, so it could not replace what is stored; whoever stores collateral
    /// lets anybody show the list and drops it then. One RSA verification.
    ///
    /// # Errors
    /// If the list is malformed, of the future, or not signed by the root of this collateral.
    pub fn is_revoked_by(&self, crl: &[u8], root: &SnpRoot<'_>, now: u64) -> Result<bool, Error> {
        if root.fingerprint() != self.root_sha256 {
            return Err(Error::ForeignRoot(Item::AmdCrl));
        }
        let authority = root.authority()?;
        let crl = revocation_list(crl, &authority)?;
        check_window(Item::AmdCrl, crl.this_update, u64::MAX, now)?;
        Ok(crl.contains(&self.ask_serial))
    }

    /// Fails outside the time at which all parts hold.
    pub(crate) fn check_dates(&self, now: u64) -> Result<(), Error> {
        check_window(Item::Collateral, self.valid_from, self.valid_until, now)
    }

    /// The authority as an issuer.
    pub(crate) fn issuer(&self) -> Issuer<'_> {
        Issuer {
            name_sha256: &self.ask_name_sha256,
            modulus: &self.ask_key,
        }
    }

    /// SHA-256 of the authority's modulus.
    pub(crate) fn ask_key_sha256(&self) -> [u8; 32] {
        sha256(&[&self.ask_key])
    }
}
