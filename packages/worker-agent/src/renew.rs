//! Keeps the attestation fresh: from the middle of a lease on, it is renewed with new evidence.
//!
//! A renewal that fails is tried again, ever more seldom, since what a contract refuses costs gas, but often
//! enough that many tries fit into what is left of the lease. A lease that is over cannot be renewed: the
//! registry then wants a registration, with keys that it has not seen. So the agent stops, hands in its
//! last receipts, and whoever supervises it starts it anew.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::agent::Agent;
use crate::boot::Attester;
use crate::retry::{self, Retry};

/// How often the lease is looked at.
const LEASE_CHECK: Duration = Duration::from_secs(5);
/// So many tries fit into what is left of a lease at any time.
const TRIES: u64 = 8;

/// What to do after a look at the lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Look again after this time.
    Wait(Duration),
    /// The lease is over: nothing that is served from now on is paid.
    Over,
}

/// A lease that is kept fresh.
pub struct Renewal {
    granted_at: u64,
    retry: Retry,
}

impl Renewal {
    /// Of the lease that the agent has now.
    pub fn new(agent: &Agent) -> Self {
        Renewal {
            granted_at: agent.now(),
            retry: Retry::new(),
        }
    }

    /// Looks at the lease, and renews it if its half is over. Times are the chain's: the machine's clock
    /// may jump.
    pub async fn step(&mut self, agent: &Agent, attester: &Attester) -> Next {
        let (now, until) = (agent.now(), agent.lease_until());
        if now > until {
            tracing::error!(until, "the lease is over, this worker must register anew");
            return Next::Over;
        }
        let half = self.granted_at + until.saturating_sub(self.granted_at) / 2;
        if now <= half || agent.is_cut() {
            return Next::Wait(LEASE_CHECK);
        }
        match attester.renew().await {
            Ok(attested) if attested.lease_until > until => {
                tracing::info!(lease_until = attested.lease_until, "lease renewed");
                self.granted_at = now;
                self.retry = Retry::new();
                agent.set_attested(attested);
                Next::Wait(LEASE_CHECK)
            }
            Ok(attested) => {
                let until = attested.lease_until;
                tracing::error!(
                    until,
                    "the lease was not extended: collateral, a certificate or the image ends then"
                );
                agent.set_attested(attested);
                // Whoever has to act is a person; trying often only costs gas.
                Next::Wait(retry::LONGEST)
            }
            Err(error) => {
                let left = until.saturating_sub(now);
                // In the last quarter somebody should look at it.
                if left < until.saturating_sub(self.granted_at) / 4 {
                    tracing::error!(%error, left, "the lease ends soon and could not be renewed");
                } else {
                    tracing::warn!(%error, left, "the lease could not be renewed");
                }
                let often = Duration::from_secs((left / TRIES).max(1));
                Next::Wait(self.retry.pause().min(often))
            }
        }
    }
}

/// Keeps the lease fresh until `stop`, which it gives itself when the lease is over.
pub async fn renew_loop(agent: Arc<Agent>, attester: Attester, stop: CancellationToken) {
    let mut renewal = Renewal::new(&agent);
    let mut pause = LEASE_CHECK;
    while stop
        .run_until_cancelled(tokio::time::sleep(pause))
        .await
        .is_some()
    {
        match renewal.step(&agent, &attester).await {
            Next::Wait(time) => pause = time,
            Next::Over => return stop.cancel(),
        }
    }
}
