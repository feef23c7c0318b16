//! Files that are frames one after the other: MP3 (ISO 11172-3, 13818-3, and the unofficial 2.5) and
//! AAC in ADTS (ISO 13818-7). A frame says how long it is, so the next one is where it ends.

use super::time_of;

/// A frame, as its header describes it.
struct Frame {
    bytes: usize,
    samples: u64,
    /// Samples per second.
    rate: u64,
    /// What stays the same over a file.
    kind: u16,
}

/// Length of all frames in microseconds; `None` if the file does not begin with one.
pub(super) fn microseconds(file: &[u8]) -> Option<u64> {
    let mut at = id3_bytes(file);
    let mut total = 0u64;
    let mut kind = read_frame(file.get(at..)?)
        .filter(|frame| is_followed(file, at, frame))?
        .kind;
    while let Some(rest) = file.get(at..).filter(|rest| !rest.is_empty()) {
        // Frames of another kind come at least in pairs: else they are junk.
        let is_right = |frame: &Frame| frame.kind == kind || is_followed(file, at, frame);
        match read_frame(rest).filter(is_right) {
            Some(frame) => {
                kind = frame.kind;
                total = total.saturating_add(time_of(frame.samples, frame.rate));
                at = at.saturating_add(frame.bytes);
            }
            // Decoders look for the next frame, too.
            None => match rest.get(1..).and_then(|rest| memchr::memchr(0xff, rest)) {
                Some(skipped) => at = at.saturating_add(skipped).saturating_add(1),
                None => break,
            },
        }
    }
    Some(total)
}

/// Whether another frame of the same kind, or the end of the file, or its closing tag, comes after
/// `frame`: bytes that only look like a header hide nothing.
fn is_followed(file: &[u8], at: usize, frame: &Frame) -> bool {
    let next = file.get(at.saturating_add(frame.bytes)..);
    match next {
        None | Some([]) => true,
        Some(next) if next.starts_with(b"TAG") => true,
        Some(next) => read_frame(next).is_some_and(|next| next.kind == frame.kind),
    }
}

/// Bytes of an ID3v2 tag at the beginning (<https://id3.org/id3v2.4.0-structure>).
fn id3_bytes(file: &[u8]) -> usize {
    let [b'I', b'D', b'3', _, _, flags, a, b, c, d, ..] = file else {
        return 0;
    };
    let size = [a, b, c, d]
        .into_iter()
        .fold(0, |size, byte| size << 7 | usize::from(byte & 127));
    let footer = if flags & 0x10 != 0 { 10 } else { 0 };
    size.saturating_add(10).saturating_add(footer)
}

fn read_frame(bytes: &[u8]) -> Option<Frame> {
    let [0xff, second, third, fourth, ..] = *bytes else {
        return None;
    };
    match (second & 0xf0, second & 0x06) {
        (0xf0, 0) => read_adts(second, third, fourth, bytes),
        (0xe0 | 0xf0, 2 | 4 | 6) => read_mpeg(second, third),
        _ => None,
    }
}

fn read_adts(second: u8, third: u8, fourth: u8, bytes: &[u8]) -> Option<Frame> {
    const RATES: [u64; 13] = [
        96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025,
        8_000, 7_350,
    ];
    let rate = *RATES.get(usize::from(third >> 2 & 15))?;
    let (fifth, sixth, seventh) = (bytes.get(4)?, bytes.get(5)?, bytes.get(6)?);
    let length = usize::from(fourth & 3) << 11 | usize::from(*fifth) << 3 | usize::from(sixth >> 5);
    let header = if second & 1 == 0 { 9 } else { 7 };
    let blocks = u64::from(seventh & 3).saturating_add(1);
    (length >= header).then_some(Frame {
        bytes: length,
        samples: blocks.saturating_mul(1_024),
        rate,
        kind: 0xf000 | u16::from(third >> 2),
    })
}

