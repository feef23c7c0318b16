//! Which fields a request may have. What is not listed is refused: a field that nobody here knows may
//! make an engine do work that no token count shows, fetch what a client names, load code, or get in
//! the way of other clients. docs/counting.md says of each refused field why.

use secret_ai_engine::Endpoint;
use serde_json::{Map, Value};

use crate::error::ApiError;

/// Longest name of a field that an answer repeats, characters.
const MAX_SHOWN: usize = 64;

/// How a token is chosen, when an answer ends, what form it has: it costs tokens that are counted, or
/// nothing.
const SAMPLING: &[&str] = &[
    "allowed_token_ids",
    "bad_words",
    "dry_allowed_length",
    "dry_base",
    "dry_multiplier",
    "dry_penalty_last_n",
    "dry_sequence_breakers",
    "dynatemp_exponent",
    "dynatemp_range",
    "ebnf",
    "frequency_penalty",
    "grammar",
    "guided_choice",
    "guided_decoding_backend",
    "guided_grammar",
    "guided_json",
    "guided_regex",
    "guided_whitespace_pattern",
    "ignore_eos",
    "include_reasoning",
    "include_stop_str_in_output",
    "json_schema",
    "length_penalty",
    "logit_bias",
    "min_p",
    "min_tokens",
    "mirostat",
    "mirostat_eta",
    "mirostat_tau",
    "no_stop_trim",
    "presence_penalty",
    "regex",
    "repeat_last_n",
    "repeat_penalty",
    "repetition_penalty",
    "response_format",
    "return_token_ids",
    "return_tokens_as_token_ids",
    "seed",
    "skip_special_tokens",
    "spaces_between_special_tokens",
    "stop_regex",
    "stop_token_ids",
    "stream_options",
    "structural_tag",
    "structured_outputs",
    "tfs_z",
    "top_a",
    "top_k",
    "truncate_prompt_tokens",
    "typical_p",
    "xtc_probability",
    "xtc_threshold",
];

/// What servers keep to themselves, and what tells them who asks.
const LABELS: &[&str] = &[
    "cache_prompt",
    "cache_salt",
    "metadata",
    "prompt_cache_key",
    "prompt_cache_retention",
    "safety_identifier",
    "user",
];

/// What a chat template writes into the prompt, where it is counted.
const CHAT: &[&str] = &[
    "add_generation_prompt",
    "add_special_tokens",
    "chat_template_kwargs",
    "continue_final_message",
    "documents",
    "enable_thinking",
    "function_call",
    "functions",
    "logprobs",
    "modalities",
    "parallel_tool_calls",
    "parse_tool_calls",
    "reasoning",
    "reasoning_effort",
    "reasoning_format",
    "separate_reasoning",
    "service_tier",
    "store",
    "stream_reasoning",
    "think",
    "thinking_budget",
    "thinking_budget_tokens",
    "tool_choice",
    "tool_prompt",
    "tools",
    "top_logprobs",
    "verbosity",
];

/// Of these fields only these values are taken: any other asks for more than an answer in text.
///
/// Reasoning that is held back would be free for a client that goes away before the engine's count.
const TAME: &[(&str, &[&str])] = &[
    ("include_reasoning", &["true"]),
    ("modalities", &["[\"text\"]"]),
    ("service_tier", &["\"auto\"", "\"default\""]),
    ("store", &["false"]),
    ("stream", &["false"]),
    ("stream_format", &["\"audio\""]),
    ("stream_reasoning", &["true"]),
];

/// Most values of `top_logprobs` (OpenAI's limit).
const MAX_LOGPROBS: u64 = 20;
/// Arguments of a template's renderer itself, which are no variables of the template.
const RENDERER: &[&str] = &[
    "add_generation_prompt",
    "chat_template",
    "continue_final_message",
    "conversation",
    "documents",
    "padding",
    "return_dict",
    "return_tensors",
    "tokenize",
    "tokenizer_kwargs",
    "tools",
    "truncation",
];

