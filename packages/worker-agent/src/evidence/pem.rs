//! Certificates in PEM (RFC 7468), as drivers and vendors hand them out.

use base64::engine::general_purpose::STANDARD;
use base64::Engine;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// Tag of an ASN.1 SEQUENCE, which every certificate is.
const SEQUENCE: u8 = 0x30;

/// DER of every certificate in a text, in its order; `None` if a certificate is broken. What stands
/// around the certificates is ignored, so a text without any gives an empty list.
pub fn certificates(text: &[u8]) -> Option<Vec<Vec<u8>>> {
    let text = std::str::from_utf8(text).ok()?;
    let blocks = text.split(BEGIN).skip(1);
    blocks
        .map(|block| {
            let (body, _) = block.split_once(END)?;
            let digits: String = body.split_ascii_whitespace().collect();
            STANDARD.decode(digits).ok()
        })
        .collect()
}

/// DER of the one certificate in a file that is DER or PEM.
pub fn certificate(bytes: &[u8]) -> Option<Vec<u8>> {
    if bytes.first() == Some(&SEQUENCE) {
        return Some(bytes.to_vec());
    }
    let mut found = certificates(bytes)?.into_iter();
    found.next().filter(|_| found.next().is_none())
}

/// Whether these bytes are one SEQUENCE of DER, with nothing missing and nothing behind it. What is in
/// it is for those who verify.
pub fn is_whole(der: &[u8]) -> bool {
    let Some((&[SEQUENCE, first], rest)) = der.split_first_chunk() else {
        return false;
    };
    let (length, content) = match first {
        0..=0x7f => (usize::from(first), rest),
        // Up to four bytes of length follow.
        0x81..=0x84 => match rest.split_at_checked(usize::from(first & 0x7f)) {
            Some((digits, content)) => {
                let number = digits.iter().fold(0u64, |n, &d| n << 8 | u64::from(d));
                (usize::try_from(number).unwrap_or(usize::MAX), content)
            }
            None => return false,
        },
        _ => return false,
    };
    content.len() == length
}
