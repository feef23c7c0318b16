//! End-to-end encryption: every answer comes sealed as it would come plain, once, and only to whom
//! asked; who carries the bytes learns nothing.

mod common;
mod sealed;

use std::sync::atomic::Ordering;
use std::sync::Arc;

use common::ways::{OPENAI, WAYS};
use common::{bearer, chat, chat_lines, domain, session, take_apart, Script, Setup, Worker, NOW};
use common::{BILLING, CHAIN_ID, WORKER};
use reqwest::Method;
use sealed::{asked, kind, row, way, SEALED};
use secret_ai_client::transport::{Asked, Transport};
use secret_ai_e2ee::{AnswerKey, Recipient, RequestHead, ANSWER_TYPE, REQUEST_TYPE};
use serde_json::{json, Value};
use tokio::sync::Semaphore;

const PROMPT: &str = "canary-in-the-prompt";
const ANSWER: &str = "canary-in-the-answer";

/// A chat request, sealed by hand, as of this time.
async fn seal(
    worker: &Worker,
    time: u64,
    change: impl Fn(&mut RequestHead),
) -> (Vec<u8>, AnswerKey) {
    let recipient = Recipient {
        chain_id: CHAIN_ID.into(),
        billing: BILLING.into(),
        worker_id: WORKER.0,
        kid: worker.kid,
    };
    let mut head = RequestHead {
        method: "POST".into(),
        path: "/v1/chat/completions".into(),
        time,
        headers: vec![
            ("authorization".into(), format!("Bearer {}", bearer(1))),
            ("content-type".into(), "application/json".into()),
        ],
    };
    change(&mut head);
    let key = row(worker, &worker.url, [0; 32]).await.e2ee_pk.0;
    let body = chat(PROMPT).to_string();
    secret_ai_e2ee::seal(&recipient, &key, &head, body.as_bytes()).unwrap()
}

fn post(worker: &Worker, sealed: Vec<u8>) -> reqwest::RequestBuilder {
    let request = worker.http.post(format!("{}/e2ee", worker.url));
    request.header("content-type", REQUEST_TYPE).body(sealed)
}

#[tokio::test]
async fn every_api_answers_sealed_as_it_does_plain() {
    let worker = Setup::default().start().await;
    let way = way(&worker).await;
    let mut cost = 0;
    for api in WAYS {
        let reply = way.send(asked(api.path, &api.plain("hi"))).await.unwrap();
        assert_eq!(
            (reply.status, reply.header("content-type")),
            (200, Some("application/json"))
        );
        let body = reply.read(1 << 20).await.unwrap();
        assert!(String::from_utf8(body).unwrap().contains("Hello world"));
        let reply = way.send(asked(api.path, &api.stream("hi"))).await.unwrap();
        assert_eq!(reply.status, 200);
        let body = String::from_utf8(reply.read(1 << 20).await.unwrap()).unwrap();
        assert!(body.contains("Hello") && body.contains("receipt"), "{body}");
        cost += 2 * 12;
    }
    assert_eq!(worker.stored(1).unwrap().counters.iter().sum::<u64>(), cost);
    let models = Asked {
        method: Method::GET,
        path: "/v1/models",
        headers: vec![],
        body: vec![],
    };
    let models = way.send(models).await.unwrap().read(1 << 20).await.unwrap();
    let models: Value = serde_json::from_slice(&models).unwrap();
    assert_eq!(models["object"], "list");
}

#[tokio::test]
async fn receipts_are_about_what_was_inside() {
    let worker = Setup::default().start().await;
    let way = way(&worker).await;
    let body = OPENAI.stream("hi");
    let reply = way.send(asked(OPENAI.path, &body)).await.unwrap();
    let text = String::from_utf8(reply.read(1 << 20).await.unwrap()).unwrap();
    let (_, hashed, proof) = take_apart(&text);
    let (receipt, evidence) = proof.unwrap();
    let sent = body.to_string();
    worker.verify(&receipt, &evidence, sent.as_bytes(), hashed.as_bytes());
}

