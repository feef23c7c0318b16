//! Answers of an engine that would be billed wrongly: what is no answer costs nothing, what was delivered is
//! billed within its limits.

use serde_json::{json, Value};

use crate::common::upstream::Answer;
use crate::common::MODEL;
use crate::doors::{answered, counted, worker, CHAT, COMPLETIONS, DOORS, SPEECH};

#[tokio::test]
async fn a_failure_is_not_billed() {
    let (worker, upstream) = worker().await;
    for door in DOORS {
        for (status, told) in [
            (400, 400),
            (401, 502),
            (404, 404),
            (429, 429),
            (500, 502),
            (503, 503),
        ] {
            let error = json!({ "error": { "message": "no" } });
            let answer = Answer {
                status,
                ..Answer::json(&error)
            };
            upstream.says(door.path, answer);
            let (got, _) = worker.outcome(door.right(&worker)).await;
            assert_eq!(got, told, "{door:?} {status}");
        }
    }
    assert_eq!(counted(&worker), [0; 5]);
}

#[tokio::test]
async fn an_error_with_status_200_is_not_billed() {
    let (worker, upstream) = worker().await;
    for door in DOORS {
        for answer in [
            json!({ "error": { "message": "canary" } }),
            json!({ "object": "error", "message": "canary" }),
            json!([]),
            json!("text"),
            json!({}),
        ] {
            upstream.says(door.path, Answer::json(&answer));
            let error = worker
                .refuses(door.right(&worker), 502, "engine_error")
                .await;
            assert!(!error.to_string().contains("canary"), "{door:?} {error}");
        }
        for body in ["", "<html>502</html>", "{\"cut\":"] {
            upstream.says(door.path, Answer::bytes("text/html", body));
            worker
                .refuses(door.right(&worker), 502, "engine_error")
                .await;
        }
    }
    assert_eq!(counted(&worker), [0; 5]);
}

#[tokio::test]
async fn a_compressed_answer_is_not_passed_on() {
    let (worker, upstream) = worker().await;
    for door in DOORS {
        for coding in ["gzip", "br", "GZIP", "deflate, gzip"] {
            let mut answer = door.answer();
            answer.headers.push(("content-encoding", coding));
            upstream.says(door.path, answer);
            worker
                .refuses(door.right(&worker), 502, "engine_error")
                .await;
        }
    }
    assert_eq!(counted(&worker), [0; 5]);
}

#[tokio::test]
async fn nothing_of_a_client_but_its_request_reaches_the_engine() {
    let (worker, upstream) = worker().await;
    for door in DOORS {
        let request = door.right(&worker).header("accept-encoding", "gzip, br");
        let request = request
            .header("x-request-id", "canary")
            .header("x-forwarded-for", "canary");
        let request = request.header("cookie", "canary").header("priority", "u=0");
        assert_eq!(request.send().await.unwrap().status(), 200, "{door:?}");
        let seen = upstream.newest();
        assert!(!seen.headers.contains_key("accept-encoding"), "{door:?}");
        for name in [
            "authorization",
            "x-request-id",
            "x-forwarded-for",
            "cookie",
            "priority",
        ] {
            assert!(!seen.headers.contains_key(name), "{door:?} {name}");
        }
    }
}

#[tokio::test]
async fn a_stream_where_none_was_asked_for_is_no_answer() {
    let (worker, upstream) = worker().await;
    for door in DOORS {
        upstream.says(
            door.path,
            Answer::bytes("text/event-stream", "data: {}\n\ndata: [DONE]\n\n"),
        );
        worker
            .refuses(door.right(&worker), 502, "engine_error")
            .await;
    }
    assert_eq!(counted(&worker), [0; 5]);
}

/// The right answer with another usage.
fn with_usage(door: crate::doors::Door, usage: &Value) -> Answer {
    let mut answer: Value = serde_json::from_slice(&door.answer().body).unwrap();
    answer["usage"] = usage.clone();
    Answer::json(&answer)
}

#[tokio::test]
async fn usage_that_contradicts_itself_is_held_to_the_limits() {
    for door in [CHAT, COMPLETIONS] {
        let (worker, upstream) = worker().await;
        for usage in [
            json!(null),
            json!({}),
            json!([]),
            json!("many"),
            json!({ "prompt_tokens": -5, "completion_tokens": -5 }),
            json!({ "prompt_tokens": 1e300, "completion_tokens": 1e300 }),
            json!({ "prompt_tokens": u64::MAX, "completion_tokens": u64::MAX }),
            json!({ "prompt_tokens": 2.5, "completion_tokens": "3" }),
            json!({ "prompt_tokens": 5, "completion_tokens": 0 }),
            json!({ "prompt_tokens": 5, "completion_tokens": 2,
                    "prompt_tokens_details": { "cached_tokens": 500 } }),
            json!({ "prompt_tokens": 5, "completion_tokens": 2,
                    "prompt_tokens_details": { "cached_tokens": -500 } }),
        ] {
            let before = counted(&worker);
            upstream.says(door.path, with_usage(door, &usage));
            let body = answered(&worker, door.right(&worker)).await;
            let after = counted(&worker);
            let (input, output) = (after[0] - before[0], after[1] - before[1]);
            assert!(
                input <= 1_000 && (1..=20).contains(&output),
                "{door:?} {usage} {input} {output}"
            );
            // The client is told what is billed.
            let told: Value = serde_json::from_slice(&body).unwrap();
            let told = &told["usage"];
            assert_eq!(
                told["completion_tokens"].as_u64(),
                Some(output),
                "{usage} {told}"
            );
        }
    }
}

#[tokio::test]
async fn more_cached_tokens_than_there_were_are_never_a_credit() {
    let (worker, upstream) = worker().await;
    let usage = json!({ "prompt_tokens": 10, "completion_tokens": 2,
                        "prompt_tokens_details": { "cached_tokens": 1_000 } });
    upstream.says("chat/completions", with_usage(CHAT, &usage));
    answered(&worker, CHAT.right(&worker)).await;
    // All of the prompt came from the cache, for which this session has no line.
    assert_eq!(counted(&worker), [0, 2, 0, 0, 0]);
}

#[tokio::test]
async fn an_answer_goes_to_nobody_if_it_is_too_long() {
    let (worker, upstream) = worker().await;
    upstream.says(
        "audio/speech",
        Answer::bytes("audio/wav", vec![0; (64 << 20) + 1]),
    );
    let body = SPEECH.body(Some(MODEL), &json!({}));
    worker
        .refuses(SPEECH.send(&worker, body), 502, "engine_error")
        .await;
    assert_eq!(counted(&worker), [0; 5]);
}
