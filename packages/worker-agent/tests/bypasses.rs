//! Ways to get work without paying, or somebody else's: every one is refused before the engine
//! hears of it.

mod common;

use std::sync::atomic::Ordering;

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine;
use common::{
    bearer, chat, domain, session, Setup, Way, Worker, GENERATE, NOW, OLLAMA_CHAT, SECRET, WAYS,
    WORKER,
};
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

#[tokio::test]
async fn bearer_keys_must_be_right() {
    for way in WAYS {
        let worker = Setup::default().start().await;
        worker
            .refuses(json_body(&worker, &way), 401, "missing_key")
            .await;
        let with = |value: &str| json_body(&worker, &way).header("authorization", value.to_owned());
        worker.refuses(with("Basic abc"), 401, "missing_key").await;
        worker.refuses(with("Bearer"), 401, "missing_key").await;
        for key in [
            "sk-",
            "sk-AAAA",
            "sk-***",
            &bearer(1)[3..],
            &format!("{}A", bearer(1)),
        ] {
            worker
                .refuses(with(&format!("Bearer {key}")), 401, "bad_key")
                .await;
        }
        let key = |session: u8, worker: [u8; 16], secret: [u8; 32]| {
            let bytes = [&[session; 16][..], &worker, &secret].concat();
            format!("Bearer sk-{}", URL_SAFE_NO_PAD.encode(bytes))
        };
        worker
            .refuses(with(&key(1, [6; 16], SECRET)), 403, "wrong_worker")
            .await;
        worker
            .refuses(with(&key(2, WORKER.0, SECRET)), 401, "unknown_session")
            .await;
        worker
            .refuses(with(&key(1, WORKER.0, [8; 32])), 401, "unknown_session")
            .await;
        // Also once the session is known.
        assert_eq!(
            with(&key(1, WORKER.0, SECRET))
                .send()
                .await
                .unwrap()
                .status(),
            200
        );
        worker
            .refuses(with(&key(1, WORKER.0, [8; 32])), 401, "unknown_session")
            .await;
        assert_eq!(worker.engine.started(), 1);
    }
}

#[tokio::test]
async fn guessing_keys_does_not_load_the_chain() {
    for way in WAYS {
        let worker = Setup::default().start().await;
        let request = || json_body(&worker, &way).bearer_auth(bearer(2));
        for _ in 0..5 {
            worker.refuses(request(), 401, "unknown_session").await;
        }
        assert_eq!(worker.chain.asked(), 1);
        // A session that is opened a moment later is found.
        let new = session(2, 1_000, 1_000, common::chat_lines());
        worker
            .chain
            .sessions
            .lock()
            .unwrap()
            .insert(Hex([2; 16]), new);
        worker.clock.advance(2);
        assert_eq!(request().send().await.unwrap().status(), 200);
    }
}

#[tokio::test]
async fn sessions_of_other_workers_are_refused() {
    for way in WAYS {
        let mut foreign = session(1, 1_000, 1_000, common::chat_lines());
        foreign.worker_id = Hex([6; 16]);
        let worker = Setup {
            sessions: vec![foreign],
            ..Setup::default()
        }
        .start()
        .await;
        worker
            .refuses(worker.send(&way, &way.plain("hi")), 403, "wrong_worker")
            .await;
        assert_eq!(worker.engine.started(), 0);
    }
}

#[tokio::test]
async fn only_plain_json_is_taken() {
    for way in WAYS {
        let worker = Setup::default().start().await;
        let text = way.plain("hi").to_string();
        let with = |content_type: &str| {
            let request = raw(&worker, &way).bearer_auth(bearer(1)).body(text.clone());
            request.header("content-type", content_type.to_owned())
        };
        for other in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data",
            "",
        ] {
            worker
                .refuses(with(other), 415, "unsupported_media_type")
                .await;
        }
        let none = raw(&worker, &way).bearer_auth(bearer(1)).body(text.clone());
        worker.refuses(none, 415, "unsupported_media_type").await;
        for encoding in ["gzip", "br", "deflate", "identity, gzip"] {
            let request = with("application/json").header("content-encoding", encoding);
            let error = worker.refuses(request, 415, "unsupported_media_type").await;
            assert_eq!(error["param"], "content-encoding");
        }
        assert_eq!(worker.engine.started(), 0);
        assert_eq!(
            with("Application/JSON; charset=utf-8")
                .send()
                .await
                .unwrap()
                .status(),
            200
        );
    }
}

