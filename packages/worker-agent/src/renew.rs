//! Background work: keep the attestation fresh.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::agent::Agent;
use crate::boot::Attester;
use crate::retry::Retry;

/// How often the lease is looked at.
const LEASE_CHECK: Duration = Duration::from_secs(5);

/// Renews the lease from the middle of it on, until `stop`.
pub async fn renew_loop(agent: Arc<Agent>, attester: Attester, stop: CancellationToken) {
    let mut granted_at = agent.now();
    let (mut pause, mut retry) = (LEASE_CHECK, Retry::new());
    while stop
        .run_until_cancelled(tokio::time::sleep(pause))
        .await
        .is_some()
    {
        pause = LEASE_CHECK;
        let (now, until) = (agent.now(), agent.lease_until());
        let half = granted_at.saturating_add(until.saturating_sub(granted_at) / 2);
        if now <= half || agent.is_cut() {
            continue;
        }
        match attester.renew().await {
            Ok(attested) => {
                tracing::info!(lease_until = attested.lease_until, "lease renewed");
                granted_at = now;
                retry = Retry::new();
                agent.set_attested(attested);
            }
            Err(error) => {
                tracing::warn!(%error, "the lease could not be renewed");
                pause = retry.pause();
            }
        }
    }
}
