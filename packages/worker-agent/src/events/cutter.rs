//! Cuts bytes into events as they come.

use bytes::{Bytes, BytesMut};
use secret_ai_engine::EngineError;

/// Most bytes of one event.
pub const MAX_EVENT: usize = 1 << 20;

/// Cuts bytes into events, each with its framing. Holds at most one event that is not complete.
#[derive(Default)]
pub struct Cutter {
    /// What came last and is not cut yet.
    fresh: Bytes,
    /// An event whose bytes came apart, and what came after it.
    pending: BytesMut,
    /// Where the first line begins whose end is not found yet.
    line: usize,
}

impl Cutter {
    /// Takes the next bytes; everything before must have been cut.
    pub fn push(&mut self, bytes: Bytes) {
        if self.pending.is_empty() {
            self.fresh = bytes;
        } else {
            self.pending.extend_from_slice(&bytes);
        }
    }

    /// The next whole event.
    ///
    /// # Errors
    /// [`EngineError::TooLarge`].
    pub fn next(&mut self) -> Result<Option<Bytes>, EngineError> {
        let bytes: &[u8] = if self.pending.is_empty() {
            &self.fresh
        } else {
            &self.pending
        };
        let length = bytes.len();
        if let Some(end) = end_of_event(bytes, &mut self.line) {
            self.line = 0;
            return Ok(Some(if self.pending.is_empty() {
                self.fresh.split_to(end)
            } else {
                self.pending.split_to(end).freeze()
            }));
        }
        if self.pending.is_empty() {
            self.pending.extend_from_slice(&self.fresh);
            self.fresh = Bytes::new();
        }
        if length > MAX_EVENT {
            return Err(EngineError::TooLarge {
                what: "an event",
                limit: MAX_EVENT,
            });
        }
        Ok(None)
    }
}

/// Where the first event ends, its blank line included; `line` is moved to the first unfinished line.
fn end_of_event(bytes: &[u8], line: &mut usize) -> Option<usize> {
    while let Some(length) = bytes
        .get(*line..)
        .and_then(|rest| memchr::memchr(b'\n', rest))
    {
        let end = *line + length;
        let is_blank = matches!(bytes.get(*line..end), Some(b"" | b"\r"));
        *line = end + 1;
        if is_blank {
            return Some(end + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::data;

    fn cut(parts: &[&[u8]]) -> Vec<Bytes> {
        let (mut cutter, mut events) = (Cutter::default(), Vec::new());
        for part in parts {
            cutter.push(Bytes::copy_from_slice(part));
            while let Some(event) = cutter.next().unwrap() {
                events.push(event);
            }
        }
        events
    }

    #[test]
    fn any_cut_of_the_bytes_gives_the_same_events() {
        let text =
            b": hello\n\ndata: one\n\nevent: x\r\ndata:two\r\ndata: three\r\n\r\ndata: four\n\ndata: lost";
        let whole = cut(&[text]);
        assert_eq!(whole.len(), 4);
        assert_eq!(whole.concat(), text[..text.len() - 10]);
        let said: Vec<_> = whole.iter().filter_map(|event| data(event)).collect();
        assert_eq!(said, [&b"one"[..], b"two\nthree", b"four"]);
        for at in 0..text.len() {
            assert_eq!(cut(&[&text[..at], &text[at..]]), whole, "cut at {at}");
        }
        let bytes: Vec<&[u8]> = text.chunks(1).collect();
        assert_eq!(cut(&bytes), whole);
    }

    #[test]
    fn an_event_above_the_limit_is_refused() {
        let mut cutter = Cutter::default();
        cutter.push(vec![b'x'; MAX_EVENT].into());
        assert_eq!(cutter.next(), Ok(None));
        cutter.push(Bytes::from_static(b"x"));
        assert!(matches!(cutter.next(), Err(EngineError::TooLarge { .. })));
    }
}
