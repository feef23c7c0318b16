//! How long an answer in one piece may be: so long that one of an honest engine always fits.
//!
//! An answer that does not fit is not delivered, and what is not delivered costs nothing. So nobody may ask
//! for one: that would be work for nothing.

use crate::ask::Ask;
use crate::error::ApiError;

/// Most bytes of an answer in one piece.
pub const MAX_WHOLE: usize = 64 << 20;
/// Bytes that a token takes in an answer's JSON; in texts of all languages it is a third of that.
const TOKEN: u64 = 64;
/// Bytes of a token with its probability: its text, a number, and a list of its bytes.
const LOGPROB: u64 = 160;

/// Most tokens of each answer in one piece: what the client wants, or what fits if it does not say.
///
/// # Errors
/// 400 if more is wanted than fits. `context`: what the model takes, tokens.
pub fn output_limit(ask: &Ask, context: u64) -> Result<Option<u64>, ApiError> {
    let per_token = TOKEN.saturating_add(ask.logprobs().saturating_mul(LOGPROB));
    let answers = u64::from(ask.choices()).max(1);
    let most = MAX_WHOLE as u64 / per_token / answers;
    match ask.output_limit() {
        Some(wanted) if wanted.min(context) > most => {
            let message = format!(
                "max_tokens: at most {most} tokens of each answer fit into one piece with this n and \
                 these logprobs; a stream can be longer"
            );
            Err(ApiError::bad_request("max_tokens", message))
        }
        None if context > most => Ok(Some(most)),
        limit => Ok(limit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secret_ai_engine::ChatRequest;
    use serde_json::json;

    fn limit(fields: serde_json::Value, context: u64) -> Option<Option<u64>> {
        let mut request = json!({ "model": "m", "messages": [{ "role": "user", "content": "x" }] });
        let fields = fields.as_object().unwrap().clone();
        request.as_object_mut().unwrap().extend(fields);
        let chat = ChatRequest::from_json(request.to_string().as_bytes()).unwrap();
        output_limit(&Ask::Chat(chat), context).ok()
    }

    #[test]
    fn what_could_not_be_delivered_cannot_be_asked_for() {
        assert_eq!(limit(json!({}), 131_072), Some(None));
        assert_eq!(
            limit(json!({ "n": 8, "max_tokens": 131_072 }), 131_072),
            Some(Some(131_072))
        );
        assert_eq!(limit(json!({ "n": 8 }), 1 << 20), Some(Some(131_072)));
        // 64 MiB of 64 + 21 · 160 bytes.
        let probable = json!({ "logprobs": true, "top_logprobs": 20 });
        assert_eq!(limit(probable.clone(), 19_599), Some(None));
        assert_eq!(limit(probable, 131_072), Some(Some(19_599)));
        let probable = |max_tokens: u64| json!({ "logprobs": true, "top_logprobs": 20, "n": 2, "max_tokens": max_tokens });
        assert_eq!(limit(probable(9_799), 131_072), Some(Some(9_799)));
        assert_eq!(limit(probable(9_800), 131_072), None);
        // The context ends it before.
        assert_eq!(limit(probable(9_800), 8_192), Some(Some(9_800)));
    }
}
