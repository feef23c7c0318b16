//! Ollama's API: answers in its words, with the same receipts and the same bill.

mod common;

use std::sync::Arc;

use common::ways::{Way, GENERATE, OLLAMA_CHAT};
use common::{session, Script, Setup, Worker, MODEL};
use secret_ai_receipts::Receipt;
use serde_json::{json, Value};
use tokio::sync::Semaphore;

const WAYS: [Way; 2] = [OLLAMA_CHAT, GENERATE];

fn header(response: &reqwest::Response, name: &str) -> String {
    response.headers()[name].to_str().unwrap().to_owned()
}

/// The text of an object of a stream, or of a whole answer.
fn text(object: &Value) -> &str {
    let text = object.pointer("/message/content");
    text.unwrap_or(&object["response"]).as_str().unwrap()
}

/// The lines of a stream; the last one's receipt is verified.
async fn stream(worker: &Worker, way: &Way, body: &Value) -> (Vec<Value>, Receipt) {
    let response = worker.send(way, body).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(header(&response, "content-type"), "application/x-ndjson");
    let whole = response.text().await.unwrap();
    let lines = whole
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    let lines: Vec<Value> = lines.collect();
    let (hashed, _) = whole.rsplit_once(",\"secret_ai\":").expect("a receipt");
    let proof = &lines.last().unwrap()["secret_ai"];
    let receipt = worker.verify(
        proof["receipt"].as_str().unwrap(),
        proof["evidence"].as_str().unwrap(),
        body.to_string().as_bytes(),
        hashed.as_bytes(),
    );
    (lines, receipt)
}

fn assert_figures(object: &Value) {
    let figure = |name: &str| {
        object[name]
            .as_u64()
            .unwrap_or_else(|| panic!("{name}: {object}"))
    };
    assert_eq!((figure("prompt_eval_count"), figure("eval_count")), (10, 2));
    let parts = ["load_duration", "prompt_eval_duration", "eval_duration"].map(figure);
    let total = figure("total_duration");
    assert!(total > 0 && parts.iter().sum::<u64>() <= total, "{object}");
    assert_eq!(object["done"], true);
    assert_eq!(object["done_reason"], "stop");
    assert_eq!(object["created_at"], "2027-01-15T08:00:00Z");
    assert_eq!(object["model"], MODEL);
}

#[tokio::test]
async fn a_plain_answer_carries_its_receipt() {
    for way in WAYS {
        let worker = Setup::default().start().await;
        let body = way.plain("hi");
        let response = worker.send(&way, &body).send().await.unwrap();
        assert_eq!(header(&response, "content-type"), "application/json");
        let receipt = header(&response, "x-secret-ai-receipt");
        let evidence = header(&response, "x-secret-ai-evidence");
        let bytes = response.bytes().await.unwrap();
        let answer: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(text(&answer), "Hello world");
        assert_figures(&answer);
        let sent = body.to_string();
        let receipt = worker.verify(&receipt, &evidence, sent.as_bytes(), &bytes);
        assert_eq!((receipt.seq, receipt.aborted), (1, false));
        assert_eq!(receipt.counters, [10, 2]);
        assert_eq!(worker.stored(1).unwrap(), receipt);
    }
}

#[tokio::test]
async fn streams_are_the_default_and_end_with_their_receipt() {
    for way in WAYS {
        let worker = Setup::default().start().await;
        let mut body = way.stream("hi");
        body.as_object_mut().unwrap().remove("stream");
        let (lines, receipt) = stream(&worker, &way, &body).await;
        let (last, pieces) = lines.split_last().unwrap();
        let said: String = pieces.iter().map(text).collect();
        assert_eq!(said, "Hello world");
        assert!(pieces.iter().all(|piece| piece["done"] == false));
        assert_eq!(text(last), "");
        assert_figures(last);
        assert_eq!((receipt.seq, receipt.aborted), (1, false));
        assert_eq!(receipt.counters, [10, 2]);
    }
}

