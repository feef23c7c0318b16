//! The upstream engine against a mock server on loopback that answers with prepared bytes.

mod common;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::mock::{Mock, Reply};
use common::{collect, text_of};
use secret_ai_engine::upstream::{UpstreamConfig, UpstreamEngine};
use secret_ai_engine::{
    CancellationToken, ChatEvent, ChatRequest, ChatStream, Engine, EngineError, Usage,
};
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
const USAGE: Usage = Usage {
    prompt_tokens: 11,
    cached_tokens: 8,
    completion_tokens: 5,
};

fn engine(mock: &Mock) -> UpstreamEngine {
    let mut config = UpstreamConfig::new(mock.base_url());
    config.api_key = Some("k3y".into());
    config.idle_timeout = Duration::from_secs(20);
    config.max_event_bytes = 4_096;
    config.max_body_bytes = 8_192;
    UpstreamEngine::new(config).unwrap()
}

fn request(stream: bool) -> ChatRequest {
    ChatRequest {
        stream: Some(stream),
        ..ChatRequest::from_user("m", "hello")
    }
}

async fn start(mock: &Mock, stream: bool) -> Result<ChatStream, EngineError> {
    engine(mock)
        .chat(request(stream), CancellationToken::new())
        .await
}

fn ends(events: &[Result<ChatEvent, EngineError>]) -> [Result<ChatEvent, EngineError>; 2] {
    let [.., usage, end] = events else {
        panic!("only {} events", events.len())
    };
    [usage.clone(), end.clone()]
}

#[tokio::test]
async fn a_stream_becomes_deltas_usage_and_done() {
    let mock = Mock::start(Reply::Chunks(vec![STREAM.into()])).await;
    let events = collect(start(&mock, true).await.unwrap()).await;
    assert_eq!(text_of(&events), "Grüße an alle");
    assert_eq!(
        ends(&events),
        [Ok(ChatEvent::Usage(USAGE)), Ok(ChatEvent::Done)]
    );
    let finish: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Ok(ChatEvent::Delta(delta)) => delta.finish_reason.clone(),
            _ => None,
        })
        .collect();
    assert_eq!(finish, ["stop"]);
}

#[tokio::test]
async fn chunks_cut_anywhere_give_the_same_events() {
    let whole = Mock::start(Reply::Chunks(vec![STREAM.into()])).await;
    let expected = collect(start(&whole, true).await.unwrap()).await;
    for size in [1, 7, 64] {
        let chunks = STREAM.as_bytes().chunks(size).map(<[u8]>::to_vec).collect();
        let mock = Mock::start(Reply::Chunks(chunks)).await;
        assert_eq!(
            collect(start(&mock, true).await.unwrap()).await,
            expected,
            "size {size}"
        );
    }
}

#[tokio::test]
async fn usage_is_asked_for_and_unknown_fields_go_through() {
    let mock = Mock::start(Reply::Chunks(vec![STREAM.into()])).await;
    let body = json!({
        "model": "m",
        "messages": [{"role": "user", "content": "hi", "name": "ann"}],
        "stream": true,
        "stream_options": {"include_usage": false, "continuous_usage_stats": true},
        "max_tokens": 90, "max_completion_tokens": 70,
        "min_p": 0.1,
    });
    let request = ChatRequest::from_json(body.to_string().as_bytes()).unwrap();
    let stream = engine(&mock)
        .chat(request, CancellationToken::new())
        .await
        .unwrap();
    collect(stream).await;
    let (authorization, sent) = mock.seen();
    assert_eq!(authorization.as_deref(), Some("Bearer k3y"));
    let options = json!({"include_usage": true, "continuous_usage_stats": true});
    assert_eq!(sent["stream_options"], options);
    assert_eq!(sent["max_tokens"], 70);
    assert_eq!(sent.get("max_completion_tokens"), None);
    assert_eq!(sent["min_p"], 0.1);
    assert_eq!(sent["messages"][0]["name"], "ann");
}

#[tokio::test]
async fn a_plain_answer_has_one_delta_per_choice() {
    let body = json!({
        "id": "x", "object": "chat.completion",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": "one"}, "finish_reason": "stop"},
            {"index": 1, "message": {"role": "assistant", "content": null,
                "tool_calls": [{"id": "t"}]}, "finish_reason": "tool_calls"},
        ],
        "usage": {"prompt_tokens": 11, "completion_tokens": 5,
            "prompt_tokens_details": {"cached_tokens": 8}},
    });
    let mock = Mock::start(Reply::Chunks(vec![body.to_string().into()])).await;
    let events = collect(start(&mock, false).await.unwrap()).await;
    assert_eq!(events.len(), 4);
    let Ok(ChatEvent::Delta(second)) = &events[1] else {
        panic!("no delta")
    };
    assert_eq!((second.index, second.text.as_deref()), (1, None));
    assert_eq!(second.extra["tool_calls"], json!([{"id": "t"}]));
    assert_eq!(
        ends(&events),
        [Ok(ChatEvent::Usage(USAGE)), Ok(ChatEvent::Done)]
    );
    let (_, sent) = mock.seen();
    assert_eq!(
        (&sent["stream"], sent.get("stream_options")),
        (&json!(false), None)
    );
}

