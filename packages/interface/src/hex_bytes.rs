//! Fixed-length bytes that travel as lower-case hex.

use core::fmt;
use core::str::FromStr;

use schemars::gen::SchemaGenerator;
use schemars::schema::{InstanceType, Schema, SchemaObject, StringValidation};
use schemars::JsonSchema;
use serde::{de, Deserialize, Deserializer, Serialize, Serializer};

/// `N` bytes; in JSON a string of exactly 2 N hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hex<const N: usize>(pub [u8; N]);

impl<const N: usize> Hex<N> {
    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; N] {
        &self.0
    }
}

impl<const N: usize> From<[u8; N]> for Hex<N> {
    fn from(bytes: [u8; N]) -> Self {
        Hex(bytes)
    }
}

impl<const N: usize> TryFrom<&[u8]> for Hex<N> {
    type Error = HexError;

    /// Fails unless the slice has exactly `N` bytes.
    fn try_from(bytes: &[u8]) -> Result<Self, HexError> {
        bytes.try_into().map(Hex).map_err(|_| HexError {
            digits: N.saturating_mul(2),
        })
    }
}

/// The text was not exactly the expected number of hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HexError {
    /// Hex digits expected.
    pub digits: usize,
}

impl fmt::Display for HexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {} hex digits", self.digits)
    }
}

impl core::error::Error for HexError {}

impl<const N: usize> FromStr for Hex<N> {
    type Err = HexError;

    fn from_str(text: &str) -> Result<Self, HexError> {
        let mut bytes = [0u8; N];
        hex::decode_to_slice(text, &mut bytes)
            .map(|()| Hex(bytes))
            .map_err(|_| HexError {
                digits: N.saturating_mul(2),
            })
    }
}

impl<const N: usize> fmt::Display for Hex<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl<const N: usize> fmt::Debug for Hex<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<const N: usize> Serialize for Hex<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(self.0))
    }
}

impl<'de, const N: usize> Deserialize<'de> for Hex<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<const N: usize>;
        impl<const N: usize> de::Visitor<'_> for Visitor<N> {
            type Value = Hex<N>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{} hex digits", N.saturating_mul(2))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Hex<N>, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

impl<const N: usize> JsonSchema for Hex<N> {
    fn schema_name() -> String {
        format!("Hex{N}")
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let digits = N.saturating_mul(2);
        SchemaObject {
            instance_type: Some(InstanceType::String.into()),
            string: Some(Box::new(StringValidation {
                pattern: Some(format!("^[0-9a-fA-F]{{{digits}}}$")),
                ..Default::default()
            })),
            ..Default::default()
        }
        .into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn travels_as_hex_of_exact_length() {
        let id = Hex([0xab, 0x01]);
        assert_eq!(serde_json::to_string(&id).unwrap(), "\"ab01\"");
        assert_eq!(serde_json::from_str::<Hex<2>>("\"AB01\"").unwrap(), id);
        for bad in ["\"ab\"", "\"ab0102\"", "\"zz01\"", "7"] {
            assert!(serde_json::from_str::<Hex<2>>(bad).is_err(), "{bad}");
        }
        let text = serde_json::from_str::<Hex<2>>("\"ab\"")
            .unwrap_err()
            .to_string();
        assert!(text.contains("expected 4 hex digits"), "{text}");
    }
}
