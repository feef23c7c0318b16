//! FLAC (RFC 9639): the sum of all frames' block sizes. STREAMINFO's total is not looked at.

use super::time_of;

/// `fLaC`, then the header of the STREAMINFO block.
const STREAMINFO: usize = 8;
const STREAMINFO_BYTES: usize = 34;
/// Longest frame header: 4 bytes, a number of 7, a block size and a rate of 2 each, the check sum.
const MAX_HEADER: usize = 16;

/// Length of all frames in microseconds.
pub(super) fn microseconds(file: &[u8]) -> Option<u64> {
    let info = file.get(STREAMINFO..STREAMINFO.checked_add(STREAMINFO_BYTES)?)?;
    let [high, middle, low] = [info.get(10)?, info.get(11)?, info.get(12)?].map(|b| u64::from(*b));
    let stream_rate = high << 12 | middle << 4 | low >> 4;
    let mut total = 0u64;
    for at in memchr::memchr_iter(0xff, file) {
        let header = file.get(at..)?;
        let header = header.get(..MAX_HEADER).unwrap_or(header);
        if let Some((samples, rate)) = read_header(header) {
            let rate = rate.unwrap_or(stream_rate);
            total = total.saturating_add(time_of(samples, rate));
        }
    }
    Some(total)
}

/// Samples of a frame, and its rate where it says so itself; `None` if no frame begins here.
fn read_header(header: &[u8]) -> Option<(u64, Option<u64>)> {
    let [sync, blocking, sizes, layout, rest @ ..] = header else {
        return None;
    };
    let is_frame = *sync == 0xff && blocking & 0xfe == 0xf8 && layout & 1 == 0 && layout >> 4 <= 10;
    if !is_frame {
        return None;
    }
    let (size_code, rate_code) = (sizes >> 4, sizes & 15);
    let mut at = coded_number_bytes(*rest.first()?)?;
    let mut number = |len: usize| {
        let field = rest.get(at..at.checked_add(len)?)?;
        at = at.checked_add(len)?;
        Some(field.iter().fold(0u64, |n, byte| n << 8 | u64::from(*byte)))
    };
    let samples = match size_code {
        0 => return None,
        1 => 192,
        2..=5 => 576 << (size_code - 2),
        6 => number(1)?.saturating_add(1),
        7 => number(2)?.saturating_add(1),
        _ => 256 << (size_code - 8),
    };
    let rate = match rate_code {
        0 => None,
        1 => Some(88_200),
        2 => Some(176_400),
        3 => Some(192_000),
        4 => Some(8_000),
        5 => Some(16_000),
        6 => Some(22_050),
        7 => Some(24_000),
        8 => Some(32_000),
        9 => Some(44_100),
        10 => Some(48_000),
        11 => Some(96_000),
        12 => Some(number(1)?.saturating_mul(1_000)),
        13 => Some(number(2)?),
        14 => Some(number(2)?.saturating_mul(10)),
        _ => return None,
    };
    let end = at.checked_add(4)?;
    let is_right = crc8(header.get(..end)?) == *header.get(end)?;
    is_right.then_some((samples, rate))
}

/// Bytes of a number in the form of UTF-8, by its first byte.
fn coded_number_bytes(first: u8) -> Option<usize> {
    match first.leading_ones() {
        0 => Some(1),
        1 | 8 => None,
        ones => usize::try_from(ones).ok(),
    }
}

/// The header's check sum: polynomial x⁸ + x² + x + 1, from 0.
fn crc8(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ byte, |crc, _| match crc & 0x80 {
            0 => crc << 1,
            _ => crc << 1 ^ 7,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::super::duration_ms;
    use super::*;

    /// A file whose STREAMINFO claims `total` samples.
    fn flac(rate: u32, total: u32, frames: &[Vec<u8>]) -> Vec<u8> {
        let mut file = b"fLaC\x80\0\0\x22".to_vec();
        file.extend([16, 0, 16, 0, 0, 0, 0, 0, 0, 0]);
        let packed = u64::from(rate) << 44 | 15 << 36 | u64::from(total);
        file.extend(packed.to_be_bytes());
        file.extend([0; 16]);
        frames.iter().for_each(|frame| file.extend(frame));
        file
    }

    fn frame(head: &[u8]) -> Vec<u8> {
        let mut frame = head.to_vec();
        frame.push(crc8(head));
        frame.extend([0x55; 50]);
        frame
    }

    #[test]
    fn the_check_sum_is_the_published_one() {
        assert_eq!(crc8(b"123456789"), 0xf4);
    }

    #[test]
    fn frames_count_whatever_the_header_claims() {
        // 4096 samples at the stream's rate, three times.
        let frames: Vec<_> = (0..3)
            .map(|n| frame(&[0xff, 0xf8, 0xc0, 0x08, n]))
            .collect();
        for total in [0, 1, 12_288, u32::MAX] {
            assert_eq!(duration_ms(&flac(16_000, total, &frames)), Some(768));
        }
    }

    #[test]
    fn frames_may_say_sizes_and_rates_themselves() {
        let cases = [
            (vec![0xff, 0xf9, 0x65, 0x08, 0, 99], 100u64, 16_000u64),
            (
                vec![0xff, 0xf8, 0x7c, 0x08, 0xc2, 0x80, 3, 231, 8],
                1_000,
                8_000,
            ),
            (vec![0xff, 0xf8, 0x1d, 0x18, 0, 0x1f, 0x40], 192, 8_000),
            (vec![0xff, 0xf8, 0x2e, 0x18, 0, 0x03, 0x20], 576, 8_000),
        ];
        for (head, samples, rate) in cases {
            let file = flac(44_100, 0, &[frame(&head)]);
            let expected = (samples * 1_000).div_ceil(rate);
            assert_eq!(duration_ms(&file), Some(expected), "{head:?}");
        }
    }

    #[test]
    fn what_only_looks_like_a_frame_does_not_count() {
        let real = frame(&[0xff, 0xf8, 0xc0, 0x08, 0]);
        let mut broken = frame(&[0xff, 0xf8, 0xc0, 0x08, 1]);
        broken[5] ^= 1;
        let reserved = frame(&[0xff, 0xf8, 0x00, 0x08, 2]);
        let file = flac(16_000, 0, &[real, broken, reserved]);
        assert_eq!(duration_ms(&file), Some(256));
    }
}
