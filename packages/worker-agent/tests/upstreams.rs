//! The agent before several servers: which one is asked, when another is tried, and what is billed.

mod common;

use std::collections::BTreeMap;
use std::future::IntoFuture;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use common::{chat, Setup, Worker, MODEL};
use futures_util::{stream, StreamExt};
use secret_ai_engine::pool::{MemberConfig, Policy, Pool};
use secret_ai_engine::upstream::{Kind, UpstreamConfig, UpstreamEngine};
use secret_ai_engine::{Engine, MemberState};
use serde_json::{json, Value};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// What a server does with requests.
#[derive(Clone)]
enum Act {
    /// Two pieces and usage.
    Answer,
    /// Refuses with this status.
    Refuse(u16),
    /// Two pieces, then the connection breaks.
    Die,
    /// Two pieces; the rest when there is a permit.
    Wait(Arc<Semaphore>),
}

/// A server in vLLM's manner.
struct Server {
    url: String,
    model: &'static str,
    act: Mutex<Act>,
    is_healthy: Mutex<bool>,
    calls: AtomicUsize,
    /// The newest request.
    request: Mutex<Value>,
}

impl Server {
    async fn start(model: &'static str) -> Arc<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Arc::new(Server {
            url: format!("http://{}/v1", listener.local_addr().unwrap()),
            model,
            act: Mutex::new(Act::Answer),
            is_healthy: Mutex::new(true),
            calls: AtomicUsize::new(0),
            request: Mutex::default(),
        });
        let routes = Router::new()
            .route("/health", get(health))
            .route("/v1/models", get(models))
            .route("/v1/chat/completions", post(completions))
            .with_state(server.clone());
        tokio::spawn(axum::serve(listener, routes).into_future());
        server
    }

    fn does(&self, act: Act) {
        *self.act.lock().unwrap() = act;
    }

    fn is_healthy(&self, healthy: bool) {
        *self.is_healthy.lock().unwrap() = healthy;
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

async fn health(State(server): State<Arc<Server>>) -> StatusCode {
    match *server.is_healthy.lock().unwrap() {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    }
}

async fn models(State(server): State<Arc<Server>>) -> Json<Value> {
    Json(json!({ "data": [{ "id": server.model, "max_model_len": 1_000 }] }))
}

fn usage() -> Value {
    json!({ "prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12 })
}

async fn completions(State(server): State<Arc<Server>>, Json(request): Json<Value>) -> Response {
    server.calls.fetch_add(1, Ordering::SeqCst);
    let streams = request["stream"] == true;
    *server.request.lock().unwrap() = request;
    let act = server.act.lock().unwrap().clone();
    if let Act::Refuse(status) = act {
        let body = json!({ "error": { "message": "not now" } });
        return (StatusCode::from_u16(status).unwrap(), Json(body)).into_response();
    }
    if !streams {
        let message = json!({ "role": "assistant", "content": "Hello world" });
        let choice = json!({ "index": 0, "message": message, "finish_reason": "stop" });
        let answer = json!({ "id": "x", "object": "chat.completion", "created": 1,
            "model": server.model, "choices": [choice], "usage": usage() });
        return Json(answer).into_response();
    }
    let chunk = |delta: Value, finish: Value, usage: Value| {
        let choice = json!({ "index": 0, "delta": delta, "finish_reason": finish });
        let chunk = json!({ "id": "x", "object": "chat.completion.chunk", "created": 1,
            "model": server.model, "choices": [choice], "usage": usage });
        Bytes::from(format!("data: {chunk}\n\n"))
    };
    let pieces = ["Hello", " world"];
    let begin = pieces.map(|text| chunk(json!({ "content": text }), Value::Null, Value::Null));
    let end = [
        chunk(json!({}), json!("stop"), usage()),
        Bytes::from("data: [DONE]\n\n"),
    ];
    let begin = stream::iter(begin.map(Ok::<_, std::io::Error>));
    let end = stream::iter(end.map(Ok::<_, std::io::Error>));
    let body = match act {
        Act::Die => {
            // What was written before has left by then.
            let broken = stream::once(async {
                tokio::time::sleep(Duration::from_millis(100)).await;
                Err(std::io::Error::other("gone"))
            });
            Body::from_stream(begin.chain(broken))
        }
        Act::Wait(permits) => {
            let wait = stream::once(async move {
                permits.acquire().await.unwrap().forget();
                Ok(Bytes::from(": on\n\n"))
            });
            Body::from_stream(begin.chain(wait).chain(end))
        }
        _ => Body::from_stream(begin.chain(end)),
    };
    let headers = [("content-type", "text/event-stream")];
    (headers, body).into_response()
}

fn member(place: usize, server: &Server, max_requests: usize) -> (MemberConfig, Arc<dyn Engine>) {
    let mut config = UpstreamConfig::new(&server.url);
    config.kind = Kind::Vllm;
    let own = server.model.to_owned();
    let config_of_member = MemberConfig {
        name: format!("vllm-{place}"),
        max_requests,
        models: BTreeMap::from([(MODEL.to_owned(), own)]),
    };
    (
        config_of_member,
        Arc::new(UpstreamEngine::new(config).unwrap()),
    )
}

/// A worker before these servers with at most `max_requests` each.
async fn worker(servers: &[&Arc<Server>], max_requests: usize) -> (Worker, Arc<Pool>) {
    let policy = Policy {
        interval: Duration::from_millis(20),
        longest_interval: Duration::from_millis(20),
        ..Policy::default()
    };
    let members = servers.iter().enumerate();
    let members = members.map(|(place, server)| member(place, server, max_requests));
    let pool = Arc::new(Pool::new(members.collect(), policy));
    let setup = Setup {
        engine: Some(pool.clone()),
        ..Setup::default()
    };
    (setup.start().await, pool)
}

fn streamed() -> Value {
    let mut body = chat("hi");
    body["stream"] = true.into();
    body
}

/// Polls until the member at `place` is as wanted.
async fn until(pool: &Pool, place: usize, is_it: impl Fn(&MemberState) -> bool) {
    let poll = async {
        while !is_it(&pool.members()[place]) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(60), poll).await;
    in_time.unwrap_or_else(|_| panic!("{:?}", pool.members()));
}

async fn status(worker: &Worker, body: &Value) -> u16 {
    worker.post(body).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn servers_share_the_work_and_one_that_refuses_is_replaced() {
    let (a, b) = (Server::start(MODEL).await, Server::start(MODEL).await);
    let (worker, _) = worker(&[&a, &b], 10).await;
    for body in [chat("hi"), streamed(), chat("hi"), streamed()] {
        assert_eq!(status(&worker, &body).await, 200);
    }
    assert_eq!((a.calls(), b.calls()), (2, 2));
    for refusal in [503, 429] {
        a.does(Act::Refuse(refusal));
        b.does(Act::Answer);
        let before = b.calls();
        assert_eq!(status(&worker, &streamed()).await, 200);
        assert_eq!(b.calls(), before + 1);
    }
    assert!(a.calls() > 2, "was asked first at least once");
    worker.settled_down().await;
    let receipt = worker.stored(1).unwrap();
    assert_eq!(receipt.counters, [60, 12], "six answers, none twice");
}

#[tokio::test]
async fn a_server_that_dies_in_the_middle_is_not_replaced_and_what_came_is_billed() {
    let (a, b) = (Server::start(MODEL).await, Server::start(MODEL).await);
    let (worker, pool) = worker(&[&a, &b], 10).await;
    for server in [&a, &b] {
        server.does(Act::Die);
    }
    let response = worker.post(&streamed()).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let text = response.text().await.unwrap_or_default();
    assert!(text.contains("Hello") && text.contains(" world"), "{text}");
    assert_eq!(a.calls() + b.calls(), 1);
    worker.settled_down().await;
    let receipt = worker.stored(1).unwrap();
    assert!(receipt.aborted);
    assert_eq!(receipt.counters[1], 2, "two pieces came");
    let failures: u64 = pool.members().iter().map(|member| member.failures).sum();
    assert_eq!(failures, 1);
}

#[tokio::test]
async fn what_fails_otherwise_is_not_tried_again() {
    // A proxy says 502 or 504 for a server that may have worked.
    for refusal in [400, 500, 502, 504] {
        let (a, b) = (Server::start(MODEL).await, Server::start(MODEL).await);
        let (worker, _) = worker(&[&a, &b], 10).await;
        for server in [&a, &b] {
            server.does(Act::Refuse(refusal));
        }
        assert_ne!(status(&worker, &streamed()).await, 200);
        assert_eq!(a.calls() + b.calls(), 1, "{refusal}");
        worker.settled_down().await;
        assert!(worker.stored(1).is_none(), "nothing to bill");
    }
}

#[tokio::test]
async fn full_servers_and_dead_ones_are_503_with_a_time_to_come_back() {
    let (a, b) = (Server::start(MODEL).await, Server::start(MODEL).await);
    let (worker, pool) = worker(&[&a, &b], 1).await;
    let permits = Arc::new(Semaphore::new(0));
    for server in [&a, &b] {
        server.does(Act::Wait(permits.clone()));
    }
    let first = worker.post(&streamed()).send().await.unwrap();
    let second = worker.post(&streamed()).send().await.unwrap();
    assert_eq!((a.calls(), b.calls()), (1, 1));
    let refused = worker.post(&streamed()).send().await.unwrap();
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.headers()["retry-after"], "2");
    let error = common::error_of(refused).await;
    assert_eq!(error["code"], "busy");
    assert_eq!(
        (a.calls(), b.calls()),
        (1, 1),
        "never more than it may have"
    );

    permits.add_permits(2);
    for response in [first, second] {
        let text = response.text().await.unwrap();
        assert!(text.contains("event: receipt"), "{text}");
    }
    until(&pool, 0, |member| member.in_flight == 0).await;
    until(&pool, 1, |member| member.in_flight == 0).await;
    for server in [&a, &b] {
        server.does(Act::Answer);
    }
    assert_eq!(status(&worker, &streamed()).await, 200);

    let stop = CancellationToken::new();
    for server in [&a, &b] {
        server.is_healthy(false);
    }
    pool.watch(&stop);
    until(&pool, 0, |member| !member.up).await;
    until(&pool, 1, |member| !member.up).await;
    let calls = a.calls() + b.calls();
    let error = worker.refuses(worker.post(&chat("hi")), 503, "busy").await;
    assert_eq!(error["message"], "no engine that serves this model is up");
    assert_eq!(a.calls() + b.calls(), calls);

    a.is_healthy(true);
    until(&pool, 0, |member| member.up).await;
    assert_eq!(status(&worker, &chat("hi")).await, 200);
    assert_eq!(a.calls() + b.calls(), calls + 1);
    stop.cancel();
}

#[tokio::test]
async fn a_client_that_leaves_frees_the_place() {
    let a = Server::start(MODEL).await;
    let (worker, pool) = worker(&[&a], 1).await;
    a.does(Act::Wait(Arc::new(Semaphore::new(0))));
    let response = worker.post(&streamed()).send().await.unwrap();
    assert_eq!(pool.members()[0].in_flight, 1);
    drop(response);
    until(&pool, 0, |member| member.in_flight == 0).await;
    a.does(Act::Answer);
    assert_eq!(status(&worker, &streamed()).await, 200);
}

#[tokio::test]
async fn a_sold_name_stands_for_the_servers_own() {
    let a = Server::start("org/own-name").await;
    let (worker, _) = worker(&[&a], 10).await;
    let response = worker.post(&chat("hi")).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let answer: Value = response.json().await.unwrap();
    assert_eq!(answer["choices"][0]["message"]["content"], "Hello world");
    assert_eq!(a.request.lock().unwrap()["model"], "org/own-name");
    let mut own = chat("hi");
    own["model"] = "org/own-name".into();
    worker
        .refuses(worker.post(&own), 404, "model_not_found")
        .await;
}
