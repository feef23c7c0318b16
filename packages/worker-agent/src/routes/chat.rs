//! Chat: who asks, what for, can it be paid; then work. The same for every API.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{header, HeaderMap, HeaderName};
use axum::response::{IntoResponse, Response};
use secret_ai_engine::{Call, ChatRequest, Endpoint, ModelInfo};
use secret_ai_receipts::sha256;
use tracing::Span;

use super::body::{check_media_type, read_body};
use crate::agent::Agent;
use crate::auth::{credential, SignedRequest};
use crate::budget::{reserve, Budget, Refusal, Wish};
use crate::count::Meter;
use crate::error::ApiError;
use crate::ledger::Shortage;
use crate::openai;
use crate::prices::TermsRefused;
use crate::receipts::encode;
use crate::routes::{EVIDENCE, MAX_CHARGE, RECEIPT};
use crate::serve::Work;
use crate::session::{Held, Session};
use crate::stream;
use crate::tally::guess_prompt;
use crate::words::{Asked, Head, Reader, Words};

/// Most answers of one request.
const MAX_CHOICES: u32 = 8;
/// Fields that make an engine do work which its token counts do not show.
const UNCOUNTED: [&str; 5] = [
    "audio",
    "best_of",
    "prompt_embeds",
    "use_beam_search",
    "prompt_logprobs",
];

/// `POST /v1/chat/completions`.
pub async fn completions(
    State(agent): State<Arc<Agent>>,
    request: Request,
) -> Result<Response, ApiError> {
    serve(agent, request, openai::read).await
}

/// Serves a request whose body `read` understands.
pub async fn serve(
    agent: Arc<Agent>,
    request: Request,
    read: Reader,
) -> Result<Response, ApiError> {
    let arrived = Instant::now();
    let (head, body) = request.into_parts();
    check_media_type(&head.headers)?;
    let credential = credential(&head.headers, &agent.identity.worker_id)?;
    let max_charge = max_charge(&head.headers)?;
    let body = read_body(&head.headers, body, agent.limits.max_body).await?;
    let request_sha256 = sha256(&body);
    let (kid, now) = (agent.keys.kid(), agent.now());
    if let Some(signed) = &credential.signed {
        signed.verify(&agent.domain, &kid, &request_sha256, now)?;
    }
    let session = agent.sessions.open_session(&credential).await?;
    if let Some(signed) = &credential.signed {
        take_signed(&agent, &session, signed, now).await?;
    }
    if !agent.is_healthy() {
        return Err(ApiError::busy("this worker cannot serve now"));
    }
    let place = agent.admission.enter(&session).await?;
    let rates = place.headers();

    let Asked {
        request,
        stream,
        words,
    } = read(&body)?;
    check_countable(&request)?;
    let model = agent.models.find(&request.model).await?;
    let model = model.ok_or_else(|| ApiError::no_model(&request.model))?;
    let request = ChatRequest {
        model: model.id.clone(),
        ..request
    };
    let meter = meter(&agent, &session, &model)?;
    let prompt = agent.engine.count_prompt(&request).await?;
    let wish = Wish {
        prompt,
        context: model.context_length,
        max_tokens: request.output_limit(),
        choices: request.choices(),
        max_charge,
    };
    let Budget {
        reservation,
        limit,
        max_tokens,
    } = set_aside(&session, &meter, &wish)?;
    let work = Work {
        held: Held::new(session, reservation),
        meter,
        limit,
        prompt,
        prompt_guess: guess_prompt(&request),
        call: Call {
            endpoint: Endpoint::ChatCompletions,
            model: model.id.clone(),
            content_type: "application/json".to_owned(),
            stream: request.is_stream(),
            body: request.into_body(max_tokens)?,
        },
        head: Head {
            model: model.id,
            created: now,
        },
        request_sha256,
        arrived,
        place,
        _token: agent.tasks.token(),
        span: Span::current(),
        agent,
    };
    let mut response = answer(work, words, stream).await?;
    response.headers_mut().extend(rates);
    Ok(response)
}

