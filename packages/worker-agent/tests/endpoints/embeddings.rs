//! Embeddings are counted in tokens of their texts.

use serde_json::{json, Value};

use crate::common::upstream::Answer;
use crate::common::MODEL;
use crate::doors::{answered, counted, worker, worker_with, EMBEDDINGS};

fn vectors(count: usize, usage: Value) -> Answer {
    let vector = json!({ "object": "embedding", "index": 0, "embedding": [0.5] });
    Answer::json(&json!({ "object": "list", "data": vec![vector; count], "usage": usage }))
}

#[tokio::test]
async fn the_engine_counts_and_its_answer_goes_through_unchanged() {
    let (worker, upstream) = worker().await;
    let body = answered(&worker, EMBEDDINGS.right(&worker)).await;
    assert_eq!(body, EMBEDDINGS.answer().body);
    assert_eq!(counted(&worker), [0, 0, 4, 0, 0]);
    let seen = upstream.newest();
    assert_eq!(seen.json(), json!({ "model": MODEL, "input": "canary" }));
}

#[tokio::test]
async fn all_forms_of_input_are_taken() {
    let (worker, upstream) = worker().await;
    for (input, items) in [
        (json!("one"), 1),
        (json!(["one", "two"]), 2),
        (json!([1, 2, 3]), 1),
        (json!([[1, 2], [3]]), 2),
    ] {
        upstream.says("embeddings", vectors(items, json!({ "prompt_tokens": 3 })));
        let more =
            json!({ "input": input, "dimensions": 4, "encoding_format": "base64", "user": "x" });
        answered(
            &worker,
            EMBEDDINGS.send(&worker, EMBEDDINGS.body(Some(MODEL), &more)),
        )
        .await;
        assert_eq!(upstream.newest().json()["input"], input);
    }
    assert_eq!(counted(&worker), [0, 0, 12, 0, 0]);
}

#[tokio::test]
async fn bad_inputs_are_named() {
    let (worker, upstream) = worker().await;
    for (more, param) in [
        (json!({ "input": "" }), "input"),
        (json!({ "input": [] }), "input"),
        (json!({ "input": ["a", ""] }), "input"),
        (json!({ "input": [[1], []] }), "input"),
        (json!({ "input": vec!["a"; 2_049] }), "input"),
        (json!({ "input": [-1] }), "body"),
        (json!({ "input": { "text": "a" } }), "body"),
        (json!({ "dimensions": 0 }), "dimensions"),
        (json!({ "dimensions": 1_000_000 }), "dimensions"),
        (
            json!({ "input": vec!["a"; 2_048], "dimensions": 65_536 }),
            "dimensions",
        ),
        (json!({ "encoding_format": "bytes" }), "encoding_format"),
    ] {
        let body = EMBEDDINGS.body(Some(MODEL), &more);
        let request = EMBEDDINGS.send(&worker, body);
        let error = worker.refuses(request, 400, "invalid_request").await;
        assert_eq!(error["param"], param, "{more}");
    }
    assert_eq!(upstream.calls(), 0);
}

#[tokio::test]
async fn a_count_that_is_missing_or_absurd_is_replaced_and_told() {
    let (worker, upstream) = worker().await;
    // Six bytes: two tokens by the rule of thumb, 14 with special tokens at most.
    for (usage, billed, estimated) in [
        (json!(null), 2, true),
        (json!({}), 2, true),
        (json!({ "prompt_tokens": 0 }), 2, true),
        (json!({ "prompt_tokens": -5 }), 2, true),
        (json!({ "prompt_tokens": 3.5 }), 2, true),
        (json!({ "prompt_tokens": "3" }), 2, true),
        (json!({ "prompt_tokens": 1_000_000 }), 14, false),
        (json!({ "prompt_tokens": 3.0 }), 3, false),
    ] {
        let before = counted(&worker)[2];
        upstream.says("embeddings", vectors(1, usage.clone()));
        let body = answered(&worker, EMBEDDINGS.right(&worker)).await;
        assert_eq!(counted(&worker)[2] - before, billed, "{usage}");
        let told: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(
            told["usage"]["prompt_tokens"].as_f64(),
            Some(billed as f64),
            "{usage}"
        );
        assert_eq!(told["usage"]["estimated"] == true, estimated, "{usage}");
    }
}

#[tokio::test]
async fn another_number_of_vectors_is_no_answer() {
    let (worker, upstream) = worker().await;
    for count in [0, 2] {
        upstream.says("embeddings", vectors(count, json!({ "prompt_tokens": 3 })));
        worker
            .refuses(EMBEDDINGS.right(&worker), 502, "engine_error")
            .await;
    }
    assert_eq!(counted(&worker), [0; 5]);
}

#[tokio::test]
async fn the_worst_case_has_to_be_payable() {
    // Six bytes and eight special tokens.
    let (worker, upstream) = worker_with(13).await;
    let error = worker
        .refuses(EMBEDDINGS.right(&worker), 402, "cap_exceeded")
        .await;
    assert_eq!(
        (error["needed"].as_str(), error["available"].as_str()),
        (Some("14"), Some("13"))
    );
    let request = EMBEDDINGS.right(&worker).header("x-max-charge", "12");
    worker.refuses(request, 402, "max_charge_exceeded").await;
    assert_eq!(upstream.calls(), 0);
}
