//! Requests: what is taken, what is refused and how.

use secret_ai_engine::{ChatRequest, EngineError};
use serde_json::{json, Value};

fn parse(body: &Value) -> Result<ChatRequest, EngineError> {
    ChatRequest::from_json(body.to_string().as_bytes())
}

fn with(field: &str, value: Value) -> Value {
    let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]});
    body[field] = value;
    body
}

#[test]
fn every_field_comes_back_as_it_was() {
    let body = json!({
        "model": "m",
        "messages": [
            {"role": "system", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
            {"role": "user", "content": "hi", "name": "ann"},
        ],
        "max_tokens": 5, "temperature": 0.5, "top_p": 0.25, "seed": -3, "stop": ["x", "y"], "n": 2,
        "stream": true, "user": "u", "tools": [{"type": "function"}],
    });
    let request = parse(&body).unwrap();
    assert_eq!(request.messages[0].text().unwrap(), "ab");
    assert_eq!(request.extra["user"], "u");
    assert_eq!(request.stops(), ["x", "y"]);
    assert_eq!(serde_json::to_value(&request).unwrap(), body);
}

#[test]
fn the_smaller_output_limit_counts() {
    assert_eq!(
        parse(&with("max_tokens", json!(9))).unwrap().output_limit(),
        Some(9)
    );
    let mut both = with("max_tokens", json!(9));
    both["max_completion_tokens"] = json!(4);
    assert_eq!(parse(&both).unwrap().output_limit(), Some(4));
    assert_eq!(
        parse(&with("stream", json!(null))).unwrap().output_limit(),
        None
    );
}

#[test]
fn fields_outside_their_limits_are_named() {
    let long = "x".repeat(1_025);
    for (field, value) in [
        ("model", json!("")),
        ("messages", json!([])),
        ("messages.role", json!([{"role": "", "content": "x"}])),
        ("messages.content", json!([{"role": "user", "content": 5}])),
        ("max_tokens", json!(0)),
        ("max_completion_tokens", json!(0)),
        ("temperature", json!(2.1)),
        ("temperature", json!(-0.1)),
        ("top_p", json!(0)),
        ("top_p", json!(1.01)),
        ("n", json!(0)),
        ("stop", json!([""])),
        ("stop", json!([long])),
        ("stop", json!(vec!["x"; 17])),
    ] {
        let key = field.split('.').next().unwrap();
        match parse(&with(key, value)) {
            Err(EngineError::BadRequest { field: named, .. }) => assert_eq!(named, field),
            other => panic!("{field}: {other:?}"),
        }
    }
}

#[test]
fn wrong_types_and_broken_json_are_refused_without_a_quote() {
    for body in [
        with("max_tokens", json!(-1)),
        with("max_tokens", json!(1.5)),
        with("model", json!(7)),
        with("messages", json!("canary")),
        with("stream", json!("canary")),
        json!(["canary"]),
    ] {
        let error = parse(&body).unwrap_err();
        assert!(
            matches!(error, EngineError::BadRequest { field: "body", .. }),
            "{error}"
        );
        assert!(!error.to_string().contains("canary"));
    }
    assert!(ChatRequest::from_json(b"{\"model\": \"canary").is_err());
}

#[test]
fn debug_shows_no_content() {
    let mut request = parse(&with("stop", json!("canary"))).unwrap();
    request.messages[0].content = json!("canary");
    let shown = format!("{request:?} {:?} {:?}", request.messages, request.stop);
    assert!(!shown.contains("canary"), "{shown}");
}
