//! One question to a worker: streams the answer, then verifies its receipt.

use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine;
use futures_util::StreamExt;
use reqwest::{RequestBuilder, Response};
use secret_ai_interface::billing::{OwnSession, SessionAuth};
use secret_ai_interface::registry::WorkerAnswer;
use secret_ai_receipts::{public_key, sha256, sign, Ack, Domain, Receipt, Request, Signed};
use serde::Deserialize;
use serde_json::{json, Value};

use crate::account::Account;
use crate::error::{ClientError, Result};
use crate::receipts::Receipts;
use crate::sse::{Event, Parser};
use crate::verify::{price, verify, verify_missed, Exchange, Usage, Verified};

/// A question and where it goes.
pub struct Question<'a> {
    pub account: &'a Account,
    pub own: &'a OwnSession,
    pub worker: &'a WorkerAnswer,
    pub receipts: &'a Receipts,
    pub model: &'a str,
    pub prompt: &'a str,
    /// Most tokens of the answer; the worker decides if absent.
    pub max_tokens: Option<u64>,
    /// Most base units that the answer may cost.
    pub max_charge: Option<u128>,
}

/// What the streamed answer amounted to.
struct Answer {
    response_sha256: [u8; 32],
    usage: Usage,
    receipt: Vec<u8>,
    evidence: Vec<u8>,
}

#[derive(Deserialize)]
struct ReceiptEvent {
    receipt: String,
    evidence: String,
}

impl Question<'_> {
    /// Asks, writes the answer to `out` as it comes, and verifies receipt and evidence. A verified
    /// receipt is kept.
    ///
    /// # Errors
    /// The worker refused, broke off, or its receipt is not what it must be.
    pub async fn ask(&self, out: &mut impl Write) -> Result<Verified> {
        let mut body = json!({
            "model": self.model,
            "messages": [{ "role": "user", "content": self.prompt }],
            "stream": true,
            "stream_options": { "include_usage": true },
        });
        if let Some(max) = self.max_tokens {
            body["max_tokens"] = max.into();
        }
        let body = body.to_string().into_bytes();
        let request_sha256 = sha256(&body);
        let domain = Domain {
            chain_id: self.account.chain_id().to_string(),
            billing: self.account.billing.address.clone(),
        };
        let mut response = self.send(&domain, &body, request_sha256).await?;
        if let Some(missed) = self.missed(&domain, &response)? {
            self.receipts.keep(&missed)?;
            response = self.send(&domain, &body, request_sha256).await?;
        }
        let previous = self.newest();
        let answer = read(accepted(response).await?, out).await?;

        let exchange = Exchange {
            domain: &domain,
            session: &self.own.session,
            worker: self.worker,
            model: self.model,
            request_sha256,
            response_sha256: answer.response_sha256,
            usage: answer.usage,
            previous: previous.as_ref().map(|p| &p.body),
        };
        let verified = verify(&exchange, &answer.receipt, &answer.evidence)?;
        if let Some(max) = self.max_charge.filter(|max| verified.cost > *max) {
            let cost = verified.cost;
            let problem =
                format!("receipt: the answer costs {cost} base units, allowed were {max}");
            return Err(ClientError::verification(problem));
        }
        self.receipts.keep(&verified.receipt)?;
        Ok(verified)
    }

    /// The newest receipt of this session and worker that is known here.
    fn newest(&self) -> Option<Signed<Receipt>> {
        let session = &self.own.session.session_id;
        self.receipts.newest(session, &self.worker.kid)
    }

    /// Sends the question, in a countersigned session with the ack of the newest receipt.
    async fn send(&self, domain: &Domain, body: &[u8], body_sha256: [u8; 32]) -> Result<Response> {
        let url = format!(
            "{}/v1/chat/completions",
            self.worker.listing.url.trim_end_matches('/')
        );
        // The registry names one address; whoever answers there does not send questions elsewhere.
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(unreachable)?;
        let mut request = http.post(url).header("content-type", "application/json");
        if let Some(max) = self.max_charge {
            request = request.header("x-max-charge", max.to_string());
        }
        let newest = self.newest();
        let acked = newest.as_ref().map(|receipt| &receipt.body);
        let request = self.authenticate(request, domain, body_sha256, acked)?;
        request
            .body(body.to_vec())
            .send()
            .await
            .map_err(unreachable)
    }

    /// The newest receipt, in a 402 for used up slack, if this client does not have it.
    fn missed(&self, domain: &Domain, response: &Response) -> Result<Option<Signed<Receipt>>> {
        let session = &self.own.session;
        let text = response.headers().get("x-secret-ai-receipt");
        let (402, Some(text), SessionAuth::K(_)) =
            (response.status().as_u16(), text, &session.auth)
        else {
            return Ok(None);
        };
        let receipt = URL_SAFE_NO_PAD
            .decode(text.as_bytes())
            .map_err(|_| ClientError::verification("receipt: unreadable"))?;
        let known = self.newest();
        let known = known.as_ref().map(|receipt| &receipt.body);
        verify_missed(domain, session, self.worker, known, &receipt)
    }

    /// Adds the bearer secret, or a signature and the ack of the newest receipt.
    fn authenticate(
        &self,
        request: RequestBuilder,
        domain: &Domain,
        body_sha256: [u8; 32],
        newest: Option<&secret_ai_receipts::Receipt>,
    ) -> Result<RequestBuilder> {
        let secrets = self.account.secrets();
        let session = &self.own.session;
        if matches!(session.auth, SessionAuth::H(_)) {
            return Ok(request.bearer_auth(secrets.api_key(self.own)?.as_str()));
        }
        let key = secrets.key(self.own.counter)?;
        let signed = sign(
            &key,
            domain,
            Request {
                session_id: session.session_id.0,
                kid: self.worker.kid.0,
                time: SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .map_or(0, |d| d.as_secs()),
                nonce: rand::random(),
                body_sha256,
            },
        );
        let mut request = request
            .header("x-secret-ai-key", hex::encode(public_key(&key)))
            .header(
                "x-secret-ai-request",
                URL_SAFE_NO_PAD.encode(signed.encode()),
            );
        if let Some(receipt) = newest {
            let ack = Ack {
                session_id: receipt.session_id,
                kid: receipt.kid,
                seq: receipt.seq,
                amount: price(&session.lines, &receipt.counters)?,
            };
            let ack = sign(&key, domain, ack).encode();
            request = request.header("x-secret-ai-ack", URL_SAFE_NO_PAD.encode(ack));
        }
        Ok(request)
    }
}

