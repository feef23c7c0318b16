//! Text completions, plain and streamed.

use serde_json::{json, Value};

use crate::common::upstream::Answer;
use crate::common::{take_apart, MODEL};
use crate::doors::{answered, counted, worker, worker_with, COMPLETIONS};

fn chunk(text: &str, reason: Option<&str>) -> String {
    let choice = json!({ "index": 0, "text": text, "finish_reason": reason });
    let chunk =
        json!({ "id": "cmpl-1", "object": "text_completion", "model": MODEL, "choices": [choice] });
    format!("data: {chunk}\n\n")
}

fn stream(usage: &Value) -> Answer {
    let mut text = chunk(" a", None) + &chunk(" b", None) + &chunk("", Some("length"));
    if !usage.is_null() {
        text += &format!("data: {}\n\n", json!({ "choices": [], "usage": usage }));
    }
    Answer::bytes("text/event-stream", text + "data: [DONE]\n\n")
}

fn request(more: &Value) -> Vec<u8> {
    COMPLETIONS.body(Some(MODEL), more)
}

#[tokio::test]
async fn a_plain_answer_goes_through_unchanged() {
    let (worker, upstream) = worker().await;
    let body = answered(&worker, COMPLETIONS.right(&worker)).await;
    assert_eq!(body, COMPLETIONS.answer().body);
    assert_eq!(counted(&worker), [6, 2, 0, 0, 0]);
    let seen = upstream.newest().json();
    assert_eq!(
        (&seen["prompt"], &seen["max_tokens"]),
        (&json!("canary"), &json!(20))
    );
}

#[tokio::test]
async fn a_stream_is_counted_by_its_usage() {
    let (worker, upstream) = worker().await;
    upstream.says(
        "completions",
        stream(&json!({ "prompt_tokens": 3, "completion_tokens": 2 })),
    );
    let body = request(&json!({ "stream": true, "suffix": "end" }));
    let response = COMPLETIONS
        .send(&worker, body.clone())
        .send()
        .await
        .unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let text = response.text().await.unwrap();
    let (chunks, hashed, proof) = take_apart(&text);
    assert!(text.starts_with(&(chunk(" a", None) + &chunk(" b", None))));
    assert_eq!(chunks.last().unwrap()["usage"]["completion_tokens"], 2);
    let (receipt, evidence) = proof.unwrap();
    worker.verify(&receipt, &evidence, &body, hashed.as_bytes());
    assert_eq!(counted(&worker), [3, 2, 0, 0, 0]);
    let seen = upstream.newest().json();
    assert_eq!(seen["stream_options"], json!({ "include_usage": true }));
}

#[tokio::test]
async fn a_stream_without_usage_is_counted_here() {
    let (worker, upstream) = worker().await;
    upstream.says("completions", stream(&Value::Null));
    let body = request(&json!({ "stream": true }));
    let text = COMPLETIONS
        .send(&worker, body)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let (chunks, _, proof) = take_apart(&text);
    assert!(proof.is_some());
    let usage = &chunks.last().unwrap()["usage"];
    assert_eq!(
        (&usage["estimated"], &usage["completion_tokens"]),
        (&json!(true), &json!(2))
    );
    // Six bytes of prompt.
    assert_eq!(counted(&worker), [2, 2, 0, 0, 0]);
}

#[tokio::test]
async fn all_forms_of_prompt_are_taken_and_bounded() {
    let (worker, upstream) = worker().await;
    for (prompt, items) in [
        (json!("one"), 1),
        (json!(["one", "two"]), 2),
        (json!([1, 2, 3]), 1),
        (json!([[1, 2], [3]]), 2),
    ] {
        // Whatever it claims, no more is billed than every answer of every prompt may have.
        let claim = json!({ "prompt_tokens": 1, "completion_tokens": 1_000_000 });
        let mut answer: Value = serde_json::from_slice(&COMPLETIONS.answer().body).unwrap();
        answer["usage"] = claim;
        upstream.says("completions", Answer::json(&answer));
        let before = counted(&worker)[1];
        let body = request(&json!({ "prompt": prompt, "n": 3, "max_tokens": 5 }));
        answered(&worker, COMPLETIONS.send(&worker, body)).await;
        assert_eq!(counted(&worker)[1] - before, 5 * 3 * items, "{prompt}");
        assert_eq!(upstream.newest().json()["prompt"], prompt);
    }
}

#[tokio::test]
async fn the_default_length_is_openais() {
    // 14 tokens of prompt at most, and 16 of answer.
    let (worker, upstream) = worker_with(29).await;
    let body = json!({ "model": MODEL, "prompt": "canary" }).to_string();
    let error = worker
        .refuses(COMPLETIONS.send(&worker, body.clone()), 402, "cap_exceeded")
        .await;
    assert_eq!(error["needed"], "30");
    let (worker, upstream_of_richer) = worker_with(30).await;
    answered(&worker, COMPLETIONS.send(&worker, body)).await;
    assert_eq!(upstream_of_richer.newest().json()["max_tokens"], 16);
    assert_eq!(upstream.calls(), 0);
}

#[tokio::test]
async fn bad_fields_are_named() {
    let (worker, upstream) = worker().await;
    for (more, param) in [
        (json!({ "prompt": "" }), "prompt"),
        (json!({ "prompt": [] }), "prompt"),
        (json!({ "prompt": vec!["a"; 65] }), "prompt"),
        (json!({ "prompt": [-1] }), "body"),
        (json!({ "max_tokens": 0 }), "max_tokens"),
        (json!({ "max_tokens": -1 }), "body"),
        (json!({ "n": 0 }), "n"),
        (json!({ "n": 9 }), "n"),
        (json!({ "best_of": 2 }), "best_of"),
        (json!({ "echo": true }), "echo"),
        (json!({ "logprobs": 21 }), "logprobs"),
        (json!({ "temperature": 3 }), "temperature"),
        (json!({ "stop": vec!["x"; 17] }), "stop"),
    ] {
        let request = COMPLETIONS.send(&worker, request(&more));
        let error = worker.refuses(request, 400, "invalid_request").await;
        assert_eq!(error["param"], param, "{more}");
    }
    assert_eq!(upstream.calls(), 0);
}
