//! Takes in what agents ship.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, State};
use axum::http::{header, HeaderMap};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use futures_util::future::try_join_all;
use secret_ai_interface::{Hex, WorkerId};
use secret_ai_receipts::{sha256, verify, Ack, Receipt, Signed};
use serde_json::{json, Value};

use super::batch::{Batch, Shipped, Taken, MAX_RECORDS, PATH};
use super::{Tower, MAX_REMEMBERED};
use crate::error::ApiError;
use crate::journal::{JournalError, Record};
use crate::session::lock;

/// Longest batch, bytes: a record has at most 800 in JSON.
const MAX_BODY: usize = 512 << 10;

/// The routes of a watchtower.
pub fn router(tower: Arc<Tower>) -> Router {
    Router::new()
        .route(PATH, post(take))
        .route("/health", get(health))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(tower)
}

async fn health(State(tower): State<Arc<Tower>>) -> Result<Json<Value>, ApiError> {
    match tower.journal.is_healthy() {
        true => Ok(Json(json!({ "status": "ok" }))),
        false => Err(ApiError::busy("the journal cannot be written")),
    }
}

async fn take(
    State(tower): State<Arc<Tower>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Taken>, ApiError> {
    let value = headers.get(header::AUTHORIZATION);
    let value = value.and_then(|value| value.to_str().ok());
    let token = value.and_then(|value| value.strip_prefix("Bearer "));
    // Of hashes nobody learns anything by how long they take to compare.
    if token.map(|token| sha256(token.as_bytes())) != Some(tower.token_sha256) {
        let message = "authorization: this watchtower wants another token";
        return Err(ApiError::unauthorized("bad_token", message));
    }
    let batch = serde_json::from_slice(&body);
    let batch: Batch = batch.map_err(|_| ApiError::bad_request("body", "body: is not a batch"))?;
    tower.take(batch).await.map(Json)
}

impl Tower {
    /// Stores what is good of a batch; returns when it is on disk.
    ///
    /// # Errors
    /// 400 for a batch of another chain, contract or size; 503 if the registry cannot be asked or the
    /// journal cannot be written: then the whole batch has to come again.
    pub async fn take(&self, batch: Batch) -> Result<Taken, ApiError> {
        let domain = &self.domain;
        if batch.chain_id != domain.chain_id || batch.billing != domain.billing {
            let message = format!(
                "billing: this watchtower keeps receipts of {} on {}",
                domain.billing, domain.chain_id
            );
            return Err(ApiError::bad_request("billing", message));
        }
        let have = batch.records.len();
        if have > MAX_RECORDS {
            let message = format!("records: {have}, must be at most {MAX_RECORDS}");
            return Err(ApiError::bad_request("records", message));
        }
        let decoded: Vec<Record> = batch.records.iter().filter_map(decode).collect();
        let keys = self.keys_of(&decoded).await.map_err(|error| {
            tracing::warn!(%error, "the registry cannot be asked about keys");
            ApiError::busy("the registry cannot be asked")
        })?;
        let key_of = |record: &Record| keys.get(&Hex(record.receipt.body.kid));
        let is_good = |record: &&Record| {
            let key = key_of(record).map(|key| key.receipt_pk.0);
            key.is_some_and(|key| verify(&key, domain, &record.receipt).is_ok())
        };
        let good: Vec<&Record> = decoded.iter().filter(is_good).collect();
        let unknown = decoded.iter().filter(|record| key_of(record).is_none());
        let unknown = unknown.count();
        self.store(&good).await.map_err(|error| {
            tracing::error!(%error, "a batch cannot be stored");
            ApiError::busy("the journal cannot be written")
        })?;
        self.hear_of(batch.worker_id);
        Ok(Taken {
            stored: good.len(),
            unknown,
            refused: have.saturating_sub(good.len()).saturating_sub(unknown),
        })
    }

    async fn store(&self, records: &[&Record]) -> Result<(), JournalError> {
        for record in records {
            let receipt = record.receipt.clone();
            self.journal
                .put_receipt(receipt, record.deadline, record.since)?;
        }
        let acks = records.iter().filter_map(|record| {
            let ack = record.ack.clone()?;
            Some(self.journal.ack(ack, record.since))
        });
        try_join_all(acks).await?;
        let settled = records.iter().filter(|record| record.since == 0);
        try_join_all(settled.map(|record| self.journal.settled(record, record.deadline))).await?;
        self.journal.flush().await
    }

    fn hear_of(&self, worker: WorkerId) {
        let mut heard = lock(&self.heard);
        if heard.len() >= MAX_REMEMBERED {
            heard.clear();
        }
        heard.insert(worker, self.clock.uptime());
    }
}

/// A record whose parts belong together; nobody has looked at signatures yet.
fn decode(shipped: &Shipped) -> Option<Record> {
    let receipt = Signed::<Receipt>::decode(&shipped.receipt).ok()?;
    let ack = shipped.ack.as_ref().map(|ack| Signed::<Ack>::decode(ack));
    let ack = ack.transpose().ok()?.filter(|ack| {
        let (ack, receipt) = (&ack.body, &receipt.body);
        ack.session_id == receipt.session_id && ack.kid == receipt.kid && ack.seq <= receipt.seq
    });
    Some(Record {
        receipt,
        ack,
        deadline: shipped.deadline,
        since: shipped.since,
    })
}
