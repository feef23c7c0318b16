//! Requests whose prompt every engine makes in the same way.

use crate::{ChatMessage, ChatRequest};

/// Fields of a request that say how to answer and never enter the prompt.
const NOT_IN_PROMPT: [&str; 24] = [
    "frequency_penalty",
    "ignore_eos",
    "include_reasoning",
    "logit_bias",
    "logprobs",
    "metadata",
    "min_p",
    "min_tokens",
    "parallel_tool_calls",
    "presence_penalty",
    "priority",
    "prompt_cache_key",
    "repetition_penalty",
    "request_id",
    "safety_identifier",
    "service_tier",
    "skip_special_tokens",
    "stop_token_ids",
    "store",
    "stream_options",
    "top_k",
    "top_logprobs",
    "user",
    "return_token_ids",
];

/// Whether every engine words this request as its template does.
pub(super) fn is_plain(request: &ChatRequest) -> bool {
    let is_text = |message: &ChatMessage| message.content.is_string() && message.extra.is_empty();
    let is_known = |field: &String| NOT_IN_PROMPT.contains(&field.as_str());
    request.messages.iter().all(is_text) && request.extra.keys().all(is_known)
}