#[tokio::test]
async fn missing_usage_is_flagged_with_the_number_of_deltas() {
    let without: String = STREAM
        .split_inclusive("\n\n")
        .filter(|event| !event.contains("prompt_tokens"))
        .collect();
    let mock = Mock::start(Reply::Chunks(vec![without.into()])).await;
    let events = collect(start(&mock, true).await.unwrap()).await;
    let flagged = ChatEvent::UsageMissing { deltas: 2 };
    assert_eq!(ends(&events), [Ok(flagged), Ok(ChatEvent::Done)]);
}

#[tokio::test]
async fn absurd_usage_is_refused() {
    for usage in [
        json!({"prompt_tokens": 5, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 6}}),
        json!({"prompt_tokens": -5, "completion_tokens": 1}),
        json!({"prompt_tokens": 5, "completion_tokens": 1.5}),
        json!({"prompt_tokens": "5", "completion_tokens": 1}),
    ] {
        let chunk = json!({"choices": [{"index": 0, "delta": {"content": "x"}}], "usage": usage});
        let mock = Mock::start(Reply::Chunks(vec![format!("data: {chunk}\n\n").into()])).await;
        let events = collect(start(&mock, true).await.unwrap()).await;
        let [Ok(ChatEvent::UsageMissing { deltas: 0 }), Err(EngineError::Protocol { .. })] =
            ends(&events)
        else {
            panic!("{usage} was taken: {events:?}");
        };
    }
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
async fn a_server_that_breaks_off_ends_the_stream_with_an_error_after_the_count() {
    let first: String = STREAM.split_inclusive("\n\n").take(3).collect();
    let mock = Mock::start(Reply::Break(vec![first.into()])).await;
    let events = collect(start(&mock, true).await.unwrap()).await;
    assert_eq!(text_of(&events), "Grüße ");
    let flagged = ChatEvent::UsageMissing { deltas: 1 };
    assert_eq!(ends(&events), [Ok(flagged), Err(EngineError::Disconnected)]);
}

#[tokio::test]
async fn an_error_event_in_the_middle_ends_the_stream() {
    let chunks = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}}]}\n\ndata: {\"error\":{\"message\":\"boom\"}}\n\n";
    let mock = Mock::start(Reply::Chunks(vec![chunks.into()])).await;
    let events = collect(start(&mock, true).await.unwrap()).await;
    let [Ok(ChatEvent::UsageMissing { deltas: 1 }), Err(EngineError::Protocol { .. })] =
        ends(&events)
    else {
        panic!("{events:?}");
    };
}

#[tokio::test]
async fn a_huge_line_or_body_is_bounded() {
    let line = format!("data: {}", "x".repeat(5_000));
    let mock = Mock::start(Reply::Stay(vec![line.into()])).await;
    let events = collect(start(&mock, true).await.unwrap()).await;
    let error = EngineError::TooLarge {
        what: "an event",
        limit: 4_096,
    };
    assert_eq!(ends(&events)[1], Err(error));

    let mock = Mock::start(Reply::Stay(vec!["x".repeat(9_000).into()])).await;
    let error = start(&mock, false).await.err().unwrap();
    assert_eq!(
        error,
        EngineError::TooLarge {
            what: "a body",
            limit: 8_192
        }
    );
}

#[tokio::test]
async fn cancelling_closes_the_connection_and_ends_the_stream_in_order() {
    let first: String = STREAM.split_inclusive("\n\n").take(3).collect();
    let mock = Mock::start(Reply::Stay(vec![first.into()])).await;
    let cancel = CancellationToken::new();
    let stream = engine(&mock)
        .chat(request(true), cancel.clone())
        .await
        .unwrap();
    let trigger = Arc::new(Mutex::new(Some(cancel)));
    let events = common::collect_with(stream, |event| {
        if matches!(event, Ok(ChatEvent::Delta(delta)) if delta.text.is_some()) {
            trigger.lock().unwrap().take().unwrap().cancel();
        }
    })
    .await;
    let flagged = ChatEvent::UsageMissing { deltas: 1 };
    assert_eq!(ends(&events), [Ok(flagged), Ok(ChatEvent::Done)]);
    mock.wait_closed().await;
}

#[tokio::test]
async fn dropping_the_stream_closes_the_connection() {
    let mock = Mock::start(Reply::Stay(vec![STREAM[..40].into()])).await;
    let stream = start(&mock, true).await.unwrap();
    drop(stream);
    mock.wait_closed().await;
}

#[tokio::test]
async fn a_silent_server_times_out() {
    let mock = Mock::start(Reply::Stay(vec![STREAM[..40].into()])).await;
    let mut config = UpstreamConfig::new(mock.base_url());
    config.idle_timeout = Duration::from_millis(50);
    let engine = UpstreamEngine::new(config).unwrap();
    let events = match engine.chat(request(true), CancellationToken::new()).await {
        Ok(stream) => collect(stream).await,
        Err(error) => vec![Err(error)],
    };
    assert_eq!(
        events.last(),
        Some(&Err(EngineError::Timeout { seconds: 0 }))
    );
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
async fn the_prompt_bound_is_above_its_bytes_and_refuses_pictures() {
    let mock = Mock::start(Reply::Chunks(Vec::new())).await;
    let engine = engine(&mock);
    let text = "\u{1F600}".repeat(100);
    let bound = engine
        .count_prompt(&ChatRequest::from_user("m", text.clone()))
        .await
        .unwrap();
    assert!(
        bound >= text.len() as u64 && bound <= text.len() as u64 + 400,
        "{bound}"
    );
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
