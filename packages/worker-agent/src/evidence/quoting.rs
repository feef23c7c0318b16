//! Asks the host's quoting service for a quote (Intel's DCAP, `qgs_msg_lib.h` and `tdx_attest.c`). All
//! numbers of a message are little-endian, the length before it is big-endian.
//!
//! ```text
//! length u32 | major u16 = 1 | minor u16 | type u32 | size u32 | error u32 | body
//! request  (type 0): report size u32 = 1024 | id list size u32 = 0 | report
//! response (type 1): selected id size u32 | quote size u32 | selected id | quote
//! ```

use std::io::{Read, Write};

/// Bytes of a report of the TDX module (`TDREPORT_STRUCT`).
pub const REPORT: usize = 1_024;
const HEADER: usize = 16;
const SIZES: usize = 8;
/// Longest response that is read, bytes. Intel's own client takes 16 KiB.
const LIMIT: usize = 1 << 16;

/// Exchanges a report for a quote.
///
/// # Errors
/// What went wrong, for the operator.
pub fn quote(service: &mut (impl Read + Write), report: &[u8; REPORT]) -> Result<Vec<u8>, String> {
    let io = |error: std::io::Error| error.to_string();
    service.write_all(&request(report)).map_err(io)?;
    service.flush().map_err(io)?;
    let mut length = [0; 4];
    service.read_exact(&mut length).map_err(io)?;
    let length = u32::from_be_bytes(length) as usize;
    if length > LIMIT {
        return Err(format!("its answer has {length} bytes, limit {LIMIT}"));
    }
    let mut message = vec![0; length];
    service.read_exact(&mut message).map_err(io)?;
    quote_of(&message)
}

/// The request with its length.
fn request(report: &[u8; REPORT]) -> Vec<u8> {
    let size = (HEADER + SIZES + REPORT) as u32;
    let mut out = size.to_be_bytes().to_vec();
    out.extend(1u16.to_le_bytes());
    out.extend(0u16.to_le_bytes());
    for number in [0, size, 0, REPORT as u32, 0] {
        out.extend(number.to_le_bytes());
    }
    out.extend(report);
    out
}

fn quote_of(message: &[u8]) -> Result<Vec<u8>, String> {
    let short = || format!("its answer of {} bytes is cut off", message.len());
    let number = |at: usize| {
        let bytes = message.get(at..at.checked_add(4)?)?;
        Some(u32::from_le_bytes(bytes.try_into().ok()?))
    };
    let (Some(major), Some(kind), Some(size), Some(error)) = (
        message.first_chunk().map(|two| u16::from_le_bytes(*two)),
        number(4),
        number(8),
        number(12),
    ) else {
        return Err(short());
    };
    if major != 1 || kind != 1 {
        return Err(format!(
            "its answer has version {major} and type {kind}, must be 1 and 1"
        ));
    }
    if error != 0 {
        return Err(format!("it answers with error {error:#x}"));
    }
    let (id, quote) = number(HEADER).zip(number(HEADER + 4)).ok_or_else(short)?;
    let start = (HEADER + SIZES).saturating_add(id as usize);
    let end = start.saturating_add(quote as usize);
    if size as usize != message.len() || end != message.len() || quote == 0 {
        return Err(short());
    }
    Ok(message[start..end].to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays the service: keeps what it was asked, answers with fixed bytes.
    struct Service {
        asked: Vec<u8>,
        answer: std::io::Cursor<Vec<u8>>,
    }

    impl Read for Service {
        fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
            self.answer.read(buf)
        }
    }

    impl Write for Service {
        fn write(&mut self, buf: &[u8]) -> std::io::Result<usize> {
            self.asked.extend_from_slice(buf);
            Ok(buf.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn ask(message: &[u8]) -> (Result<Vec<u8>, String>, Vec<u8>) {
        let length = (message.len() as u32).to_be_bytes();
        let answer = std::io::Cursor::new([&length, message].concat());
        let asked = Vec::new();
        let mut service = Service { asked, answer };
        let answer = quote(&mut service, &[7; REPORT]);
        (answer, service.asked)
    }

    fn answer(kind: u32, error: u32, id: &[u8], quote: &[u8]) -> Vec<u8> {
        let size = (HEADER + SIZES + id.len() + quote.len()) as u32;
        let mut out = [1, 0, 1, 0].to_vec();
        for number in [kind, size, error, id.len() as u32, quote.len() as u32] {
            out.extend(number.to_le_bytes());
        }
        [&out, id, quote].concat()
    }

    #[test]
    fn a_report_is_exchanged_for_a_quote() {
        let (quote, asked) = ask(&answer(1, 0, &[9; 16], b"quote"));
        assert_eq!(quote.as_deref(), Ok(&b"quote"[..]));
        assert_eq!(asked.len(), 4 + 16 + 8 + 1_024);
        assert_eq!(asked[..4], [0, 0, 4, 0x18], "length, big-endian");
        assert_eq!(asked[4..12], [1, 0, 0, 0, 0, 0, 0, 0], "version 1, type 0");
        assert_eq!(asked[12..16], [0x18, 4, 0, 0], "size, little-endian");
        assert_eq!(
            asked[20..28],
            [0, 4, 0, 0, 0, 0, 0, 0],
            "report size, no ids"
        );
        assert_eq!(asked[28..], [7; 1_024]);
    }

    #[test]
    fn what_is_no_quote_is_refused_by_its_reason() {
        let good = answer(1, 0, &[], b"quote");
        let mut version = good.clone();
        version[0] = 2;
        let mut longer = good.clone();
        longer.push(0);
        let mut far = good.clone();
        far[16..20].fill(0xff);
        for (bad, reason) in [
            (answer(1, 0x12001, &[], b"quote"), "error 0x12001"),
            (answer(3, 0, &[], b"quote"), "type 3"),
            (answer(1, 0, &[], b""), "cut off"),
            (good[..10].to_vec(), "cut off"),
            (good[..20].to_vec(), "cut off"),
            (good[..good.len() - 1].to_vec(), "cut off"),
            (Vec::new(), "cut off"),
            (version, "version 2"),
            (longer, "cut off"),
            (far, "cut off"),
        ] {
            let error = ask(&bad).0.unwrap_err();
            assert!(error.contains(reason), "{reason}: {error}");
        }
        let mut endless = Service {
            asked: Vec::new(),
            answer: std::io::Cursor::new(vec![0xff; 8]),
        };
        let error = quote(&mut endless, &[0; REPORT]).unwrap_err();
        assert!(error.contains("limit 65536"), "{error}");
    }
}
