//! Arguments of a method, from JSON or from a URI.
//!
//! Clients differ in how they write the same thing: a number is `5` or `"5"`; bytes are base64 in
//! JSON, `0x` and hex or quoted text in a URI; text in a URI stands in double quotes.

use super::error::RpcError;
use crate::server::tx_json::from_base64;
use serde_json::Value;
use std::collections::HashMap;

#[derive(Debug)]
pub(super) struct Arguments {
    values: HashMap<String, Value>,
    uri: bool,
}

impl Arguments {
    /// From an object, or from an array in the order of `names`.
    pub fn of_json(names: &[&str], params: Value) -> Result<Self, RpcError> {
        let values = match params {
            Value::Null => HashMap::new(),
            Value::Object(fields) => fields.into_iter().collect(),
            Value::Array(items) if items.len() <= names.len() => {
                let names = names.iter().map(ToString::to_string);
                names.zip(items).collect()
            }
            Value::Array(items) => {
                let (most, got) = (names.len(), items.len());
                let text = format!("params has {got} items, the method takes {most} at most");
                return Err(RpcError::invalid(text));
            }
            _ => return Err(RpcError::invalid("params must be an object or an array")),
        };
        Ok(Self { values, uri: false })
    }

    /// From the query part of a URI.
    pub fn of_uri(query: &str) -> Self {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let values =
            pairs.map(|(name, value)| (percent_decoded(name), percent_decoded(value).into()));
        Self {
            values: values.collect(),
            uri: true,
        }
    }

    fn get(&self, name: &str) -> Option<&Value> {
        self.values
            .get(name)
            .filter(|value| !value.is_null() && value.as_str() != Some(""))
    }

    /// A text; none if it is missing or empty.
    pub fn text(&self, name: &str) -> Result<Option<&str>, RpcError> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let text = value
            .as_str()
            .ok_or_else(|| RpcError::invalid(format!("{name} must be a text")))?;
        Ok(Some(if self.uri { unquoted(text) } else { text }))
    }

    /// A whole number; none if it is missing.
    pub fn number(&self, name: &str) -> Result<Option<u64>, RpcError> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        value
            .as_u64()
            .or_else(|| unquoted(value.as_str()?).parse().ok())
            .map(Some)
            .ok_or_else(|| RpcError::invalid(format!("{name} is {value}, must be a whole number")))
    }

    /// Bytes that JSON writes in base64.
    pub fn bytes(&self, name: &str) -> Result<Vec<u8>, RpcError> {
        self.decoded(name, "base64", from_base64)
    }

    /// Bytes that JSON writes in hex.
    pub fn hex(&self, name: &str) -> Result<Vec<u8>, RpcError> {
        self.decoded(name, "hex", |text| hex::decode(text).ok())
    }

    fn decoded(
        &self,
        name: &str,
        form: &str,
        decode: fn(&str) -> Option<Vec<u8>>,
    ) -> Result<Vec<u8>, RpcError> {
        let Some(value) = self.get(name) else {
            return Ok(Vec::new());
        };
        let text = value.as_str().unwrap_or_default();
        let bytes = match text.strip_prefix("0x") {
            Some(digits) if self.uri => hex::decode(digits).ok(),
            _ if self.uri && text.starts_with('"') => Some(unquoted(text).as_bytes().to_vec()),
            _ => decode(text),
        };
        bytes
            .filter(|_| value.is_string())
            .ok_or_else(|| RpcError::invalid(format!("{name} must be {form}")))
    }
}

/// CometBFT wants texts in a URI to be quoted; here they need not be.
fn unquoted(text: &str) -> &str {
    text.strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .unwrap_or(text)
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        let digits = after.get(..2).filter(|_| *first == b'%');
        let mut decoded = [0];
        match digits.map(|digits| hex::decode_to_slice(digits, &mut decoded)) {
            Some(Ok(())) => {
                bytes.push(decoded[0]);
                rest = &after[2..];
            }
            _ if *first == b'+' => bytes.push(b' '),
            _ => bytes.push(*first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn both_forms_of_arguments() {
        let named = json!({"height": "5", "tx": "AQI=", "data": "0102", "path": "/a"});
        let named = Arguments::of_json(&[], named).unwrap();
        assert_eq!(named.number("height").unwrap(), Some(5));
        assert_eq!(named.bytes("tx").unwrap(), [1, 2]);
        assert_eq!(named.hex("data").unwrap(), [1, 2]);
        assert_eq!(named.text("path").unwrap(), Some("/a"));
        assert_eq!(named.text("other").unwrap(), None);
        let listed = Arguments::of_json(&["height", "data"], json!([7, "ff"])).unwrap();
        assert_eq!(listed.number("height").unwrap(), Some(7));
        assert_eq!(listed.hex("data").unwrap(), [255]);
        let uri = Arguments::of_uri("height=5&hash=0x0102&path=%22/a+b%22&data=\"ab\"&x=\"6\"");
        assert_eq!(uri.number("height").unwrap(), Some(5));
        assert_eq!(uri.number("x").unwrap(), Some(6));
        assert_eq!(uri.bytes("hash").unwrap(), [1, 2]);
        assert_eq!(uri.text("path").unwrap(), Some("/a b"));
        assert_eq!(uri.hex("data").unwrap(), b"ab");
    }

    #[test]
    fn other_arguments_are_refused() {
        assert!(Arguments::of_json(&["a"], json!([1, 2])).is_err());
        assert!(Arguments::of_json(&["a"], json!("x")).is_err());
        let bad = json!({"height": -1, "tx": "%", "data": 5, "path": 5});
        let bad = Arguments::of_json(&[], bad).unwrap();
        assert!(bad.number("height").is_err());
        assert!(bad.bytes("tx").is_err());
        assert!(bad.hex("data").is_err());
        assert!(bad.text("path").is_err());
    }
}