#[tokio::test]
async fn who_carries_it_sees_neither_words_nor_keys_nor_lengths() {
    let worker = Setup::default().start().await;
    let mut lengths = Vec::new();
    for words in [&["a"][..], &[ANSWER, ANSWER]] {
        worker.engine.set(Script::words(words));
        let (sealed, key) = seal(&worker, NOW, |_| ()).await;
        let sent = sealed.clone();
        let response = post(&worker, sealed).send().await.unwrap();
        assert_eq!(response.headers()["content-type"], ANSWER_TYPE);
        assert!(!response.headers().contains_key("x-secret-ai-receipt"));
        let seen = response.bytes().await.unwrap();
        for secret in [PROMPT, ANSWER, &bearer(1)[..20], "chat", "usage"] {
            let is_in = |bytes: &[u8]| bytes.windows(secret.len()).any(|w| w == secret.as_bytes());
            assert!(!is_in(&sent) && !is_in(&seen), "{secret}");
        }
        lengths.push(seen.len());
        let frames = key.opener().push(&seen).unwrap();
        let body: Vec<u8> = frames.into_iter().skip(1).flat_map(|f| f.data).collect();
        assert!(String::from_utf8(body).unwrap().contains(words[0]));
    }
    assert_eq!(lengths[0], lengths[1]);
}

#[tokio::test]
async fn a_request_is_served_once() {
    let worker = Setup::default().start().await;
    let (sealed, _) = seal(&worker, NOW, |_| ()).await;
    let first = post(&worker, sealed.clone()).send().await.unwrap();
    assert_eq!(first.status(), 200);
    first.bytes().await.unwrap();
    worker.refuses(post(&worker, sealed), 401, "replayed").await;
    assert_eq!(worker.engine.started(), 1);
}

#[tokio::test]
async fn what_is_old_changed_or_for_another_boot_is_refused() {
    let worker = Setup::default().start().await;
    for time in [NOW - 61, NOW + 61] {
        let (sealed, _) = seal(&worker, time, |_| ()).await;
        worker
            .refuses(post(&worker, sealed), 401, "stale_request")
            .await;
    }
    let (sealed, _) = seal(&worker, NOW, |_| ()).await;
    let changed = |at: usize| {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        changed
    };
    worker
        .refuses(post(&worker, changed(1)), 422, "wrong_key")
        .await;
    worker
        .refuses(post(&worker, changed(30)), 400, "invalid_request")
        .await;
    worker
        .refuses(
            post(&worker, changed(sealed.len() - 1)),
            400,
            "invalid_request",
        )
        .await;
    worker
        .refuses(post(&worker, vec![]), 400, "invalid_request")
        .await;
    let json = worker
        .http
        .post(format!("{}/e2ee", worker.url))
        .body(sealed);
    let json = json.header("content-type", "application/json");
    let (status, _) = worker.outcome(json).await;
    assert_eq!(status, 415);
    assert_eq!(worker.engine.started(), 0);
}

/// Status and error code inside, if it was opened.
async fn what_is_answered(worker: &Worker, change: fn(&mut RequestHead)) -> (u16, String) {
    let (sealed, key) = seal(worker, NOW, change).await;
    let response = post(worker, sealed)
        .bearer_auth(bearer(1))
        .send()
        .await
        .unwrap();
    if response.headers()["content-type"] != ANSWER_TYPE {
        return (response.status().as_u16(), "refused".to_owned());
    }
    let frames = key.opener().push(&response.bytes().await.unwrap()).unwrap();
    let head = secret_ai_e2ee::AnswerHead::decode(&frames[0].data).unwrap();
    let body: Vec<u8> = frames.into_iter().skip(1).flat_map(|f| f.data).collect();
    let body: Value = serde_json::from_slice(&body).unwrap();
    let code = body["error"]["code"].as_str().unwrap_or_default();
    (head.status, code.to_owned())
}

#[tokio::test]
async fn nothing_outside_counts_and_nothing_inside_gets_out() {
    let worker = Setup::default().start().await;
    let inside = |change| what_is_answered(&worker, change);
    let told = inside(|head| head.headers.truncate(0)).await;
    assert_eq!(told, (415, "unsupported_media_type".into()));
    let told = inside(|head| head.headers.drain(..1).for_each(drop)).await;
    assert_eq!(told, (401, "missing_key".into()));
    let told = inside(|head| head.path = "/e2ee".into()).await;
    assert_eq!(told, (404, "not_found".into()));
    for path in ["", "x", "http://other/v1/models", "*"] {
        let (sealed, _) = seal(&worker, NOW, |head| head.path = path.into()).await;
        worker
            .refuses(post(&worker, sealed), 400, "invalid_request")
            .await;
    }
    let told = inside(|head| head.method = "DELETE".into()).await;
    assert_eq!(told, (400, "refused".into()));
    let told = inside(|head| head.headers.push(("a b".into(), String::new()))).await;
    assert_eq!(told, (400, "refused".into()));
    // What is always answered is answered sealed, too.
    worker.agent.drain();
    let told = inside(|head| {
        head.method = "GET".into();
        head.path = "/health".into();
    });
    assert_eq!(told.await, (200, String::new()));
    assert_eq!(inside(|_| {}).await.0, 503);
    assert_eq!(worker.engine.started(), 0);
}

