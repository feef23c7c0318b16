//! The upstream engine against a mock server on loopback that answers with prepared bytes.

mod common;

use std::time::Duration;

use bytes::Bytes;
use common::mock::{Mock, Reply};
use common::{call, collect};
use futures_util::StreamExt;
use secret_ai_engine::upstream::{UpstreamConfig, UpstreamEngine};
use secret_ai_engine::{self as engine, ChatRequest, Endpoint, Engine, EngineError};
use serde_json::{json, Value};

const STREAM: &str = concat!(
    "data: {\"id\":\"x\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n",
    ": keep alive\n\n",
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Grüße \"},\"finish_reason\":null}],\"usage\":null}\n\n",
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"an alle\"},\"finish_reason\":null}]}\r\n\r\n",
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":5,\"total_tokens\":16,",
    "\"prompt_tokens_details\":{\"cached_tokens\":8}}}\n\n",
    "data: [DONE]\n\n",
);
fn engine(mock: &Mock) -> UpstreamEngine {
    let mut config = UpstreamConfig::new(mock.base_url());
    config.api_key = Some("k3y".into());
    config.idle_timeout = Duration::from_secs(20);
    config.max_body_bytes = 8_192;
    UpstreamEngine::new(config).unwrap()
}

fn request(stream: bool) -> ChatRequest {
    ChatRequest {
        stream: Some(stream),
        ..ChatRequest::from_user("m", "hello")
    }
}

async fn start(mock: &Mock, stream: bool) -> Result<engine::Reply, EngineError> {
    engine(mock).call(call(request(stream), None)).await
}

#[tokio::test]
async fn bytes_come_as_they_were_sent() {
    for size in [1, 7, 64, STREAM.len()] {
        let chunks = STREAM.as_bytes().chunks(size).map(<[u8]>::to_vec).collect();
        let mock = Mock::start(Reply::Chunks(chunks)).await;
        let reply = start(&mock, true).await.unwrap();
        assert_eq!(reply.content_type, "text/event-stream");
        let (bytes, end) = collect(reply.body).await;
        assert_eq!(
            (bytes, end),
            (Bytes::from_static(STREAM.as_bytes()), None),
            "size {size}"
        );
    }
}

#[tokio::test]
async fn a_call_goes_to_its_route_as_it_is() {
    for (endpoint, path) in [
        (Endpoint::ChatCompletions, "/v1/chat/completions"),
        (Endpoint::Completions, "/v1/completions"),
        (Endpoint::Embeddings, "/v1/embeddings"),
        (Endpoint::Speech, "/v1/audio/speech"),
        (Endpoint::Images, "/v1/images/generations"),
    ] {
        let mock = Mock::start(Reply::Chunks(vec![b"{}".to_vec()])).await;
        let body = json!({ "model": "m", "anything": [1.50, null] }).to_string();
        let call = engine::Call {
            endpoint,
            model: "m".into(),
            content_type: "application/json".into(),
            body: body.clone().into(),
            stream: false,
            trace: Some(engine::TraceParent {
                trace_id: 0x4bf92f3577b34da6a3ce929d0e0e4736,
                span_id: 0x00f067aa0ba902b7,
                sampled: true,
            }),
        };
        collect(engine(&mock).call(call).await.unwrap().body).await;
        let seen = mock.seen();
        assert_eq!((seen.path.as_str(), seen.body), (path, body));
        assert_eq!(seen.authorization.as_deref(), Some("Bearer k3y"));
        assert_eq!(seen.content_type.as_deref(), Some("application/json"));
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(seen.traceparent.as_deref(), Some(parent));
    }
}

#[tokio::test]
async fn usage_is_asked_for_and_unknown_fields_go_through() {
    let body = json!({
        "model": "m",
        "messages": [{"role": "user", "content": "hi", "name": "ann"}],
        "stream": true,
        "stream_options": {"include_usage": false, "continuous_usage_stats": true},
        "max_tokens": 90, "max_completion_tokens": 70,
        "min_p": 0.1,
    });
    let sent = |stream: bool, limit: Option<u64>| -> Value {
        let mut request = ChatRequest::from_json(body.to_string().as_bytes()).unwrap();
        request.stream = stream.then_some(true);
        serde_json::from_slice(&request.into_body(limit).unwrap()).unwrap()
    };
    let stream = sent(true, Some(70));
    assert_eq!(stream["stream_options"], json!({"include_usage": true}));
    assert_eq!(stream["max_tokens"], 70);
    assert_eq!(stream.get("max_completion_tokens"), None);
    assert_eq!(stream["min_p"], 0.1);
    assert_eq!(stream["messages"][0]["name"], "ann");
    let plain = sent(false, None);
    assert_eq!(plain["stream"], false);
    assert_eq!(
        (plain.get("stream_options"), plain.get("max_tokens")),
        (None, None)
    );
}

