//! From collateral as published to [`Collateral`]: six P-256 verifications under one pinned root.
//!
//! Root CRL, PCK CA and TCB signing certificate are signed by the root; the PCK CRL by the PCK CA;
//! TCB info and QE identity by the TCB signing certificate. JSON is parsed only after its signature
//! held over the bytes as given.

use crate::certificate::check_window;
use crate::collateral::{Collateral, Dates, PckCa, RawCollateral};
use crate::crl::RevocationList;
use crate::crypto::{p256_verifies, sha256};
use crate::error::{Error, Item};
use crate::intel_json::{parse_qe_identity, parse_tcb_info};
use crate::root::TrustRoot;
use crate::x509::{Certificate, Role};

/// Most bytes of a CRL; Intel's has 3.4 kB.
const CRL_LIMIT: usize = 65_535;
/// Most bytes of TCB info or QE identity; Intel's have 4 to 6 kB and 0.5 kB.
const JSON_LIMIT: usize = 32_768;
/// Most bytes of a certificate; Intel's have 0.6 to 1.3 kB.
const CERTIFICATE_LIMIT: usize = 4_096;

/// Verifies everything in `raw` under `root` at `now` (Unix seconds).
///
/// # Errors
/// The first check that fails, see [`Error`]. Nothing of `raw` is to be believed then.
pub fn verify_collateral(
    raw: &RawCollateral,
    root: &TrustRoot<'_>,
    now: u64,
) -> Result<Collateral, Error> {
    check_sizes(raw)?;
    let mut parts = Parts {
        now,
        from: 0,
        until: u64::MAX,
    };
    let root_ca = Certificate::parse(root.der(), Role::Root)?;
    parts.add(Item::RootCa, root_ca.not_before, root_ca.not_after)?;
    let root_crl = RevocationList::verify(&raw.root_ca_crl, Item::RootCrl, &root_ca.authority())?;
    parts.add(Item::RootCrl, root_crl.this_update, root_crl.next_update)?;
    if root_crl.contains(&root_ca.serial) {
        return Err(Error::Revoked(Item::RootCa));
    }
    let issuer = Issuer {
        root,
        root_ca: &root_ca,
        root_crl: &root_crl,
    };

    let pck_ca_der = issuer.leaf(&raw.pck_crl_issuer_chain, Item::PckCa)?;
    let pck_ca = issuer.issued(pck_ca_der, Role::PckCa, &mut parts)?;
    let pck_crl = RevocationList::verify(&raw.pck_crl, Item::PckCrl, &pck_ca.authority())?;
    parts.add(Item::PckCrl, pck_crl.this_update, pck_crl.next_update)?;

    let signer_der = issuer.leaf(&raw.tcb_info_issuer_chain, Item::TcbSigner)?;
    let mut signer = issuer.issued(signer_der, Role::TcbSigner, &mut parts)?;
    if !p256_verifies(&signer.key, &raw.tcb_info, &raw.tcb_info_signature) {
        return Err(Error::Signature(Item::TcbInfo));
    }
    let tcb_info = parse_tcb_info(&raw.tcb_info)?;
    parts.add(Item::TcbInfo, tcb_info.issued, tcb_info.next_update)?;

    let qe_signer_der = issuer.leaf(&raw.qe_identity_issuer_chain, Item::TcbSigner)?;
    if qe_signer_der != signer_der {
        signer = issuer.issued(qe_signer_der, Role::TcbSigner, &mut parts)?;
    }
    if !p256_verifies(&signer.key, &raw.qe_identity, &raw.qe_identity_signature) {
        return Err(Error::Signature(Item::QeIdentity));
    }
    let qe = parse_qe_identity(&raw.qe_identity)?;
    parts.add(Item::QeIdentity, qe.issued, qe.next_update)?;

    Ok(Collateral {
        root_sha256: root.fingerprint(),
        dates: Dates {
            valid_from: parts.from,
            valid_until: parts.until,
            tcb_info_issued: tcb_info.issued,
            qe_identity_issued: qe.issued,
            pck_crl_issued: pck_crl.this_update,
            root_crl_issued: root_crl.this_update,
            tcb_info_evaluation_number: tcb_info.evaluation_number,
            qe_identity_evaluation_number: qe.evaluation_number,
            pck_crl_number: numbered(&pck_crl, Item::PckCrl)?,
            root_crl_number: numbered(&root_crl, Item::RootCrl)?,
        },
        pck_ca: PckCa {
            certificate_sha256: sha256(&[pck_ca_der]),
            name_sha256: pck_ca.subject_sha256,
            key: pck_ca.key,
            kind: pck_ca.subject_kind()?,
        },
        revoked_pck: pck_crl.revoked,
        fmspc: tcb_info.fmspc,
        pce_id: tcb_info.pce_id,
        base_module: tcb_info.base_module,
        modules: tcb_info.modules,
        tcb_levels: tcb_info.levels,
        qe: qe.identity,
    })
}

