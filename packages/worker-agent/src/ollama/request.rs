//! Requests in Ollama's words, turned into what an engine takes.
//!
//! Options that only a server with its own runner could follow (`num_ctx`, `num_gpu`, `keep_alive`,
//! `mirostat`, …) are ignored, as Ollama ignores options that it does not know. Fields that would
//! change what is asked (`images`, `raw`, `context`, …) are refused.

use secret_ai_engine::{from_json, ChatMessage, ChatRequest, Stop};
use serde::Deserialize;
use serde_json::{json, Value};

use super::answer::{OllamaWords, Route};
use super::messages::{CallIds, Message};
use crate::ask::Ask;
use crate::error::ApiError;
use crate::words::Asked;

/// Body of `POST /api/chat`.
#[derive(Deserialize)]
struct Chat {
    model: String,
    messages: Vec<Message>,
    tools: Option<Vec<Value>>,
    stream: Option<bool>,
    format: Option<Value>,
    options: Option<Options>,
    think: Option<Value>,
    logprobs: Option<bool>,
}

/// Body of `POST /api/generate`.
#[derive(Deserialize)]
struct Generate {
    model: String,
    prompt: String,
    system: Option<String>,
    stream: Option<bool>,
    format: Option<Value>,
    options: Option<Options>,
    think: Option<Value>,
    logprobs: Option<bool>,
    suffix: Option<String>,
    template: Option<String>,
    context: Option<Vec<Value>>,
    raw: Option<bool>,
    images: Option<Vec<Value>>,
}

#[derive(Default, Deserialize)]
struct Options {
    /// Tokens; below 0 there is no limit.
    num_predict: Option<i64>,
    temperature: Option<f64>,
    top_p: Option<f64>,
    seed: Option<i64>,
    stop: Option<Stop>,
    // Engines know these by other names, or by none in OpenAI's API.
    top_k: Option<i64>,
    min_p: Option<f64>,
    repeat_penalty: Option<f64>,
    presence_penalty: Option<f64>,
    frequency_penalty: Option<f64>,
}

/// Reads a request to `/api/chat`.
///
/// # Errors
/// 400 naming the field at fault.
pub fn read_chat(body: &[u8]) -> Result<Asked, ApiError> {
    let chat: Chat = from_json(body)?;
    let mut ids = CallIds::default();
    let messages = chat.messages.into_iter();
    let messages = messages.map(|message| message.for_engine(&mut ids));
    let common = Common {
        model: chat.model,
        messages: messages.collect::<Result<_, _>>()?,
        stream: chat.stream,
        format: chat.format,
        options: chat.options,
        think: chat.think,
        logprobs: chat.logprobs,
    };
    let tools = chat.tools.filter(|tools| !tools.is_empty());
    common.asked(tools, Route::Chat)
}

/// Reads a request to `/api/generate`: a chat of one message.
///
/// # Errors
/// 400 naming the field at fault.
pub fn read_generate(body: &[u8]) -> Result<Asked, ApiError> {
    let generate: Generate = from_json(body)?;
    refuse("suffix", is_text(&generate.suffix))?;
    refuse("template", is_text(&generate.template))?;
    refuse("context", is_list(&generate.context))?;
    refuse("raw", generate.raw == Some(true))?;
    refuse("images", is_list(&generate.images))?;
    if generate.prompt.is_empty() {
        return Err(ApiError::bad_request("prompt", "prompt: is empty"));
    }
    let system = generate.system.filter(|system| !system.is_empty());
    let system = system.map(|system| ChatMessage::new("system", system));
    let prompt = ChatMessage::new("user", generate.prompt);
    let common = Common {
        model: generate.model,
        messages: system.into_iter().chain([prompt]).collect(),
        stream: generate.stream,
        format: generate.format,
        options: generate.options,
        think: generate.think,
        logprobs: generate.logprobs,
    };
    common.asked(None, Route::Generate)
}

/// What both routes take.
struct Common {
    model: String,
    messages: Vec<ChatMessage>,
    stream: Option<bool>,
    format: Option<Value>,
    options: Option<Options>,
    think: Option<Value>,
    logprobs: Option<bool>,
}