/// A thought, a call in two pieces, and one that breaks off.
fn calling() -> Script {
    Script {
        extras: vec![
            json!({ "reasoning_content": "let me " }),
            json!({ "reasoning_content": "see" }),
            json!({ "tool_calls": [{ "index": 0, "id": "a", "type": "function",
                                     "function": { "name": "f", "arguments": "{\"x\"" } }] }),
            json!({ "tool_calls": [{ "index": 0, "function": { "arguments": ":1}" } }] }),
            json!({ "tool_calls": [{ "index": 1, "id": "b", "type": "function",
                                     "function": { "name": "g", "arguments": "{\"y\"" } }] }),
        ],
        ..Script::words(&[])
    }
}

#[tokio::test]
async fn calls_of_tools_come_whole_and_thoughts_apart() {
    let worker = Setup {
        script: calling(),
        ..Setup::default()
    }
    .start()
    .await;
    let call =
        json!([{ "id": "a", "function": { "index": 0, "name": "f", "arguments": { "x": 1 } } }]);
    let (lines, receipt) = stream(&worker, &OLLAMA_CHAT, &OLLAMA_CHAT.stream("hi")).await;
    let thought: String = lines
        .iter()
        .filter_map(|line| line["message"]["thinking"].as_str())
        .collect();
    assert_eq!(thought, "let me see");
    let called = &lines[lines.len() - 2];
    assert_eq!(
        (&called["message"]["tool_calls"], &called["done"]),
        (&call, &json!(false))
    );
    assert!(
        text(called).contains("{\\\"y\\\""),
        "what broke off is text: {called}"
    );
    assert_eq!(receipt.counters, [10, 5]);

    let plain = worker.send(&OLLAMA_CHAT, &OLLAMA_CHAT.plain("hi"));
    let answer: Value = plain.send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["message"]["tool_calls"], call);
    assert_eq!(answer["message"]["thinking"], "let me see");
}

#[tokio::test]
async fn a_client_that_goes_away_pays_for_what_was_produced() {
    for way in WAYS {
        let gate = Arc::new(Semaphore::new(2));
        let setup = Setup {
            script: Script {
                gate: Some(gate),
                ..Script::words(&["one", "two", "three", "four"])
            },
            ..Setup::default()
        };
        let worker = setup.start().await;
        let request = worker.send(&way, &way.stream("hi"));
        let mut stream = request.send().await.unwrap().bytes_stream();
        common::read_until(&mut stream, "two").await;
        drop(stream);
        worker.settled_down().await;
        let receipt = worker.stored(1).unwrap();
        assert_eq!((receipt.aborted, receipt.counters), (true, vec![10, 2]));
    }
}

#[tokio::test]
async fn a_stream_that_breaks_off_ends_with_the_error_and_its_receipt() {
    for way in WAYS {
        let setup = Setup {
            script: Script {
                fail_after: Some(2),
                ..Script::words(&["a", "b", "c"])
            },
            ..Setup::default()
        };
        let worker = setup.start().await;
        let (lines, receipt) = stream(&worker, &way, &way.stream("hi")).await;
        let last = lines.last().unwrap();
        assert!(last["error"].is_string(), "{last}");
        assert_eq!(last["code"], "engine_error");
        assert!(receipt.aborted);
        assert_eq!(receipt.counters, [10, 2]);
        // A plain answer that breaks off is not delivered, so it is not billed.
        let plain = worker.send(&way, &way.plain("hi"));
        worker.refuses(plain, 502, "engine_error").await;
        assert_eq!(worker.stored(1).unwrap().seq, 1);
    }
}

