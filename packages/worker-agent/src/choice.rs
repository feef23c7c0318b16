//! A whole answer, put together from its pieces.

use serde_json::{Map, Value};

use crate::events::piece;

/// A piece of one choice's answer, or all of it.
#[derive(Clone, Default)]
pub struct Delta {
    /// Text to append.
    pub text: Option<String>,
    /// Set on the last piece: `stop`, `length`, `tool_calls`, …
    pub finish_reason: Option<String>,
    /// Fields of the engine's `delta` (or `message`) that have no place above, such as `tool_calls`
    /// and `reasoning_content`.
    pub extra: Map<String, Value>,
}

impl Delta {
    /// Reads one of the choices of a chunk, or of a plain answer.
    pub fn read(choice: &Value) -> Self {
        let mut extra = piece(choice).as_object().cloned().unwrap_or_default();
        extra.remove("role");
        let text = extra.remove("content");
        extra.retain(|_, value| !value.is_null());
        let reason = choice.get("finish_reason").and_then(Value::as_str);
        Delta {
            text: text.and_then(|text| text.as_str().map(str::to_owned)),
            finish_reason: reason.map(str::to_owned),
            extra,
        }
    }
}

/// One of an answer's choices.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    pub text: Option<String>,
    pub finish_reason: Option<String>,
    extra: Map<String, Value>,
}

impl Choice {
    /// Adds a piece.
    pub fn add(&mut self, delta: Delta) {
        if let Some(text) = delta.text {
            self.text.get_or_insert_default().push_str(&text);
        }
        if delta.finish_reason.is_some() {
            self.finish_reason = delta.finish_reason;
        }
        for (name, value) in delta.extra {
            merge_field(&mut self.extra, name, value);
        }
    }

    /// The message's fields besides its text, such as `tool_calls`, as plain answers have them.
    pub fn take_extra(&mut self) -> Map<String, Value> {
        let mut extra = std::mem::take(&mut self.extra);
        if let Some(Value::Array(calls)) = extra.get_mut("tool_calls") {
            for call in calls.iter_mut().filter_map(Value::as_object_mut) {
                call.remove("index");
            }
        }
        extra
    }
}

/// Text goes on, calls are filled in; of everything else the newest counts.
fn merge_field(fields: &mut Map<String, Value>, name: String, value: Value) {
    match (name.as_str(), fields.get_mut(&name), value) {
        ("tool_calls", _, Value::Array(pieces)) => {
            let calls = fields.entry(name).or_insert_with(|| Value::Array(vec![]));
            if let Value::Array(calls) = calls {
                merge_calls(calls, pieces);
            }
        }
        ("function_call", Some(Value::Object(call)), Value::Object(piece)) => {
            merge_call(call, piece);
        }
        (_, Some(Value::String(text)), Value::String(more)) => text.push_str(&more),
        (_, _, Value::Null) => {}
        (_, _, value) => {
            fields.insert(name, value);
        }
    }
}

/// Each piece says by `index` which call it belongs to; without one, it is a call of its own.
fn merge_calls(calls: &mut Vec<Value>, pieces: Vec<Value>) {
    for piece in pieces {
        let Value::Object(piece) = piece else {
            continue;
        };
        let index = piece.get("index").filter(|index| index.is_u64());
        let is_same = |call: &&mut Value| index.is_some() && call.get("index") == index;
        match calls.iter_mut().find(is_same) {
            Some(Value::Object(call)) => merge_call(call, piece),
            _ => calls.push(Value::Object(piece)),
        }
    }
}

/// `arguments` go on; names and ids come once, though some servers repeat them.
fn merge_call(call: &mut Map<String, Value>, piece: Map<String, Value>) {
    for (name, value) in piece {
        match (name.as_str(), call.get_mut(&name), value) {
            ("function", Some(Value::Object(function)), Value::Object(piece)) => {
                merge_call(function, piece);
            }
            ("arguments", Some(Value::String(text)), Value::String(more)) => text.push_str(&more),
            (_, Some(_), Value::Null) => {}
            (_, Some(_), Value::String(text)) if text.is_empty() => {}
            (_, _, value) => {
                call.insert(name, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn whole(pieces: &[Value]) -> Map<String, Value> {
        let mut choice = Choice::default();
        for piece in pieces {
            let extra = piece.as_object().unwrap().clone();
            choice.add(Delta {
                extra,
                ..Delta::default()
            });
        }
        choice.take_extra()
    }

    #[test]
    fn calls_are_filled_in_by_their_index() {
        let merged = whole(&[
            json!({ "tool_calls": [{ "index": 0, "id": "a", "type": "function",
                                     "function": { "name": "f", "arguments": "" } }] }),
            json!({ "tool_calls": [{ "index": 0, "function": { "arguments": "{\"x\"" } }] }),
            json!({ "tool_calls": [{ "index": 1, "id": "b", "type": "function",
                                     "function": { "name": "g", "arguments": "{}" } }] }),
            json!({ "tool_calls": [{ "index": 0, "id": "", "function":
                                     { "name": null, "arguments": ":1}" } }] }),
        ]);
        let expected = json!({ "tool_calls": [
            { "id": "a", "type": "function", "function": { "name": "f", "arguments": "{\"x\":1}" } },
            { "id": "b", "type": "function", "function": { "name": "g", "arguments": "{}" } },
        ] });
        assert_eq!(Value::Object(merged), expected);
    }

    #[test]
    fn whole_calls_without_index_stand_side_by_side() {
        let calls = json!([{ "id": "a", "function": { "name": "f", "arguments": "{}" } },
                           { "id": "b", "function": { "name": "f", "arguments": "{}" } }]);
        let merged = whole(&[json!({ "tool_calls": calls })]);
        assert_eq!(merged["tool_calls"], calls);
    }

    #[test]
    fn reasoning_goes_on_and_other_fields_are_replaced() {
        let merged = whole(&[
            json!({ "reasoning_content": "one ", "audio": { "a": 1 } }),
            json!({ "reasoning_content": "two", "audio": { "b": 2 } }),
            json!({ "function_call": { "name": "f", "arguments": "{" } }),
            json!({ "function_call": { "arguments": "}" } }),
        ]);
        assert_eq!(merged["reasoning_content"], "one two");
        assert_eq!(merged["audio"], json!({ "b": 2 }));
        assert_eq!(
            merged["function_call"],
            json!({ "name": "f", "arguments": "{}" })
        );
    }
}