/// Whether this endpoint takes the field.
fn is_known(endpoint: Endpoint, name: &str) -> bool {
    let lists: &[&[&str]] = match endpoint {
        Endpoint::ChatCompletions => &[SAMPLING, LABELS, CHAT],
        Endpoint::Completions => &[SAMPLING, LABELS, &["add_special_tokens"]],
        Endpoint::Embeddings => &[&["user"]],
        Endpoint::Speech => &[&["stream_format"]],
        Endpoint::Transcriptions | Endpoint::Translations => &[&[
            "language",
            "prompt",
            "seed",
            "stream",
            "temperature",
            "timestamp_granularities[]",
        ]],
        Endpoint::Images => &[&[
            "background",
            "negative_prompt",
            "output_compression",
            "output_format",
            "seed",
            "stream",
            "style",
            "user",
        ]],
    };
    lists.iter().any(|list| list.contains(&name))
}

/// Checks the fields of a request besides those that its type names; null is nothing.
///
/// # Errors
/// 400 naming the first field that is not taken here.
pub fn check(endpoint: Endpoint, fields: &Map<String, Value>) -> Result<(), ApiError> {
    for (name, value) in fields {
        if value.is_null() {
            continue;
        }
        let is_right = is_known(endpoint, name) && is_tame(name, value);
        if !is_right {
            return Err(refused(name));
        }
    }
    Ok(())
}

/// Checks the name of a form's field, and its value.
///
/// # Errors
/// As [`check`].
pub fn check_text(endpoint: Endpoint, name: &str, value: &str) -> Result<(), ApiError> {
    let allowed = TAME.iter().find(|(tame, _)| *tame == name);
    let is_tame = allowed.is_none_or(|(_, values)| values.contains(&value));
    if is_known(endpoint, name) && is_tame {
        return Ok(());
    }
    Err(refused(name))
}

fn is_tame(name: &str, value: &Value) -> bool {
    match name {
        "top_logprobs" => value.as_u64().is_some_and(|count| count <= MAX_LOGPROBS),
        "chat_template_kwargs" => value.as_object().is_some_and(|variables| {
            let is_plain = |value: &Value| !value.is_array() && !value.is_object();
            let mut variables = variables.iter();
            variables.all(|(name, value)| is_plain(value) && !RENDERER.contains(&name.as_str()))
        }),
        _ => match TAME.iter().find(|(tame, _)| *tame == name) {
            Some((_, values)) => values.contains(&value.to_string().as_str()),
            None => true,
        },
    }
}

fn refused(name: &str) -> ApiError {
    let name: String = name.chars().take(MAX_SHOWN).collect();
    let message = format!("{name}: is not offered here, or not with this value");
    ApiError::bad_request(name, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn is_taken(endpoint: Endpoint, fields: Value) -> bool {
        check(endpoint, fields.as_object().unwrap()).is_ok()
    }

    #[test]
    fn lists_are_sorted_and_have_nothing_twice() {
        for list in [SAMPLING, LABELS, CHAT, RENDERER] {
            assert!(list.windows(2).all(|pair| pair[0] < pair[1]), "{list:?}");
        }
    }

    #[test]
    fn nothing_is_the_same_as_null() {
        assert!(is_taken(
            Endpoint::ChatCompletions,
            json!({ "best_of": null, "unheard_of": null })
        ));
        assert!(!is_taken(
            Endpoint::ChatCompletions,
            json!({ "unheard_of": false })
        ));
    }

    #[test]
    fn some_fields_have_harmless_values_only() {
        let chat = |fields| is_taken(Endpoint::ChatCompletions, fields);
        assert!(chat(
            json!({ "modalities": ["text"], "store": false, "top_logprobs": 20 })
        ));
        assert!(chat(
            json!({ "chat_template_kwargs": { "enable_thinking": false } })
        ));
        assert!(chat(
            json!({ "include_reasoning": true, "stream_reasoning": true })
        ));
        for fields in [
            json!({ "include_reasoning": false }),
            json!({ "stream_reasoning": false }),
            json!({ "modalities": ["text", "audio"] }),
            json!({ "store": true }),
            json!({ "service_tier": "priority" }),
            json!({ "top_logprobs": 21 }),
            json!({ "top_logprobs": -1 }),
            json!({ "chat_template_kwargs": { "chat_template": "{{ 1 }}" } }),
            json!({ "chat_template_kwargs": { "x": { "y": 1 } } }),
            json!({ "chat_template_kwargs": "x" }),
        ] {
            assert!(!chat(fields.clone()), "{fields}");
        }
        assert!(check_text(Endpoint::Transcriptions, "stream", "false").is_ok());
        assert!(check_text(Endpoint::Transcriptions, "stream", "true").is_err());
    }
}
