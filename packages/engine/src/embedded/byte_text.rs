//! The printable form that GPT-2 gave to bytes, in which byte-level vocabularies are stored: printable
//! Latin-1 characters stand for themselves, the other 68 bytes for U+0100 and on, in order.

/// The character that stands for `byte`.
pub fn char_of_byte(byte: u8) -> char {
    if is_plain(byte) {
        return char::from(byte);
    }
    let before = (0..byte).filter(|b| !is_plain(*b)).count() as u32;
    char::from_u32(0x100 + before).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// The bytes that `text` stands for; `None` if a character stands for none.
pub fn bytes_of_text(text: &str) -> Option<Vec<u8>> {
    text.chars().map(byte_of_char).collect()
}

fn byte_of_char(c: char) -> Option<u8> {
    match u8::try_from(u32::from(c)) {
        Ok(byte) => is_plain(byte).then_some(byte),
        Err(_) => {
            let index = u32::from(c).checked_sub(0x100)? as usize;
            (0..=u8::MAX).filter(|b| !is_plain(*b)).nth(index)
        }
    }
}

fn is_plain(byte: u8) -> bool {
    matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF)
}