#[tokio::test]
async fn an_engine_that_fails_or_exaggerates_costs_no_more_than_it_gave() {
    for way in WAYS {
        let worker = Setup {
            script: Script {
                fail_after: Some(0),
                ..Script::words(&["a"])
            },
            sessions: vec![session(1, 30, 30, common::chat_lines())],
            ..Setup::default()
        }
        .start()
        .await;
        for body in [way.plain("hi"), way.stream("hi")] {
            worker
                .refuses(worker.send(&way, &body), 502, "engine_error")
                .await;
        }
        assert!(worker.stored(1).is_none());
        worker.engine.set(Script {
            claims: Some(1_000_000),
            ..Script::words(&["a"])
        });
        let mut body = way.plain("hi");
        way.limit(&mut body, 7);
        let answer = worker.send(&way, &body).send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        assert_eq!(answer["eval_count"], 7);
        assert_eq!(worker.stored(1).unwrap().counters, [10, 7]);
        // 17 of 30 are spent, 13 are left.
        way.limit(&mut body, 4);
        let error = worker
            .refuses(worker.send(&way, &body), 402, "cap_exceeded")
            .await;
        assert_eq!(
            (&error["needed"], &error["available"]),
            (&json!("14"), &json!("13"))
        );
        let error = worker.send(&way, &body).header("x-max-charge", "11");
        worker.refuses(error, 402, "max_charge_exceeded").await;
    }
}

#[tokio::test]
async fn without_usage_a_broken_stream_is_estimated() {
    for way in WAYS {
        let gate = Arc::new(Semaphore::new(2));
        let setup = Setup {
            script: Script {
                gate: Some(gate),
                silent: true,
                prompt_tokens: 500,
                ..Script::words(&["one", "two", "three"])
            },
            ..Setup::default()
        };
        let worker = setup.start().await;
        let request = worker.send(&way, &way.stream("four tokens here"));
        let mut stream = request.send().await.unwrap().bytes_stream();
        common::read_until(&mut stream, "two").await;
        drop(stream);
        worker.settled_down().await;
        assert_eq!(worker.stored(1).unwrap().counters, [12, 2]);
    }
}

#[tokio::test]
async fn the_catalog_is_public() {
    let worker = Setup::default().start().await;
    let get = |path: &str| worker.http.get(format!("{}{path}", worker.url));
    let json = |request: reqwest::RequestBuilder| async move {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        response.json::<Value>().await.unwrap()
    };
    let tags = json(get("/api/tags")).await;
    assert_eq!(
        (&tags["models"][0]["model"], &tags["models"][0]["name"]),
        (&json!(MODEL), &json!(MODEL))
    );
    let running = json(get("/api/ps")).await;
    assert_eq!(running["models"][0]["context_length"], 1_000);
    assert!(json(get("/api/version")).await["version"].is_string());
    let show = |body: Value| {
        worker
            .http
            .post(format!("{}/api/show", worker.url))
            .json(&body)
    };
    for name in ["model", "name"] {
        let shown = json(show(json!({ name: "m:latest" }))).await;
        assert_eq!(shown["model_info"]["secret-ai.context_length"], 1_000);
        assert_eq!(shown["capabilities"], json!(["completion"]));
    }
    let both = json(show(json!({ "model": "m", "name": "" }))).await;
    assert_eq!(both["capabilities"], json!(["completion"]));
    worker
        .refuses(show(json!({ "model": "x" })), 404, "model_not_found")
        .await;
    worker
        .refuses(show(json!({})), 400, "invalid_request")
        .await;
    let long = show(json!({ "model": "x".repeat(20_000) }));
    worker.refuses(long, 413, "body_too_large").await;
    worker
        .refuses(get("/api/show"), 405, "method_not_allowed")
        .await;
}

#[tokio::test]
async fn errors_are_texts_as_ollama_has_them() {
    let worker = Setup::default().start().await;
    for (path, status) in [
        ("/api/chat", 415),
        ("/api/pull", 501),
        ("/api/nothing", 404),
    ] {
        let request = worker.http.post(format!("{}{path}", worker.url));
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), status);
        let body: Value = response.json().await.unwrap();
        assert!(
            body["error"].is_string() && body["code"].is_string(),
            "{body}"
        );
    }
}