#[tokio::test]
async fn other_routes_do_no_work() {
    let worker = Setup::default().start().await;
    let nowhere = [
        "/v1/completions",
        "/v1/embeddings",
        "/v1/responses",
        "/v1/audio/transcriptions",
        "/v1/chat/completions/",
        "/v1//chat/completions",
        "/metrics",
        "/api/",
        "/api/chat/",
        "/api/experimental/chat",
    ];
    let other_stores = [
        "/api/pull",
        "/api/push",
        "/api/create",
        "/api/copy",
        "/api/delete",
        "/api/embed",
        "/api/embeddings",
        "/api/blobs/sha256:00",
    ];
    let cases = nowhere.map(|path| (path, 404, "not_found"));
    let others = other_stores.map(|path| (path, 501, "not_offered"));
    for (path, status, code) in cases.into_iter().chain(others) {
        let request = worker
            .http
            .post(format!("{}{path}", worker.url))
            .bearer_auth(bearer(1));
        worker
            .refuses(request.json(&chat("hi")), status, code)
            .await;
    }
    for way in WAYS {
        let get = worker.http.get(format!("{}{}", worker.url, way.path));
        worker.refuses(get, 405, "method_not_allowed").await;
    }
    assert_eq!((worker.engine.started(), worker.chain.asked()), (0, 0));
}

#[tokio::test]
async fn bad_bodies_are_named() {
    let worker = Setup::default().start().await;
    let message = json!([{ "role": "user", "content": "canary" }]);
    let cases: [(Value, u16, &str); 12] = [
        (json!({ "messages": message }), 400, "body"),
        (json!({ "model": "", "messages": message }), 400, "model"),
        (
            json!({ "model": "nowhere", "messages": message }),
            404,
            "model",
        ),
        (json!({ "model": "m" }), 400, "body"),
        (json!({ "model": "m", "messages": [] }), 400, "messages"),
        (
            json!({ "model": "m", "messages": message, "max_tokens": 0 }),
            400,
            "max_tokens",
        ),
        (
            json!({ "model": "m", "messages": message, "max_tokens": -5 }),
            400,
            "body",
        ),
        (
            json!({ "model": "m", "messages": message, "n": 9 }),
            400,
            "n",
        ),
        (
            json!({ "model": "m", "messages": message, "n": 0 }),
            400,
            "n",
        ),
        (
            json!({ "model": "m", "messages": message, "best_of": 5 }),
            400,
            "best_of",
        ),
        (
            json!({ "model": "m", "messages": message, "audio": {} }),
            400,
            "audio",
        ),
        (
            json!({ "model": "unpriced", "messages": message }),
            402,
            "model",
        ),
    ];
    for (body, status, param) in cases {
        let (got, error) = worker.outcome(worker.post(&body)).await;
        assert_eq!(
            (got, error["param"].as_str()),
            (status, Some(param)),
            "{body} {error}"
        );
        assert!(!error.to_string().contains("canary"), "{error}");
    }
    for way in WAYS {
        for body in [
            "",
            "{",
            "[]",
            "null",
            "\u{0}",
            "{\"model\":\"m\",\"model\":\"m\"}",
        ] {
            let request = raw(&worker, &way).bearer_auth(bearer(1)).body(body);
            let request = request.header("content-type", "application/json");
            worker.refuses(request, 400, "invalid_request").await;
        }
    }
    assert_eq!(worker.engine.started(), 0);
}

