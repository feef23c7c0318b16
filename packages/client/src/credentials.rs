//! What shows a worker whose session a request is.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine;
use secret_ai_interface::billing::{OwnSession, SessionAuth};
use secret_ai_interface::registry::WorkerAnswer;
use secret_ai_receipts::{public_key, sign, Ack, Domain, Receipt, Request, Signed};

use crate::answer::decode;
use crate::error::Result;
use crate::session::Secrets;
use crate::transport::Reply;
use crate::verify::{price, verify_missed};

/// Who asks whom.
pub struct Credentials<'a> {
    pub secrets: Secrets<'a>,
    pub own: &'a OwnSession,
    pub worker: &'a WorkerAnswer,
    pub domain: &'a Domain,
}

impl Credentials<'_> {
    /// Headers for a body: the bearer secret, or in a countersigned session a signature and the ack of
    /// the newest receipt.
    ///
    /// # Errors
    /// The session is another wallet's, or the receipt is out of range.
    pub fn headers(
        &self,
        body_sha256: [u8; 32],
        newest: Option<&Receipt>,
    ) -> Result<Vec<(String, String)>> {
        let session = &self.own.session;
        if matches!(session.auth, SessionAuth::H(_)) {
            let key = self.secrets.api_key(self.own)?;
            let value = format!("Bearer {}", key.as_str());
            return Ok(vec![("authorization".into(), value)]);
        }
        let key = self.secrets.key(self.own.counter)?;
        let signed = sign(
            &key,
            self.domain,
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
        let header = |name: &str, value: String| (name.to_owned(), value);
        let mut headers = vec![
            header("x-secret-ai-key", hex::encode(public_key(&key))),
            header(
                "x-secret-ai-request",
                URL_SAFE_NO_PAD.encode(signed.encode()),
            ),
        ];
        if let Some(receipt) = newest {
            let ack = Ack {
                session_id: receipt.session_id,
                kid: receipt.kid,
                seq: receipt.seq,
                amount: price(&session.lines, &receipt.counters)?,
            };
            let ack = sign(&key, self.domain, ack).encode();
            headers.push(header("x-secret-ai-ack", URL_SAFE_NO_PAD.encode(ack)));
        }
        Ok(headers)
    }

    /// The newest receipt, in a 402 for used up slack, if this client does not have it: it has to be
    /// countersigned before the worker goes on.
    ///
    /// # Errors
    /// The receipt is not what it must be.
    pub fn missed(
        &self,
        reply: &Reply,
        known: Option<&Receipt>,
    ) -> Result<Option<Signed<Receipt>>> {
        let session = &self.own.session;
        let text = reply.header("x-secret-ai-receipt");
        let (402, Some(text), SessionAuth::K(_)) = (reply.status, text, &session.auth) else {
            return Ok(None);
        };
        let receipt = decode("receipt", text)?;
        verify_missed(self.domain, session, self.worker, known, &receipt)
    }
}
