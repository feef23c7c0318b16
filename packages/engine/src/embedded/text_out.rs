//! From token pieces to text that may be sent: whole UTF-8 characters only, and nothing that may turn
//! out to be the beginning of a stop string.

/// Text that waits to be sent.
pub(super) struct TextOut {
    bytes: Vec<u8>,
    text: String,
    stops: Vec<String>,
}

/// What a new piece led to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// This can be sent; may be empty.
    Text(String),
    /// A stop string is complete; this came before it.
    Stopped(String),
}

impl TextOut {
    pub(super) fn new(stops: &[String]) -> Self {
        Self {
            bytes: Vec::new(),
            text: String::new(),
            stops: stops.to_vec(),
        }
    }

    pub(super) fn push(&mut self, piece: &[u8]) -> Piece {
        self.bytes.extend_from_slice(piece);
        self.decode(false);
        let found = self
            .stops
            .iter()
            .filter_map(|stop| self.text.find(stop.as_str()))
            .min();
        if let Some(at) = found {
            self.text.truncate(at);
            return Piece::Stopped(std::mem::take(&mut self.text));
        }
        let held = self
            .stops
            .iter()
            .map(|stop| overlap(&self.text, stop))
            .max()
            .unwrap_or(0);
        let rest = self.text.split_off(self.text.len() - held);
        Piece::Text(std::mem::replace(&mut self.text, rest))
    }

    /// What was held back, when nothing more comes.
    pub(super) fn finish(mut self) -> String {
        self.decode(true);
        self.text
    }

    /// Moves whole characters from bytes to text; broken ones become U+FFFD.
    fn decode(&mut self, all: bool) {
        loop {
            match std::str::from_utf8(&self.bytes) {
                Ok(text) => {
                    self.text.push_str(text);
                    self.bytes.clear();
                    return;
                }
                Err(error) => {
                    let (valid, rest) = self.bytes.split_at(error.valid_up_to());
                    self.text.push_str(&String::from_utf8_lossy(valid));
                    let broken = match error.error_len() {
                        Some(len) => len,
                        None if all => rest.len(),
                        None => 0,
                    };
                    let rest = rest.get(broken..).unwrap_or_default().to_vec();
                    self.bytes = rest;
                    if broken == 0 {
                        return;
                    }
                    self.text.push(char::REPLACEMENT_CHARACTER);
                }
            }
        }
    }
}

/// Bytes at the end of `text` that `stop` begins with.
fn overlap(text: &str, stop: &str) -> usize {
    (1..stop.len())
        .rev()
        .filter(|len| stop.is_char_boundary(*len))
        .find(|len| text.ends_with(&stop[..*len]))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(pieces: &[&[u8]], stops: &[&str]) -> (Vec<Piece>, String) {
        let stops: Vec<String> = stops.iter().map(|s| (*s).to_owned()).collect();
        let mut out = TextOut::new(&stops);
        (
            pieces.iter().map(|piece| out.push(piece)).collect(),
            out.finish(),
        )
    }

    #[test]
    fn characters_are_never_split() {
        let (pieces, rest) = all(&[b"a\xE2\x82", b"\xAC!"], &[]);
        assert_eq!(pieces, [Piece::Text("a".into()), Piece::Text("€!".into())]);
        assert_eq!(rest, "");
    }

    #[test]
    fn broken_bytes_become_replacement_characters() {
        let (pieces, rest) = all(&[b"a\xFFb", b"\xE2\x82"], &[]);
        assert_eq!(
            pieces,
            [Piece::Text("a\u{FFFD}b".into()), Piece::Text(String::new())]
        );
        assert_eq!(rest, "\u{FFFD}");
    }

    #[test]
    fn a_stop_string_over_two_pieces_is_held_back_and_cut() {
        let (pieces, _) = all(&[b"one ST", b"OP two"], &["STOP"]);
        assert_eq!(
            pieces,
            [Piece::Text("one ".into()), Piece::Stopped(String::new())]
        );
    }

    #[test]
    fn what_only_looked_like_a_stop_string_is_sent() {
        let (pieces, rest) = all(&[b"one ST", b"EP", b" S"], &["STOP"]);
        let texts = ["one ", "STEP", " "].map(|text| Piece::Text(text.into()));
        assert_eq!(pieces, texts);
        assert_eq!(rest, "S");
    }
}
