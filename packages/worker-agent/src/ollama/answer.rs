//! Answers in Ollama's words.

use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use secret_ai_engine::Delta;
use serde_json::{json, Map, Value};

use crate::choice::Choice;
use crate::error::ApiError;
use crate::receipts::Proof;
use crate::words::{Figures, Head, Words};

/// Which of the two routes answers.
#[derive(Clone, Copy, Debug)]
pub enum Route {
    Chat,
    Generate,
}

/// One answer.
pub struct OllamaWords {
    route: Route,
    /// Calls of tools: Ollama wants them whole, so they wait for their end.
    calls: Choice,
}

/// What one object says.
#[derive(Default)]
struct Said {
    text: String,
    thinking: String,
    calls: Vec<Value>,
}

impl OllamaWords {
    /// Words of an answer on this route.
    pub fn new(route: Route) -> Self {
        OllamaWords {
            route,
            calls: Choice::default(),
        }
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

    fn whole(&self, head: &Head, choices: Vec<Choice>, figures: &Figures) -> Bytes {
        let choice = choices.into_iter().next().unwrap_or_default();
        let reason = choice.finish_reason.clone();
        let whole = self.last(head, Said::from(choice), reason.as_deref(), figures);
        whole.to_string().into()
    }

    fn piece(&mut self, head: &Head, mut delta: Delta) -> Bytes {
        if let Some(calls) = delta.extra.remove("tool_calls") {
            let extra = [("tool_calls".to_owned(), calls)].into_iter().collect();
            self.calls.add(Delta {
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

    fn end(
        &mut self,
        head: &Head,
        last: Option<Delta>,
        error: Option<&ApiError>,
        figures: &Figures,
    ) -> Bytes {
        let reason = last.as_ref().and_then(|delta| delta.finish_reason.clone());
        let mut end = Vec::new();
        if let Some(delta) = last {
            end.extend_from_slice(&self.piece(head, delta));
        }
        let called = Said::from(std::mem::take(&mut self.calls));
        if !(called.calls.is_empty() && called.text.is_empty()) {
            end.extend_from_slice(self.line(head, called).as_bytes());
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
            Some(proof) => format!(",\"secret_ai\":{}}}\n", proof.to_json()).into(),
            None => Bytes::from_static(b"}\n"),
        }
    }

    fn failure(&self, error: &ApiError) -> Bytes {
        format!("{}\n", error.ollama_body()).into()
    }
}

/// An object that is not empty, open for one more field.
fn without_brace(object: &Value) -> String {
    let mut text = object.to_string();
    text.pop();
    text
}

fn nanoseconds(duration: Duration) -> Value {
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