/// Kilobits per second by version and layer (1/I, 1/II, 1/III, 2/I, 2/II and III) and code.
const BIT_RATES: [[u16; 14]; 5] = [
    [
        32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448,
    ],
    [
        32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384,
    ],
    [
        32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320,
    ],
    [
        32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256,
    ],
    [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];

fn read_mpeg(second: u8, third: u8) -> Option<Frame> {
    // Version: 3 is 1, 2 is 2, 0 is 2.5. Layer: 3 is I, 2 is II, 1 is III.
    let (version, layer) = (second >> 3 & 3, second >> 1 & 3);
    let rate: u64 = [44_100, 48_000, 32_000]
        .get(usize::from(third >> 2 & 3))
        .copied()?;
    let rate = match version {
        3 => rate,
        2 => rate / 2,
        0 => rate / 4,
        _ => return None,
    };
    let is_first = version == 3;
    let table = match (is_first, layer) {
        (true, 3) => 0,
        (true, 2) => 1,
        (true, _) => 2,
        (false, 3) => 3,
        (false, _) => 4,
    };
    // Free format (code 0) does not say where its frames end.
    let code = usize::from(third >> 4).checked_sub(1)?;
    let bit_rate = u64::from(*BIT_RATES.get(table)?.get(code)?).saturating_mul(1_000);
    let samples: u64 = match (is_first, layer) {
        (_, 3) => 384,
        (false, 1) => 576,
        _ => 1_152,
    };
    let padding = u64::from(third >> 1 & 1);
    // A slot has 4 bytes in layer I, else 1.
    let bytes = match layer {
        3 => (bit_rate.saturating_mul(12) / rate)
            .saturating_add(padding)
            .saturating_mul(4),
        _ => (bit_rate.saturating_mul(samples / 8) / rate).saturating_add(padding),
    };
    Some(Frame {
        bytes: usize::try_from(bytes).ok().filter(|bytes| *bytes > 4)?,
        samples,
        rate,
        kind: u16::from(second & 0x1e) << 2 | u16::from(third >> 2 & 3),
    })
}

#[cfg(test)]
mod tests {
    use super::super::duration_ms;

    /// MPEG 1, layer III, 128 kbit/s, 44,100 Hz: 417 bytes, 1,152 samples.
    fn mp3(frames: usize) -> Vec<u8> {
        let mut frame = vec![0xff, 0xfb, 0x90, 0x00];
        frame.resize(417, 0x55);
        frame.repeat(frames)
    }

    /// AAC, 16,000 Hz, 64 bytes per frame, 1,024 samples.
    fn aac(frames: usize) -> Vec<u8> {
        let mut frame = vec![0xff, 0xf1, 0x60, 0x40, 0x08, 0x00, 0x00];
        frame.resize(64, 0x55);
        frame.repeat(frames)
    }

    #[test]
    fn frames_are_counted() {
        // 26.122 ms each.
        assert_eq!(duration_ms(&mp3(1)), Some(27));
        assert_eq!(duration_ms(&mp3(100)), Some(2_613));
        assert_eq!(duration_ms(&aac(125)), Some(8_000));
    }

    #[test]
    fn other_versions_layers_and_paddings_are_known() {
        let cases = [
            // MPEG 2, layer III, 64 kbit/s, 16,000 Hz: 288 bytes, 576 samples.
            ([0xff, 0xf3, 0x88, 0], 288, 36_000),
            // MPEG 2.5, layer III, 8 kbit/s, 8,000 Hz, padded: 73 bytes, 576 samples.
            ([0xff, 0xe3, 0x1a, 0], 73, 72_000),
            // MPEG 1, layer II, 384 kbit/s, 48,000 Hz: 1,152 bytes and samples.
            ([0xff, 0xfd, 0xe4, 0], 1_152, 24_000),
            // MPEG 1, layer I, 32 kbit/s, 32,000 Hz, padded: 52 bytes, 384 samples.
            ([0xff, 0xff, 0x1a, 0], 52, 12_000),
        ];
        for (head, bytes, microseconds) in cases {
            let mut frame = head.to_vec();
            frame.resize(bytes, 0);
            let file = frame.repeat(10);
            assert_eq!(
                super::microseconds(&file),
                Some(microseconds * 10),
                "{head:x?}"
            );
        }
    }

    #[test]
    fn tags_do_not_count() {
        let mut file = b"ID3\x04\0\0\0\0\x01\x00".to_vec();
        file.extend([0xff; 128]);
        file.extend(mp3(100));
        file.extend(b"TAG");
        file.extend([0; 125]);
        assert_eq!(duration_ms(&file), Some(2_613));
    }

    #[test]
    fn a_change_of_kind_hides_no_frames() {
        let mut other = vec![0xff, 0xf3, 0x88, 0x00];
        other.resize(288, 0x55);
        let file = [mp3(2), other.repeat(100), mp3(100)].concat();
        assert_eq!(duration_ms(&file), Some(3_600 + 2_665));
    }

    #[test]
    fn junk_after_every_frame_hides_none() {
        let mut file = mp3(2);
        for _ in 0..98 {
            file.push(0);
            file.extend(mp3(1));
        }
        assert_eq!(duration_ms(&file), Some(2_613));
    }

    #[test]
    fn junk_between_frames_hides_none() {
        // A header of 1,441 bytes that nothing follows must not swallow real frames.
        let mut file = mp3(50);
        file.extend([0xff, 0xfa, 0xe8, 0x00]);
        file.extend(mp3(50));
        assert_eq!(duration_ms(&file), Some(2_613));
    }

    #[test]
    fn a_file_has_to_begin_with_frames() {
        let mut file = b"\0\0\0\x18ftypM4A ".to_vec();
        file.extend(mp3(10));
        assert_eq!(duration_ms(&file), None);
        assert_eq!(duration_ms(&[0xff, 0xfb, 0x00, 0, 0]), None);
    }
}
