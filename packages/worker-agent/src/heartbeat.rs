//! Signs of life: a registry whose policy asks for them lists a worker only while its TEE signs a
//! heartbeat often enough. The registration was the first one, and every renewal is one too.
//!
//! What this proves has a limit. The time that is signed is what the operator's own node says, and a
//! TEE has no clock to hold against it. A malicious operator whose node lies about time can collect
//! signatures over times to come, turn the machine off, and hand them in one by one. The agent signs
//! nothing beyond the end of its lease, as the registry's answer gave it, so that such a stock ends
//! with the lease: only fresh evidence, over the registry's own challenge, extends it. Whoever wants to
//! know sooner that a worker has stopped must ask for shorter leases, not for more heartbeats.

use std::sync::Arc;
use std::time::Duration;

use secret_ai_attestation::heartbeat_digest;
use secret_ai_chain_client::ChainError;
use secret_ai_interface::Hex;
use snafu::Snafu;
use tokio_util::sync::CancellationToken;

use crate::agent::Agent;
use crate::retry::{self, Retry};

/// So many heartbeats fit in the time that one counts for; all but the last may get lost.
const BEATS: u32 = 3;
/// How often a registry that wants no heartbeats is asked whether that has changed.
const IDLE: Duration = retry::LONGEST;

/// Why there was no heartbeat; the next try may succeed.
#[derive(Debug, Snafu)]
pub enum HeartbeatError {
    #[snafu(transparent)]
    Chain { source: ChainError },
    #[snafu(transparent)]
    Digest {
        source: secret_ai_attestation::Error,
    },
    #[snafu(display("the lease ended at {lease_until}, a sign of life at {at} is not signed"))]
    LeaseOver { at: u64, lease_until: u64 },
}

/// Gives signs of life as often as the registry's policy wants them, until `stop`.
pub async fn heartbeat_loop(agent: Arc<Agent>, stop: CancellationToken) {
    let (mut last, mut is_due, mut retry) = (0, false, Retry::new());
    loop {
        let pause = match step(&agent, &mut last, is_due).await {
            Ok(heartbeat_s) => {
                is_due = heartbeat_s > 0;
                retry = Retry::new();
                match heartbeat_s {
                    0 => IDLE,
                    _ => Duration::from_secs(heartbeat_s) / BEATS,
                }
            }
            Err(error) => {
                tracing::warn!(%error, "no heartbeat, it will be tried again");
                retry.pause()
            }
        };
        let slept = stop.run_until_cancelled(tokio::time::sleep(pause)).await;
        if slept.is_none() {
            return;
        }
    }
}

/// Looks at the policy, and gives a sign of life if one is due; how long one counts, seconds.
async fn step(agent: &Agent, last: &mut u64, is_due: bool) -> Result<u64, HeartbeatError> {
    let heartbeat_s = agent.chain.heartbeat_s().await?;
    if is_due && heartbeat_s > 0 {
        *last = beat(agent, *last).await?;
    }
    Ok(heartbeat_s)
}

/// Signs the newest block's time, or the second after `last` if that is later, and sends it. Returns
/// what was signed.
///
/// # Errors
/// [`HeartbeatError`] if the chain cannot be reached or refuses, or the lease ends before that time;
/// then nothing is signed.
pub async fn beat(agent: &Agent, last: u64) -> Result<u64, HeartbeatError> {
    let block_time = agent.chain.block_time().await?;
    agent.block_time.learn(block_time);
    let at = block_time.max(last.saturating_add(1));
    let lease_until = agent.lease_until();
    snafu::ensure!(at <= lease_until, LeaseOverSnafu { at, lease_until });
    let (identity, kid) = (&agent.identity, agent.keys.kid());
    let digest = heartbeat_digest(&identity.chain_id, &identity.registry, &kid, at)?;
    let signature = agent.keys.sign(&digest);
    agent.chain.heartbeat(Hex(kid), at, signature).await?;
    tracing::debug!(at, "heartbeat");
    Ok(at)
}
