//! Server-sent events (HTML standard, section 9.2.6) out of bytes as they come, whole and unchanged, and what
//! of OpenAI's chunks the agent has to know.
//!
//! Nearly every event goes on as it is: a search for a few names tells which ones must be read.

mod cutter;

use std::borrow::Cow;
use std::sync::LazyLock;

use bytes::Bytes;
use memchr::memmem::Finder;
use secret_ai_engine::EngineError;
use serde_json::Value;

pub use cutter::Cutter;

/// The data of an event; `None` if it has none, such as a comment.
pub fn data(event: &[u8]) -> Option<Cow<'_, [u8]>> {
    let mut data: Option<Cow<[u8]>> = None;
    for line in event.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let Some(value) = line.strip_prefix(b"data:") else {
            continue;
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match &mut data {
            None => data = Some(Cow::Borrowed(value)),
            Some(data) => {
                data.to_mut().push(b'\n');
                data.to_mut().extend_from_slice(value);
            }
        }
    }
    data
}

/// What an event is to the agent.
#[derive(Debug, PartialEq)]
pub enum Kind {
    /// A comment, which keeps a connection alive.
    Comment,
    /// A piece of the answer with something in it.
    Piece,
    /// The end.
    Done,
    /// A chunk that has to be looked into.
    Chunk(Value),
}

