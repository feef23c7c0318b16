//! What engines really send goes through unharmed, and is counted whatever it is.

mod common;

use common::engine::{chunk, event, said};
use common::ways::OPENAI;
use common::{take_apart, Script, Setup, Worker};
use secret_ai_receipts::Receipt;
use serde_json::{json, Value};

const DONE: &str = "data: [DONE]\n\n";

async fn worker(script: Script) -> Worker {
    Setup {
        script,
        ..Setup::default()
    }
    .start()
    .await
}

/// What a client gets before the receipt's event, and the receipt, whose hashes are verified.
async fn stream(worker: &Worker, options: Value) -> (String, Receipt) {
    let mut body = OPENAI.stream("hi");
    if !options.is_null() {
        body["stream_options"] = options;
    }
    let response = worker.post(&body).send().await.unwrap();
    let whole = response.text().await.unwrap();
    let at = whole.find("event: receipt\n").expect("a receipt");
    let (hashed, rest) = whole.split_at(at);
    let data: Value =
        serde_json::from_str(rest.split_once("data: ").unwrap().1.trim_end()).unwrap();
    let receipt = worker.verify(
        data["receipt"].as_str().unwrap(),
        data["evidence"].as_str().unwrap(),
        body.to_string().as_bytes(),
        hashed.as_bytes(),
    );
    (hashed.to_owned(), receipt)
}

fn with_usage() -> Value {
    json!({ "include_usage": true })
}

fn usage(usage: Value) -> String {
    let mut last = chunk(json!([]));
    last["usage"] = usage;
    event(&last)
}

fn tokens(prompt: u64, completion: u64) -> Value {
    json!({ "prompt_tokens": prompt, "completion_tokens": completion,
            "total_tokens": prompt + completion })
}

fn pieces(parts: &[String]) -> Script {
    Script::raw(parts.iter().map(|part| part.clone().into_bytes()).collect())
}

/// Everything that servers are known to send besides text.
fn colourful() -> Vec<String> {
    let call = json!({ "tool_calls": [{ "index": 0, "id": "a", "type": "function",
                       "function": { "name": "f", "arguments": "{\"usage\":{}}" } }] });
    let second = json!([{ "index": 1, "delta": { "content": "other" }, "finish_reason": null,
                          "logprobs": { "content": [{ "token": "o", "logprob": -0.5 }] } }]);
    let mut null = chunk(
        json!([{ "index": 0, "delta": { "content": "é\"usage\":{" }, "finish_reason": null }]),
    );
    null["usage"] = Value::Null;
    vec![
        ": ping\n\n".into(),
        said(&json!({ "role": "assistant", "content": "" }), None),
        said(&json!({ "reasoning_content": "hm" }), None),
        event(&null),
        said(&call, None).replace('\n', "\r\n"),
        event(&chunk(second)),
        "event: message\nid: 7\ndata:{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}}]}\n\n".into(),
        said(&json!({}), Some("tool_calls")),
        said(&json!({}), Some("stop")).replace("\"index\":0", "\"index\":1"),
    ]
}

#[tokio::test]
async fn events_go_through_byte_by_byte_however_they_are_cut() {
    let mut parts = colourful();
    let expected = parts.concat() + &usage(tokens(10, 6)) + DONE;
    parts.extend([usage(tokens(10, 6)), DONE.to_owned()]);
    let whole = parts.concat();
    for size in [1, 3, 50, whole.len()] {
        let chunks = whole.as_bytes().chunks(size).map(<[u8]>::to_vec).collect();
        let worker = worker(Script::raw(chunks)).await;
        let (text, receipt) = stream(&worker, with_usage()).await;
        let split = |text: &str| -> Vec<Value> {
            let data = text.lines().filter_map(|line| line.strip_prefix("data:"));
            data.filter_map(|data| serde_json::from_str(data).ok())
                .collect()
        };
        assert_eq!(split(&text), split(&expected), "cut every {size} bytes");
        // All but the usage, which the agent writes.
        let last = colourful().concat().len();
        assert_eq!(text[..last], whole[..last], "cut every {size} bytes");
        assert_eq!((receipt.counters, receipt.aborted), (vec![10, 6], false));
    }
}

#[tokio::test]
async fn the_usage_stands_in_the_last_chunk_unless_it_was_asked_for() {
    let mut parts = colourful();
    let last = parts.pop().unwrap();
    let details = json!({ "prompt_tokens": 10, "completion_tokens": 6, "total_tokens": 16,
                          "completion_tokens_details": { "reasoning_tokens": 1 } });
    let worker = worker(pieces(&[
        parts.concat(),
        last.clone(),
        usage(details.clone()),
        DONE.into(),
    ]))
    .await;
    let (text, receipt) = stream(&worker, Value::Null).await;
    let (before, rest) = text.split_at(parts.concat().len());
    assert_eq!(before, parts.concat());
    let mut expected: Value = serde_json::from_str(&last[6..]).unwrap();
    // With whatever else the engine says.
    expected["usage"] = details;
    assert_eq!(rest, event(&expected) + DONE);
    assert_eq!(receipt.counters, [10, 6]);
}

