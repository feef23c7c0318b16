//! Generates one answer, token by token, on a thread that may block.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;
use tokio::sync::mpsc;

use crate::{ChatRequest, EngineError};

use super::reply::Writer;
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
    /// To the reader; the job stops when it is closed.
    pub(super) chunks: mpsc::Sender<Result<Bytes, EngineError>>,
}

/// Why generation ended.
enum End {
    /// With an OpenAI `finish_reason`.
    Finished(&'static str),
    /// The reader has left.
    Left,
}

impl Job {
    /// Sends the whole reply.
    pub(super) fn run(self) {
        let options = self.request.extra.get("stream_options");
        let include_usage = options.and_then(|options| options.get("include_usage"));
        let include_usage = include_usage.and_then(Value::as_bool).unwrap_or(false);
        let stream = self.request.is_stream();
        let mut writer = Writer::new(&self.model.id, stream, include_usage);
        let mut produced = 0;
        match self.generate(&mut writer, &mut produced) {
            Ok(End::Finished(reason)) => {
                let tokens = (self.prompt.len() as u64, produced);
                self.send(Some(writer.end(reason, tokens)));
            }
            Ok(End::Left) => {}
            // Nobody is told if the reader has left.
            Err(error) => drop(self.chunks.blocking_send(Err(error))),
        }
    }

    /// Counts in `produced` every token but the one that ends the answer.
    fn generate(&self, writer: &mut Writer, produced: &mut u64) -> Result<End, EngineError> {
        let failed = |reason: String| EngineError::Model {
            model: self.model.id.clone(),
            reason,
        };
        let broken = |error: candle_core::Error| failed(error.to_string());
        let mut cache = self.model.llama.cache();
        let mut logits = Vec::new();
        for chunk in self.prompt.chunks(CHUNK) {
            if self.is_over() {
                return Ok(End::Left);
            }
            logits = self
                .model
                .llama
                .forward(chunk, &mut cache)
                .map_err(broken)?;
        }
        self.send(writer.begin());

        let mut sampler = Sampler::new(&self.request);
        let mut out = TextOut::new(self.request.stops());
        loop {
            let token = sampler
                .next(&logits)
                .ok_or_else(|| failed("no logit is a number".into()))?;
            if self.model.tokenizer.is_end(token) {
                self.send(writer.text(&out.finish()));
                return Ok(End::Finished("stop"));
            }
            *produced += 1;
            match out.push(self.model.tokenizer.piece(token)) {
                Piece::Text(text) => self.send(writer.text(&text)),
                Piece::Stopped(text) => {
                    self.send(writer.text(&text));
                    return Ok(End::Finished("stop"));
                }
            }
            if *produced >= self.limit as u64 {
                self.send(writer.text(&out.finish()));
                return Ok(End::Finished("length"));
            }
            if self.is_over() {
                return Ok(End::Left);
            }
            logits = self
                .model
                .llama
                .forward(&[token], &mut cache)
                .map_err(broken)?;
        }
    }

    fn is_over(&self) -> bool {
        self.chunks.is_closed()
    }

    /// A reader that has left is noticed before the next token.
    fn send(&self, chunk: Option<Bytes>) {
        if let Some(chunk) = chunk {
            let _ = self.chunks.blocking_send(Ok(chunk));
        }
    }
}