/// What is remembered against replays is bounded, so strangers must not fill it.
#[tokio::test]
async fn requests_of_strangers_who_must_wait_are_not_remembered() {
    let mut setup = Setup::default();
    setup.limits.rates.unauthenticated_per_minute = 1;
    let worker = setup.start().await;
    let stranger =
        |head: &mut RequestHead| head.headers.retain(|(name, _)| name != "authorization");
    let told = what_is_answered(&worker, stranger).await;
    assert_eq!(told, (401, "missing_key".into()));
    let (sealed, _) = seal(&worker, NOW, stranger).await;
    for _ in 0..2 {
        let response = post(&worker, sealed.clone()).send().await.unwrap();
        assert_eq!(response.headers()["content-type"], ANSWER_TYPE);
    }
    assert_eq!(what_is_answered(&worker, stranger).await.0, 429);
}

#[tokio::test]
async fn errors_are_sealed_too() {
    let poor = Setup {
        sessions: vec![session(1, 5, 5, chat_lines())],
        ..Setup::default()
    };
    let worker = poor.start().await;
    let way = way(&worker).await;
    let reply = way
        .send(asked(OPENAI.path, &OPENAI.plain("hi")))
        .await
        .unwrap();
    assert_eq!(reply.status, 402);
    assert_eq!(reply.error().await.0, "cap_exceeded");
}

#[tokio::test]
async fn after_a_start_the_registry_has_to_be_asked_again() {
    let (old, new) = (
        Setup::default().start().await,
        Setup::default().start().await,
    );
    way(&new).await;
    let mut row = row(&old, &new.url, [0; 32]).await;
    let way = Transport::new(&row, &domain(), SEALED).unwrap();
    let sent = way.send(asked(OPENAI.path, &OPENAI.plain("hi"))).await;
    assert_eq!(kind(sent), "other boot");
    // Somebody without the key.
    row.kid = secret_ai_interface::Hex(new.kid);
    let way = Transport::new(&row, &domain(), SEALED).unwrap();
    let sent = way.send(asked(OPENAI.path, &OPENAI.plain("hi"))).await;
    assert_eq!(kind(sent), "worker");
    assert_eq!(new.engine.started(), 0);
}

#[tokio::test]
async fn a_client_that_goes_away_stops_the_engine() {
    let gate = Arc::new(Semaphore::new(1));
    let setup = Setup {
        script: Script {
            gate: Some(gate.clone()),
            ..Script::words(&["one ", "two ", "three "])
        },
        ..Setup::default()
    };
    let worker = setup.start().await;
    let way = way(&worker).await;
    let mut reply = way
        .send(asked(OPENAI.path, &OPENAI.stream("hi")))
        .await
        .unwrap();
    let mut seen = String::new();
    while !seen.contains("one") {
        seen += &String::from_utf8(reply.chunk().await.unwrap().expect("more")).unwrap();
    }
    drop(reply);
    while worker.engine.cancelled.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    worker.settled_down().await;
    let receipt = worker.stored(1).unwrap();
    assert!(receipt.aborted);
    assert_eq!(receipt.counters, [10, 1]);
}

#[tokio::test]
async fn bodies_are_bounded_inside_and_outside() {
    let mut setup = Setup::default();
    setup.limits.max_upload = setup.limits.max_body;
    let worker = setup.start().await;
    let way = way(&worker).await;
    let long = "x".repeat(1 << 20);
    let reply = way
        .send(asked(OPENAI.path, &OPENAI.plain(&long)))
        .await
        .unwrap();
    assert_eq!(
        (reply.status, reply.error().await.0),
        (413, "body_too_large".into())
    );
    let endless = post(&worker, vec![1; 2 << 20]);
    assert_eq!(worker.outcome(endless).await.0, 413);
    let many = json!({ "model": "m" });
    let mut asked = asked(OPENAI.path, &many);
    asked.headers.push(("x-long".into(), "x".repeat(20_000)));
    assert_eq!(kind(way.send(asked).await), "input");
}
