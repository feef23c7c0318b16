//! What engines are asked for when a client asks in Ollama's words.

mod common;

use common::ways::{Way, GENERATE, OLLAMA_CHAT};
use common::{Setup, MODEL};
use secret_ai_engine::ChatRequest;
use serde_json::{json, Value};

/// What the engine is asked for.
async fn translated(way: &Way, body: &Value) -> ChatRequest {
    let worker = Setup::default().start().await;
    let response = worker.send(way, body).send().await.unwrap();
    assert_eq!(response.status(), 200, "{:?}", response.text().await);
    let request = worker.engine.request.lock().unwrap().take();
    request.unwrap()
}

#[tokio::test]
async fn options_become_what_engines_know() {
    for way in [OLLAMA_CHAT, GENERATE] {
        let mut body = way.plain("hi");
        body["model"] = "m:latest".into();
        body["format"] = "json".into();
        body["think"] = false.into();
        body["keep_alive"] = "5m".into();
        body["options"] = json!({
            "num_predict": 20, "temperature": 0.5, "top_p": 0.9, "seed": 7, "stop": ["x"],
            "top_k": 40, "min_p": 0.1, "repeat_penalty": 1.1, "presence_penalty": 0.2,
            "frequency_penalty": 0.3, "num_ctx": 4096, "mirostat": 0, "num_thread": 8,
        });
        let request = serde_json::to_value(translated(&way, &body).await).unwrap();
        let expected = json!({
            "model": "m",
            "messages": [{ "role": "user", "content": "hi" }],
            "max_tokens": 20, "temperature": 0.5, "top_p": 0.9, "seed": 7, "stop": ["x"],
            "top_k": 40, "min_p": 0.1, "repetition_penalty": 1.1, "presence_penalty": 0.2,
            "frequency_penalty": 0.3, "stream": true, "stream_options": { "include_usage": true },
            "response_format": { "type": "json_object" },
            "chat_template_kwargs": { "enable_thinking": false },
        });
        assert_eq!(request, expected);
    }
}

#[tokio::test]
async fn what_is_empty_or_without_a_limit_is_left_out() {
    let mut body = GENERATE.plain("hi");
    for (name, value) in [
        ("suffix", json!("")),
        ("template", json!("")),
        ("context", json!([])),
        ("images", json!([])),
        ("raw", json!(false)),
        ("format", json!("")),
        ("think", json!("high")),
        (
            "options",
            json!({ "num_predict": -1, "stop": [], "top_k": 0 }),
        ),
        ("system", json!("be brief")),
    ] {
        body[name] = value;
    }
    let mut request = translated(&GENERATE, &body).await;
    assert!(request.max_tokens > Some(20), "as much as can be paid");
    request.max_tokens = None;
    let expected = json!({
        "model": "m",
        "messages": [{ "role": "system", "content": "be brief" }, { "role": "user", "content": "hi" }],
        "stream": true,
        "stream_options": { "include_usage": true },
        "reasoning_effort": "high",
    });
    assert_eq!(serde_json::to_value(request).unwrap(), expected);
}

#[tokio::test]
async fn tools_and_their_answers_get_ids() {
    let tools = json!([{ "type": "function", "function": { "name": "f" } }]);
    let schema = json!({ "type": "object" });
    let call = |name: &str| json!({ "function": { "name": name, "arguments": { "x": 1 } } });
    let with_id = json!({ "id": "mine", "type": "function",
                          "function": { "name": "f", "arguments": { "x": 1 } } });
    let body = json!({ "model": MODEL, "stream": false, "tools": tools, "format": schema, "messages": [
        { "role": "User", "content": "go", "images": [] },
        { "role": "assistant", "content": "", "thinking": "hm", "tool_calls": [call("f"), call("g"), with_id] },
        { "role": "tool", "content": "2", "tool_name": "g" },
        { "role": "tool", "content": "3", "tool_call_id": "mine" },
        { "role": "tool", "content": "1" },
    ] });
    let request = translated(&OLLAMA_CHAT, &body).await;
    assert_eq!(request.extra["tools"], tools);
    let format = &request.extra["response_format"];
    assert_eq!(
        (&format["type"], &format["json_schema"]["schema"]),
        (&json!("json_schema"), &schema)
    );
    let messages = serde_json::to_value(&request.messages).unwrap();
    let made = |id: &str, name: &str| json!({ "id": id, "type": "function", "function": { "name": name, "arguments": "{\"x\":1}" } });
    let expected = json!([
        { "role": "user", "content": "go" },
        { "role": "assistant", "content": "", "reasoning_content": "hm",
          "tool_calls": [made("call_0", "f"), made("call_1", "g"), made("mine", "f")] },
        { "role": "tool", "content": "2", "tool_call_id": "call_1" },
        { "role": "tool", "content": "3", "tool_call_id": "mine" },
        { "role": "tool", "content": "1", "tool_call_id": "call_0" },
    ]);
    assert_eq!(messages, expected);
}
