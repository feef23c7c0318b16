//! The PEM certificate chain inside a quote, read strictly: full lines of 64 characters, canonical
//! base64, single line feeds, nothing between or after but one NUL, which Intel's tools append. And
//! written: the same form without the NUL.

use crate::error::Error;

const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----\n";
const END: &[u8] = b"-----END CERTIFICATE-----";

/// Reads exactly three certificates.
pub(crate) fn chain(text: &[u8]) -> Result<[Vec<u8>; 3], Error> {
    certificates(text)?
        .try_into()
        .map_err(|_| Error::PemChain("not three certificates"))
}

/// Reads one certificate or more.
pub(crate) fn certificates(text: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
    let text = text.strip_suffix(b"\0").unwrap_or(text);
    let mut rest = text.strip_suffix(b"\n").unwrap_or(text);
    let mut chain = Vec::with_capacity(3);
    loop {
        rest = rest
            .strip_prefix(BEGIN)
            .ok_or(Error::PemChain("begin line"))?;
        let length = rest
            .iter()
            .position(|byte| *byte == b'-')
            .ok_or(Error::PemChain("cut"))?;
        let (body, after) = rest
            .split_at_checked(length)
            .ok_or(Error::PemChain("cut"))?;
        chain.push(base64_lines(body)?);
        rest = after.strip_prefix(END).ok_or(Error::PemChain("end line"))?;
        if rest.is_empty() {
            return Ok(chain);
        }
        rest = rest
            .strip_prefix(b"\n")
            .ok_or(Error::PemChain("separator"))?;
    }
}

/// Decodes lines of 64 characters, the last one 4 to 64, each ended by a line feed.
fn base64_lines(body: &[u8]) -> Result<Vec<u8>, Error> {
    let error = Error::PemChain("base64");
    if body.is_empty() {
        return Err(error);
    }
    let mut bytes = Vec::with_capacity(body.len());
    let mut lines = body.chunks(65).peekable();
    while let Some(line) = lines.next() {
        let (b'\n', line) = line.split_last().ok_or(error)? else {
            return Err(error);
        };
        let (groups, []) = line.as_chunks::<4>() else {
            return Err(error);
        };
        if groups.is_empty() {
            return Err(error);
        }
        let mut groups = groups.iter().peekable();
        while let Some(group) = groups.next() {
            let last = groups.peek().is_none() && lines.peek().is_none();
            decode_group(group, last, &mut bytes).ok_or(error)?;
        }
    }
    Ok(bytes)
}

/// Decodes four characters to three bytes, or to two or one where padding is allowed.
fn decode_group(group: &[u8; 4], padding_allowed: bool, out: &mut Vec<u8>) -> Option<()> {
    let padding = match group {
        [_, _, b'=', b'='] => 2,
        [_, _, _, b'='] => 1,
        _ => 0,
    };
    if padding > 0 && !padding_allowed {
        return None;
    }
    let mut bits = 0u32;
    for (place, byte) in group.iter().enumerate() {
        let value = if place >= 4usize.saturating_sub(padding) {
            0
        } else {
            sextet(*byte)?
        };
        bits = (bits << 6) | u32::from(value);
    }
    let [_, a, b, c] = bits.to_be_bytes();
    match padding {
        0 => out.extend_from_slice(&[a, b, c]),
        1 if c == 0 => out.extend_from_slice(&[a, b]),
        2 if b == 0 && c == 0 => out.push(a),
        _ => return None,
    }
    Some(())
}

fn sextet(byte: u8) -> Option<u8> {
    Some(match byte {
        b'A'..=b'Z' => byte.wrapping_sub(b'A'),
        b'a'..=b'z' => byte.wrapping_sub(b'a').wrapping_add(26),
        b'0'..=b'9' => byte.wrapping_sub(b'0').wrapping_add(52),
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}

/// The certificates (DER), each ended by a line feed.
pub(crate) fn encode(certificates: &[&[u8]]) -> Vec<u8> {
    let mut text = Vec::new();
    for der in certificates {
        text.extend_from_slice(BEGIN);
        for line in der.chunks(48) {
            for group in line.chunks(3) {
                text.extend_from_slice(&encode_group(group));
            }
            text.push(b'\n');
        }
        text.extend_from_slice(END);
        text.push(b'\n');
    }
    text
}

/// Four characters for one to three bytes.
fn encode_group(group: &[u8]) -> [u8; 4] {
    let byte = |place: usize| group.get(place).copied().unwrap_or(0);
    let bits = u32::from_be_bytes([0, byte(0), byte(1), byte(2)]);
    let character = |place: usize, shift: u32| match place <= group.len() {
        true => character(bits >> shift),
        false => b'=',
    };
    [
        character(0, 18),
        character(1, 12),
        character(2, 6),
        character(3, 0),
    ]
}

/// The character of the lowest six bits.
fn character(bits: u32) -> u8 {
    let [.., low] = bits.to_be_bytes();
    match low & 0x3f {
        value @ 0..=25 => b'A'.wrapping_add(value),
        value @ 26..=51 => b'a'.wrapping_add(value).wrapping_sub(26),
        value @ 52..=61 => b'0'.wrapping_add(value).wrapping_sub(52),
        62 => b'+',
        _ => b'/',
    }
}
