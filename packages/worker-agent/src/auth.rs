//! Who sends a request: the holder of a session's bearer secret, or of its key.
//!
//! * `Authorization: Bearer sk-<base64url(session_id[16] ‖ worker_id[16] ‖ secret[32])>`: fits in
//!   any OpenAI SDK. The session knows SHA-256 of the secret.
//! * `x-secret-ai-key: <hex, 33 bytes>` and `x-secret-ai-request: <base64url(signed request)>`: the
//!   session knows the key. The signature covers the body, the time and the receipt key of this
//!   boot, and is good once. `x-secret-ai-ack` may countersign earlier receipts.

use std::collections::HashMap;

use axum::http::{header, HeaderMap};
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine;
use secret_ai_interface::billing::SessionAuth;
use secret_ai_interface::{Hex, SessionId, WorkerId};
use secret_ai_receipts::{sha256, verify, Ack, Domain, Request, Signed};

use crate::error::ApiError;

/// Header that carries a session's public key.
pub const KEY: &str = "x-secret-ai-key";
/// Header that carries a signed request.
pub const REQUEST: &str = "x-secret-ai-request";
/// Header that carries a signed ack.
pub const ACK: &str = "x-secret-ai-ack";
/// How far a request's time may be from the worker's, seconds.
pub const MAX_SKEW_S: u64 = 60;
/// Nonces kept per session; more requests within two minutes are refused.
const MAX_NONCES: usize = 10_000;

/// A claim to a session, not yet compared with the session itself.
pub struct Credential {
    pub session_id: SessionId,
    pub auth: SessionAuth,
    pub signed: Option<SignedRequest>,
}

/// What a `k:` request carries besides its body.
pub struct SignedRequest {
    pub key: [u8; 33],
    pub request: Signed<Request>,
    pub ack: Option<Signed<Ack>>,
}

/// Reads the claim from a request's headers.
///
/// # Errors
/// 401 for a missing or malformed one, 403 for a bearer key of another worker.
pub fn credential(headers: &HeaderMap, worker: &WorkerId) -> Result<Credential, ApiError> {
    if headers.contains_key(KEY) || headers.contains_key(REQUEST) {
        return signed_credential(headers);
    }
    let missing = || {
        ApiError::unauthorized("missing_key", "authorization: expected `Bearer sk-…`")
            .with_header(header::WWW_AUTHENTICATE, "Bearer")
    };
    let value = headers.get(header::AUTHORIZATION).ok_or_else(missing)?;
    let value = value.to_str().map_err(|_| missing())?;
    let (scheme, token) = value.split_once(' ').ok_or_else(missing)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(missing());
    }
    let malformed = || {
        let message = "authorization: the key is not `sk-` and 86 characters of base64url";
        ApiError::unauthorized("bad_key", message)
    };
    let text = token.trim().strip_prefix("sk-").ok_or_else(malformed)?;
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| malformed())?;
    let bytes: [u8; 64] = bytes.try_into().map_err(|_| malformed())?;
    let (session_id, rest) = bytes.split_first_chunk::<16>().ok_or_else(malformed)?;
    let (worker_id, secret) = rest.split_first_chunk::<16>().ok_or_else(malformed)?;
    if worker_id != worker.as_bytes() {
        return Err(ApiError::other_worker());
    }
    let auth = SessionAuth::H(Hex(sha256(secret)));
    Ok(Credential {
        session_id: Hex(*session_id),
        auth,
        signed: None,
    })
}

