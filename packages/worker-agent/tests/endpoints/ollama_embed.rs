//! Ollama's embeddings: counted and paid as OpenAI's.

use serde_json::{json, Value};

use crate::common::upstream::Answer;
use crate::common::{bearer, Worker, MODEL};
use crate::doors::{answered, counted, worker, worker_with};

fn post(worker: &Worker, path: &str, body: &Value) -> reqwest::RequestBuilder {
    let url = format!("{}/api/{path}", worker.url);
    worker.http.post(url).bearer_auth(bearer(1)).json(body)
}

/// Two vectors, the second one first.
fn two() -> Answer {
    let vector = |index: u64, numbers: Value| json!({ "index": index, "embedding": numbers });
    Answer::json(&json!({
        "object": "list",
        "data": [vector(1, json!([0.25, 1])), vector(0, json!([-0.5, 1e-3]))],
        "usage": { "prompt_tokens": 7, "total_tokens": 7 },
    }))
}

#[tokio::test]
async fn several_texts_in_their_order() {
    let (worker, upstream) = worker().await;
    upstream.says("embeddings", two());
    let body = json!({
        "model": "m:latest", "input": ["one", "two"], "dimensions": 2, "truncate": true,
        "keep_alive": "5m", "options": { "num_ctx": 512 },
    });
    let answer = answered(&worker, post(&worker, "embed", &body)).await;
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    assert_eq!(answer["embeddings"], json!([[-0.5, 0.001], [0.25, 1.0]]));
    assert_eq!(
        (&answer["model"], &answer["prompt_eval_count"]),
        (&json!(MODEL), &json!(7))
    );
    assert!(answer["total_duration"].is_u64() && answer["load_duration"].is_u64());
    let sent = json!({
        "model": MODEL, "input": ["one", "two"], "dimensions": 2, "encoding_format": "float",
    });
    assert_eq!(upstream.newest().json(), sent);
    assert_eq!(counted(&worker), [0, 0, 7, 0, 0]);
}

#[tokio::test]
async fn one_text_by_the_older_route() {
    let (worker, upstream) = worker().await;
    let body = json!({ "model": MODEL, "prompt": "canary" });
    let answer = answered(&worker, post(&worker, "embeddings", &body)).await;
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    assert_eq!(answer, json!({ "embedding": [0.5, -0.5] }));
    assert_eq!(upstream.newest().json()["input"], "canary");
    assert_eq!(counted(&worker), [0, 0, 4, 0, 0]);
}

#[tokio::test]
async fn without_usage_it_is_counted_here() {
    let (worker, upstream) = worker().await;
    let vector = json!({ "index": 0, "embedding": [1] });
    upstream.says("embeddings", Answer::json(&json!({ "data": [vector] })));
    let body = json!({ "model": MODEL, "input": "eight by" });
    let answer = answered(&worker, post(&worker, "embed", &body)).await;
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    assert_eq!(answer["prompt_eval_count"], 2);
    assert_eq!(counted(&worker), [0, 0, 2, 0, 0]);
}

#[tokio::test]
async fn what_is_wrong_costs_nothing_and_is_told_as_ollama_does() {
    let (worker, upstream) = worker_with(10).await;
    for (path, body, status) in [
        ("embed", json!({ "model": MODEL, "input": "" }), 400),
        ("embed", json!({ "model": MODEL, "input": [] }), 400),
        ("embed", json!({ "model": MODEL, "input": [1, 2] }), 400),
        ("embed", json!({ "model": MODEL }), 400),
        ("embeddings", json!({ "model": MODEL, "input": "a" }), 400),
        ("embed", json!({ "model": "x", "input": "a" }), 404),
        (
            "embed",
            json!({ "model": MODEL, "input": "far too long" }),
            402,
        ),
    ] {
        let response = post(&worker, path, &body).send().await.unwrap();
        assert_eq!(response.status(), status, "{path} {body}");
        let error: Value = response.json().await.unwrap();
        assert!(error["error"].is_string(), "{error}");
    }
    assert_eq!(upstream.calls(), 0);
    let strange = json!({ "index": 0, "embedding": "AAAA" });
    let usage = json!({ "prompt_tokens": 1 });
    let answer = Answer::json(&json!({ "data": [strange], "usage": usage }));
    upstream.says("embeddings", answer);
    let body = json!({ "model": MODEL, "input": "a" });
    let response = post(&worker, "embed", &body).send().await.unwrap();
    assert_eq!(response.status(), 502);
    assert_eq!(counted(&worker), [0; 5]);
}