#[tokio::test]
async fn usage_beside_the_last_choice_and_in_every_chunk_is_read() {
    let with = |text: &str, usage: Value, reason: Value| {
        let mut piece =
            chunk(json!([{ "index": 0, "delta": { "content": text }, "finish_reason": reason }]));
        piece["usage"] = usage;
        event(&piece)
    };
    let parts = [
        with("a", tokens(10, 1), Value::Null),
        with("b", tokens(10, 2), Value::Null),
        with("c", tokens(10, 3), "stop".into()),
        DONE.into(),
    ];
    let worker = worker(pieces(&parts)).await;
    for (options, count) in [(Value::Null, 3), (with_usage(), 4)] {
        let (text, receipt) = stream(&worker, options).await;
        let (chunks, _, _) = take_apart(&text);
        assert_eq!(chunks.len(), count);
        let last = chunks.last().unwrap();
        assert_eq!(last["usage"], tokens(10, 3));
        let others = chunks.iter().rev().skip(1);
        others.for_each(|chunk| assert!(chunk["usage"].is_null(), "{chunk}"));
        let said = chunks
            .iter()
            .filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str());
        assert_eq!(said.collect::<String>(), "abc");
        assert_eq!(receipt.counters[1] % 3, 0);
    }
    assert_eq!(worker.stored(1).unwrap().counters, [20, 6]);
}

#[tokio::test]
async fn an_answer_without_done_is_whole_if_its_last_chunk_came() {
    let worker = worker(pieces(&[
        said(&json!({ "content": "a" }), None),
        said(&json!({}), Some("stop")),
        usage(tokens(10, 1)),
    ]))
    .await;
    let (text, receipt) = stream(&worker, Value::Null).await;
    assert!(
        text.ends_with(DONE) && !text.contains("\"error\""),
        "{text}"
    );
    assert!(!receipt.aborted);
    worker
        .engine
        .set(pieces(&[said(&json!({ "content": "a" }), None)]));
    let (text, receipt) = stream(&worker, Value::Null).await;
    let (chunks, _, _) = take_apart(&text);
    assert_eq!(chunks[1]["error"]["code"], "engine_error");
    assert!(receipt.aborted);
    assert_eq!(receipt.counters, [20, 2]);
}

#[tokio::test]
async fn an_error_in_the_middle_ends_the_answer_and_what_came_is_billed() {
    let error = event(&json!({ "error": { "message": "canary", "code": 500 } }));
    let worker = worker(pieces(&[
        said(&json!({ "role": "assistant", "content": "" }), None),
        said(&json!({ "content": "a" }), None),
        error.clone(),
        said(&json!({ "content": "never" }), None),
    ]))
    .await;
    let (text, receipt) = stream(&worker, Value::Null).await;
    assert!(text.contains("engine_error") && !text.contains("canary") && !text.contains("never"));
    assert!(receipt.aborted);
    assert_eq!(receipt.counters, [10, 1]);

    // Before anything was said it is no answer.
    let opening = said(&json!({ "role": "assistant", "content": "" }), None);
    for parts in [vec![error.clone()], vec![opening + &error]] {
        worker.engine.set(pieces(&parts));
        let request = worker.post(&OPENAI.stream("hi"));
        worker.refuses(request, 502, "engine_error").await;
    }
    for whole in ["{\"error\":{\"message\":\"x\"}}", "{}", "[]", "<html>"] {
        worker.engine.set(pieces(&[whole.into()]));
        let request = worker.post(&OPENAI.plain("hi"));
        worker.refuses(request, 502, "engine_error").await;
    }
    assert_eq!(worker.stored(1).unwrap().seq, 1);
}

