//! An engine that says what its script says.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use secret_ai_engine::{
    CancellationToken, ChatEvent, ChatRequest, ChatStream, Delta, Engine, EngineError, ModelInfo,
    Usage,
};
use serde_json::Value;
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
    /// Tells no usage.
    pub silent: bool,
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
            gate: None,
            claims: None,
            context: 1_000,
        }
    }
}

impl Script {
    fn pieces(&self) -> impl Iterator<Item = Delta> + '_ {
        let words = self.words.iter().map(|word| Delta {
            text: Some(word.clone()),
            ..Delta::default()
        });
        let extras = self.extras.iter().map(|extra| Delta {
            extra: extra.as_object().unwrap().clone(),
            ..Delta::default()
        });
        words.chain(extras)
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
}

impl ScriptedEngine {
    pub fn new(script: Script) -> Self {
        ScriptedEngine {
            script: Mutex::new(script),
            started: AtomicUsize::new(0),
            cancelled: Arc::default(),
            max_tokens: AtomicU64::new(0),
            request: Mutex::default(),
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

    async fn count_prompt(&self, _: &ChatRequest) -> Result<u64, EngineError> {
        Ok(self.script().prompt_tokens)
    }

    async fn chat(
        &self,
        request: ChatRequest,
        cancel: CancellationToken,
    ) -> Result<ChatStream, EngineError> {
        self.started.fetch_add(1, Ordering::SeqCst);
        self.max_tokens
            .store(request.output_limit().unwrap_or(0), Ordering::SeqCst);
        *self.request.lock().unwrap() = Some(request.clone());
        let script = self.script();
        if script.fail_after == Some(0) {
            return Err(EngineError::Connect {
                reason: "refused".into(),
            });
        }
        let (events, receiver) = mpsc::channel(1);
        tokio::spawn(play(
            script,
            request,
            cancel,
            self.cancelled.clone(),
            events,
        ));
        let next = |mut receiver: mpsc::Receiver<_>| async move {
            receiver.recv().await.map(|event| (event, receiver))
        };
        Ok(Box::pin(futures_util::stream::unfold(receiver, next)))
    }
}

async fn play(
    script: Script,
    request: ChatRequest,
    cancel: CancellationToken,
    cancelled: Arc<AtomicUsize>,
    events: mpsc::Sender<Result<ChatEvent, EngineError>>,
) {
    let limit = usize::try_from(request.output_limit().unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
    let mut said = 0;
    let mut end = Ok(ChatEvent::Done);
    let pieces: Vec<Delta> = script.pieces().take(limit).collect();
    let whole = pieces.len();
    for piece in pieces {
        if script.fail_after == Some(said) {
            end = Err(EngineError::Disconnected);
            break;
        }
        if let Some(gate) = &script.gate {
            tokio::select! {
                permit = gate.acquire() => permit.unwrap().forget(),
                () = cancel.cancelled() => {}
            }
        }
        if cancel.is_cancelled() {
            cancelled.fetch_add(1, Ordering::SeqCst);
            break;
        }
        said += 1;
        let delta = Delta {
            role: (said == 1).then(|| "assistant".into()),
            finish_reason: (said == whole).then(|| "stop".into()),
            ..piece
        };
        let _ = events.send(Ok(ChatEvent::Delta(delta))).await;
    }
    let usage = Usage {
        prompt_tokens: script.prompt_tokens,
        cached_tokens: script.cached_tokens,
        completion_tokens: script.claims.unwrap_or(said as u64),
    };
    let count = if script.silent {
        ChatEvent::UsageMissing {
            deltas: said as u64,
        }
    } else {
        ChatEvent::Usage(usage)
    };
    let _ = events.send(Ok(count)).await;
    let _ = events.send(end).await;
}
