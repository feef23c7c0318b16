//! WAV: a list of chunks, of which `fmt ` says how samples look and `data` holds them
//! (Microsoft and IBM, "Multimedia Programming Interface and Data Specifications 1.0", 1991; the
//! extensible form: Microsoft, `WAVEFORMATEXTENSIBLE`).

use super::{little_endian, time_of};

/// `RIFF`, size, `WAVE`.
const HEADER: usize = 12;
/// Name and size of a chunk.
const CHUNK_HEADER: usize = 8;
const PCM: u64 = 1;
const FLOAT: u64 = 3;
const A_LAW: u64 = 6;
const MU_LAW: u64 = 7;
const EXTENSIBLE: u64 = 0xfffe;

struct Format {
    /// Samples of each channel per second.
    rate: u64,
    /// Bytes of one sample of all channels.
    block: u64,
}

/// Length of the samples that are there, in microseconds. `None` for formats that are compressed and
/// for headers that contradict themselves.
pub(super) fn microseconds(file: &[u8]) -> Option<u64> {
    if file.get(8..HEADER)? != b"WAVE" {
        return None;
    }
    let (mut at, mut format, mut data) = (HEADER, None, 0u64);
    while let Some(name) = file.get(at..at.saturating_add(4)) {
        let Some(announced) = little_endian(file, at.saturating_add(4), 4) else {
            break;
        };
        let body = at.saturating_add(CHUNK_HEADER).min(file.len());
        let there = (file.len().saturating_sub(body)) as u64;
        let size = match name {
            // Written while the length was not known yet: all that follows.
            b"data" if announced == 0 || announced > there => there,
            _ => announced.min(there),
        };
        match name {
            b"fmt " if format.is_none() => format = Some(read_format(file, body)?),
            b"data" => data = data.saturating_add(size),
            _ => {}
        }
        // Chunks begin at even places.
        let step = usize::try_from(size.saturating_add(size % 2)).ok()?;
        at = body.saturating_add(step);
    }
    let Format { rate, block } = format?;
    Some(time_of(data / block, rate))
}

fn read_format(file: &[u8], at: usize) -> Option<Format> {
    let field = |offset: usize, len: usize| little_endian(file, at.checked_add(offset)?, len);
    let tag = match field(0, 2)? {
        // The sub-format's first two bytes are the tag.
        EXTENSIBLE => field(24, 2)?,
        tag => tag,
    };
    let (channels, rate, block, bits) = (field(2, 2)?, field(4, 4)?, field(12, 2)?, field(14, 2)?);
    let is_plain = matches!(tag, PCM | FLOAT | A_LAW | MU_LAW);
    let is_whole = block == channels.saturating_mul(bits.div_ceil(8));
    (is_plain && is_whole && block > 0 && rate > 0).then_some(Format { rate, block })
}

#[cfg(test)]
mod tests {
    use super::super::duration_ms;

    /// A file of 16-bit samples of one channel.
    fn wav(rate: u32, announced: u32, samples: usize) -> Vec<u8> {
        let mut file = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
        file.extend(rate.to_le_bytes());
        // The byte rate is a lie: nobody reads it.
        file.extend(u32::MAX.to_le_bytes());
        file.extend([2, 0, 16, 0]);
        file.extend(b"LIST\x03\0\0\0abc\0data");
        file.extend(announced.to_le_bytes());
        file.extend(vec![0; samples * 2]);
        file
    }

    #[test]
    fn samples_are_counted() {
        assert_eq!(duration_ms(&wav(16_000, 32_000, 16_000)), Some(1_000));
        assert_eq!(duration_ms(&wav(44_100, 2, 1)), Some(1));
        assert_eq!(duration_ms(&wav(8_000, 0, 0)), None);
    }

    #[test]
    fn lengths_that_are_not_known_or_not_true_do_not_count() {
        for announced in [0, u32::MAX, 32_001, 1 << 31] {
            assert_eq!(duration_ms(&wav(16_000, announced, 16_000)), Some(1_000));
        }
    }

    #[test]
    fn every_data_chunk_counts() {
        let mut file = wav(16_000, 32_000, 16_000);
        file.extend(b"data");
        file.extend(16_000u32.to_le_bytes());
        file.extend(vec![0; 16_000]);
        assert_eq!(duration_ms(&file), Some(1_500));
    }

    #[test]
    fn compressed_or_contradicting_formats_are_not_measured() {
        let with = |at: usize, value: u8| {
            let mut file = wav(16_000, 32_000, 16_000);
            file[at] = value;
            duration_ms(&file)
        };
        assert_eq!(with(20, 0x11), None);
        assert_eq!(with(22, 2), None);
        assert_eq!(with(32, 0), None);
        assert_eq!(with(34, 24), None);
        assert_eq!(with(9, b'E'), None);
    }

    #[test]
    fn the_extensible_form_names_its_format_later() {
        let mut file = b"RIFF\0\0\0\0WAVEfmt \x28\0\0\0\xfe\xff\x02\0".to_vec();
        file.extend(48_000u32.to_le_bytes());
        file.extend([0; 4]);
        file.extend([8, 0, 32, 0, 22, 0, 32, 0, 3, 0, 0, 0]);
        file.extend([3, 0, 0, 0, 0, 0, 16, 0, 128, 0, 0, 170, 0, 56, 155, 113]);
        file.extend(b"data\0\0\0\0");
        file.extend(vec![0; 48_000 * 8]);
        assert_eq!(duration_ms(&file), Some(1_000));
    }
}
