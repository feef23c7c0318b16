//! `GET /attestation`: what a client needs to verify this worker by itself, without the chain.

use std::sync::Arc;

use axum::extract::State;
use axum::Json;
use base64::engine::general_purpose::STANDARD;
use base64::Engine;
use serde::Serialize;

use crate::agent::Agent;

/// Keys and evidence of this boot; bytes in hex, but for the quote.
#[derive(Debug, Serialize)]
pub struct AttestationAnswer {
    chain_id: String,
    registry: String,
    operator: String,
    worker_id: String,
    kid: String,
    receipt_pk: String,
    tls_spki_sha256: String,
    e2ee_pk: String,
    class: u8,
    challenge: String,
    /// Base64.
    tdx_quote: String,
}

/// The newest evidence; public.
pub async fn show(State(agent): State<Arc<Agent>>) -> Json<AttestationAnswer> {
    let attested = agent.attested();
    let identity = &agent.identity;
    Json(AttestationAnswer {
        chain_id: identity.chain_id.clone(),
        registry: identity.registry.clone(),
        operator: identity.operator.clone(),
        worker_id: identity.worker_id.to_string(),
        kid: hex::encode(agent.keys.kid()),
        receipt_pk: hex::encode(agent.keys.receipt_pk()),
        tls_spki_sha256: hex::encode(identity.tls_spki_sha256),
        e2ee_pk: hex::encode(agent.keys.e2ee_pk()),
        class: identity.class,
        challenge: hex::encode(attested.challenge),
        tdx_quote: STANDARD.encode(attested.quote),
    })
}