impl Common {
    fn asked(self, tools: Option<Vec<Value>>, route: Route) -> Result<Asked, ApiError> {
        refuse("logprobs", self.logprobs == Some(true))?;
        let mut request = ChatRequest {
            messages: self.messages,
            // Asked for pieces, an engine shows when its answer began.
            stream: Some(true),
            ..ChatRequest::from_user(self.model, "")
        };
        self.options.unwrap_or_default().apply(&mut request)?;
        let extra = &mut request.extra;
        extra.extend(tools.map(|tools| ("tools".into(), tools.into())));
        extra.extend(response_format(self.format)?.map(|f| ("response_format".into(), f)));
        extra.extend(thinking(self.think)?);
        request.validate()?;
        let stream = self.stream.unwrap_or(true);
        Ok(Asked {
            request: Ask::Chat(request),
            stream,
            words: Box::new(OllamaWords::new(route, stream)),
        })
    }
}

impl Options {
    fn apply(self, request: &mut ChatRequest) -> Result<(), ApiError> {
        if self.num_predict == Some(0) {
            let message = "options.num_predict: is 0, limit at least 1, or below 0 for no limit";
            return Err(ApiError::bad_request("options.num_predict", message));
        }
        request.max_tokens = self.num_predict.and_then(|limit| limit.try_into().ok());
        request.temperature = self.temperature;
        request.top_p = self.top_p;
        request.seed = self.seed;
        request.stop = self.stop.filter(|stop| !stop.as_slice().is_empty());
        // 0 and less: of all tokens.
        let top_k = self.top_k.filter(|k| *k > 0).map(Value::from);
        let others = [
            ("top_k", top_k),
            ("min_p", self.min_p.map(Value::from)),
            ("repetition_penalty", self.repeat_penalty.map(Value::from)),
            ("presence_penalty", self.presence_penalty.map(Value::from)),
            ("frequency_penalty", self.frequency_penalty.map(Value::from)),
        ];
        let given = others
            .into_iter()
            .filter_map(|(name, value)| Some((name.into(), value?)));
        request.extra.extend(given);
        Ok(())
    }
}

/// `"json"`, or a JSON schema.
fn response_format(format: Option<Value>) -> Result<Option<Value>, ApiError> {
    match format {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) if text == "json" => Ok(Some(json!({ "type": "json_object" }))),
        Some(schema @ Value::Object(_)) => Ok(Some(json!({
            "type": "json_schema",
            "json_schema": { "name": "answer", "schema": schema, "strict": true },
        }))),
        Some(_) => {
            let message = "format: is neither \"json\" nor a JSON schema";
            Err(ApiError::bad_request("format", message))
        }
    }
}

/// Whether the model shall think, in the field that vLLM's templates know, or how hard, in OpenAI's.
fn thinking(think: Option<Value>) -> Result<Option<(String, Value)>, ApiError> {
    match think {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(on)) => {
            let arguments = json!({ "enable_thinking": on });
            Ok(Some(("chat_template_kwargs".into(), arguments)))
        }
        Some(Value::String(level)) if matches!(level.as_str(), "low" | "medium" | "high") => {
            Ok(Some(("reasoning_effort".into(), level.into())))
        }
        Some(_) => {
            let message = "think: is none of true, false, \"low\", \"medium\" and \"high\"";
            Err(ApiError::bad_request("think", message))
        }
    }
}

/// Refuses a field that is not offered, if it is given.
pub(super) fn refuse(field: &'static str, is_given: bool) -> Result<(), ApiError> {
    if is_given {
        let message = format!("{field}: is not offered here");
        return Err(ApiError::bad_request(field, message));
    }
    Ok(())
}

fn is_text(field: &Option<String>) -> bool {
    field.as_ref().is_some_and(|text| !text.is_empty())
}

pub(super) fn is_list(field: &Option<Vec<Value>>) -> bool {
    field.as_ref().is_some_and(|list| !list.is_empty())
}
