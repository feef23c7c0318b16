//! Answers in Ollama's words.

use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use serde_json::{json, Map, Value};

use crate::choice::{Choice, Delta};
use crate::error::ApiError;
use crate::events::{choices, data, read};
use crate::receipts::Proof;
use crate::words::{Event, Figures, Head, Words};

/// Which of the two routes answers.
#[derive(Clone, Copy, Debug)]
pub enum Route {
    Chat,
    Generate,
}

/// One answer.
pub struct OllamaWords {
    route: Route,
    /// The client wants its answer in pieces.
    stream: bool,
    /// Of a plain answer all there is so far; of a stream the calls of tools, which Ollama wants whole.
    waiting: Choice,
}

/// What one object says.
#[derive(Default)]
struct Said {
    text: String,
    thinking: String,
    calls: Vec<Value>,
}

impl OllamaWords {
    /// Words of an answer on this route, in pieces or not.
    pub fn new(route: Route, stream: bool) -> Self {
        OllamaWords {
            route,
            stream,
            waiting: Choice::default(),
        }
    }

    /// The first choice of an event; Ollama has no more.
    fn delta(event: Event) -> Option<Delta> {
        let chunk = event.chunk.or_else(|| read(&data(&event.raw)?).ok())?;
        choices(&chunk).first().map(Delta::read)
    }

    fn piece(&mut self, head: &Head, mut delta: Delta) -> Bytes {
        if !self.stream {
            self.waiting.add(delta);
            return Bytes::new();
        }
        if let Some(calls) = delta.extra.remove("tool_calls") {
            let extra = [("tool_calls".to_owned(), calls)].into_iter().collect();
            self.waiting.add(Delta {
                extra,
                ..Delta::default()
            });
        }
        let mut piece = Choice::default();
        piece.add(delta);
        let said = Said::from(piece);
        if said.text.is_empty() && said.thinking.is_empty() {
            return Bytes::new();
        }
        self.line(head, said).into()
    }

    fn object(&self, head: &Head, said: Said) -> Value {
        let created = UNIX_EPOCH.checked_add(Duration::from_secs(head.created));
        let created = humantime::format_rfc3339_seconds(created.unwrap_or(UNIX_EPOCH));
        let mut object = json!({
            "model": head.model,
            "created_at": created.to_string(),
            "done": false,
        });
        let mut message = Map::new();
        if !said.thinking.is_empty() {
            message.insert("thinking".into(), said.thinking.into());
        }
        if !said.calls.is_empty() {
            message.insert("tool_calls".into(), said.calls.into());
        }
        match self.route {
            Route::Chat => {
                message.insert("role".into(), "assistant".into());
                message.insert("content".into(), said.text.into());
                object["message"] = message.into();
            }
            Route::Generate => {
                object["response"] = said.text.into();
                for (name, value) in message {
                    object[name] = value;
                }
            }
        }
        object
    }

    fn line(&self, head: &Head, said: Said) -> String {
        format!("{}\n", self.object(head, said))
    }

    fn last(&self, head: &Head, said: Said, reason: Option<&str>, figures: &Figures) -> Value {
        let mut object = self.object(head, said);
        object["done"] = true.into();
        object["done_reason"] = match reason {
            // Ollama has no word of its own for an answer that ends in calls.
            None | Some("tool_calls" | "function_call") => "stop".into(),
            Some(reason) => reason.into(),
        };
        object["total_duration"] = nanoseconds(figures.total);
        object["load_duration"] = nanoseconds(figures.load);
        object["prompt_eval_count"] = figures.usage.prompt_tokens.into();
        object["prompt_eval_duration"] = nanoseconds(figures.prompt);
        object["eval_count"] = figures.usage.completion_tokens.into();
        object["eval_duration"] = nanoseconds(figures.output);
        object
    }
}

impl Words for OllamaWords {
    fn media_type(&self) -> &'static str {
        "application/x-ndjson"
    }

    fn event(&mut self, head: &Head, event: Event) -> Bytes {
        let delta = Self::delta(event);
        delta.map_or_else(Bytes::new, |delta| self.piece(head, delta))
    }

    fn end(
        &mut self,
        head: &Head,
        last: Option<Event>,
        error: Option<&ApiError>,
        figures: &Figures,
    ) -> Bytes {
        let last = last.and_then(Self::delta);
        let reason = last.as_ref().and_then(|delta| delta.finish_reason.clone());
        let mut end = Vec::new();
        if let Some(delta) = last {
            end.extend_from_slice(&self.piece(head, delta));
        }
        let said = Said::from(std::mem::take(&mut self.waiting));
        if !self.stream {
            let whole = self.last(head, said, reason.as_deref(), figures);
            return whole.to_string().into();
        }
        if !(said.calls.is_empty() && said.text.is_empty()) {
            end.extend_from_slice(self.line(head, said).as_bytes());
        }
        let object = match error {
            Some(error) => error.ollama_body(),
            None => self.last(head, Said::default(), reason.as_deref(), figures),
        };
        end.extend_from_slice(without_brace(&object).as_bytes());
        end.into()
    }

    fn proof(&self, proof: Option<&Proof>) -> Bytes {
        match proof {
            // In the headers.
            _ if !self.stream => Bytes::new(),
            Some(proof) => format!(",\"secret_ai\":{}}}\n", proof.to_json()).into(),
            None => Bytes::from_static(b"}\n"),
        }
    }

    fn failure(&self, error: &ApiError) -> Bytes {
        format!("{}\n", error.ollama_body()).into()
    }

    /// Engines are always asked for pieces, which come as events.
    fn whole(&self, answer: Bytes, _figures: &Figures) -> Bytes {
        answer
    }
}

/// An object that is not empty, open for one more field.
fn without_brace(object: &Value) -> String {
    let mut text = object.to_string();
    text.pop();
    text
}

pub(super) fn nanoseconds(duration: Duration) -> Value {
    u64::try_from(duration.as_nanos())
        .unwrap_or(u64::MAX)
        .into()
}

impl From<Choice> for Said {
    fn from(mut choice: Choice) -> Self {
        let extra = choice.take_extra();
        // Both names are in use among OpenAI-compatible servers.
        let thinking = ["reasoning_content", "reasoning"].map(|name| extra.get(name));
        let thinking = thinking.into_iter().flatten().find_map(Value::as_str);
        let mut said = Said {
            text: choice.text.unwrap_or_default(),
            thinking: thinking.unwrap_or_default().to_owned(),
            calls: Vec::new(),
        };
        let calls = extra.get("tool_calls").and_then(Value::as_array);
        for call in calls.into_iter().flatten() {
            match ollama_call(call, said.calls.len()) {
                Some(call) => said.calls.push(call),
                // A call that broke off, or is none: the client sees what the model said.
                None => said.text.push_str(&call.to_string()),
            }
        }
        said
    }
}

/// Ollama has the arguments as an object, OpenAI as its text.
fn ollama_call(call: &Value, index: usize) -> Option<Value> {
    let function = call.get("function")?;
    let name = function.get("name")?.as_str()?;
    let arguments = match function.get("arguments")?.as_str()? {
        "" => Map::new(),
        text => serde_json::from_str(text).ok()?,
    };
    let mut whole = json!({ "function": { "index": index, "name": name, "arguments": arguments } });
    if let Some(id) = call.get("id").filter(|id| id.is_string()) {
        whole["id"] = id.clone();
    }
    Some(whole)
}