#[tokio::test]
async fn bad_ollama_bodies_are_named() {
    let worker = Setup::default().start().await;
    let with = |way: &Way, name: &str, value: Value| {
        let mut body = way.stream("canary");
        body[name] = value;
        body
    };
    let both: [(&str, Value, u16, &str); 13] = [
        ("model", json!(null), 400, "body"),
        ("model", json!(""), 400, "model"),
        ("model", json!("nowhere"), 404, "model"),
        ("model", json!("unpriced"), 402, "model"),
        (
            "options",
            json!({ "num_predict": 0 }),
            400,
            "options.num_predict",
        ),
        ("options", json!({ "num_predict": "5" }), 400, "body"),
        ("options", json!({ "temperature": 3 }), 400, "temperature"),
        ("options", json!({ "top_p": 0 }), 400, "top_p"),
        ("options", json!({ "stop": [""] }), 400, "stop"),
        ("format", json!("xml"), 400, "format"),
        ("think", json!("a lot"), 400, "think"),
        ("logprobs", json!(true), 400, "logprobs"),
        ("stream", json!("canary"), 400, "body"),
    ];
    let chat: [(&str, Value, u16, &str); 4] = [
        ("messages", json!(null), 400, "body"),
        ("messages", json!([]), 400, "messages"),
        (
            "messages",
            json!([{ "role": "user", "content": "x", "images": ["AA=="] }]),
            400,
            "messages.images",
        ),
        (
            "messages",
            json!([{ "role": "user", "content": ["canary"] }]),
            400,
            "body",
        ),
    ];
    let generate: [(&str, Value, u16, &str); 6] = [
        ("prompt", json!(""), 400, "prompt"),
        ("suffix", json!("canary"), 400, "suffix"),
        ("template", json!("canary"), 400, "template"),
        ("context", json!([1]), 400, "context"),
        ("raw", json!(true), 400, "raw"),
        ("images", json!(["AA=="]), 400, "images"),
    ];
    let chat = both.iter().chain(&chat).map(|case| (OLLAMA_CHAT, case));
    let generate = both.iter().chain(&generate).map(|case| (GENERATE, case));
    for (way, (name, value, status, param)) in chat.chain(generate) {
        let request = worker.send(&way, &with(&way, name, value.clone()));
        let (got, error) = worker.outcome(request).await;
        assert_eq!(
            (got, error["param"].as_str()),
            (*status, Some(*param)),
            "{} {name} {value} {error}",
            way.path
        );
        assert!(!error.to_string().contains("canary"), "{error}");
    }
    assert_eq!(worker.engine.started(), 0);
}

#[tokio::test]
async fn bodies_above_the_limit_are_refused_unread() {
    for way in WAYS {
        let mut setup = Setup::default();
        setup.limits.max_body = 2_000;
        let worker = setup.start().await;
        worker
            .refuses(
                worker.send(&way, &way.plain(&"x".repeat(2_000))),
                413,
                "body_too_large",
            )
            .await;
        // Without a content length too.
        let chunks = (0..10).map(|_| Ok::<_, std::io::Error>(vec![b' '; 1_000]));
        let body = reqwest::Body::wrap_stream(futures_util::stream::iter(chunks));
        let request = raw(&worker, &way).bearer_auth(bearer(1)).body(body);
        let request = request.header("content-type", "application/json");
        worker.refuses(request, 413, "body_too_large").await;
        assert_eq!(
            worker
                .post(&way.plain(&"x".repeat(1_000)))
                .send()
                .await
                .unwrap()
                .status(),
            200
        );
    }
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
        let other = signer.request(
            &worker,
            &signer.way.plain("hi"),
            &signer.way.plain("ho").to_string(),
        );
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
            .request(
                &worker,
                &signer.way.plain("hi"),
                &signer.way.plain("hi").to_string(),
            )
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
                worker.send(&signer.way, &signer.way.plain("hi")),
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
        let error: Value = response.json().await.unwrap();
        assert_eq!(error["error"]["code"], "slack_exceeded");
        assert_eq!(
            (&error["error"]["needed"], &error["error"]["available"]),
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

#[tokio::test]
async fn a_worker_without_lease_serves_nobody() {
    for way in WAYS {
        let worker = Setup::default().start().await;
        worker.chain.change(1, |s| s.expires = NOW + 1_000_000);
        worker.clock.advance(100_001);
        worker
            .refuses(worker.send(&way, &way.plain("hi")), 503, "busy")
            .await;
        assert_eq!(worker.engine.started.load(Ordering::SeqCst), 0);
    }
}
