//! Work that is answered in one piece, by whatever endpoint: reserve the most that it can use, call the
//! engine, measure what came, bill that, answer.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::Request;
use axum::http::{header, HeaderName};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use secret_ai_engine::{Call, Endpoint, Engine, EngineError, ModelInfo};
use secret_ai_interface::Unit;
use secret_ai_receipts::sha256;
use tokio_util::task::task_tracker::TaskTrackerToken;
use tracing::Span;

use super::admit::{admit, find_model, meter, set_aside, Admitted};
use super::body::BodyKind;
use crate::admission::Place;
use crate::agent::Agent;
use crate::apart::{apart_if, SHORT, SHORT_TEXT};
use crate::bill::{bill, observe};
use crate::budget::reserve_units;
use crate::count::{Counts, Meter};
use crate::error::ApiError;
use crate::ledger::Ledger;
use crate::metrics::Answered;
use crate::receipts::{Answer, Proof};
use crate::routes::{EVIDENCE, RECEIPT};
use crate::serve::read_whole;
use crate::session::Held;
use crate::short;
use crate::telemetry;
use crate::whole::MAX_WHOLE;

/// One request of an endpoint that answers in one piece.
pub trait Task: Send + Sized + 'static {
    /// What its body is.
    const BODY: BodyKind;

    /// Where it goes.
    fn endpoint(&self) -> Endpoint;

    /// The model that the client names.
    fn model(&self) -> &str;

    /// The most that it can use.
    fn worst(&self, model: &ModelInfo) -> Counts;

    /// Most bytes of an answer; an engine that sends more has failed.
    fn most_bytes(&self) -> usize {
        MAX_WHOLE
    }

    /// Media type and body as the engine gets them, which knows the model by `model`.
    ///
    /// # Errors
    /// None for a request that was read.
    fn to_engine(&self, model: &str) -> Result<(String, Bytes), ApiError>;

    /// What the engine's answer used, and what the client gets of it.
    ///
    /// # Errors
    /// An answer that is none: it is not delivered, and costs nothing.
    fn finish(&self, answer: Raw, engine: &dyn Engine) -> Result<Finished, EngineError>;
}

/// What an engine answered.
pub struct Raw {
    /// The model's name there.
    pub model: String,
    pub content_type: String,
    pub body: Bytes,
    /// The most that it may have used.
    pub limit: Counts,
}

/// An answer that was measured.
pub struct Finished {
    pub counts: Counts,
    /// The engine did not say what it used; this is this agent's own guess.
    pub estimated: bool,
    pub content_type: &'static str,
    pub body: Bytes,
}

/// Serves a request whose body, of this media type, `read` understands.
///
/// # Errors
/// Why nothing was done, or nothing came of it; nothing is billed then.
pub async fn serve<T: Task>(
    agent: Arc<Agent>,
    request: Request,
    read: impl FnOnce(&str, &Bytes) -> Result<T, ApiError> + Send + 'static,
) -> Result<Response, ApiError> {
    let Admitted {
        session,
        content_type,
        body,
        request_sha256,
        max_charge,
        arrived,
        place,
        ..
    } = admit(&agent, request, T::BODY).await?;
    let asked_bytes = body.len();
    let is_long = asked_bytes > SHORT;
    let task = apart_if(is_long, move || read(&content_type, &body)).await??;
    let model = find_model(&agent, task.model()).await?;
    let rates = place.headers();
    let meter = meter(&agent, &session, &model.id, task.endpoint())?;
    let limit = task.worst(&model);
    let reserve = |ledger: &mut Ledger| reserve_units(ledger, meter.count(&limit), max_charge);
    let held = Held::new(session.clone(), set_aside(&session, reserve)?);
    let (name, trace) = (model.id.clone(), telemetry::trace());
    let write = move || {
        let (content_type, body) = task.to_engine(&name)?;
        let call = Call {
            endpoint: task.endpoint(),
            model: name,
            content_type,
            body,
            stream: false,
            trace,
        };
        Ok::<_, ApiError>((task, call))
    };
    let (task, call) = apart_if(is_long, write).await??;
    let work = Work {
        task,
        call,
        asked_bytes,
        held,
        meter,
        limit,
        model: model.id,
        request_sha256,
        arrived,
        place,
        span: Span::current(),
        _token: agent.tasks.token(),
        agent,
    };
    // In a task of its own: it goes on when the client goes away.
    let done = tokio::spawn(work.run()).await;
    let (finished, proof) = done.map_err(|_| ApiError::internal())??;
    let headers = [
        (header::CONTENT_TYPE, finished.content_type.to_owned()),
        (HeaderName::from_static(RECEIPT), proof.receipt_text()),
        (HeaderName::from_static(EVIDENCE), proof.evidence_text()),
    ];
    Ok((rates, headers, finished.body).into_response())
}

/// A request whose worst case is reserved. Dropped, it costs nothing.
struct Work<T> {
    agent: Arc<Agent>,
    task: T,
    call: Call,
    /// Bytes of the request's body.
    asked_bytes: usize,
    held: Held,
    meter: Meter,
    limit: Counts,
    model: String,
    request_sha256: [u8; 32],
    /// When the request came.
    arrived: Instant,
    /// One of the places for requests in progress.
    place: Place,
    /// Of the request, for traces.
    span: Span,
    /// The agent does not stop before this is gone.
    _token: TaskTrackerToken,
}

impl<T: Task> Work<T> {
    async fn run(self) -> Result<(Finished, Proof), ApiError> {
        let engine = self.agent.engine.clone();
        let endpoint = self.call.endpoint;
        let reply = engine.call(self.call).await?;
        let raw = Raw {
            model: self.model.clone(),
            content_type: reply.content_type,
            body: read_whole(reply.body, self.task.most_bytes()).await?,
            limit: self.limit,
        };
        let is_long = raw.body.len() > SHORT || self.asked_bytes > SHORT_TEXT;
        let task = self.task;
        let finish = move || {
            let finished = task.finish(raw, engine.as_ref())?;
            let response_sha256 = sha256(&finished.body);
            Ok::<_, EngineError>((finished, response_sha256))
        };
        let (finished, response_sha256) = apart_if(is_long, finish).await??;
        let counts = finished.counts.within(&self.limit);
        let session = short(&self.held.session().id);
        if counts != finished.counts {
            tracing::warn!(session, "more was used than was reserved: not billed");
        }
        let all = Unit::ALL.map(|unit| (unit, counts.of(unit)));
        let answered = Answered {
            endpoint,
            model: &self.model,
            units: &all,
            input_tokens: counts.embedding,
            output_tokens: 0,
            total: self.arrived.elapsed(),
            first: None,
            aborted: false,
            estimated: finished.estimated,
            clamped: counts != finished.counts,
        };
        observe(&self.agent, &self.span, &self.place, &self.held, &answered);
        let answer = Answer {
            request_sha256: self.request_sha256,
            response_sha256,
            model: self.model,
            time: self.agent.now(),
            aborted: false,
        };
        let proof = bill(&self.agent, self.held, self.meter.count(&counts), answer)?;
        tracing::debug!(
            session,
            seq = proof.receipt.body.seq,
            image = counts.image,
            audio_ms = counts.audio_ms,
            embedding = counts.embedding,
            estimated = finished.estimated,
            "answered"
        );
        Ok((finished, proof))
    }
}

/// An answer that is none.
pub fn protocol(reason: &str) -> EngineError {
    EngineError::Protocol {
        reason: reason.to_owned(),
    }
}