#[tokio::test]
async fn a_compressed_body_is_refused() {
    let mock = Mock::start(Reply::Coded("gzip")).await;
    let error = start(&mock, false).await.err().unwrap();
    assert!(matches!(error, EngineError::Protocol { .. }), "{error}");
}

#[tokio::test]
async fn an_http_error_keeps_its_message_out_of_debug_and_display() {
    let body = json!({"error": {"message": "canary-prompt is too long", "code": 400}}).to_string();
    let mock = Mock::start(Reply::Status(400, body)).await;
    let error = start(&mock, true).await.err().unwrap();
    assert!(!format!("{error} {error:?}").contains("canary"));
    assert_eq!(error.http_status(), 400);
    let EngineError::Status { status, message } = error else {
        panic!("{error}")
    };
    assert_eq!(
        (status, message.reveal()),
        (400, "canary-prompt is too long")
    );

    let mock = Mock::start(Reply::Status(401, "not json".into())).await;
    let error = start(&mock, false).await.err().unwrap();
    assert_eq!(error.http_status(), 502);
}

#[tokio::test]
async fn a_server_that_breaks_off_ends_the_body_with_an_error() {
    let mock = Mock::start(Reply::Break(vec![STREAM[..40].into()])).await;
    let (bytes, end) = collect(start(&mock, true).await.unwrap().body).await;
    assert_eq!(bytes, STREAM[..40]);
    assert_eq!(end, Some(EngineError::Disconnected));
}

#[tokio::test]
async fn dropping_the_body_closes_the_connection() {
    let mock = Mock::start(Reply::Stay(vec![STREAM[..40].into()])).await;
    let mut reply = start(&mock, true).await.unwrap();
    reply.body.next().await.unwrap().unwrap();
    drop(reply);
    mock.wait_closed().await;
}

#[tokio::test]
async fn a_silent_server_times_out() {
    let mock = Mock::start(Reply::Stay(vec![STREAM[..40].into()])).await;
    let mut config = UpstreamConfig::new(mock.base_url());
    config.idle_timeout = Duration::from_millis(50);
    let engine = UpstreamEngine::new(config).unwrap();
    let end = match engine.call(call(request(true), None)).await {
        Ok(reply) => collect(reply.body).await.1,
        Err(error) => Some(error),
    };
    assert_eq!(end, Some(EngineError::Timeout { seconds: 0 }));
    mock.wait_closed().await;
}

#[tokio::test]
async fn no_server_is_a_connect_error_without_the_address() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let config = UpstreamConfig::new(format!("http://{address}/v1"));
    let error = UpstreamEngine::new(config)
        .unwrap()
        .models()
        .await
        .unwrap_err();
    assert_eq!(
        error,
        EngineError::Connect {
            reason: "refused or unreachable".into()
        }
    );
    assert_eq!(error.http_status(), 502);
    assert!(UpstreamEngine::new(UpstreamConfig::new("ftp://x/v1")).is_err());
}

#[tokio::test]
async fn models_come_with_their_context() {
    let body = json!({"object": "list", "data": [{"id": "a", "max_model_len": 4096}, {"id": "b"}]});
    let mock = Mock::start(Reply::Chunks(vec![body.to_string().into()])).await;
    let models = engine(&mock).models().await.unwrap();
    let pairs: Vec<_> = models
        .iter()
        .map(|m| (m.id.as_str(), m.context_length))
        .collect();
    assert_eq!(pairs, [("a", 4_096), ("b", 8_192)]);
}

#[tokio::test]
async fn a_huge_list_is_bounded() {
    let mock = Mock::start(Reply::Stay(vec![vec![b'x'; 9_000]])).await;
    let limit = 8_192;
    let error = engine(&mock).models().await.unwrap_err();
    assert_eq!(
        error,
        EngineError::TooLarge {
            what: "a body",
            limit
        }
    );
}

#[tokio::test]
async fn the_prompt_bound_is_above_its_bytes_and_refuses_pictures() {
    let mock = Mock::start(Reply::Chunks(Vec::new())).await;
    let engine = engine(&mock);
    let text = "\u{1F600}".repeat(100);
    let bound = engine
        .count_prompt(&ChatRequest::from_user("m", text.clone()))
        .await
        .unwrap();
    let bytes = text.len() as u64;
    assert!(!bound.exact && (bytes..=bytes + 400).contains(&bound.count));
    assert_eq!(engine.count_text("m", "hello"), None);
    let mut picture = ChatRequest::from_user("m", "");
    picture.messages[0].content = Value::Array(vec![
        json!({"type": "image_url", "image_url": {"url": "http://x"}}),
    ]);
    let error = engine.count_prompt(&picture).await.unwrap_err();
    assert!(matches!(
        error,
        EngineError::BadRequest {
            field: "messages.content",
            ..
        }
    ));
}