fn unreachable(error: reqwest::Error) -> ClientError {
    ClientError::Unreachable {
        problem: error.without_url().to_string(),
    }
}

/// The response, unless it is an error.
async fn accepted(response: Response) -> Result<Response> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let body: Value = response.json().await.unwrap_or_default();
    let message = body["error"]["message"]
        .as_str()
        .unwrap_or("no explanation")
        .to_string();
    Err(ClientError::Worker {
        status: status.as_u16(),
        message,
    })
}

/// Reads the stream to its end, hashing what the receipt vouches for.
async fn read(response: Response, out: &mut impl Write) -> Result<Answer> {
    let broken = || ClientError::verification("the answer broke off before its receipt");
    let mut stream = response.bytes_stream();
    let mut parser = Parser::default();
    let mut answered = Vec::new();
    let mut usage = None;
    let mut done = false;
    while let Some(bytes) = stream.next().await {
        let events = parser
            .push(&bytes.map_err(unreachable)?)
            .map_err(|_| ClientError::verification("the answer is no event stream"))?;
        for event in events {
            match event.name.as_str() {
                "receipt" => return with_receipt(&event, &answered, usage),
                _ if done => return Err(broken()),
                _ => {
                    answered.extend_from_slice(&event.raw);
                    done = event.data == "[DONE]";
                    usage = show(&event, out)?.or(usage);
                }
            }
        }
    }
    Err(broken())
}

/// Writes what an event adds to the answer; returns the usage if it tells that.
fn show(event: &Event, out: &mut impl Write) -> Result<Option<Usage>> {
    let chunk: Value = serde_json::from_str(&event.data).unwrap_or_default();
    if let Some(message) = chunk["error"]["message"].as_str() {
        return Err(ClientError::Worker {
            status: 200,
            message: message.to_string(),
        });
    }
    if let Some(text) = chunk["choices"][0]["delta"]["content"].as_str() {
        let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        written.map_err(|e| ClientError::input("output", e.to_string()))?;
    }
    Ok(serde_json::from_value(chunk["usage"].clone()).ok())
}

fn with_receipt(event: &Event, answered: &[u8], usage: Option<Usage>) -> Result<Answer> {
    let wrong = |what: &str| ClientError::verification(format!("{what}: unreadable"));
    let told: ReceiptEvent =
        serde_json::from_str(&event.data).map_err(|_| wrong("receipt event"))?;
    Ok(Answer {
        response_sha256: sha256(answered),
        usage: usage.ok_or_else(|| ClientError::verification("the answer tells no usage"))?,
        receipt: URL_SAFE_NO_PAD
            .decode(told.receipt)
            .map_err(|_| wrong("receipt"))?,
        evidence: URL_SAFE_NO_PAD
            .decode(told.evidence)
            .map_err(|_| wrong("evidence"))?,
    })
}
