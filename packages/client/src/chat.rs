//! One question to a worker: streams the answer, then verifies its receipt.

use std::io::Write;

use reqwest::Method;
use secret_ai_interface::billing::OwnSession;
use secret_ai_interface::registry::WorkerAnswer;
use secret_ai_receipts::{sha256, Domain, Receipt, Signed};
use serde_json::{json, Value};

use crate::account::Account;
use crate::answer::{AnswerStream, Item, Proof};
use crate::credentials::Credentials;
use crate::error::{ClientError, Result};
use crate::receipts::Receipts;
use crate::sse::Event;
use crate::transport::{Asked, Policy, Reply, Transport};
use crate::verify::{verify, Exchange, Parts, Verified};

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
    /// What the way to the worker must be like.
    pub policy: Policy,
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
        let way = Transport::new(self.worker, &domain, self.policy)?;
        let credentials = Credentials {
            secrets: self.account.secrets(),
            own: self.own,
            worker: self.worker,
            domain: &domain,
        };
        let mut reply = self.send(&way, &credentials, &body).await?;
        let known = self.newest();
        if let Some(missed) = credentials.missed(&reply, known.as_ref().map(|known| &known.body))? {
            self.receipts.keep(&missed)?;
            reply = self.send(&way, &credentials, &body).await?;
        }
        let previous = self.newest();
        let answer = read(accepted(reply).await?, out).await?;

        let exchange = Exchange {
            domain: &domain,
            session: &self.own.session,
            worker: self.worker,
            model: self.model,
            request_sha256,
            response_sha256: answer.response_sha256,
            usage: answer.usage,
            parts: Parts::default(),
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
    async fn send(
        &self,
        way: &Transport,
        credentials: &Credentials<'_>,
        body: &[u8],
    ) -> Result<Reply> {
        let newest = self.newest();
        let newest = newest.as_ref().map(|receipt| &receipt.body);
        let mut headers = credentials.headers(sha256(body), newest)?;
        headers.push(("content-type".into(), "application/json".into()));
        if let Some(max) = self.max_charge {
            headers.push(("x-max-charge".into(), max.to_string()));
        }
        let asked = Asked {
            method: Method::POST,
            path: "/v1/chat/completions",
            headers,
            body: body.to_vec(),
        };
        way.send(asked).await
    }
}

/// The reply, unless it is an error.
async fn accepted(reply: Reply) -> Result<Reply> {
    let status = reply.status;
    if (200..300).contains(&status) {
        return Ok(reply);
    }
    let (_, message) = reply.error().await;
    Err(ClientError::Worker { status, message })
}

/// Reads the stream to its end and writes the answer's text.
async fn read(reply: Reply, out: &mut impl Write) -> Result<Proof> {
    let mut stream = AnswerStream::new(reply);
    loop {
        match stream.next().await? {
            Item::Event(event) => show(&event, out)?,
            Item::End(proof) if proof.usage.is_none() => {
                return Err(ClientError::verification("the answer tells no usage"))
            }
            Item::End(proof) => return Ok(proof),
        }
    }
}

/// Writes what an event adds to the answer.
fn show(event: &Event, out: &mut impl Write) -> Result<()> {
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
    Ok(())
}
