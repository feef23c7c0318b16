//! How long a sound file lasts, measured from the frames that every decoder has to walk through.
//!
//! Whoever sends a file also writes its headers. So a total that a header claims is not believed;
//! where a file has frames they are counted. What is not measured here (Vorbis, MP4, WebM) is `None`.

mod flac;
mod frames;
mod length;
mod ogg;
mod wav;

pub use length::{told_ms, Length};

/// Sample rate of raw PCM in OpenAI's speech API, samples per second.
const PCM_RATE: u64 = 24_000;
/// Bytes of one of its samples: one channel, 16 bits.
const PCM_SAMPLE_BYTES: u64 = 2;

/// What cannot be counted is refused with these words.
pub const MEASURED: &str = "a sound must be WAV, FLAC, MP3, Opus in Ogg, or AAC in ADTS";

/// Length of a WAV, FLAC, MP3, Ogg Opus or ADTS AAC file in milliseconds, rounded up; `None` for
/// everything else, and for files with nothing in them.
pub fn duration_ms(file: &[u8]) -> Option<u64> {
    let microseconds = match file.first_chunk::<4>()? {
        b"RIFF" => wav::microseconds(file)?,
        b"fLaC" => flac::microseconds(file)?,
        b"OggS" => ogg::microseconds(file)?,
        _ => frames::microseconds(file)?,
    };
    (microseconds > 0).then(|| microseconds.div_ceil(1_000))
}

/// Length of raw PCM as OpenAI's speech API defines it (24,000 samples per second, one channel, 16 bits;
/// <https://platform.openai.com/docs/guides/text-to-speech>), in milliseconds, rounded up.
pub fn pcm_ms(bytes: usize) -> u64 {
    let samples = (bytes as u64) / PCM_SAMPLE_BYTES;
    samples.saturating_mul(1_000).div_ceil(PCM_RATE)
}

/// Time of `samples` at `rate` samples per second, in microseconds, rounded down; 0 at no rate.
fn time_of(samples: u64, rate: u64) -> u64 {
    samples
        .saturating_mul(1_000_000)
        .checked_div(rate)
        .unwrap_or(0)
}

/// The unsigned number in the `len` bytes (at most 8) from `at`, the least significant first.
fn little_endian(bytes: &[u8], at: usize, len: usize) -> Option<u64> {
    let field = bytes.get(at..at.checked_add(len)?)?;
    let number = field.iter().rev();
    Some(number.fold(0, |value, byte| value << 8 | u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn raw_pcm_has_48_bytes_per_millisecond() {
        assert_eq!(pcm_ms(0), 0);
        assert_eq!(pcm_ms(48), 1);
        assert_eq!(pcm_ms(48_000), 1_000);
        assert_eq!(pcm_ms(48_002), 1_001);
    }

    #[test]
    fn what_is_no_sound_has_no_length() {
        for file in [&b""[..], b"RIF", b"RIFF", b"fLaC", b"OggS", b"{\"text\":1}"] {
            assert_eq!(duration_ms(file), None);
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_fail(
            start in prop::sample::select(vec![
                &b"RIFF\0\0\0\0WAVE"[..], b"fLaC\0\0\0\x22", b"OggS\0\x02", b"\xff\xfb\x90", b"\xff\xf1\x50", b"",
            ]),
            rest in prop::collection::vec(any::<u8>(), 0..600),
        ) {
            let _ = duration_ms(&[start, &rest].concat());
        }
    }
}
