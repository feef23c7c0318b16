//! One request's work after its worst case has been reserved: run the engine, count, bill.
//!
//! The work runs in a task of its own, so that whatever the client does, what was used is counted
//! once and what was not used is given back. A plain answer is produced to its end, and billed, also
//! when its client has gone away; a stream stops then and is billed for what it produced.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use futures_util::StreamExt;
use secret_ai_engine::{CancellationToken, ChatEvent, ChatRequest, Delta, Usage};
use secret_ai_receipts::sha256;

use crate::admission::Place;
use crate::agent::Agent;
use crate::choice::Choice;
use crate::count::{Meter, TokenLimit};
use crate::error::ApiError;
use crate::receipts::{issue, Answer, Proof};
use crate::session::Held;
use crate::short;
use crate::words::{Figures, Head, Words};

/// Bytes of text that make a token, as a rule of thumb for prompts that nobody has counted.
const BYTES_PER_TOKEN: u64 = 4;
/// Tokens that a chat template adds to each message, likewise.
const TOKENS_PER_MESSAGE: u64 = 8;

/// A request whose worst case is reserved.
pub struct Work {
    pub agent: Arc<Agent>,
    pub held: Held,
    pub meter: Meter,
    pub limit: TokenLimit,
    pub head: Head,
    pub request: ChatRequest,
    pub request_sha256: [u8; 32],
    /// When the request came.
    pub arrived: Instant,
    /// One of the places for requests in progress.
    pub slot: Place,
}

/// A plain answer with its proof.
pub struct Plain {
    pub body: Bytes,
    pub proof: Proof,
}

/// What an engine said about its usage so far, and when.
pub struct Tally {
    /// Pieces that carried something.
    pub pieces: u64,
    usage: Option<Usage>,
    /// When the engine was asked.
    asked: Instant,
    /// When its first piece came.
    first: Option<Instant>,
}

impl Tally {
    /// Of an engine that is asked now.
    pub fn start() -> Self {
        Tally {
            pieces: 0,
            usage: None,
            asked: Instant::now(),
            first: None,
        }
    }

    /// Takes note of a piece of an answer.
    pub fn piece(&mut self, delta: &Delta) {
        self.first.get_or_insert_with(Instant::now);
        let has_text = delta.text.as_ref().is_some_and(|text| !text.is_empty());
        if has_text || !delta.extra.is_empty() {
            self.pieces = self.pieces.saturating_add(1);
        }
    }

    /// Takes note of the engine's count.
    pub fn report(&mut self, usage: Usage) {
        self.usage = Some(usage);
    }

    /// Takes note that there is no count; `deltas` is the engine's number of pieces.
    pub fn missing(&mut self, deltas: u64) {
        self.pieces = self.pieces.max(deltas);
    }
}

impl Work {
    /// Answers in one piece.
    ///
    /// # Errors
    /// The engine's error; nothing is billed then.
    pub async fn plain(self, words: Box<dyn Words>) -> Result<Plain, ApiError> {
        let cancel = CancellationToken::new();
        let (mut choices, mut tally) = (Vec::new(), Tally::start());
        let mut events = self.agent.engine.chat(self.request.clone(), cancel).await?;
        while let Some(event) = events.next().await {
            match event? {
                ChatEvent::Delta(delta) => {
                    tally.piece(&delta);
                    Choice::append(&mut choices, delta);
                }
                ChatEvent::Usage(usage) => tally.report(usage),
                ChatEvent::UsageMissing { deltas } => tally.missing(deltas),
                ChatEvent::Done => break,
            }
        }
        let figures = self.figures(&tally);
        let body = words.whole(&self.head, choices, &figures);
        let response_sha256 = sha256(&body);
        let proof = self.bill(figures.usage, response_sha256, false).await?;
        Ok(Plain { body, proof })
    }

    /// What an answer took that ends now.
    pub fn figures(&self, tally: &Tally) -> Figures {
        let now = Instant::now();
        let first = tally.first.unwrap_or(now);
        Figures {
            usage: self.usage(tally),
            total: now.duration_since(self.arrived),
            load: tally.asked.duration_since(self.arrived),
            prompt: first.duration_since(tally.asked),
            output: now.duration_since(first),
        }
    }

    /// What is to be billed: the engine's count, or an estimate if there is none; in any case not
    /// more than was reserved.
    fn usage(&self, tally: &Tally) -> Usage {
        let usage = tally.usage.unwrap_or_else(|| Usage {
            prompt_tokens: self.estimate_prompt(),
            cached_tokens: 0,
            completion_tokens: tally.pieces,
        });
        let billed = self.limit.clamp(usage);
        if billed != usage {
            tracing::warn!(
                session = short(&self.held.session().id),
                "the engine reports more tokens than it was allowed, the surplus is not billed"
            );
        }
        billed
    }

    /// Counts the usage, signs its receipt and stores it.
    ///
    /// # Errors
    /// 500 if it cannot be stored.
    pub async fn bill(
        self,
        usage: Usage,
        response_sha256: [u8; 32],
        aborted: bool,
    ) -> Result<Proof, ApiError> {
        let Work {
            agent,
            held,
            meter,
            head,
            request_sha256,
            slot,
            ..
        } = self;
        let session_id = held.session().id;
        let time = agent.clock.now();
        let model = head.model;
        let answer = Answer {
            request_sha256,
            response_sha256,
            model,
            time,
            aborted,
        };
        let issued = held.commit(meter.units(usage), |state, units| {
            let id = *session_id.as_bytes();
            let proof = issue(&agent.keys, &agent.domain, id, state, units, answer);
            (proof, state.deadline)
        });
        let (proof, deadline) = issued.ok_or_else(ApiError::internal)?;
        agent
            .journal
            .receipt(
                proof.receipt.clone(),
                deadline,
                agent.sessions.contract_time(),
            )
            .await
            .map_err(|error| {
                tracing::error!(%error, "cannot store a receipt");
                ApiError::internal()
            })?;
        drop(slot);
        tracing::info!(
            session = short(&session_id),
            seq = proof.receipt.body.seq,
            input = usage.prompt_tokens,
            cached = usage.cached_tokens,
            output = usage.completion_tokens,
            aborted,
            "answered"
        );
        Ok(proof)
    }

    /// Tokens of the prompt by a rule of thumb: for answers that broke off before the engine told.
    fn estimate_prompt(&self) -> u64 {
        let messages = &self.request.messages;
        let bytes: u64 = messages
            .iter()
            .map(|m| m.text().map_or(0, |text| text.len() as u64))
            .sum();
        let markers = TOKENS_PER_MESSAGE.saturating_mul(messages.len() as u64);
        bytes.div_ceil(BYTES_PER_TOKEN).saturating_add(markers)
    }
}
