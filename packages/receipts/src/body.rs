//! Bodies: fixed-width fields, encoded one after the other.

use thiserror::Error;

/// A struct that can be signed.
pub trait Body: Sized {
    /// Names the kind in the digest.
    const KIND: &'static str;

    /// Appends the body's bytes.
    fn write(&self, out: &mut Vec<u8>);

    /// Takes the body off the front of `from`.
    fn read(from: &mut Fields) -> Result<Self, DecodeError>;

    /// The body's bytes.
    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out);
        out
    }

    /// Exactly one body, with nothing after it.
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut fields = Fields(bytes);
        let body = Self::read(&mut fields)?;
        fields.end()?;
        Ok(body)
    }
}

/// Bytes that are not what they should be.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum DecodeError {
    #[error("{kind}: too short")]
    TooShort { kind: &'static str },
    #[error("{extra} bytes after the end")]
    Trailing { extra: usize },
    #[error("flags: {flags:#04x} has bits that are not defined")]
    Flags { flags: u8 },
    #[error("n: {n} lines, must be 1 to {max}")]
    Lines { n: usize, max: usize },
    #[error("{field}: {value} is not below 2^56")]
    TooLarge { field: &'static str, value: u64 },
    #[error("model: {length} bytes of UTF-8, must be 1 to {max}")]
    Model { length: usize, max: usize },
    #[error("s: not in the lower half of the curve's order")]
    HighS,
}

/// Takes fields off the front of a byte string.
pub struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Fields(bytes)
    }

    pub(crate) fn take(&mut self, kind: &'static str, n: usize) -> Result<&'a [u8], DecodeError> {
        let (head, tail) = self
            .0
            .split_at_checked(n)
            .ok_or(DecodeError::TooShort { kind })?;
        self.0 = tail;
        Ok(head)
    }

    pub(crate) fn array<const N: usize>(
        &mut self,
        kind: &'static str,
    ) -> Result<[u8; N], DecodeError> {
        self.take(kind, N)?
            .try_into()
            .map_err(|_| DecodeError::TooShort { kind })
    }

    pub(crate) fn u64(&mut self, kind: &'static str) -> Result<u64, DecodeError> {
        Ok(u64::from_be_bytes(self.array(kind)?))
    }

    /// A u64 below 2⁵⁶.
    pub(crate) fn count(
        &mut self,
        kind: &'static str,
        field: &'static str,
    ) -> Result<u64, DecodeError> {
        let value = self.u64(kind)?;
        if value < crate::MAX_COUNT {
            Ok(value)
        } else {
            Err(DecodeError::TooLarge { field, value })
        }
    }

    /// `n` counters after a length byte, 1 to 8.
    pub(crate) fn counters(&mut self, kind: &'static str) -> Result<Vec<u64>, DecodeError> {
        let n = usize::from(u8::from_be_bytes(self.array(kind)?));
        let max = crate::MAX_LINES;
        if n == 0 || n > max {
            return Err(DecodeError::Lines { n, max });
        }
        (0..n).map(|_| self.count(kind, "counter")).collect()
    }

    pub(crate) fn end(&self) -> Result<(), DecodeError> {
        match self.0.len() {
            0 => Ok(()),
            extra => Err(DecodeError::Trailing { extra }),
        }
    }
}

/// Appends counters after their number.
pub(crate) fn write_counters(counters: &[u64], out: &mut Vec<u8>) {
    out.push(u8::try_from(counters.len()).unwrap_or(u8::MAX));
    for counter in counters {
        out.extend_from_slice(&counter.to_be_bytes());
    }
}