/// A member of an object, by its name in quotes. In the text of an answer the quotes are escaped, so that a
/// hit is a name, or a value that is read in vain.
struct Name(Finder<'static>);

impl Name {
    /// Whether one of the values with this name satisfies `is_meant`, which gets the bytes from the
    /// value on.
    fn any(&self, event: &[u8], is_meant: fn(&[u8]) -> bool) -> bool {
        let after = self.0.needle().len();
        let mut hits = self.0.find_iter(event);
        hits.any(|at| {
            let rest = event
                .get(at + after..)
                .unwrap_or_default()
                .trim_ascii_start();
            let value = rest.strip_prefix(b":").map(<[u8]>::trim_ascii_start);
            value.is_some_and(is_meant)
        })
    }
}

macro_rules! names {
    ($($name:ident = $text:literal;)*) => {
        $(static $name: LazyLock<Name> =
            LazyLock::new(|| Name(Finder::new(concat!("\"", $text, "\""))));)*
    };
}

names! {
    USAGE = "usage";
    FINISH = "finish_reason";
    ERROR = "error";
    ROLE = "role";
    CONTENT = "content";
}

/// Looks at an event.
///
/// # Errors
/// [`EngineError::Protocol`] for a chunk that has to be read and is no JSON object.
pub fn look(event: &[u8]) -> Result<Kind, EngineError> {
    let is_set = |value: &[u8]| !value.starts_with(b"null");
    let is_empty = |value: &[u8]| value.starts_with(b"\"\"") || value.starts_with(b"null");
    let must_read = USAGE.any(event, is_set)
        || FINISH.any(event, is_set)
        || ERROR.any(event, is_set)
        || ROLE.any(event, is_set)
        || CONTENT.any(event, is_empty);
    if !must_read && event.starts_with(b"data: {") {
        return Ok(Kind::Piece);
    }
    match data(event) {
        None => Ok(Kind::Comment),
        Some(data) if data.trim_ascii() == b"[DONE]" => Ok(Kind::Done),
        Some(data) => read(&data).map(Kind::Chunk),
    }
}

/// Reads the data of an event.
///
/// # Errors
/// As [`look`].
pub fn read(data: &[u8]) -> Result<Value, EngineError> {
    let chunk: Option<Value> = serde_json::from_slice(data).ok();
    chunk
        .filter(Value::is_object)
        .ok_or_else(|| EngineError::Protocol {
            reason: "not a chunk of a chat completion".into(),
        })
}

/// An event with this data.
pub fn event(data: &Value) -> Bytes {
    format!("data: {data}\n\n").into()
}

/// The choices of a chunk or of a plain answer.
pub fn choices(chunk: &Value) -> &[Value] {
    let choices = chunk.get("choices").and_then(Value::as_array);
    choices.map_or(&[], Vec::as_slice)
}

/// A choice's piece, or its whole message; a choice of text completions is its own piece.
pub fn piece(choice: &Value) -> &Value {
    let piece = choice.get("delta").or_else(|| choice.get("message"));
    piece.filter(|piece| piece.is_object()).unwrap_or(choice)
}

/// Whether a choice ends with this chunk.
pub fn is_last(choice: &Value) -> bool {
    choice
        .get("finish_reason")
        .is_some_and(|reason| !reason.is_null())
}

/// Everything that a piece says, in the fields that the servers use, onto the end of `text`.
pub fn append_text(text: &mut String, piece: &Value) {
    for name in [
        "content",
        "reasoning_content",
        "reasoning",
        "refusal",
        "text",
    ] {
        text.push_str(piece.get(name).and_then(Value::as_str).unwrap_or_default());
    }
    let calls = piece.get("tool_calls").and_then(Value::as_array);
    let calls = calls.into_iter().flatten().map(|call| &call["function"]);
    for function in calls.chain(piece.get("function_call")) {
        for name in ["name", "arguments"] {
            text.push_str(
                function
                    .get(name)
                    .and_then(Value::as_str)
                    .unwrap_or_default(),
            );
        }
    }
}

/// Whether a choice's piece shows that tokens were produced.
pub fn says_something(choice: &Value) -> bool {
    let is_said = |value: &Value| match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => true,
    };
    let about = ["role", "index", "finish_reason", "stop_reason", "logprobs"];
    let fields = piece(choice).as_object().into_iter().flatten();
    let mut said = fields.filter(|(name, _)| !about.contains(&name.as_str()));
    said.any(|(_, value)| is_said(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_chunks_that_matter_are_read() {
        let kind = |chunk: Value| look(&event(&chunk)).unwrap();
        let said = |delta: Value| json!({ "choices": [{ "index": 0, "delta": delta, "finish_reason": null }] });
        for piece in [
            said(json!({ "content": "Hi" })),
            said(json!({ "content": "the \"usage\": {} and \"finish_reason\":\"x\"" })),
            said(json!({ "tool_calls": [{ "function": { "arguments": "{\"error\":1}" } }] })),
        ] {
            assert_eq!(kind(piece.clone()), Kind::Piece, "{piece}");
        }
        for chunk in [
            said(json!({ "role": "assistant", "content": "" })),
            said(json!({ "content": null })),
            json!({ "choices": [{ "delta": {}, "finish_reason": "stop" }] }),
            json!({ "choices": [], "usage": { "prompt_tokens": 1 } }),
            json!({ "error": { "message": "x" } }),
        ] {
            assert_eq!(kind(chunk.clone()), Kind::Chunk(chunk));
        }
        assert_eq!(look(b": ping\n\n"), Ok(Kind::Comment));
        assert_eq!(look(b"data: [DONE]\r\n\r\n"), Ok(Kind::Done));
        assert!(look(b"data:{\"usage\" : null,\"choices\":[]}\n\n").is_ok());
        assert!(look(b"data: nonsense\n\n").is_err());
    }

    #[test]
    fn what_is_said_is_seen_in_every_field() {
        let said = |delta: Value| says_something(&json!({ "index": 0, "delta": delta }));
        assert!(!said(
            json!({ "role": "assistant", "content": "", "tool_calls": [] })
        ));
        assert!(said(json!({ "reasoning_content": "hm" })));
        assert!(says_something(
            &json!({ "index": 0, "text": "x", "finish_reason": null })
        ));
        assert!(!says_something(
            &json!({ "index": 0, "text": "", "logprobs": null })
        ));
        let mut text = String::new();
        let call = json!({ "content": "a", "tool_calls": [{ "function": { "name": "b", "arguments": "c" } }] });
        append_text(&mut text, &call);
        assert_eq!(text, "abc");
    }
}
