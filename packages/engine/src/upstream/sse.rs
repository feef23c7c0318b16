//! Server-sent events out of bytes as they come (HTML standard, section 9.2.6), `data` only.

use crate::EngineError;

/// Cuts a byte stream into the data of events, holding at most one event.
pub(super) struct SseDecoder {
    /// Bytes of a line that is not complete yet.
    line: Vec<u8>,
    /// Data of an event that is not complete yet.
    data: Vec<u8>,
    limit: usize,
}

impl SseDecoder {
    /// A decoder that refuses events and lines above `limit` bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            line: Vec::new(),
            data: Vec::new(),
            limit,
        }
    }

    /// Takes the next bytes and hands the data of every event that they complete to `event`, until it
    /// fails.
    ///
    /// # Errors
    /// [`EngineError::TooLarge`], or what `event` returned.
    pub(super) fn push(
        &mut self,
        bytes: &[u8],
        mut event: impl FnMut(&[u8]) -> Result<(), EngineError>,
    ) -> Result<(), EngineError> {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self
                .line
                .len()
                .saturating_add(part.len())
                .saturating_add(self.data.len())
                > self.limit
            {
                return Err(EngineError::TooLarge {
                    what: "an event",
                    limit: self.limit,
                });
            }
            let Some(end) = part.strip_suffix(b"\n") else {
                self.line.extend_from_slice(part);
                continue;
            };
            if self.line.is_empty() {
                self.take_line(end, &mut event)?;
            } else {
                let mut line = std::mem::take(&mut self.line);
                line.extend_from_slice(end);
                self.take_line(&line, &mut event)?;
                line.clear();
                self.line = line;
            }
        }
        Ok(())
    }

    fn take_line(
        &mut self,
        line: &[u8],
        event: &mut impl FnMut(&[u8]) -> Result<(), EngineError>,
    ) -> Result<(), EngineError> {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            let data = std::mem::take(&mut self.data);
            return if data.is_empty() {
                Ok(())
            } else {
                event(&data)
            };
        }
        if let Some(value) = line.strip_prefix(b"data:") {
            if !self.data.is_empty() {
                self.data.push(b'\n');
            }
            self.data
                .extend_from_slice(value.strip_prefix(b" ").unwrap_or(value));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(parts: &[&[u8]], limit: usize) -> Result<Vec<String>, EngineError> {
        let (mut decoder, mut events) = (SseDecoder::new(limit), Vec::new());
        for part in parts {
            decoder.push(part, |data| {
                events.push(String::from_utf8_lossy(data).into_owned());
                Ok(())
            })?;
        }
        Ok(events)
    }

    #[test]
    fn any_cut_of_the_bytes_gives_the_same_events() {
        let text = b": hello\ndata: one\n\nevent: x\r\ndata:two\r\ndata: three\r\n\r\ndata: four\n\ndata: lost";
        let whole = events(&[text], 100).unwrap();
        assert_eq!(whole, ["one", "two\nthree", "four"]);
        for cut in 0..text.len() {
            assert_eq!(
                events(&[&text[..cut], &text[cut..]], 100).unwrap(),
                whole,
                "cut at {cut}"
            );
        }
        let bytes: Vec<&[u8]> = text.chunks(1).collect();
        assert_eq!(events(&bytes, 100).unwrap(), whole);
    }

    #[test]
    fn a_line_or_an_event_above_the_limit_is_refused() {
        let too_large = EngineError::TooLarge {
            what: "an event",
            limit: 20,
        };
        assert_eq!(
            events(&[b"data: 01234", b"56789012345"], 20),
            Err(too_large.clone())
        );
        assert_eq!(
            events(&[b"data: 0123456789\n", b"data: 01234\n\n"], 20),
            Err(too_large)
        );
        assert_eq!(
            events(&[b"data: 0123456789\n\n", b"data: 01\n\n"], 20)
                .unwrap()
                .len(),
            2
        );
    }
}
