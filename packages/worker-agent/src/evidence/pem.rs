//! Certificates in PEM (RFC 7468), as drivers and vendors hand them out.

use base64::engine::general_purpose::STANDARD;
use base64::Engine;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

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
    /// Tag of an ASN.1 SEQUENCE, which every certificate is.
    const SEQUENCE: u8 = 0x30;
    if bytes.first() == Some(&SEQUENCE) {
        return Some(bytes.to_vec());
    }
    let mut found = certificates(bytes)?.into_iter();
    found.next().filter(|_| found.next().is_none())
}
