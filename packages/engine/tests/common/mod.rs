//! What the tests of both engines share.
#![allow(dead_code, reason = "each test file uses its part")]

pub mod mock;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use secret_ai_engine::{ByteStream, Call, ChatRequest, Endpoint, EngineError};
use serde_json::Value;

/// A chat request as an engine gets it.
pub fn call(request: ChatRequest, max_tokens: Option<u64>) -> Call {
    Call {
        endpoint: Endpoint::ChatCompletions,
        model: request.model.clone(),
        content_type: "application/json".into(),
        stream: request.is_stream(),
        body: request.into_body(max_tokens).unwrap(),
        trace: None,
    }
}

/// All bytes of a body, and the error it ends with, if any.
pub async fn collect(mut body: ByteStream) -> (Bytes, Option<EngineError>) {
    let mut bytes = BytesMut::new();
    while let Some(item) = body.next().await {
        match item {
            Ok(more) => bytes.extend_from_slice(&more),
            Err(error) => {
                assert!(body.next().await.is_none(), "nothing follows an error");
                return (bytes.freeze(), Some(error));
            }
        }
    }
    (bytes.freeze(), None)
}

/// The chunks of a streamed answer, which ends with `[DONE]`.
pub fn chunks(bytes: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(bytes).unwrap();
    let events = text.strip_suffix("data: [DONE]\n\n").expect("[DONE]");
    let events = events.split_terminator("\n\n");
    let data = events.map(|event| event.strip_prefix("data: ").unwrap());
    data.map(|data| serde_json::from_str(data).unwrap())
        .collect()
}

/// The text of each piece that has some.
pub fn texts(chunks: &[Value]) -> Vec<&str> {
    let texts = chunks
        .iter()
        .map(|chunk| &chunk["choices"][0]["delta"]["content"]);
    texts
        .filter_map(Value::as_str)
        .filter(|text| !text.is_empty())
        .collect()
}
