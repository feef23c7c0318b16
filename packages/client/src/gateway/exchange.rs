//! One request to the worker and what comes back.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use secret_ai_interface::registry::WorkerAnswer;
use secret_ai_receipts::{sha256, Body as _, Evidence, Receipt, Signed};
use serde_json::Value;

use super::relay::Relay;
use super::{response, Gateway, MAX_BODY};
use crate::answer::{decode, usage_in, Proof};
use crate::credentials::Credentials;
use crate::error::{ClientError, Result};
use crate::offers::worker;
use crate::transport::{Asked, Reply, Transport};
use crate::verify::{verify, Exchange, Parts};

/// Headers of a program's request that the worker is told.
const TOLD: [&str; 3] = ["content-type", "accept", "x-max-charge"];

/// The way to one boot of the worker.
pub struct Way {
    pub worker: WorkerAnswer,
    transport: Transport,
}

/// What was asked, as far as the receipt vouches for it.
pub struct Question {
    pub way: Arc<Way>,
    request_sha256: [u8; 32],
    /// The model, if the body is JSON that names one.
    model: Option<String>,
    /// What came with its text.
    parts: Parts,
    /// The answer's `usage` tells all that is charged: it is text.
    is_text: bool,
}

impl Gateway {
    /// Asks the worker. After its start the registry is asked first where it is and by which keys.
    pub(super) async fn ask(
        self: &Arc<Self>,
        method: Method,
        path: &str,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Response> {
        let told = TOLD.iter().filter_map(|name| {
            let value = headers.get(*name)?.to_str().ok()?;
            Some((name.to_string(), value.to_owned()))
        });
        let told: Vec<_> = told.collect();
        let way = self.way(None).await?;
        let sent = self.send(&way, &method, path, &told, body).await;
        let (way, reply) = match sent {
            // Nothing was served.
            Err(ClientError::OtherBoot | ClientError::Unreachable { .. }) => {
                let way = self.way(Some(&way)).await?;
                let reply = self.send(&way, &method, path, &told, body).await?;
                (way, reply)
            }
            sent => (way, sent?),
        };
        let asked: Value = serde_json::from_slice(body).unwrap_or_default();
        let question = Question {
            way,
            request_sha256: sha256(body),
            model: asked["model"].as_str().map(str::to_owned),
            parts: Parts::of(&asked),
            is_text: !["/v1/audio/", "/v1/images/"]
                .iter()
                .any(|other| path.starts_with(*other)),
        };
        self.answer(question, reply).await
    }

    /// The way to the worker; looked up anew if it is still the `stale` one.
    async fn way(&self, stale: Option<&Arc<Way>>) -> Result<Arc<Way>> {
        let mut known = self.way.lock().await;
        match &*known {
            Some(way) if !stale.is_some_and(|stale| Arc::ptr_eq(way, stale)) => Ok(way.clone()),
            _ => {
                let worker = worker(&self.account, self.own.session.worker_id).await?;
                let transport = Transport::new(&worker, &self.domain, self.policy)?;
                let way = Arc::new(Way { worker, transport });
                *known = Some(way.clone());
                Ok(way)
            }
        }
    }

    /// Sends; a countersigned session signs what it missed first.
    async fn send(
        &self,
        way: &Way,
        method: &Method,
        path: &str,
        told: &[(String, String)],
        body: &[u8],
    ) -> Result<Reply> {
        let credentials = Credentials {
            secrets: self.account.secrets(),
            own: &self.own,
            worker: &way.worker,
            domain: &self.domain,
        };
        let send = || async {
            let newest = self.newest(way);
            let newest = newest.as_ref().map(|receipt| &receipt.body);
            let mut headers = credentials.headers(sha256(body), newest)?;
            headers.extend_from_slice(told);
            let asked = Asked {
                method: method.clone(),
                path,
                headers,
                body: body.to_vec(),
            };
            way.transport.send(asked).await
        };
        let reply = send().await?;
        let newest = self.newest(way);
        let newest = newest.as_ref().map(|receipt| &receipt.body);
        match credentials.missed(&reply, newest)? {
            Some(missed) => {
                self.receipts.keep(&missed)?;
                send().await
            }
            None => Ok(reply),
        }
    }

    async fn answer(self: &Arc<Self>, question: Question, reply: Reply) -> Result<Response> {
        let status = reply.status;
        let headers = reply.headers.clone();
        let media_type = reply.header("content-type").unwrap_or_default();
        if (200..300).contains(&status) && media_type.starts_with("text/event-stream") {
            let relay = Relay::new(self.clone(), question, reply);
            return Ok(response(
                status,
                &headers,
                Body::from_stream(relay.stream()),
            ));
        }
        let proof = |name: &str| reply.header(name).map(str::to_owned);
        let receipt = proof("x-secret-ai-receipt");
        let evidence = proof("x-secret-ai-evidence");
        let body = reply.read(MAX_BODY).await?;
        // Without evidence it is no answer that costs anything: an error, or a list.
        if let (Some(receipt), Some(evidence)) = (receipt, evidence) {
            let proof = Proof {
                response_sha256: sha256(&body),
                usage: usage_in(&body),
                receipt: decode("receipt", &receipt)?,
                evidence: decode("evidence", &evidence)?,
            };
            self.verify(&question, &proof)?;
        }
        Ok(response(status, &headers, Body::from(body)))
    }

    /// Verifies a receipt, and keeps it.
    pub(super) fn verify(&self, question: &Question, proof: &Proof) -> Result<()> {
        let wrong = ClientError::verification;
        let receipt: Signed<Receipt> =
            Signed::decode(&proof.receipt).map_err(|e| wrong(format!("receipt: {e}")))?;
        let evidence =
            Evidence::decode(&proof.evidence).map_err(|e| wrong(format!("evidence: {e}")))?;
        let lines = &self.own.session.lines;
        let is_sold = |model: &str| lines.iter().any(|line| line.model == model);
        let model = match question.model.as_deref() {
            Some(asked) if is_sold(asked) || !is_one_model(asked, &evidence.model) => asked,
            _ => &evidence.model,
        };
        // Answers to several questions may end in any order: compare with an earlier one only.
        let previous = self.newest(&question.way);
        let previous = previous.filter(|known| known.body.seq < receipt.body.seq);
        let exchange = Exchange {
            domain: &self.domain,
            session: &self.own.session,
            worker: &question.way.worker,
            model,
            request_sha256: question.request_sha256,
            response_sha256: proof.response_sha256,
            usage: proof.usage.filter(|_| question.is_text),
            parts: question.parts,
            previous: previous.as_ref().map(|receipt| &receipt.body),
        };
        let verified = verify(&exchange, &proof.receipt, &proof.evidence)?;
        self.receipts.keep(&verified.receipt)
    }

    fn newest(&self, way: &Way) -> Option<Signed<Receipt>> {
        let session = &self.own.session.session_id;
        self.receipts.newest(session, &way.worker.kid)
    }
}

/// Whether two names are one model's: `x` and `x:latest` are, as Ollama has it and the worker too.
fn is_one_model(one: &str, other: &str) -> bool {
    let bare = |name: &str| name.strip_suffix(":latest").unwrap_or(name).to_owned();
    bare(one) == bare(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_without_tag_is_the_latest() {
        for (one, other, expected) in [
            ("x", "x", true),
            ("x", "x:latest", true),
            ("x:latest", "x", true),
            ("x", "y", false),
            ("x", "x:8b", false),
            ("x:8b", "x:latest", false),
        ] {
            assert_eq!(is_one_model(one, other), expected, "{one} {other}");
        }
    }
}