/// Delivered work is never refused because of its count, and never billed beyond the limits.
#[tokio::test]
async fn usage_that_makes_no_sense_is_corrected() {
    let cached = |cached: Value| {
        let mut usage = tokens(10, 2);
        usage["prompt_tokens_details"] = json!({ "cached_tokens": cached });
        usage
    };
    let cases = [
        (
            json!({ "prompt_tokens": -5, "completion_tokens": 2 }),
            [10, 2],
            true,
        ),
        (
            json!({ "prompt_tokens": 10, "completion_tokens": -1 }),
            [10, 2],
            true,
        ),
        (
            json!({ "prompt_tokens": 10, "completion_tokens": 1.5 }),
            [10, 2],
            true,
        ),
        (
            json!({ "prompt_tokens": "10", "completion_tokens": {} }),
            [10, 2],
            true,
        ),
        (
            json!({ "prompt_tokens": 10, "completion_tokens": 0 }),
            [10, 2],
            true,
        ),
        (json!([]), [10, 2], true),
        // A prompt that was in a cache is a prompt.
        (tokens(0, 2), [10, 2], true),
        (tokens(1_000_000, 1_000_000), [10, 20], false),
        // Without a line for cached tokens they are not charged.
        (cached(json!(11)), [0, 2], false),
        (cached(json!(-3)), [10, 2], false),
    ];
    for (usage_said, counters, estimated) in cases {
        let worker = worker(pieces(&[
            said(&json!({ "content": "a" }), None),
            said(&json!({ "content": "b" }), None),
            said(&json!({}), Some("stop")),
            usage(usage_said.clone()),
            DONE.into(),
        ]))
        .await;
        let mut body = OPENAI.stream("hi");
        body["max_tokens"] = 20.into();
        let response = worker.post(&body).send().await.unwrap();
        let (chunks, _, proof) = take_apart(&response.text().await.unwrap());
        assert!(proof.is_some());
        let billed = &chunks.last().unwrap()["usage"];
        assert_eq!(
            billed["estimated"] == true,
            estimated,
            "{usage_said} {billed}"
        );
        assert_eq!(worker.stored(1).unwrap().counters, counters, "{usage_said}");
    }
}

/// Whoever goes away, or whatever breaks, after an early report pays for what came after it, too.
#[tokio::test]
async fn what_comes_after_the_last_usage_is_counted() {
    let mut opening = chunk(json!([{ "index": 0, "delta": { "content": "a" } }]));
    opening["usage"] = tokens(10, 1);
    let early = [event(&opening), usage(tokens(10, 1))];
    for early in early {
        for parts in [
            vec![early.clone()],
            vec![
                early.clone(),
                said(&json!({ "content": "b" }), None),
                said(&json!({ "content": "c" }), None),
            ],
        ] {
            let is_early = parts.len() > 1;
            let before = u64::from(early.contains("content"));
            let worker = worker(pieces(&[
                parts.concat(),
                said(&json!({}), Some("stop")),
                DONE.to_owned(),
            ]))
            .await;
            let (text, receipt) = stream(&worker, Value::Null).await;
            let (chunks, _, _) = take_apart(&text);
            let billed = &chunks.last().unwrap()["usage"];
            assert_eq!(billed["estimated"] == true, is_early, "{text}");
            let expected = if is_early { before + 2 } else { 1 };
            assert_eq!(receipt.counters, [10, expected], "{text}");
        }
    }
}

#[tokio::test]
async fn without_usage_the_tokenizer_counts_or_else_the_pieces() {
    let parts = pieces(&[
        said(&json!({ "role": "assistant", "content": "" }), None),
        said(&json!({ "content": "123456" }), None),
        said(&json!({ "reasoning_content": "7890" }), None),
        said(&json!({}), Some("stop")),
        DONE.into(),
    ]);
    for (bytes_per_token, expected) in [(None, 2), (Some(2), 5)] {
        let worker = worker(Script {
            bytes_per_token,
            ..parts.clone()
        })
        .await;
        let (text, receipt) = stream(&worker, Value::Null).await;
        let (chunks, _, _) = take_apart(&text);
        assert_eq!(chunks.last().unwrap()["usage"]["estimated"], true);
        assert_eq!(receipt.counters, [10, expected]);
    }
    let whole = json!({ "choices": [{ "message": { "content": "1234567890" } }] });
    for (bytes_per_token, expected) in [(None, 3), (Some(2), 5)] {
        let worker = worker(Script {
            bytes_per_token,
            ..pieces(&[whole.to_string()])
        })
        .await;
        let response = worker.post(&OPENAI.plain("hi")).send().await.unwrap();
        let answer: Value = response.json().await.unwrap();
        assert_eq!(answer["usage"]["estimated"], true);
        assert_eq!(answer["usage"]["completion_tokens"], expected);
        assert_eq!(worker.stored(1).unwrap().counters, [10, expected]);
    }
}

#[tokio::test]
async fn an_engine_that_does_not_stop_is_stopped() {
    let endless = (0..500).map(|_| said(&json!({ "content": "a" }), None));
    let worker = worker(pieces(&endless.collect::<Vec<_>>())).await;
    let mut body = OPENAI.stream("hi");
    body["max_tokens"] = 20.into();
    let text = worker
        .post(&body)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let (chunks, _, _) = take_apart(&text);
    assert!(chunks.len() < 120, "{} chunks", chunks.len());
    let receipt = worker.stored(1).unwrap();
    assert_eq!((receipt.counters, receipt.aborted), (vec![10, 20], true));
}
