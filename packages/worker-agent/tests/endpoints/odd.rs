//! Clients that leave early, prompts that cannot fit, and long texts that have to be counted here.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use secret_ai_engine::{Call, ChatRequest, Engine, EngineError, ModelInfo, Reply, Tokens};
use serde_json::json;

use crate::common::engine::said;
use crate::common::{chat, chat_lines, session, take_apart, Setup, Worker, MODEL};

/// Tokens that prompt and answer may have together.
const CONTEXT: u64 = 1_000;

/// An engine that never answers, or says what it has, and never tells its usage.
#[derive(Default)]
struct Odd {
    says: Option<Vec<Bytes>>,
    /// Tokens, if not [`CONTEXT`].
    context: Option<u64>,
    /// Prompts that it has counted; one token for 10 bytes.
    prompts: AtomicUsize,
    calls: AtomicUsize,
    /// Calls that were dropped before there was an answer.
    dropped: Arc<AtomicUsize>,
    /// Threads on which it has counted texts.
    threads: Mutex<Vec<String>>,
}

struct OnDrop(Arc<AtomicUsize>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl Engine for Odd {
    async fn models(&self) -> Result<Vec<ModelInfo>, EngineError> {
        Ok(vec![ModelInfo {
            id: MODEL.into(),
            context_length: self.context.unwrap_or(CONTEXT),
        }])
    }

    async fn count_prompt(&self, request: &ChatRequest) -> Result<Tokens, EngineError> {
        self.prompts.fetch_add(1, Ordering::SeqCst);
        let text = request.messages[0].content.as_str().unwrap();
        Ok(Tokens {
            count: text.len() as u64 / 10,
            exact: true,
        })
    }

    fn count_text(&self, _: &str, text: &str) -> Option<u64> {
        if !text.is_empty() {
            let name = std::thread::current().name().unwrap_or_default().to_owned();
            self.threads.lock().unwrap().push(name);
        }
        Some(text.len() as u64 / 10)
    }

    async fn call(&self, call: Call) -> Result<Reply, EngineError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let Some(says) = self.says.clone() else {
            let _waits = OnDrop(self.dropped.clone());
            return std::future::pending().await;
        };
        let content_type = match call.stream {
            true => "text/event-stream",
            false => "application/json",
        };
        Ok(Reply {
            content_type: content_type.into(),
            body: Box::pin(futures_util::stream::iter(says.into_iter().map(Ok))),
        })
    }
}

async fn worker(engine: &Arc<Odd>) -> Worker {
    let setup = Setup {
        sessions: vec![session(1, 100_000, 100_000, chat_lines())],
        engine: Some(engine.clone()),
        ..Setup::default()
    };
    setup.start().await
}

async fn until(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..2_000 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("never: {what}");
}

#[tokio::test]
async fn a_client_that_leaves_before_an_engine_answers_pays_nothing() {
    let engine = Arc::new(Odd::default());
    let worker = worker(&engine).await;
    let mut body = chat("hi");
    body["stream"] = true.into();
    let request = tokio::spawn(worker.post(&body).send());
    until("asked", || engine.calls.load(Ordering::SeqCst) == 1).await;
    request.abort();
    until("left alone", || engine.dropped.load(Ordering::SeqCst) == 1).await;
    worker.settled_down().await;
    assert!(worker.stored(1).is_none(), "nothing to bill");
}

#[tokio::test]
async fn a_prompt_that_cannot_fit_is_not_counted_and_one_that_does_not_is_not_sent() {
    let engine = Arc::new(Odd::default());
    let worker = worker(&engine).await;
    // 16 bytes a token at the very most.
    for (bytes, counted) in [(16_000, 0), (1 << 19, 0), (15_999, 1), (10_000, 2)] {
        let request = worker.post(&chat(&"a".repeat(bytes)));
        let error = worker
            .refuses(request, 400, "context_length_exceeded")
            .await;
        assert_eq!(error["param"], "messages");
        assert_eq!(engine.prompts.load(Ordering::SeqCst), counted, "{bytes}");
    }
    assert_eq!(engine.calls.load(Ordering::SeqCst), 0);
}

/// A stream of so many pieces of 3,000 bytes, with its end or without.
fn pieces(count: usize) -> Vec<Bytes> {
    let piece = said(&json!({ "content": "x".repeat(3_000) }), None);
    vec![Bytes::from(piece); count]
}

#[tokio::test]
async fn long_texts_are_counted_on_a_thread_of_their_own() {
    for (count, is_long) in [(1, false), (2, true)] {
        let mut says = pieces(count);
        says.push(said(&json!({}), Some("stop")).into());
        says.push(Bytes::from_static(b"data: [DONE]\n\n"));
        let engine = Arc::new(Odd {
            says: Some(says),
            ..Odd::default()
        });
        let worker = worker(&engine).await;
        let mut body = chat("hi, how are you?");
        body["stream"] = true.into();
        let response = worker.post(&body).send().await.unwrap();
        let text = response.text().await.unwrap();
        let (chunks, hashed, proof) = take_apart(&text);
        let (receipt, evidence) = proof.expect("a receipt");
        let request = body.to_string();
        let receipt = worker.verify(&receipt, &evidence, request.as_bytes(), hashed.as_bytes());
        let output = 300 * count as u64;
        assert_eq!(
            (receipt.counters, receipt.aborted),
            (vec![1, output], false)
        );
        assert_eq!(chunks.last().unwrap()["usage"]["estimated"], true);
        let threads = engine.threads.lock().unwrap().clone();
        assert!(!threads.is_empty());
        let served = |thread: &String| thread.starts_with("serve-");
        assert_eq!(!threads.iter().any(served), is_long, "{threads:?}");
    }
}

#[tokio::test]
async fn long_texts_that_break_off_are_counted_there_too() {
    let engine = Arc::new(Odd {
        says: Some(pieces(2)),
        ..Odd::default()
    });
    let worker = worker(&engine).await;
    let mut body = chat("hi, how are you?");
    body["stream"] = true.into();
    let response = worker.post(&body).send().await.unwrap();
    assert!(response.text().await.unwrap().contains("event: receipt"));
    let receipt = worker.stored(1).unwrap();
    assert_eq!((receipt.counters, receipt.aborted), (vec![1, 600], true));
    let threads = engine.threads.lock().unwrap().clone();
    assert!(threads.iter().all(|thread| !thread.starts_with("serve-")));
}

#[tokio::test]
async fn what_does_not_fit_into_one_piece_is_refused_before_any_work() {
    let engine = Arc::new(Odd {
        context: Some(1 << 20),
        ..Odd::default()
    });
    let worker = worker(&engine).await;
    let mut body = chat("hi");
    body["logprobs"] = true.into();
    body["top_logprobs"] = 20.into();
    body["n"] = 8.into();
    body["max_tokens"] = 100_000.into();
    let request = worker.post(&body);
    let error = worker.refuses(request, 400, "invalid_request").await;
    assert_eq!(error["param"], "max_tokens");
    // A stream may be so long, if it can be paid.
    body["stream"] = true.into();
    let request = worker.post(&body);
    worker.refuses(request, 402, "cap_exceeded").await;
    assert_eq!(engine.calls.load(Ordering::SeqCst), 0);
}
