//! CometBFT's query language: conditions `type.attribute = 'value'` joined by `AND`; besides `=`, also
//! `<`, `<=`, `>`, `>=` for numbers, `CONTAINS` and `EXISTS`. `tx.hash` and `tx.height` are known of
//! every transaction.

use crate::server::{answer::GrpcError, books::TxRecord};
use serde_json::Value;

#[derive(Debug, PartialEq)]
pub(super) struct Condition {
    key: String,
    test: Test,
}

#[derive(Debug, PartialEq)]
enum Test {
    Equals(String),
    Contains(String),
    Exists,
    Less(u64),
    AtMost(u64),
    More(u64),
    AtLeast(u64),
}

impl Condition {
    /// Whether a transaction meets it.
    pub fn holds(&self, record: &TxRecord) -> bool {
        match self.key.as_str() {
            "tx.hash" => self.is_of_hash(&record.hash),
            "tx.height" => self.test.holds(&record.height.to_string()),
            key => {
                let Some((event_type, name)) = key.split_once('.') else {
                    return false;
                };
                attributes(record, event_type, name).any(|value| self.test.holds(value))
            }
        }
    }

    /// Hashes are hex in any case.
    fn is_of_hash(&self, hash: &str) -> bool {
        match &self.test {
            Test::Equals(wanted) => hash.eq_ignore_ascii_case(wanted),
            test => test.holds(hash),
        }
    }
}

impl Test {
    fn holds(&self, value: &str) -> bool {
        let number = value.parse::<u64>();
        match self {
            Test::Equals(wanted) => value == wanted,
            Test::Contains(part) => value.contains(part.as_str()),
            Test::Exists => true,
            Test::Less(limit) => number.is_ok_and(|n| n < *limit),
            Test::AtMost(limit) => number.is_ok_and(|n| n <= *limit),
            Test::More(limit) => number.is_ok_and(|n| n > *limit),
            Test::AtLeast(limit) => number.is_ok_and(|n| n >= *limit),
        }
    }
}

/// Values of an attribute in all events of a type.
fn attributes<'a>(
    record: &'a TxRecord,
    event_type: &'a str,
    name: &'a str,
) -> impl Iterator<Item = &'a str> {
    let list = |value: &'a Value| value.as_array().into_iter().flatten();
    list(&record.response["events"])
        .filter(move |event| event["type"] == event_type)
        .flat_map(move |event| list(&event["attributes"]))
        .filter(move |attribute| attribute["key"] == name)
        .filter_map(|attribute| attribute["value"].as_str())
}

/// The conditions of a query; at least one.
pub(super) fn parse(query: &str) -> Result<Vec<Condition>, GrpcError> {
    let mut rest = query.trim();
    let mut conditions = Vec::new();
    loop {
        let (condition, after) = condition(rest).ok_or_else(|| {
            GrpcError::invalid(format!(
                "query {query:?} must be conditions such as tx.height=5 or \
                 message.action='send', joined by AND"
            ))
        })?;
        conditions.push(condition);
        match after.trim_start() {
            "" => return Ok(conditions),
            after => rest = word(after, "AND").unwrap_or(""),
        }
    }
}

/// One condition, and what follows it.
fn condition(text: &str) -> Option<(Condition, &str)> {
    let text = text.trim_start();
    let end = text.find(|c: char| c.is_whitespace() || "=<>".contains(c))?;
    let (key, rest) = text.split_at(end);
    key.split_once('.')?;
    let rest = rest.trim_start();
    let (test, rest) = if let Some(rest) = word(rest, "EXISTS") {
        (Test::Exists, rest)
    } else if let Some(rest) = word(rest, "CONTAINS") {
        let (value, rest) = value(rest)?;
        (Test::Contains(value), rest)
    } else {
        comparison(rest)?
    };
    let key = key.to_owned();
    Some((Condition { key, test }, rest))
}

/// A test that compares with a number.
type Bound = fn(u64) -> Test;

fn comparison(text: &str) -> Option<(Test, &str)> {
    if let Some(rest) = text.strip_prefix('=') {
        let (value, rest) = value(rest)?;
        return Some((Test::Equals(value), rest));
    }
    let tests: [(&str, Bound); 4] = [
        ("<=", Test::AtMost),
        (">=", Test::AtLeast),
        ("<", Test::Less),
        (">", Test::More),
    ];
    let (test, rest) = tests
        .into_iter()
        .find_map(|(sign, test)| Some((test, text.strip_prefix(sign)?)))?;
    let (limit, rest) = value(rest)?;
    Some((test(limit.parse().ok()?), rest))
}

/// A text in single quotes or a number.
fn value(text: &str) -> Option<(String, &str)> {
    let text = text.trim_start();
    if let Some(quoted) = text.strip_prefix('\'') {
        let (value, rest) = quoted.split_once('\'')?;
        return Some((value.to_owned(), rest));
    }
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    (!number.is_empty()).then(|| (number.to_owned(), rest))
}

/// What follows a word that stands alone.
fn word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let rest = text.strip_prefix(word)?;
    (rest.is_empty() || rest.starts_with(char::is_whitespace)).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_language() {
        let condition = |key: &str, test| Condition {
            key: key.into(),
            test,
        };
        let cases = [
            (
                "tx.hash='AB'",
                vec![condition("tx.hash", Test::Equals("AB".into()))],
            ),
            (
                "tx.height >= 3 AND tx.height<9",
                vec![
                    condition("tx.height", Test::AtLeast(3)),
                    condition("tx.height", Test::Less(9)),
                ],
            ),
            (
                "message.action='/a.B' AND wasm.x EXISTS AND wasm.y CONTAINS 'a AND b'",
                vec![
                    condition("message.action", Test::Equals("/a.B".into())),
                    condition("wasm.x", Test::Exists),
                    condition("wasm.y", Test::Contains("a AND b".into())),
                ],
            ),
            (
                "tx.height = 5",
                vec![condition("tx.height", Test::Equals("5".into()))],
            ),
        ];
        for (text, wanted) in cases {
            assert_eq!(parse(text).unwrap(), wanted, "{text}");
        }
        for bad in [
            "",
            "height",
            "height=5",
            "tx.height",
            "tx.height=",
            "tx.height<'x'",
            "tx.hash='A",
            "tx.hash='A' OR tx.hash='B'",
            "tx.hash='A' AND",
            "tx.hash='A' ANDtx.hash='B'",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
