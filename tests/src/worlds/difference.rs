//! Where two histories part.

use std::fmt;

use serde_json::Value;

/// A step of a history, as somebody saw it.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Its name, the same in both worlds.
    pub what: String,
    pub seen: Value,
}

/// The first thing by which two worlds can be told apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Number and name of the step.
    pub step: String,
    /// Path within the step, `calls[1 rewards].storage[3].slot`; empty for the whole of it.
    pub field: String,
    /// What was seen in world A.
    pub a: String,
    /// What was seen in world B.
    pub b: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Difference { step, field, a, b } = self;
        write!(f, "{step}: {field}\n    world A: {a}\n    world B: {b}")
    }
}

/// The first difference of two histories, if there is one.
pub fn first(a: &[Step], b: &[Step]) -> Option<Difference> {
    for (number, (one, other)) in a.iter().zip(b).enumerate() {
        let step = format!("step {number}, {}", one.what);
        if one.what != other.what {
            let (a, b) = (one.what.clone(), other.what.clone());
            let field = "the step itself".into();
            return Some(Difference { step, field, a, b });
        }
        if let Some((field, a, b)) = within("", &one.seen, &other.seen) {
            return Some(Difference { step, field, a, b });
        }
    }
    (a.len() != b.len()).then(|| Difference {
        step: "the whole history".into(),
        field: "number of steps".into(),
        a: a.len().to_string(),
        b: b.len().to_string(),
    })
}

/// Path and values of the first difference inside a value.
fn within(path: &str, a: &Value, b: &Value) -> Option<(String, String, String)> {
    if a == b {
        return None;
    }
    let differ = || (path.to_string(), a.to_string(), b.to_string());
    match (a, b) {
        (Value::Object(one), Value::Object(other)) if one.keys().eq(other.keys()) => one
            .iter()
            .zip(other.values())
            .find_map(|((key, a), b)| within(&join(path, key), a, b)),
        (Value::Array(one), Value::Array(other)) => {
            let mut both = one.iter().zip(other).enumerate();
            let inside = both.find_map(|(index, (a, b))| {
                let name = a.get("contract").and_then(Value::as_str);
                let name = name.map_or(String::new(), |name| format!(" {name}"));
                within(&format!("{path}[{index}{name}]"), a, b)
            });
            let lengths = || {
                let [a, b] = [one, other].map(|list| format!("{} entries", list.len()));
                (path.to_string(), a, b)
            };
            Some(inside.unwrap_or_else(lengths))
        }
        _ => Some(differ()),
    }
}

fn join(path: &str, key: &str) -> String {
    match path {
        "" => key.to_string(),
        _ => format!("{path}.{key}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn step(what: &str, seen: Value) -> Step {
        Step {
            what: what.into(),
            seen,
        }
    }

    #[test]
    fn the_first_difference_is_named_by_step_and_path() {
        let world = |slot: &str, gas: u64| {
            let read = json!({ "kind": "read", "slot": slot });
            let call = json!({ "contract": "billing", "storage": [{ "slot": "s1" }, read] });
            let seen = json!({ "calls": [call], "gas_used": gas });
            [step("deposit", json!({})), step("billing: finalize", seen)]
        };
        assert_eq!(first(&world("s2", 7), &world("s2", 7)), None);
        let difference = first(&world("s2", 7), &world("s3", 8)).unwrap();
        assert_eq!(
            difference.to_string(),
            "step 1, billing: finalize: calls[0 billing].storage[1].slot\n    world A: \"s2\"\n    \
             world B: \"s3\""
        );
        assert_eq!(
            first(&world("s2", 7), &world("s2", 8)).unwrap().field,
            "gas_used"
        );
    }

    #[test]
    fn missing_parts_are_differences() {
        let list = |values: &[u64]| [step("x", json!({ "reads": values }))];
        let difference = first(&list(&[1, 2]), &list(&[1])).unwrap();
        assert_eq!(
            (difference.a.as_str(), difference.b.as_str()),
            ("2 entries", "1 entries")
        );
        let difference = first(&list(&[]), &[]).unwrap();
        assert_eq!(difference.field, "number of steps");
        let renamed = [step("y", json!({ "reads": [] }))];
        assert!(first(&list(&[]), &renamed).is_some());
        assert!(first(&list(&[]), &[step("x", json!({ "other": [] }))]).is_some());
    }
}
