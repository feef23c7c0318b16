//! Prompts, answers and what opens sessions go where they belong and nowhere else: not into logs, files,
//! other answers, metrics or errors, whichever way a request ends.

mod common;
#[allow(dead_code)] // a part of it is used
#[path = "endpoints/doors.rs"]
mod doors;
mod sealed;

use std::io::Write;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use base64::Engine;
use common::upstream::Answer;
use common::ways::WAYS;
use common::{bearer, Script, Setup, Worker, SECRET};
use sealed::{asked, way};
use secret_ai_client::transport::Transport;
use secret_ai_worker_agent::routes::inside;
use serde_json::{json, Value};
use tokio::sync::Semaphore;
use tower::ServiceExt;
use tracing_subscriber::fmt::MakeWriter;

const PROMPT: &str = "canary-in-the-prompt";
const ANSWER: &str = "canary-in-the-answer";
/// Libraries of the test's own client, which run in this process: they log what they send.
const CLIENTS: [&str; 3] = ["reqwest", "hyper_util::client", "hyper::client"];

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Captured {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Everything that must not be found, as bytes, with a name. Whoever encodes it may shift it, so the
/// prompt and the answer stand for themselves.
fn secrets() -> Vec<(&'static str, Vec<u8>)> {
    let key = bearer(1);
    let text = |text: &str| text.as_bytes().to_vec();
    vec![
        ("prompt", text(PROMPT)),
        ("answer", text(ANSWER)),
        ("prompt, hex", text(&hex::encode(PROMPT))),
        ("answer, hex", text(&hex::encode(ANSWER))),
        ("prompt, base64", text(&STANDARD.encode(PROMPT)[..24])),
        ("answer, base64", text(&STANDARD.encode(ANSWER)[..24])),
        ("bearer", text(&key)),
        ("bearer, its middle", text(&key[30..60])),
        ("secret", SECRET.to_vec()),
        ("secret, hex", text(&hex::encode(SECRET))),
        (
            "secret, base64",
            text(&URL_SAFE_NO_PAD.encode(SECRET)[..40]),
        ),
    ]
}

fn assert_silent(place: &str, bytes: &[u8]) {
    for (name, secret) in secrets() {
        let found = bytes.windows(secret.len()).any(|part| part == secret);
        assert!(!found, "{name} is in {place}");
    }
}

/// The ways in which an engine can behave.
fn scripts() -> [Script; 6] {
    let said = Script::words(&[ANSWER, ANSWER]);
    [
        said.clone(),
        Script {
            fail_after: Some(1),
            ..said.clone()
        },
        Script {
            fail_after: Some(0),
            ..said.clone()
        },
        Script {
            claims: Some(9_999_999),
            ..said.clone()
        },
        Script {
            silent: true,
            ..said
        },
        Script::raw(vec![
            format!("data: {{{ANSWER}\n\nnonsense {ANSWER}").into_bytes()
        ]),
    ]
}

/// Every route, plain and streamed, in the open and sealed, whatever the engine does.
async fn ask_everything(worker: &Worker, sealed: &Transport) {
    for script in scripts() {
        worker.engine.set(script);
        for api in WAYS {
            for body in [api.plain(PROMPT), api.stream(PROMPT)] {
                let response = worker.send(&api, &body).send().await.unwrap();
                // Some break off.
                let _ = response.bytes().await;
                if let Ok(reply) = sealed.send(asked(api.path, &body)).await {
                    let _ = reply.read(1 << 20).await;
                }
            }
        }
    }
}

/// Every endpoint of OpenAI's API before a server that answers right, wrong, or by quoting what it was
/// asked.
async fn knock_at_every_door() {
    let (worker, upstream) = doors::worker_with(1_000_000_000).await;
    let sealed = way(&worker).await;
    let quoting = json!({ "error": { "message": PROMPT } });
    for door in doors::DOORS {
        let more = match door.path {
            "chat/completions" => json!({ "messages": [{ "role": "user", "content": PROMPT }] }),
            "embeddings" | "audio/speech" => json!({ "input": PROMPT }),
            _ => json!({ "prompt": PROMPT }),
        };
        let failed = Answer {
            status: 500,
            ..Answer::json(&quoting)
        };
        let said = Answer::json(&json!({ "text": ANSWER, "data": [{ "b64_json": ANSWER }] }));
        let page = Answer::bytes("text/html", ANSWER);
        for answer in [door.answer(), said, Answer::json(&quoting), failed, page] {
            upstream.says(door.path, answer);
            let body = door.body(Some(common::MODEL), &more);
            let response = door.send(&worker, body.clone()).send().await.unwrap();
            let _ = response.bytes().await;
            let path = format!("/v1/{}", door.path);
            let mut asked = asked(&path, &json!(null));
            asked.headers.retain(|(name, _)| name != "content-type");
            asked
                .headers
                .push(("content-type".into(), door.content_type()));
            asked.body = body;
            if let Ok(reply) = sealed.send(asked).await {
                let _ = reply.read(1 << 20).await;
            }
        }
    }
    look_around(&worker).await;
    worker.settled_down().await;
    assert!(worker.stored(1).is_some(), "the journal is used");
    look_into_files(&worker);
}

/// Whatever the agent has written.
fn look_into_files(worker: &Worker) {
    let mut files = 0;
    for file in std::fs::read_dir(worker.dir.path()).unwrap() {
        let file = file.unwrap();
        let bytes = std::fs::read(file.path()).unwrap();
        assert_silent(&format!("{:?}", file.file_name()), &bytes);
        files += 1;
    }
    assert!(files > 0, "there is a journal");
}

/// What the operator's own listener shows.
async fn look_at_metrics(worker: &Worker) {
    let request = axum::extract::Request::get("/metrics");
    let request = request.body(axum::body::Body::empty()).unwrap();
    let metrics = inside(worker.agent.clone()).oneshot(request).await.unwrap();
    let metrics = axum::body::to_bytes(metrics.into_body(), 1 << 24)
        .await
        .unwrap();
    assert!(!metrics.is_empty(), "there are metrics");
    assert_silent("/metrics", &metrics);
}

/// Clients that go away in the middle of an answer.
async fn go_away(worker: &Worker, sealed: &Transport) {
    let gate = Arc::new(Semaphore::new(0));
    let mut gone = worker.engine.cancelled.load(Ordering::SeqCst);
    worker.engine.set(Script {
        gate: Some(gate.clone()),
        ..Script::words(&[ANSWER; 100])
    });
    for api in WAYS {
        gate.add_permits(1);
        let mut response = worker.send(&api, &api.stream(PROMPT)).send().await.unwrap();
        response.chunk().await.unwrap();
        drop(response);
        gone += 1;
        cancelled(worker, gone).await;
        gate.add_permits(1);
        let mut reply = sealed
            .send(asked(api.path, &api.stream(PROMPT)))
            .await
            .unwrap();
        reply.chunk().await.unwrap();
        drop(reply);
        gone += 1;
        cancelled(worker, gone).await;
    }
}

/// Waits until so many clients have left the engine alone.
async fn cancelled(worker: &Worker, count: usize) {
    while worker.engine.cancelled.load(Ordering::SeqCst) < count {
        tokio::task::yield_now().await;
    }
}

/// Requests that are refused, with what is secret in places where it does not belong. Their errors may
/// go to whoever asked, and quote no key.
async fn be_refused(worker: &Worker) {
    for api in WAYS {
        let mut body = api.plain(PROMPT);
        body["model"] = json!([PROMPT]);
        let wrong_model = worker.send(&api, &body);
        let url = format!("{}{}", worker.url, api.path);
        let wrong_type = worker.http.post(&url).bearer_auth(bearer(1)).body(PROMPT);
        let wrong_type = wrong_type.header("content-type", "text/plain");
        let other_key = worker
            .http
            .post(&url)
            .bearer_auth(format!("{}x", bearer(1)));
        let no_json = worker.http.post(&url).bearer_auth(bearer(1)).body(PROMPT);
        let no_json = no_json.header("content-type", "application/json");
        for request in [wrong_model, wrong_type, other_key.json(&body), no_json] {
            let response = request.send().await.unwrap();
            assert!(response.status().is_client_error());
            let error = response.text().await.unwrap();
            assert!(!error.contains(&bearer(1)[3..40]), "{error}");
        }
    }
}

/// What others can ask for.
async fn look_around(worker: &Worker) {
    for path in [
        "/health",
        "/attestation",
        "/metrics",
        "/v1/models",
        "/api/tags",
        "/api/ps",
        "/ready",
        "/x",
    ] {
        let response = worker.http.get(format!("{}{path}", worker.url)).send();
        let response = response.await.unwrap();
        let head = format!("{:?}", response.headers());
        assert_silent(path, head.as_bytes());
        assert_silent(path, &response.bytes().await.unwrap());
    }
    let stranger = worker
        .http
        .post(format!("{}/v1/chat/completions", worker.url));
    let stranger = stranger
        .json(&json!({ "model": "m", "messages": [] }))
        .send();
    assert_silent(
        "a stranger's error",
        &stranger.await.unwrap().bytes().await.unwrap(),
    );
}

/// The only test of this program: it owns the process's log.
#[tokio::test]
async fn nothing_secret_is_where_it_does_not_belong() {
    let captured = Captured::default();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .without_time()
        .with_writer(captured.clone())
        .init();
    let rich = common::session(1, 1_000_000_000, 1_000_000_000, common::chat_lines());
    let setup = Setup {
        sessions: vec![rich],
        ..Setup::default()
    };
    let worker = setup.start().await;
    let sealed = way(&worker).await;
    ask_everything(&worker, &sealed).await;
    be_refused(&worker).await;
    go_away(&worker, &sealed).await;
    look_around(&worker).await;
    look_at_metrics(&worker).await;
    knock_at_every_door().await;
    worker.settled_down().await;
    assert!(worker.stored(1).is_some(), "the journal is used");

    let log = String::from_utf8(captured.0.lock().unwrap().clone()).unwrap();
    let is_client = |line: &&str| CLIENTS.iter().any(|name| line.contains(name));
    let own: Vec<&str> = log.lines().filter(|line| !is_client(line)).collect();
    let says = |text: &str| own.iter().any(|line| line.contains(text));
    assert!(says("answered"), "the log works");
    for line in &own {
        assert_silent("the log", line.as_bytes());
        let is_ours = line.contains("secret_ai");
        let shows_id = line.contains(&"01".repeat(3));
        assert!(
            !(is_ours && shows_id),
            "more than 4 digits of a session id: {line}"
        );
    }
    look_into_files(&worker);
    // The words were there to be found.
    worker.engine.set(Script::words(&[ANSWER]));
    let body = WAYS[0].plain(PROMPT);
    let answer: Value = worker
        .post(&body)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(answer["choices"][0]["message"]["content"], ANSWER);
}
