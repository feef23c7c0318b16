//! Asks members whether they work.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::{Member, Policy};
use crate::EngineError;

/// Checks a member again and again until `stop`.
pub(super) async fn watch(member: Arc<Member>, policy: Policy, stop: CancellationToken) {
    let checks = async {
        loop {
            check(&member, &policy).await;
            tokio::select! {
                () = tokio::time::sleep(member.pause()) => {}
                () = member.woken() => {}
            }
        }
    };
    stop.run_until_cancelled(checks).await;
}

/// Checks a member once.
pub(super) async fn check(member: &Member, policy: &Policy) {
    let asked = tokio::time::timeout(policy.timeout, member.ask()).await;
    let limit = EngineError::Timeout {
        seconds: policy.timeout.as_secs(),
    };
    member.checked(asked.unwrap_or(Err(limit)));
}
