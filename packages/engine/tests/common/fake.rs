//! An engine that does what a test tells it, and counts.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{stream, StreamExt};
use secret_ai_engine::{
    Call, ChatRequest, Endpoint, Engine, EngineError, ModelInfo, Reply, Tokens,
};

/// What an engine does with a call.
#[derive(Clone)]
pub enum Act {
    /// Answers with these bytes, then nothing more until it is dropped.
    Stay(&'static str),
    /// Answers with these bytes.
    Say(&'static str),
    /// Answers with these bytes, then breaks off.
    Break(&'static str),
    /// Fails before the first byte.
    Fail(EngineError),
    /// Never answers.
    Hang,
}

/// What an engine says of its health.
#[derive(Clone)]
pub enum Health {
    Up,
    Down,
    /// Never answers.
    Hangs,
}

pub struct Fake {
    models: Vec<ModelInfo>,
    health: Mutex<Health>,
    acts: Mutex<VecDeque<Act>>,
    usual: Mutex<Act>,
    /// How often its health was asked for.
    asked: AtomicUsize,
    pub calls: Mutex<Vec<Call>>,
}

impl Fake {
    /// An engine with these models and contexts, which answers every call with `ok`.
    pub fn new(models: &[(&str, u64)]) -> Arc<Self> {
        let info = |(id, context_length): &(&str, u64)| ModelInfo {
            id: (*id).to_owned(),
            context_length: *context_length,
        };
        Arc::new(Self {
            models: models.iter().map(info).collect(),
            health: Mutex::new(Health::Up),
            acts: Mutex::default(),
            usual: Mutex::new(Act::Say("ok")),
            asked: AtomicUsize::new(0),
            calls: Mutex::default(),
        })
    }

    /// What it does with all further calls.
    pub fn does(&self, act: Act) {
        *self.usual.lock().unwrap() = act;
    }

    /// What it does with the next call.
    pub fn does_once(&self, act: Act) {
        self.acts.lock().unwrap().push_back(act);
    }

    pub fn is(&self, health: Health) {
        *self.health.lock().unwrap() = health;
    }

    pub fn called(&self) -> usize {
        self.calls.lock().unwrap().len()
    }

    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Engine for Fake {
    async fn models(&self) -> Result<Vec<ModelInfo>, EngineError> {
        Ok(self.models.clone())
    }

    async fn count_prompt(&self, request: &ChatRequest) -> Result<Tokens, EngineError> {
        let count = request.model.len() as u64;
        Ok(Tokens { count, exact: true })
    }

    fn count_text(&self, model: &str, text: &str) -> Option<u64> {
        Some((model.len() + text.len()) as u64)
    }

    async fn call(&self, call: Call) -> Result<Reply, EngineError> {
        self.calls.lock().unwrap().push(call);
        let next = self.acts.lock().unwrap().pop_front();
        let act = next.unwrap_or_else(|| self.usual.lock().unwrap().clone());
        let said = |text: &'static str| stream::iter([Ok(Bytes::from(text))]);
        let body: secret_ai_engine::ByteStream = match act {
            Act::Say(text) => Box::pin(said(text)),
            Act::Stay(text) => Box::pin(said(text).chain(stream::pending())),
            Act::Break(text) => {
                let end = stream::iter([Err(EngineError::Disconnected)]);
                Box::pin(said(text).chain(end))
            }
            Act::Fail(error) => return Err(error),
            Act::Hang => std::future::pending().await,
        };
        let content_type = "application/json".to_owned();
        Ok(Reply { content_type, body })
    }

    async fn health(&self) -> Result<(), EngineError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let health = self.health.lock().unwrap().clone();
        match health {
            Health::Up => Ok(()),
            Health::Down => Err(EngineError::Disconnected),
            Health::Hangs => std::future::pending().await,
        }
    }
}

/// A request for `model`.
pub fn call(model: &str) -> Call {
    Call {
        endpoint: Endpoint::ChatCompletions,
        model: model.to_owned(),
        content_type: "application/json".to_owned(),
        body: format!("{{\"model\":\"{model}\"}}").into(),
        stream: true,
        trace: None,
    }
}

/// Nobody at the address.
pub fn unreachable() -> EngineError {
    EngineError::Connect {
        reason: "refused or unreachable".into(),
    }
}

pub fn status(status: u16) -> EngineError {
    EngineError::Status {
        status,
        message: secret_ai_engine::Hidden::new("no"),
    }
}

/// All bytes of a reply, or the error that ends it.
pub async fn read(mut reply: Reply) -> Result<String, EngineError> {
    let mut text = String::new();
    while let Some(chunk) = reply.body.next().await {
        text.push_str(std::str::from_utf8(&chunk?).unwrap());
    }
    Ok(text)
}

/// Polls until something is as wanted.
pub async fn until(what: &str, is_it: impl Fn() -> bool) {
    let poll = async {
        while !is_it() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(60), poll).await;
    assert!(in_time.is_ok(), "{what}: never");
}
