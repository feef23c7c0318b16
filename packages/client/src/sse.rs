//! Server-sent events (WHATWG HTML, section 9.2), as far as chat completions use them.

/// One event.
#[derive(Debug, PartialEq, Eq)]
pub struct Event {
    /// `message` if the event has no name.
    pub name: String,
    pub data: String,
    /// The event's bytes as they came, with the empty line that ends it.
    pub raw: Vec<u8>,
}

/// Longest event taken, in bytes.
const MAX_EVENT: usize = 1 << 20;

/// Cuts a byte stream into events.
#[derive(Default)]
pub struct Parser {
    buffer: Vec<u8>,
}

/// An event exceeded 1 MiB or was no UTF-8.
#[derive(Debug, PartialEq, Eq)]
pub struct BadEvent;

impl Parser {
    /// Adds bytes; returns the events that they complete.
    ///
    /// # Errors
    /// [`BadEvent`]; the stream cannot be read on.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<Event>, BadEvent> {
        self.buffer.extend_from_slice(bytes);
        let mut events = Vec::new();
        while let Some(end) = self.buffer.windows(2).position(|w| w == b"\n\n") {
            let rest = self.buffer.split_off(end + 2);
            let raw = std::mem::replace(&mut self.buffer, rest);
            events.push(parse(raw)?);
        }
        if self.buffer.len() > MAX_EVENT {
            return Err(BadEvent);
        }
        Ok(events)
    }
}

fn parse(raw: Vec<u8>) -> Result<Event, BadEvent> {
    let text = std::str::from_utf8(&raw).map_err(|_| BadEvent)?;
    let field = |line: &str, name: &str| {
        let value = line.strip_prefix(name)?.strip_prefix(':')?;
        Some(value.strip_prefix(' ').unwrap_or(value).to_string())
    };
    let mut name = "message".to_string();
    let mut data = Vec::new();
    for line in text.lines() {
        if let Some(value) = field(line, "event") {
            name = value;
        } else if let Some(value) = field(line, "data") {
            data.push(value);
        }
    }
    Ok(Event {
        name,
        data: data.join("\n"),
        raw,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_whole_however_the_bytes_are_cut() {
        let stream = b"data: {\"a\":1}\n\n: comment\n\nevent: receipt\ndata: x\ndata: y\n\n";
        for step in 1..stream.len() {
            let mut parser = Parser::default();
            let parts = stream.chunks(step);
            let events: Vec<_> = parts.flat_map(|c| parser.push(c).unwrap()).collect();
            assert_eq!(events.len(), 3, "step {step}");
            assert_eq!(events[0].data, "{\"a\":1}");
            assert_eq!(events[1].data, "");
            assert_eq!((&*events[2].name, &*events[2].data), ("receipt", "x\ny"));
            let raw: Vec<u8> = events.into_iter().flat_map(|e| e.raw).collect();
            assert_eq!(raw, stream);
        }
    }

    #[test]
    fn an_endless_event_is_refused() {
        let mut parser = Parser::default();
        assert_eq!(parser.push(&vec![b'x'; MAX_EVENT + 1]), Err(BadEvent));
    }
}
