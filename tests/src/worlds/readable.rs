//! What the sender of a transaction can read of it: everything nested in it, since the chain encrypts
//! messages between contracts, attributes, data and errors to the sender.

use cosmwasm_std::Binary;
use secret_devnet::TxResult;
use serde_json::{json, Map, Value};

use super::view::NOTIFICATION;

/// Calls, their answers and the outcome in plaintext. Of sealed blobs and notifications, which are
/// encrypted to others, the lengths only.
pub fn readable(result: &TxResult) -> Value {
    let call = |call: &secret_devnet::CallText| {
        json!({
            "contract": call.contract,
            "message": text(&call.message),
            "answer": text(&call.answer),
        })
    };
    let events = json!(result.events().collect::<Vec<_>>());
    json!({
        "calls": result.texts.iter().map(call).collect::<Vec<_>>(),
        "events": masked(&events),
        "data": text(&String::from_utf8_lossy(result.data())),
        "error": result.failure().map(|failure| failure.plain()),
    })
}

/// JSON if it is some, else the text.
fn text(text: &str) -> Value {
    match serde_json::from_str::<Value>(text) {
        Ok(value) => masked(&value),
        Err(_) => text.into(),
    }
}

fn masked(value: &Value) -> Value {
    match value {
        Value::Array(list) => list.iter().map(masked).collect(),
        Value::Object(fields) => object(fields),
        other => other.clone(),
    }
}

fn object(fields: &Map<String, Value>) -> Value {
    let notifies = |key: &Value| {
        key.as_str()
            .is_some_and(|key| key.starts_with(NOTIFICATION))
    };
    let is_notification = fields.get("key").is_some_and(notifies);
    let field = |(name, value): (&String, &Value)| {
        let value = match (name.as_str(), value) {
            ("sealed", Value::String(blob)) => characters(blob),
            ("key" | "value", Value::String(blob)) if is_notification => characters(blob),
            // Messages to contracts and data travel as base64 of JSON.
            ("msg" | "data", Value::String(base64)) => match Binary::from_base64(base64) {
                Ok(bytes) => text(&String::from_utf8_lossy(bytes.as_slice())),
                Err(_) => value.clone(),
            },
            _ => masked(value),
        };
        (name.clone(), value)
    };
    Value::Object(fields.iter().map(field).collect())
}

fn characters(blob: &str) -> Value {
    format!("{} characters", blob.len()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_encrypted_to_others_is_masked() {
        let credit = |sealed: &str| {
            let inner = Binary::from(format!(r#"{{"credit":{{"sealed":"{sealed}"}}}}"#).as_bytes());
            let message = json!({ "wasm": { "execute": { "msg": inner.to_base64() } } });
            let notified = json!({ "key": "snip52:a", "value": sealed });
            text(&json!({ "messages": [message], "attributes": [notified] }).to_string())
        };
        assert_eq!(credit("aaaa"), credit("bbbb"));
        assert_ne!(credit("aaaa"), credit("aaaaa"));
        let paid = |amount: u64| text(&json!({ "key": "paid", "value": amount }).to_string());
        assert_ne!(paid(1), paid(2));
        assert_eq!(text("no json"), json!("no json"));
    }
}
