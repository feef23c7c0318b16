//! When a member is down, and how long it is left alone.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::*;
use crate::{Call, ChatRequest, Reply, Tokens};

struct Nothing;

#[async_trait]
impl Engine for Nothing {
    async fn models(&self) -> Result<Vec<ModelInfo>, EngineError> {
        Ok(Vec::new())
    }

    async fn count_prompt(&self, _: &ChatRequest) -> Result<Tokens, EngineError> {
        Err(EngineError::Down)
    }

    fn count_text(&self, _: &str, _: &str) -> Option<u64> {
        None
    }

    async fn call(&self, _: Call) -> Result<Reply, EngineError> {
        Err(EngineError::Down)
    }
}

#[test]
fn two_failures_in_a_row_are_down_and_pauses_double_up_to_the_longest() {
    let config = MemberConfig {
        name: "m".into(),
        max_requests: 1,
        models: BTreeMap::new(),
    };
    let member = Member::new(config, Arc::new(Nothing), Policy::default());
    let fails = || {
        member.checked(Err(EngineError::Disconnected));
        (member.is_up(), member.pause().as_secs())
    };
    member.checked(Ok(Some(Vec::new())));
    assert_eq!((member.is_up(), member.pause().as_secs()), (true, 5));
    assert_eq!(fails(), (true, 5));
    member.checked(Ok(None));
    assert_eq!((member.is_up(), member.state().problem), (true, None));
    let seen: Vec<_> = (0..7).map(|_| fails()).collect();
    let down = |pause| (false, pause);
    assert_eq!(
        seen,
        [
            (true, 5),
            down(5),
            down(10),
            down(20),
            down(40),
            down(40),
            down(40)
        ]
    );
    member.checked(Ok(Some(Vec::new())));
    assert_eq!((member.is_up(), member.pause().as_secs()), (true, 5));
    // Nobody at the address: down at once.
    member.failed(&EngineError::Connect {
        reason: "refused".into(),
    });
    assert_eq!((member.is_up(), member.pause().as_secs()), (false, 5));
    assert_eq!(member.state().failures, 1);
}
