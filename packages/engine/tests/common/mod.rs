//! What the tests of both engines share.
#![allow(dead_code, reason = "each test file uses its part")]

pub mod mock;

use futures_util::StreamExt;
use secret_ai_engine::{ChatEvent, ChatStream, EngineError};

pub type Item = Result<ChatEvent, EngineError>;

/// All events of a stream; fails if more than 100,000 come.
pub async fn collect(stream: ChatStream) -> Vec<Item> {
    collect_with(stream, |_| ()).await
}

/// As [`collect`], with a look at each event as it comes.
pub async fn collect_with(mut stream: ChatStream, mut look: impl FnMut(&Item)) -> Vec<Item> {
    let mut events = Vec::new();
    while let Some(event) = stream.next().await {
        look(&event);
        events.push(event);
        assert!(events.len() < 100_000);
    }
    events
}

/// The text of all deltas together.
pub fn text_of(events: &[Item]) -> String {
    texts(events).concat()
}

/// The text of each delta that has some.
pub fn texts(events: &[Item]) -> Vec<&str> {
    events
        .iter()
        .filter_map(|event| match event {
            Ok(ChatEvent::Delta(delta)) => delta.text.as_deref(),
            _ => None,
        })
        .collect()
}
