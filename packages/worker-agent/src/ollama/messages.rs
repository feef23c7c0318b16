//! Messages in Ollama's words, turned into what an engine takes.

use std::collections::VecDeque;

use secret_ai_engine::ChatMessage;
use serde::Deserialize;
use serde_json::{json, Map, Value};

use super::request::{is_list, refuse};
use crate::error::ApiError;

/// A message of a chat.
#[derive(Deserialize)]
pub struct Message {
    role: String,
    content: Option<String>,
    thinking: Option<String>,
    images: Option<Vec<Value>>,
    tool_calls: Option<Vec<Call>>,
    tool_name: Option<String>,
    tool_call_id: Option<String>,
}

#[derive(Deserialize)]
struct Call {
    id: Option<String>,
    function: Function,
}

#[derive(Deserialize)]
struct Function {
    name: String,
    arguments: Option<Map<String, Value>>,
}

impl Message {
    /// The message as engines take it; `ids` has seen the earlier ones.
    pub fn for_engine(self, ids: &mut CallIds) -> Result<ChatMessage, ApiError> {
        refuse("messages.images", is_list(&self.images))?;
        let role = self.role.to_lowercase();
        let mut message = ChatMessage::new(role, self.content.unwrap_or_default());
        let extra = &mut message.extra;
        if let Some(thinking) = self.thinking.filter(|text| !text.is_empty()) {
            extra.insert("reasoning_content".into(), thinking.into());
        }
        if let Some(calls) = self.tool_calls.filter(|calls| !calls.is_empty()) {
            let calls = calls.into_iter().map(|call| call.for_engine(ids));
            extra.insert("tool_calls".into(), calls.collect());
        }
        if message.role == "tool" {
            let id = ids.answered(self.tool_call_id, self.tool_name.as_deref());
            extra.extend(id.map(|id| ("tool_call_id".into(), id.into())));
        }
        Ok(message)
    }
}

impl Call {
    fn for_engine(self, ids: &mut CallIds) -> Value {
        let Function { name, arguments } = self.function;
        let arguments = Value::from(arguments.unwrap_or_default()).to_string();
        json!({
            "id": ids.made(self.id, &name),
            "type": "function",
            "function": { "name": name, "arguments": arguments },
        })
    }
}

/// OpenAI tells by an id which call a tool's answer belongs to; Ollama may leave it to the order.
#[derive(Default)]
pub struct CallIds {
    made: usize,
    /// Ids and names of calls without an answer, oldest first.
    open: VecDeque<(String, String)>,
}

impl CallIds {
    fn made(&mut self, id: Option<String>, name: &str) -> String {
        let id = id.filter(|id| !id.is_empty());
        let id = id.unwrap_or_else(|| format!("call_{}", self.made));
        self.made += 1;
        self.open.push_back((id.clone(), name.to_owned()));
        id
    }

    fn answered(&mut self, id: Option<String>, name: Option<&str>) -> Option<String> {
        let id = id.filter(|id| !id.is_empty());
        let name = name.filter(|name| !name.is_empty());
        let is_meant = |call: &(String, String)| match (&id, name) {
            (Some(id), _) => call.0 == *id,
            (None, Some(name)) => call.1 == name,
            (None, None) => true,
        };
        let at = self.open.iter().position(is_meant);
        let call = at.and_then(|at| self.open.remove(at));
        id.or(call.map(|(id, _)| id))
    }
}