async fn answer(work: Work, words: Box<dyn Words>, stream: bool) -> Result<Response, ApiError> {
    if !stream {
        // In a task of its own: it goes on when the client goes away.
        let done = if work.call.stream {
            tokio::spawn(stream::collect(work, words)).await
        } else {
            tokio::spawn(work.plain(words)).await
        };
        let plain = done.map_err(|_| ApiError::internal())??;
        let headers = [
            (header::CONTENT_TYPE, "application/json".to_owned()),
            (HeaderName::from_static(RECEIPT), plain.proof.receipt_text()),
            (
                HeaderName::from_static(EVIDENCE),
                plain.proof.evidence_text(),
            ),
        ];
        return Ok((headers, plain.body).into_response());
    }
    let stream = stream::open(work, words).await?;
    let headers = [
        (header::CONTENT_TYPE, stream.media_type()),
        (header::CACHE_CONTROL, "no-cache"),
        // Asks nginx not to hold chunks back.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    Ok((headers, Body::new(stream)).into_response())
}

fn max_charge(headers: &HeaderMap) -> Result<Option<u128>, ApiError> {
    let Some(value) = headers.get(MAX_CHARGE) else {
        return Ok(None);
    };
    let amount = value.to_str().ok().and_then(|text| text.parse().ok());
    let message = "x-max-charge: must be a whole number of base units";
    amount
        .map(Some)
        .ok_or_else(|| ApiError::bad_request(MAX_CHARGE, message))
}

/// Uses up the nonce of a signed request and takes its ack.
async fn take_signed(
    agent: &Agent,
    session: &Session,
    signed: &SignedRequest,
    now: u64,
) -> Result<(), ApiError> {
    let request = &signed.request.body;
    session
        .state()
        .nonces
        .take(request.nonce, request.time, now)?;
    let Some(ack) = &signed.ack else {
        return Ok(());
    };
    if session.acknowledge(ack)? {
        let stored = agent
            .journal
            .ack(ack.clone(), agent.sessions.contract_time());
        stored.await.map_err(|error| {
            tracing::error!(%error, "cannot store an ack");
            ApiError::internal()
        })?;
    }
    Ok(())
}

fn check_countable(request: &ChatRequest) -> Result<(), ApiError> {
    if request.choices() > MAX_CHOICES {
        let message = format!("n: {} answers, at most {MAX_CHOICES}", request.choices());
        return Err(ApiError::bad_request("n", message));
    }
    let is_set = |field: &&str| request.extra.get(*field).is_some_and(|v| !v.is_null());
    match UNCOUNTED.into_iter().find(is_set) {
        Some(field) => Err(ApiError::bad_request(
            field,
            format!("{field}: is not offered here"),
        )),
        None => Ok(()),
    }
}

/// Finds the session's lines for the model; they must pay what the price list asks.
fn meter(agent: &Agent, session: &Session, model: &ModelInfo) -> Result<Meter, ApiError> {
    let lines = &session.lines;
    if !lines.iter().any(|line| line.model == model.id) {
        let message = format!("model: the session has no line for {:?}", model.id);
        return Err(ApiError::payment("missing_line", message).about("model"));
    }
    let meter = Meter::new(lines, &model.id);
    let meter = meter.map_err(|unit| TermsRefused::MissingLine { unit })?;
    agent.prices.check(&model.id, &session.token, lines)?;
    Ok(meter)
}

fn set_aside(session: &Session, meter: &Meter, wish: &Wish) -> Result<Budget, ApiError> {
    let mut state = session.state();
    reserve(&mut state.ledger, meter, wish).map_err(|refusal| {
        let wants_ack = matches!(
            refusal,
            Refusal::Session {
                source: Shortage::Slack { .. }
            }
        );
        let error = ApiError::from(refusal);
        match &state.newest {
            // A client that never got it has to countersign it before it can go on.
            Some(receipt) if wants_ack => {
                error.with_header(HeaderName::from_static(RECEIPT), &encode(&receipt.encode()))
            }
            _ => error,
        }
    })
}
