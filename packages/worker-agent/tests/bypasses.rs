//! Ways to get work without paying, or somebody else's: every one is refused before the engine
//! hears of it.

mod common;

use std::sync::atomic::Ordering;

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine;
use common::ways::{Way, GENERATE, OLLAMA_CHAT, WAYS};
use common::{bearer, chat, session, Setup, Worker, NOW, SECRET, WORKER};
use secret_ai_interface::Hex;
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
        "/v1/rerank",
        "/v1/images/edits",
        "/v1/responses",
        "/v1/audio/voices",
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
                .send(&way, &way.plain(&"x".repeat(1_000)))
                .send()
                .await
                .unwrap()
                .status(),
            200
        );
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
