//! An engine that says what its script says.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use secret_ai_engine::{
    Call, ChatRequest, Engine, EngineError, ModelInfo, Reply, Tokens, TraceParent,
};
use serde_json::{json, Value};
use tokio::sync::{mpsc, Semaphore};

/// What the engine does with every request. Each word is one token.
#[derive(Clone)]
pub struct Script {
    pub words: Vec<String>,
    /// After the words: pieces with these fields instead of text.
    pub extras: Vec<Value>,
    pub prompt_tokens: u64,
    pub cached_tokens: u64,
    /// Breaks off with an error after this many words.
    pub fail_after: Option<usize>,
    /// Tells no usage, and knows only a bound of the prompt's tokens.
    pub silent: bool,
    /// Counts text: one token for each of these bytes.
    pub bytes_per_token: Option<usize>,
    /// Says these bytes and nothing else.
    pub raw: Option<Vec<Vec<u8>>>,
    /// Waits for permission before each word.
    pub gate: Option<Arc<Semaphore>>,
    /// Claims this many output tokens instead of the truth.
    pub claims: Option<u64>,
    pub context: u64,
}

impl Script {
    pub fn words(words: &[&str]) -> Self {
        Script {
            words: words.iter().map(|w| (*w).to_owned()).collect(),
            extras: Vec::new(),
            prompt_tokens: 10,
            cached_tokens: 0,
            fail_after: None,
            silent: false,
            bytes_per_token: None,
            raw: None,
            gate: None,
            claims: None,
            context: 1_000,
        }
    }
}

impl Script {
    /// Says exactly these bytes, in these chunks.
    pub fn raw(chunks: Vec<Vec<u8>>) -> Self {
        Script {
            raw: Some(chunks),
            ..Script::words(&[])
        }
    }

    /// The pieces as `delta`s.
    fn pieces(&self) -> impl Iterator<Item = Value> + '_ {
        let words = self.words.iter().map(|word| json!({ "content": word }));
        words.chain(self.extras.iter().cloned())
    }

    fn usage(&self, said: usize) -> Value {
        let said = self.claims.unwrap_or(said as u64);
        json!({
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": said,
            "total_tokens": self.prompt_tokens.saturating_add(said),
            "prompt_tokens_details": { "cached_tokens": self.cached_tokens },
        })
    }
}

pub struct ScriptedEngine {
    script: Mutex<Script>,
    /// Requests that made it work.
    pub started: AtomicUsize,
    /// Requests that it was told to stop.
    pub cancelled: Arc<AtomicUsize>,
    /// `max_tokens` of the newest request.
    pub max_tokens: AtomicU64,
    /// The newest request.
    pub request: Mutex<Option<ChatRequest>>,
    /// Its trace.
    pub trace: Mutex<Option<TraceParent>>,
}

impl ScriptedEngine {
    pub fn new(script: Script) -> Self {
        ScriptedEngine {
            script: Mutex::new(script),
            started: AtomicUsize::new(0),
            cancelled: Arc::default(),
            max_tokens: AtomicU64::new(0),
            request: Mutex::default(),
            trace: Mutex::default(),
        }
    }

    pub fn started(&self) -> usize {
        self.started.load(Ordering::SeqCst)
    }

    pub fn set(&self, script: Script) {
        *self.script.lock().unwrap() = script;
    }

    fn script(&self) -> Script {
        self.script.lock().unwrap().clone()
    }
}

#[async_trait]
impl Engine for ScriptedEngine {
    async fn models(&self) -> Result<Vec<ModelInfo>, EngineError> {
        let info = |id: &str| ModelInfo {
            id: id.into(),
            context_length: self.script().context,
        };
        Ok(vec![info("m"), info("unpriced")])
    }

    async fn count_prompt(&self, _: &ChatRequest) -> Result<Tokens, EngineError> {
        let script = self.script();
        Ok(Tokens {
            count: script.prompt_tokens,
            exact: !script.silent,
        })
    }