fn signed_credential(headers: &HeaderMap) -> Result<Credential, ApiError> {
    let bad = |name: &'static str, what: &str| {
        ApiError::unauthorized("bad_signed_request", format!("{name}: {what}")).about(name)
    };
    let text = |name: &'static str| match headers.get(name) {
        Some(value) => value
            .to_str()
            .map(Some)
            .map_err(|_| bad(name, "is not text")),
        None => Ok(None),
    };
    let decode = |name: &'static str, text: &str| {
        URL_SAFE_NO_PAD
            .decode(text)
            .map_err(|_| bad(name, "is not base64url without padding"))
    };
    let key: Hex<33> = text(KEY)?
        .ok_or_else(|| bad(KEY, "is missing"))?
        .parse()
        .map_err(|_| bad(KEY, "is not 66 hex digits"))?;
    let request = decode(
        REQUEST,
        text(REQUEST)?.ok_or_else(|| bad(REQUEST, "is missing"))?,
    )?;
    let request = Signed::<Request>::decode(&request).map_err(|e| bad(REQUEST, &e.to_string()))?;
    let ack = match text(ACK)? {
        Some(text) => {
            let bytes = decode(ACK, text)?;
            Some(Signed::<Ack>::decode(&bytes).map_err(|e| bad(ACK, &e.to_string()))?)
        }
        None => None,
    };
    Ok(Credential {
        session_id: Hex(request.body.session_id),
        auth: SessionAuth::K(key),
        signed: Some(SignedRequest {
            key: key.0,
            request,
            ack,
        }),
    })
}

impl SignedRequest {
    /// Checks everything about the request but its nonce, and the ack's signature.
    ///
    /// # Errors
    /// 401 naming the header and what is wrong with it.
    pub fn verify(
        &self,
        domain: &Domain,
        kid: &[u8; 20],
        body_sha256: &[u8; 32],
        now: u64,
    ) -> Result<(), ApiError> {
        let body = &self.request.body;
        let bad = |code, what: String| {
            Err(ApiError::unauthorized(code, format!("{REQUEST}: {what}")).about(REQUEST))
        };
        if body.kid != *kid {
            let (have, want) = (hex::encode(body.kid), hex::encode(kid));
            let what = format!("is for receipt key {have}, this worker's is {want}");
            return bad("wrong_kid", what);
        }
        if body.time.abs_diff(now) > MAX_SKEW_S {
            let time = body.time;
            let what = format!("time {time} is more than {MAX_SKEW_S} s from the worker's {now}");
            return bad("stale_request", what);
        }
        if body.body_sha256 != *body_sha256 {
            return bad("body_mismatch", "is for another body".into());
        }
        if verify(&self.key, domain, &self.request).is_err() {
            return bad("bad_signature", "is not signed by the session's key".into());
        }
        let Some(ack) = &self.ack else { return Ok(()) };
        let is_ours = ack.body.session_id == body.session_id && ack.body.kid == *kid;
        if is_ours && verify(&self.key, domain, ack).is_ok() {
            return Ok(());
        }
        let message = format!("{ACK}: is not the session key's ack for this session and worker");
        Err(ApiError::unauthorized("bad_ack", message).about(ACK))
    }
}

/// Nonces of one session's recent requests.
#[derive(Debug, Default)]
pub struct Nonces(HashMap<[u8; 16], u64>);

impl Nonces {
    /// Takes a nonce.
    ///
    /// # Errors
    /// 401 if it was used before, 429 if there are too many to remember.
    pub fn take(&mut self, nonce: [u8; 16], time: u64, now: u64) -> Result<(), ApiError> {
        if self.0.len() >= MAX_NONCES {
            // A request older than this fails by its time already.
            self.0.retain(|_, time| now.abs_diff(*time) <= MAX_SKEW_S);
        }
        if self.0.contains_key(&nonce) {
            let message = format!("{REQUEST}: its nonce was used before");
            return Err(ApiError::unauthorized("replayed", message).about(REQUEST));
        }
        if self.0.len() >= MAX_NONCES {
            return Err(ApiError::too_many(
                "too many requests of this session within two minutes",
            ));
        }
        self.0.insert(nonce, time);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::StatusCode;
    use axum::response::IntoResponse;

    #[test]
    fn nonces_above_the_limit_have_to_wait_until_others_are_too_old() {
        let mut nonces = Nonces::default();
        let nonce = |i: usize| (i as u128).to_be_bytes();
        for i in 0..MAX_NONCES {
            nonces.take(nonce(i), 1_000, 1_000).unwrap();
        }
        let refused = nonces.take(nonce(MAX_NONCES), 1_000, 1_000).unwrap_err();
        let response = refused.into_response();
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert!(response.headers().contains_key(header::RETRY_AFTER));
        let later = 1_001 + MAX_SKEW_S;
        assert!(nonces.take(nonce(MAX_NONCES), later, later).is_ok());
    }
}
