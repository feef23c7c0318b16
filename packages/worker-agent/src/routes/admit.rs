//! The gate in front of every endpoint that makes an engine work: who asks, is the request whole, may
//! the session be served, does it pay what the price list asks. There is no other way in.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderMap, HeaderName};
use bytes::Bytes;
use secret_ai_engine::{Endpoint, ModelInfo};
use secret_ai_interface::Unit;
use secret_ai_receipts::sha256;

use super::body::{check_media_type, read_body, BodyKind};
use crate::admission::Place;
use crate::agent::Agent;
use crate::apart::{apart_if, SHORT};
use crate::auth::{credential, SignedRequest};
use crate::budget::Refusal;
use crate::count::Meter;
use crate::error::ApiError;
use crate::ledger::{Ledger, Shortage};
use crate::prices::{self, needs, TermsRefused};
use crate::receipts::encode;
use crate::routes::{MAX_CHARGE, RECEIPT};
use crate::session::Session;

/// A request of somebody who is known, and whose session may be served.
pub struct Admitted {
    pub session: Arc<Session>,
    /// Media type of the body, with its parameters.
    pub content_type: String,
    pub body: Bytes,
    pub request_sha256: [u8; 32],
    /// Most that the client wants to pay for this request, base units.
    pub max_charge: Option<u128>,
    /// When the request came.
    pub arrived: Instant,
    /// The same as unix seconds.
    pub now: u64,
    /// One of the places for requests in progress.
    pub place: Place,
}

/// Lets a request in that has a body of this kind. Bodies are read for those who have a session.
///
/// # Errors
/// What is wrong with it, before anything has been done for it.
pub async fn admit(agent: &Agent, request: Request, kind: BodyKind) -> Result<Admitted, ApiError> {
    let arrived = Instant::now();
    let (head, body) = request.into_parts();
    let content_type = check_media_type(&head.headers, kind.media_type())?;
    let credential = credential(&head.headers, &agent.identity.worker_id)?;
    let max_charge = max_charge(&head.headers)?;
    let limit = match kind {
        BodyKind::Json => agent.limits.max_body,
        BodyKind::Form => agent.limits.max_upload,
    };
    let peer = head.extensions.get::<ConnectInfo<SocketAddr>>();
    let from = peer.map(|ConnectInfo(address)| address.ip());
    let session = agent.sessions.open_session(&credential, from).await?;
    let timeout_s = agent.limits.rates.body_timeout_s;
    let body = read_body(&head.headers, body, limit, timeout_s).await?;
    let to_hash = body.clone();
    let request_sha256 = apart_if(body.len() > SHORT, move || sha256(&to_hash)).await?;
    let (kid, now) = (agent.keys.kid(), agent.now());
    if let Some(signed) = &credential.signed {
        signed.verify(&agent.domain, &kid, &request_sha256, now)?;
        take_signed(agent, &session, signed, now).await?;
    }
    if !agent.is_healthy() {
        return Err(ApiError::busy("this worker cannot serve now"));
    }
    let place = agent.admission.enter(&session).await?;
    Ok(Admitted {
        place,
        session,
        content_type,
        body,
        request_sha256,
        max_charge,
        arrived,
        now,
    })
}

/// Finds the model that is meant.
///
/// # Errors
/// 404 if there is no such; the engine's error if it cannot be asked.
pub async fn find_model(agent: &Agent, name: &str) -> Result<ModelInfo, ApiError> {
    let model = agent.models.find(name).await?;
    model.ok_or_else(|| ApiError::no_model(name))
}

/// Finds the session's lines for what an endpoint counts of a model; they must pay what the price list
/// asks.
///
/// # Errors
/// 404 if the model is not sold for this, 402 if the session does not pay for it.
pub fn meter(
    agent: &Agent,
    session: &Session,
    model: &str,
    endpoint: Endpoint,
) -> Result<Meter, ApiError> {
    if let Some(unit) = agent.prices.missing(model, endpoint) {
        return Err(ApiError::not_sold(
            model,
            endpoint.path(),
            prices::name(unit),
        ));
    }
    let lines = &session.lines;
    if !lines.iter().any(|line| line.model == model) {
        let message = format!("model: the session has no line for {model:?}");
        return Err(ApiError::payment("missing_line", message).about("model"));
    }
    let meter = Meter::of(lines, model, needs(endpoint));
    let meter = meter.map_err(|unit| TermsRefused::MissingLine { unit })?;
    agent.prices.check(model, &session.token, lines)?;
    Ok(meter)
}

/// The same for a chat with pictures or sound in it, which need lines of their own.
///
/// # Errors
/// 400 naming what the session does not pay for.
pub fn meter_parts(meter: Meter, parts: crate::parts::Parts) -> Result<Meter, ApiError> {
    for (count, unit) in [
        (parts.pictures, Unit::Image),
        (parts.audio_ms, Unit::AudioMs),
    ] {
        if count > 0 && !meter.has(unit) {
            let unit = prices::name(unit);
            let message = format!(
                "messages.content: has a part that is not text, and the session has no line for {unit}"
            );
            return Err(ApiError::bad_request("messages.content", message));
        }
    }
    Ok(meter.with(parts.pictures, parts.audio_ms))
}

/// Sets something aside in a session's books.
///
/// # Errors
/// 402 saying what is missing; with the newest receipt if that is an ack.
pub fn set_aside<T>(
    session: &Session,
    reserve: impl FnOnce(&mut Ledger) -> Result<T, Refusal>,
) -> Result<T, ApiError> {
    let mut state = session.state();
    reserve(&mut state.ledger).map_err(|refusal| {
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
