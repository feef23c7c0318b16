//! What the official OpenAI clients feel: tools, errors, models.

mod common;

use common::ways::OPENAI;
use common::{chat, take_apart, Script, Setup};
use serde_json::{json, Value};

fn calling() -> Script {
    let piece = |call: Value| json!({ "tool_calls": [call] });
    Script {
        extras: vec![
            piece(json!({ "index": 0, "id": "a", "type": "function",
                          "function": { "name": "f", "arguments": "" } })),
            piece(json!({ "index": 0, "function": { "arguments": "{\"x\"" } })),
            piece(json!({ "index": 1, "id": "b", "type": "function",
                          "function": { "name": "g", "arguments": "{}" } })),
            piece(json!({ "index": 0, "function": { "arguments": ":1}" } })),
        ],
        ..Script::words(&["I ", "call"])
    }
}

#[tokio::test]
async fn pieces_of_calls_survive_a_stream() {
    let script = calling();
    let sent = script.extras.clone();
    let worker = Setup {
        script,
        ..Setup::default()
    }
    .start()
    .await;
    let response = worker.post(&OPENAI.stream("hi")).send().await.unwrap();
    let (chunks, _, _) = take_apart(&response.text().await.unwrap());
    let got: Vec<_> = chunks
        .iter()
        .map(|chunk| &chunk["choices"][0]["delta"]["tool_calls"])
        .filter(|calls| calls.is_array())
        .collect();
    let sent: Vec<_> = sent.iter().map(|extra| &extra["tool_calls"]).collect();
    assert_eq!(got, sent);
}

#[tokio::test]
async fn a_plain_answer_goes_through_byte_by_byte() {
    // Names in no order, numbers and blanks as nobody else would write them.
    let whole = concat!(
        "{\"object\" :\"chat.completion\",\"id\":\"x\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",",
        "\"content\":null,\"tool_calls\":[{\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]},",
        "\"logprobs\":{\"content\":[{\"logprob\":-0.10e1}]},\"finish_reason\":\"tool_calls\"}],",
        "\"usage\":{\"total_tokens\":16,\"prompt_tokens\":10,\"completion_tokens\":6,",
        "\"completion_tokens_details\":{\"reasoning_tokens\":2}}}\n",
    );
    let worker = Setup {
        script: Script::raw(vec![whole[..50].into(), whole[50..].into()]),
        ..Setup::default()
    }
    .start()
    .await;
    let response = worker.post(&chat("hi")).send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), whole);
    assert_eq!(worker.stored(1).unwrap().counters, [10, 6]);
}

/// The package tells errors apart by their status, and shows these fields.
#[tokio::test]
async fn errors_have_all_fields_of_the_package() {
    let worker = Setup::default().start().await;
    let no_key = worker
        .http
        .post(format!("{}/v1/chat/completions", worker.url));
    let mut other = chat("hi");
    other["model"] = "nowhere".into();
    let mut bad = chat("hi");
    bad["max_tokens"] = 0.into();
    let mut dear = chat("hi");
    dear["max_tokens"] = 100_000.into();
    let dear = worker.post(&dear).header("x-max-charge", "1");
    let cases = [
        (
            no_key.json(&chat("hi")),
            401,
            "authentication_error",
            Value::Null,
        ),
        (worker.post(&other), 404, "not_found_error", json!("model")),
        (
            worker.post(&bad),
            400,
            "invalid_request_error",
            json!("max_tokens"),
        ),
        (dear, 402, "payment_required", json!("x-max-charge")),
    ];
    for (request, status, kind, param) in cases {
        let (got, error) = worker.outcome(request).await;
        assert_eq!(
            (got, &error["type"], &error["param"]),
            (status, &json!(kind), &param),
            "{error}"
        );
        assert!(
            error["message"].is_string() && error["code"].is_string(),
            "{error}"
        );
    }
}

#[tokio::test]
async fn one_model_can_be_asked_for() {
    let worker = Setup::default().start().await;
    let get = |id: &str| worker.http.get(format!("{}/v1/models/{id}", worker.url));
    let model: Value = get("m").send().await.unwrap().json().await.unwrap();
    assert_eq!(
        (&model["id"], &model["object"]),
        (&json!("m"), &json!("model"))
    );
    for id in ["nowhere", "a/b", "a%2Fb", "%FF"] {
        worker.refuses(get(id), 404, "model_not_found").await;
    }
}
