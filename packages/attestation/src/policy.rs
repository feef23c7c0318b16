//! Which genuine quotes are acceptable: patch level, advisories, age. Measurements and bindings are
//! judged elsewhere.

use crate::error::Error;
use crate::tcb::{Advisory, TcbStatus};
use crate::tdx::VerifiedTdx;

/// What a registry asks of a platform beyond being genuine.
///
/// `UpToDate` is always accepted and `Revoked` never; the default accepts nothing else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TdxPolicy {
    /// Further statuses that are accepted without a limit in time.
    pub allowed: Vec<TcbStatus>,
    /// Seconds for which an outdated platform is accepted, from the TCB date of the level that it
    /// misses; 0 for never.
    pub out_of_date_grace: u64,
    /// Advisories under which no platform is accepted, whatever its status.
    pub denied_advisories: Vec<Advisory>,
    /// Least TCB evaluation number of the collateral.
    pub min_tcb_evaluation_number: u32,
}

/// Judges a genuine quote at `now` (Unix seconds).
///
/// # Errors
/// The `Policy…` errors.
pub fn check_policy(quote: &VerifiedTdx, policy: &TdxPolicy, now: u64) -> Result<(), Error> {
    let (have, need) = (
        quote.tcb_evaluation_number,
        policy.min_tcb_evaluation_number,
    );
    if have < need {
        return Err(Error::PolicyEvaluationNumber { have, need });
    }
    let denied = quote
        .advisories
        .iter()
        .find(|id| policy.denied_advisories.contains(id));
    if let Some(advisory) = denied {
        return Err(Error::PolicyAdvisory(*advisory));
    }
    let status = quote.tcb_status;
    if status == TcbStatus::UpToDate {
        return Ok(());
    }
    if status == TcbStatus::Revoked {
        return Err(Error::PolicyTcbStatus(status));
    }
    if policy.allowed.contains(&status) {
        return Ok(());
    }
    let (grace, since) = (policy.out_of_date_grace, quote.superseded_at);
    match since.filter(|_| status.is_out_of_date()) {
        Some(since) if grace > 0 && now <= since.saturating_add(grace) => Ok(()),
        Some(since) => Err(Error::PolicyGrace { since, grace, now }),
        None => Err(Error::PolicyTcbStatus(status)),
    }
}