    fn count_text(&self, _: &str, text: &str) -> Option<u64> {
        let each = self.script().bytes_per_token?;
        Some(text.len().div_ceil(each) as u64)
    }

    async fn call(&self, call: Call) -> Result<Reply, EngineError> {
        self.started.fetch_add(1, Ordering::SeqCst);
        let request = ChatRequest::from_json(&call.body)?;
        assert_eq!(
            (request.is_stream(), &request.model),
            (call.stream, &call.model)
        );
        self.max_tokens
            .store(request.output_limit().unwrap_or(0), Ordering::SeqCst);
        *self.request.lock().unwrap() = Some(request.clone());
        *self.trace.lock().unwrap() = call.trace;
        let script = self.script();
        if script.fail_after == Some(0) {
            return Err(EngineError::Connect {
                reason: "refused".into(),
            });
        }
        let content_type = if call.stream {
            "text/event-stream"
        } else {
            "application/json"
        };
        let (chunks, receiver) = mpsc::channel(1);
        tokio::spawn(play(script, request, self.cancelled.clone(), chunks));
        let next = |mut receiver: mpsc::Receiver<_>| async move {
            receiver.recv().await.map(|chunk| (chunk, receiver))
        };
        Ok(Reply {
            content_type: content_type.into(),
            body: Box::pin(futures_util::stream::unfold(receiver, next)),
        })
    }
}

/// A chunk as vLLM writes it.
pub fn chunk(choices: Value) -> Value {
    json!({
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": choices,
    })
}

/// An event with a piece of choice 0.
pub fn said(delta: &Value, finish_reason: Option<&str>) -> String {
    let choice = json!({ "index": 0, "delta": delta, "finish_reason": finish_reason });
    event(&chunk(json!([choice])))
}

pub fn event(data: &Value) -> String {
    format!("data: {data}\n\n")
}

async fn play(
    script: Script,
    request: ChatRequest,
    cancelled: Arc<AtomicUsize>,
    chunks: mpsc::Sender<Result<Bytes, EngineError>>,
) {
    if let Some(raw) = script.raw {
        for bytes in raw {
            let _ = chunks.send(Ok(bytes.into())).await;
        }
        return;
    }
    let limit = usize::try_from(request.output_limit().unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
    let stream = request.is_stream();
    let (mut count, mut text) = (0, String::new());
    let pieces: Vec<Value> = script.pieces().take(limit).collect();
    if stream {
        let opening = said(&json!({ "role": "assistant", "content": "" }), None);
        let _ = chunks.send(Ok(opening.into())).await;
    }
    for piece in pieces {
        if script.fail_after == Some(count) {
            let _ = chunks.send(Err(EngineError::Disconnected)).await;
            return;
        }
        if let Some(gate) = &script.gate {
            tokio::select! {
                permit = gate.acquire() => permit.unwrap().forget(),
                () = chunks.closed() => {}
            }
        }
        if chunks.is_closed() {
            cancelled.fetch_add(1, Ordering::SeqCst);
            return;
        }
        count += 1;
        text += piece["content"].as_str().unwrap_or_default();
        if stream {
            let _ = chunks.send(Ok(said(&piece, None).into())).await;
        }
    }
    let usage = script.usage(count);
    if !stream {
        let message = json!({ "role": "assistant", "content": text });
        let choice = json!({ "index": 0, "message": message, "finish_reason": "stop" });
        let mut whole = chunk(json!([choice]));
        whole["object"] = "chat.completion".into();
        if !script.silent {
            whole["usage"] = usage;
        }
        let _ = chunks.send(Ok(whole.to_string().into())).await;
        return;
    }
    let _ = chunks.send(Ok(said(&json!({}), Some("stop")).into())).await;
    if !script.silent {
        let mut last = chunk(json!([]));
        last["usage"] = usage;
        let _ = chunks.send(Ok(event(&last).into())).await;
    }
    let _ = chunks
        .send(Ok(Bytes::from_static(b"data: [DONE]\n\n")))
        .await;
}
