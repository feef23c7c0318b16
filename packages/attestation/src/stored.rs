//! Reading stored forms: a byte that says what follows, then every field in its order, integers
//! big-endian, lists and texts preceded by their length in one byte. Nothing may follow.

use crate::bytes::{Reader, Short};
use crate::error::Error;

/// Why stored bytes do not decode.
pub(crate) struct Cause(pub &'static str);

impl From<Short> for Cause {
    fn from(_: Short) -> Self {
        Cause("bytes are cut")
    }
}

/// Reads a value whose first byte is `format` and that fills `bytes`.
///
/// # Errors
/// [`Error::Encoding`] for bytes that are cut, followed by others or of another format, and for what
/// `read` refuses.
pub(crate) fn decode<'a, T>(
    bytes: &'a [u8],
    format: u8,
    read: impl FnOnce(&mut Reader<'a>) -> Result<T, Cause>,
) -> Result<T, Error> {
    let mut input = Reader::new(bytes);
    let value = match input.u8() {
        Ok(byte) if byte == format => read(&mut input),
        Ok(_) => Err(Cause("unknown format")),
        Err(short) => Err(short.into()),
    };
    let value = value.map_err(|Cause(why)| Error::Encoding(why))?;
    match input.rest() {
        [] => Ok(value),
        _ => Err(Error::Encoding("trailing bytes")),
    }
}

/// At most 255 items.
pub(crate) fn list<'a, T>(
    input: &mut Reader<'a>,
    mut read: impl FnMut(&mut Reader<'a>) -> Result<T, Cause>,
) -> Result<Vec<T>, Cause> {
    let count = input.u8()?;
    (0..count).map(|_| read(input)).collect()
}

/// At most 255 bytes of UTF-8.
pub(crate) fn text(input: &mut Reader<'_>) -> Result<String, Cause> {
    let length = usize::from(input.u8()?);
    let bytes = input.take(length)?.to_vec();
    String::from_utf8(bytes).map_err(|_| Cause("text is not UTF-8"))
}
