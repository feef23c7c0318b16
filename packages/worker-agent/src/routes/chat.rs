//! Requests for text: what for, can it be paid; then work. The same for every API.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{header, HeaderName};
use axum::response::{IntoResponse, Response};
use tracing::Span;

use super::admit::{admit, find_model, meter, meter_parts, set_aside, Admitted};
use super::body::BodyKind;
use crate::agent::Agent;
use crate::apart::{apart_if, SHORT};
use crate::budget::{reserve, Budget, Wish};
use crate::error::ApiError;
use crate::openai;
use crate::routes::{EVIDENCE, RECEIPT};
use crate::serve::Work;
use crate::session::Held;
use crate::stream;
use crate::whole;
use crate::words::{Asked, Head, Reader, Words};

/// `POST /v1/chat/completions`.
pub async fn completions(
    State(agent): State<Arc<Agent>>,
    request: Request,
) -> Result<Response, ApiError> {
    serve(agent, request, openai::read).await
}

/// `POST /v1/completions`.
pub async fn text(State(agent): State<Arc<Agent>>, request: Request) -> Result<Response, ApiError> {
    serve(agent, request, openai::read_text).await
}

/// Serves a request whose body `read` understands.
pub async fn serve(
    agent: Arc<Agent>,
    request: Request,
    read: Reader,
) -> Result<Response, ApiError> {
    let Admitted {
        session,
        body,
        request_sha256,
        max_charge,
        arrived,
        now,
        place,
        ..
    } = admit(&agent, request, BodyKind::Json).await?;
    let rates = place.headers();
    let is_long = body.len() > SHORT;
    let look = move || {
        let asked = read(&body)?;
        let parts = asked.request.check()?;
        Ok::<_, ApiError>((asked, parts))
    };
    let (asked, parts) = apart_if(is_long, look).await??;
    let Asked {
        mut request,
        stream,
        words,
    } = asked;
    let model = find_model(&agent, request.model()).await?;
    request.set_model(&model.id);
    let meter = meter(&agent, &session, &model.id, request.endpoint())?;
    let meter = meter_parts(meter, parts)?;
    let context = model.context_length;
    let prompt = request
        .prompt(agent.engine.as_ref(), parts, context)
        .await?;
    let wish = Wish {
        prompt,
        context: request.context(context),
        max_tokens: match stream {
            true => request.output_limit(),
            false => whole::output_limit(&request, context)?,
        },
        choices: request.choices(),
        max_charge,
    };
    let Budget {
        reservation,
        limit,
        max_tokens,
    } = set_aside(&session, |ledger| reserve(ledger, &meter, &wish))?;
    let held = Held::new(session, reservation);
    let prompt_guess = request.guess();
    let call = apart_if(is_long, move || request.into_call(max_tokens)).await??;
    let work = Work {
        held,
        meter,
        limit,
        prompt,
        prompt_guess,
        call,
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
