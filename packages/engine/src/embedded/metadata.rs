//! Typed access to the metadata of a GGUF file
//! (<https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>).

use std::collections::HashMap;

use candle_core::quantized::gguf_file::Value;
use thiserror::Error;

/// A field that is absent, of the wrong type, or has a value that is not supported.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("field {key}{problem}")]
pub struct Missing {
    key: String,
    problem: String,
}

impl Missing {
    pub(super) fn new(key: &str) -> Self {
        Self {
            key: key.into(),
            problem: " is missing or malformed".into(),
        }
    }

    pub(super) fn unsupported(key: &str, value: &str) -> Self {
        Self {
            key: key.into(),
            problem: format!(": {value:?} is not supported"),
        }
    }
}

/// The metadata of one file.
pub struct Metadata(HashMap<String, Value>);

impl Metadata {
    /// Wraps what candle read.
    pub fn new(values: HashMap<String, Value>) -> Self {
        Self(values)
    }

    pub(super) fn string(&self, key: &str) -> Result<&str, Missing> {
        match self.0.get(key) {
            Some(Value::String(text)) => Ok(text),
            _ => Err(Missing::new(key)),
        }
    }

    pub(super) fn flag(&self, key: &str) -> Result<bool, Missing> {
        match self.0.get(key) {
            Some(Value::Bool(flag)) => Ok(*flag),
            _ => Err(Missing::new(key)),
        }
    }

    pub(super) fn integer(&self, key: &str) -> Result<i64, Missing> {
        self.0
            .get(key)
            .and_then(integer)
            .ok_or_else(|| Missing::new(key))
    }

    /// An integer that must be in `1..=limit`.
    pub(super) fn size(&self, key: &str, limit: usize) -> Result<usize, Missing> {
        let size = usize::try_from(self.integer(key)?).unwrap_or(usize::MAX);
        if (1..=limit).contains(&size) {
            return Ok(size);
        }
        let problem = format!(" is {size}, limit 1 to {limit}");
        Err(Missing {
            key: key.into(),
            problem,
        })
    }

    pub(super) fn float(&self, key: &str) -> Result<f32, Missing> {
        self.0
            .get(key)
            .and_then(float)
            .ok_or_else(|| Missing::new(key))
    }

    pub(super) fn strings(&self, key: &str) -> Result<Vec<&str>, Missing> {
        self.list(key, |value| match value {
            Value::String(text) => Some(text.as_str()),
            _ => None,
        })
    }

    pub(super) fn integers(&self, key: &str) -> Result<Vec<i64>, Missing> {
        self.list(key, integer)
    }

    pub(super) fn floats(&self, key: &str) -> Result<Vec<f32>, Missing> {
        self.list(key, float)
    }

    fn list<'a, T>(
        &'a self,
        key: &str,
        item: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<Vec<T>, Missing> {
        let Some(Value::Array(values)) = self.0.get(key) else {
            return Err(Missing::new(key));
        };
        values
            .iter()
            .map(|value| item(value).ok_or_else(|| Missing::new(key)))
            .collect()
    }
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::U8(v) => Some(i64::from(*v)),
        Value::I8(v) => Some(i64::from(*v)),
        Value::U16(v) => Some(i64::from(*v)),
        Value::I16(v) => Some(i64::from(*v)),
        Value::U32(v) => Some(i64::from(*v)),
        Value::I32(v) => Some(i64::from(*v)),
        Value::U64(v) => i64::try_from(*v).ok(),
        Value::I64(v) => Some(*v),
        _ => None,
    }
}

fn float(value: &Value) -> Option<f32> {
    match value {
        Value::F32(v) => Some(*v),
        Value::F64(v) => Some(*v as f32),
        _ => None,
    }
}
