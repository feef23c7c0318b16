//! Generates one answer, token by token, on a thread that may block.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{ChatEvent, ChatRequest, Delta, EngineError, Usage};

use super::sampling::Sampler;
use super::text_out::{Piece, TextOut};
use super::Model;

/// Tokens of a prompt that are read at once; bounds the attention's memory and the time to notice a
/// cancellation.
const CHUNK: usize = 256;

/// One answer to make.
pub(super) struct Job {
    pub(super) model: Arc<Model>,
    pub(super) prompt: Vec<u32>,
    /// Most tokens to produce, at least 1.
    pub(super) limit: usize,
    pub(super) request: ChatRequest,
    pub(super) cancel: CancellationToken,
    pub(super) events: mpsc::Sender<Result<ChatEvent, EngineError>>,
}

/// Why generation ended.
enum End {
    /// With an OpenAI `finish_reason`.
    Finished(&'static str),
    Cancelled,
}

impl Job {
    /// Sends the whole stream of events; the end has the shape that [`crate::ChatStream`] promises.
    pub(super) fn run(self) {
        let mut produced = 0;
        let end = self.generate(&mut produced);
        if let Ok(End::Finished(reason)) = &end {
            let finish_reason = Some((*reason).to_owned());
            self.send(ChatEvent::Delta(Delta {
                finish_reason,
                ..Delta::default()
            }));
        }
        self.send(ChatEvent::Usage(Usage {
            prompt_tokens: self.prompt.len() as u64,
            cached_tokens: 0,
            completion_tokens: produced,
        }));
        match end {
            Ok(_) => self.send(ChatEvent::Done),
            Err(error) => self.events.blocking_send(Err(error)).is_ok(),
        };
    }

    /// Counts in `produced` every token but the one that ends the answer.
    fn generate(&self, produced: &mut u64) -> Result<End, EngineError> {
        let failed = |reason: String| EngineError::Model {
            model: self.model.id.clone(),
            reason,
        };
        let broken = |error: candle_core::Error| failed(error.to_string());
        let mut cache = self.model.llama.cache();
        let mut logits = Vec::new();
        for chunk in self.prompt.chunks(CHUNK) {
            if self.is_over() {
                return Ok(End::Cancelled);
            }
            logits = self
                .model
                .llama
                .forward(chunk, &mut cache)
                .map_err(broken)?;
        }
        self.send(ChatEvent::Delta(Delta {
            role: Some("assistant".into()),
            ..Delta::default()
        }));

        let mut sampler = Sampler::new(&self.request);
        let mut out = TextOut::new(self.request.stops());
        loop {
            let token = sampler
                .next(&logits)
                .ok_or_else(|| failed("no logit is a number".into()))?;
            if self.model.tokenizer.is_end(token) {
                self.send_text(out.finish());
                return Ok(End::Finished("stop"));
            }
            *produced += 1;
            match out.push(self.model.tokenizer.piece(token)) {
                Piece::Text(text) => self.send_text(text),
                Piece::Stopped(text) => {
                    self.send_text(text);
                    return Ok(End::Finished("stop"));
                }
            }
            if *produced >= self.limit as u64 {
                self.send_text(out.finish());
                return Ok(End::Finished("length"));
            }
            if self.is_over() {
                return Ok(End::Cancelled);
            }
            logits = self
                .model
                .llama
                .forward(&[token], &mut cache)
                .map_err(broken)?;
        }
    }

    fn is_over(&self) -> bool {
        self.cancel.is_cancelled() || self.events.is_closed()
    }

    fn send_text(&self, text: String) {
        if !text.is_empty() {
            self.send(ChatEvent::Delta(Delta {
                text: Some(text),
                ..Delta::default()
            }));
        }
    }

    /// Whether anybody still listens.
    fn send(&self, event: ChatEvent) -> bool {
        self.events.blocking_send(Ok(event)).is_ok()
    }
}
