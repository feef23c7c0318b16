//! Which TCB level a platform, its TDX module and its quoting enclave are at, and what several levels
//! come to. The rules are those of Intel's quote verification library.

use crate::collateral::{Collateral, ModuleSigner, TdxModule};
use crate::error::Error;
use crate::pck::Pck;
use crate::quote::TdBody;
use crate::tcb::{Advisory, TcbStatus, Verdict};

/// Whether the bits under the mask are equal.
pub(crate) fn equal_under(have: &[u8], need: &[u8], mask: &[u8]) -> bool {
    have.iter()
        .zip(need)
        .zip(mask)
        .all(|((have, need), mask)| have & mask == need & mask)
}

/// The newest level that is met.
#[derive(Clone, Copy)]
pub(crate) struct Matched<'a> {
    verdict: &'a Verdict,
    /// TCB date of the level just above it.
    superseded_at: Option<u64>,
}

impl<'a> Matched<'a> {
    /// The first of the levels, newest first, that is met.
    pub fn first(levels: impl Iterator<Item = (bool, &'a Verdict)>) -> Option<Self> {
        let mut superseded_at = None;
        for (met, verdict) in levels {
            if met {
                return Some(Matched {
                    verdict,
                    superseded_at,
                });
            }
            superseded_at = Some(verdict.date);
        }
        None
    }
}

/// What several verdicts come to.
pub(crate) struct Tcb {
    pub status: TcbStatus,
    pub date: u64,
    pub superseded_at: Option<u64>,
    pub advisories: Vec<Advisory>,
}

impl Tcb {
    fn of(level: Matched<'_>) -> Self {
        Tcb {
            status: level.verdict.status,
            date: level.verdict.date,
            superseded_at: level.superseded_at,
            advisories: level.verdict.advisories.clone(),
        }
    }

    fn add_part(&mut self, part: Matched<'_>) {
        self.status = self.status.with_part(part.verdict.status);
        self.date = self.date.min(part.verdict.date);
        self.superseded_at = match (self.superseded_at, part.superseded_at) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        self.advisories.extend_from_slice(&part.verdict.advisories);
    }
}

/// Matches platform, TDX module and QE against the collateral.
pub(crate) fn evaluate(
    body: &TdBody<'_>,
    platform: &Pck,
    qe: Matched<'_>,
    collateral: &Collateral,
) -> Result<Tcb, Error> {
    let module = module_of(&body.tee_tcb_svn, collateral)?;
    check_module(
        body,
        module.map_or(&collateral.base_module, |module| &module.signer),
    )?;
    let mut tcb = evaluate_svn(&body.tee_tcb_svn, platform, qe, collateral)?;
    if let Some(td15) = body.td15 {
        let current = evaluate_svn(&td15.tee_tcb_svn2, platform, qe, collateral)?;
        tcb.status = tcb.status.with_current(current.status);
    }
    if tcb.status == TcbStatus::Revoked {
        return Err(Error::TcbRevoked);
    }
    tcb.advisories.sort_unstable();
    tcb.advisories.dedup();
    Ok(tcb)
}

/// The TDX modules of the major version in `svn`; none for version 0, which the TCB levels cover.
fn module_of<'a>(
    svn: &[u8; 16],
    collateral: &'a Collateral,
) -> Result<Option<&'a TdxModule>, Error> {
    let [_, version, ..] = *svn;
    if version == 0 {
        return Ok(None);
    }
    let module = collateral
        .modules
        .iter()
        .find(|module| module.version == version);
    module.map(Some).ok_or(Error::TdxModule(version))
}

fn check_module(body: &TdBody<'_>, signer: &ModuleSigner) -> Result<(), Error> {
    let mask = &signer.attributes_mask;
    let outside = body
        .seam_attributes
        .iter()
        .zip(mask)
        .any(|(bits, mask)| bits & !mask != 0);
    if body.mr_signer_seam != signer.mr_signer {
        Err(Error::TdxModuleSigner)
    } else if outside || !equal_under(&body.seam_attributes, &signer.attributes, mask) {
        Err(Error::TdxModuleAttributes)
    } else {
        Ok(())
    }
}

/// Platform, module and QE together for one set of TEE TCB SVNs.
fn evaluate_svn(
    svn: &[u8; 16],
    platform: &Pck,
    qe: Matched<'_>,
    collateral: &Collateral,
) -> Result<Tcb, Error> {
    let [isv_svn, version, ..] = *svn;
    // A module with its own identity is judged there, not by the first two TDX components.
    let own = if version == 0 { 0 } else { 2 };
    let at_least = |have: &[u8; 16], need: &[u8; 16], skip: usize| {
        have.iter()
            .zip(need)
            .skip(skip)
            .all(|(have, need)| have >= need)
    };
    let levels = collateral.tcb_levels.iter().map(|level| {
        let met = at_least(&platform.components, &level.sgx, 0)
            && platform.pce_svn >= level.pce_svn
            && at_least(svn, &level.tdx, own);
        (met, &level.verdict)
    });
    let mut tcb = Tcb::of(Matched::first(levels).ok_or(Error::TcbLevel)?);
    if let Some(module) = module_of(svn, collateral)? {
        let levels = module
            .levels
            .iter()
            .map(|(need, verdict)| (isv_svn >= *need, verdict));
        tcb.add_part(Matched::first(levels).ok_or(Error::TdxModuleIsvSvn(isv_svn))?);
    }
    tcb.add_part(qe);
    Ok(tcb)
}