/// Intel's lists are numbered; a later one has a higher number.
fn numbered(list: &RevocationList, item: Item) -> Result<u64, Error> {
    list.number.ok_or(Error::Profile(item, "no CRL number"))
}

/// Checks the dates of each part and keeps what is common to all.
struct Parts {
    now: u64,
    from: u64,
    until: u64,
}

impl Parts {
    fn add(&mut self, item: Item, from: u64, until: u64) -> Result<(), Error> {
        check_window(item, from, until, self.now)?;
        self.from = self.from.max(from);
        self.until = self.until.min(until);
        Ok(())
    }
}

/// The root as the issuer of PCK CA and TCB signing certificates.
struct Issuer<'a> {
    root: &'a TrustRoot<'a>,
    root_ca: &'a Certificate<'a>,
    root_crl: &'a RevocationList,
}

impl Issuer<'_> {
    /// The first of one certificate, or of two of which the second is the root itself.
    fn leaf<'c>(&self, chain: &'c [Vec<u8>], item: Item) -> Result<&'c [u8], Error> {
        match chain {
            [leaf] => Ok(leaf),
            [leaf, root] if root == self.root.der() => Ok(leaf),
            [_, _] => Err(Error::ForeignRoot(item)),
            _ => Err(Error::ChainLength(item, chain.len())),
        }
    }

    /// Reads a certificate and checks that the root issued it for this role, that it holds now and
    /// is not revoked. One P-256 verification.
    fn issued<'c>(
        &self,
        der: &'c [u8],
        role: Role,
        parts: &mut Parts,
    ) -> Result<Certificate<'c>, Error> {
        let certificate = Certificate::parse(der, role)?;
        certificate.check_issuer(&self.root_ca.authority())?;
        parts.add(role.item(), certificate.not_before, certificate.not_after)?;
        if self.root_crl.contains(&certificate.serial) {
            return Err(Error::Revoked(role.item()));
        }
        certificate.check_signature(&self.root_ca.authority())?;
        Ok(certificate)
    }
}

fn check_sizes(raw: &RawCollateral) -> Result<(), Error> {
    let chains = [
        (&raw.pck_crl_issuer_chain, Item::PckCa),
        (&raw.tcb_info_issuer_chain, Item::TcbSigner),
        (&raw.qe_identity_issuer_chain, Item::TcbSigner),
    ];
    let certificates = chains.iter().flat_map(|(chain, item)| {
        chain
            .iter()
            .map(|certificate| (certificate, *item, CERTIFICATE_LIMIT))
    });
    let parts = [
        (&raw.root_ca_crl, Item::RootCrl, CRL_LIMIT),
        (&raw.pck_crl, Item::PckCrl, CRL_LIMIT),
        (&raw.tcb_info, Item::TcbInfo, JSON_LIMIT),
        (&raw.qe_identity, Item::QeIdentity, JSON_LIMIT),
    ];
    match parts
        .into_iter()
        .chain(certificates)
        .find(|(bytes, _, limit)| bytes.len() > *limit)
    {
        Some((bytes, item, limit)) => Err(Error::TooLarge {
            item,
            have: bytes.len(),
            limit,
        }),
        None => Ok(()),
    }
}
