//! Times as people write and read them.

use std::time::{Duration, UNIX_EPOCH};

use crate::error::EvidenceError;

/// Reads RFC 3339 or Unix seconds.
///
/// # Errors
/// [`EvidenceError::Time`].
pub fn parse_time(text: &str) -> Result<u64, EvidenceError> {
    if let Ok(seconds) = text.parse::<u64>() {
        return Ok(seconds);
    }
    let time = humantime::parse_rfc3339(text).ok();
    let since = time.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since
        .map(|since| since.as_secs())
        .ok_or_else(|| EvidenceError::Time(text.to_string()))
}

/// Writes Unix seconds as RFC 3339; `for ever` from the year 9999 on.
pub fn format_time(seconds: u64) -> String {
    const YEAR_9999: u64 = 253_370_764_800;
    if seconds >= YEAR_9999 {
        return "for ever".to_string();
    }
    humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(seconds)).to_string()
}

#[cfg(test)]
mod tests {
    use super::{format_time, parse_time};

    #[test]
    fn both_forms_are_read_and_nothing_else() {
        assert_eq!(parse_time("1788220800").unwrap(), 1_788_220_800);
        assert_eq!(parse_time("2026-09-01T00:00:00Z").unwrap(), 1_788_220_800);
        assert_eq!(format_time(1_788_220_800), "2026-09-01T00:00:00Z");
        assert_eq!(format_time(253_402_300_799), "for ever");
        for bad in ["", "now", "2026-09-01", "-1", "2026-13-01T00:00:00Z"] {
            assert!(parse_time(bad).is_err(), "{bad}");
        }
    }
}
