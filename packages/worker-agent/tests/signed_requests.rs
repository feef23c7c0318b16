//! Requests signed with a session's key: good once, for one body, and with acks.

mod common;

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine;
use common::ways::{Way, WAYS};
use common::{domain, session, Setup, Worker, NOW};
use k256::ecdsa::SigningKey;
use secret_ai_interface::billing::SessionAuth;
use secret_ai_interface::Hex;
use secret_ai_receipts::{public_key, sha256, sign, Ack, Request};
use serde_json::{json, Value};

fn raw(worker: &Worker, way: &Way) -> reqwest::RequestBuilder {
    worker.http.post(format!("{}{}", worker.url, way.path))
}

fn json_body(worker: &Worker, way: &Way) -> reqwest::RequestBuilder {
    raw(worker, way).json(&way.plain("hi"))
}

/// A session with a key, and what signs for it.
struct Signer {
    way: Way,
    key: SigningKey,
    kid: [u8; 20],
    time: u64,
    nonce: u8,
}

impl Signer {
    fn request(&self, worker: &Worker, body: &Value, signed_body: &str) -> reqwest::RequestBuilder {
        let request = Request {
            session_id: [1; 16],
            kid: self.kid,
            time: self.time,
            nonce: [self.nonce; 16],
            body_sha256: sha256(signed_body.as_bytes()),
        };
        let signed = sign(&self.key, &domain(), request);
        raw(worker, &self.way)
            .header("x-secret-ai-key", hex::encode(public_key(&self.key)))
            .header(
                "x-secret-ai-request",
                URL_SAFE_NO_PAD.encode(signed.encode()),
            )
            .json(body)
    }

    fn chat(&mut self, worker: &Worker) -> reqwest::RequestBuilder {
        self.nonce += 1;
        let body = self.way.plain("hi");
        self.request(worker, &body, &body.to_string())
    }

    fn ack(&self, seq: u64, amount: u128) -> String {
        let ack = Ack {
            session_id: [1; 16],
            kid: self.kid,
            seq,
            amount,
        };
        URL_SAFE_NO_PAD.encode(sign(&self.key, &domain(), ack).encode())
    }
}

async fn signed_worker(way: Way, cap: u128, slack: u128) -> (Worker, Signer) {
    let key = SigningKey::from_slice(&[4; 32]).unwrap();
    let mut opened = session(1, cap, slack, common::chat_lines());
    opened.auth = SessionAuth::K(Hex(public_key(&key)));
    let worker = Setup {
        sessions: vec![opened],
        ..Setup::default()
    }
    .start()
    .await;
    let signer = Signer {
        way,
        key,
        kid: worker.kid,
        time: NOW,
        nonce: 0,
    };
    (worker, signer)
}

#[tokio::test]
async fn signed_requests_are_good_once_and_for_one_body() {
    for way in WAYS {
        let (worker, mut signer) = signed_worker(way, 10_000, 10_000).await;
        assert_eq!(signer.chat(&worker).send().await.unwrap().status(), 200);
        signer.nonce -= 1;
        worker.refuses(signer.chat(&worker), 401, "replayed").await;
        signer.nonce += 1;
        let other = signer.request(&worker, &way.plain("hi"), &way.plain("ho").to_string());
        worker.refuses(other, 401, "body_mismatch").await;
        for time in [NOW - 61, NOW + 61] {
            signer.time = time;
            worker
                .refuses(signer.chat(&worker), 401, "stale_request")
                .await;
        }
        signer.time = NOW;
        signer.kid = [0; 20];
        let error = worker.refuses(signer.chat(&worker), 401, "wrong_kid").await;
        assert!(error["message"]
            .as_str()
            .unwrap()
            .contains(&hex::encode(worker.kid)));
        signer.kid = worker.kid;
        let mine = signer.key;
        signer.key = SigningKey::from_slice(&[5; 32]).unwrap();
        worker
            .refuses(signer.chat(&worker), 401, "unknown_session")
            .await;
        // The session's key beside another one's signature.
        let forged = signer
            .request(&worker, &way.plain("hi"), &way.plain("hi").to_string())
            .build()
            .unwrap();
        let signature = forged.headers()["x-secret-ai-request"].clone();
        let request = json_body(&worker, &way)
            .header("x-secret-ai-key", hex::encode(public_key(&mine)))
            .header("x-secret-ai-request", signature);
        worker.refuses(request, 401, "bad_signature").await;
        for (name, value) in [("x-secret-ai-key", "00"), ("x-secret-ai-request", "AA")] {
            worker
                .refuses(
                    json_body(&worker, &way).header(name, value),
                    401,
                    "bad_signed_request",
                )
                .await;
        }
        // A bearer key does not open a session with a key.
        worker
            .refuses(
                worker.send(&signer.way, &way.plain("hi")),
                401,
                "unknown_session",
            )
            .await;
        assert_eq!(worker.engine.started(), 1);
    }
}

#[tokio::test]
async fn acks_open_the_slack_again() {
    for way in WAYS {
        // Each request costs 12, and at least 26 are reserved for it.
        let (worker, mut signer) = signed_worker(way, 10_000, 30).await;
        assert_eq!(signer.chat(&worker).send().await.unwrap().status(), 200);
        let response = signer.chat(&worker).send().await.unwrap();
        assert_eq!(response.status(), 402);
        // The client is told what it has to countersign.
        let newest =
            common::decode_receipt(response.headers()["x-secret-ai-receipt"].to_str().unwrap());
        assert_eq!((newest.body.seq, &newest.body.counters), (1, &vec![10, 2]));
        let error = common::error_of(response).await;
        assert_eq!(error["code"], "slack_exceeded");
        assert_eq!(
            (&error["needed"], &error["available"]),
            (&json!("26"), &json!("18"))
        );

        for (ack, code) in [
            (signer.ack(2, 12), "bad_ack"),
            (signer.ack(1, 13), "bad_ack"),
        ] {
            let request = signer.chat(&worker).header("x-secret-ai-ack", ack);
            worker.refuses(request, 401, code).await;
        }
        let stranger = Signer {
            key: SigningKey::from_slice(&[5; 32]).unwrap(),
            ..signer
        };
        let foreign = stranger.ack(1, 12);
        let mut signer = Signer {
            key: SigningKey::from_slice(&[4; 32]).unwrap(),
            ..stranger
        };
        let request = signer.chat(&worker).header("x-secret-ai-ack", foreign);
        worker.refuses(request, 401, "bad_ack").await;

        let ack = signer.ack(1, 12);
        let request = signer.chat(&worker).header("x-secret-ai-ack", ack);
        assert_eq!(request.send().await.unwrap().status(), 200);
        let records = worker.journal.session(&[1; 16]).unwrap();
        assert_eq!(records[0].ack.as_ref().unwrap().body.amount, 12);
        assert_eq!(worker.engine.started(), 2);
    }
}
