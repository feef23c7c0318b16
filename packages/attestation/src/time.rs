//! Times of certificates and of Intel's JSON, as Unix seconds.

/// Reads `YYMMDDHHMMSSZ` (X.509 UTCTime: 50 to 99 mean 1950 to 1999).
pub(crate) fn utc_time(text: &[u8]) -> Option<u64> {
    let (digits, b"Z") = text.split_at_checked(12)? else {
        return None;
    };
    let (year, rest) = digits.split_at_checked(2)?;
    let year = number(year)?;
    let century = if year >= 50 { 1900 } else { 2000 };
    fields(year.checked_add(century)?, rest)
}

/// Reads `YYYYMMDDHHMMSSZ` (X.509 GeneralizedTime).
pub(crate) fn generalized_time(text: &[u8]) -> Option<u64> {
    let (digits, b"Z") = text.split_at_checked(14)? else {
        return None;
    };
    let (year, rest) = digits.split_at_checked(4)?;
    fields(number(year)?, rest)
}

/// Reads `YYYY-MM-DDTHH:MM:SSZ`, the only form that Intel publishes.
pub(crate) fn rfc3339(text: &str) -> Option<u64> {
    let separators = [
        (4, b'-'),
        (7, b'-'),
        (10, b'T'),
        (13, b':'),
        (16, b':'),
        (19, b'Z'),
    ];
    let bytes = text.as_bytes();
    if bytes.len() != 20
        || separators
            .iter()
            .any(|&(at, byte)| bytes.get(at) != Some(&byte))
    {
        return None;
    }
    let mut digits = [0u8; 14];
    let source = (0..bytes.len())
        .zip(bytes)
        .filter(|(at, _)| !separators.iter().any(|s| s.0 == *at));
    for (slot, (_, byte)) in digits.iter_mut().zip(source) {
        *slot = *byte;
    }
    let (year, rest) = digits.split_at_checked(4)?;
    fields(number(year)?, rest)
}

/// Reads `MMDDHHMMSS` of a year.
fn fields(year: u64, rest: &[u8]) -> Option<u64> {
    let mut pairs = rest.chunks(2).map(number);
    let mut next = || pairs.next().flatten();
    unix_seconds(year, next()?, next()?, next()?, next()?, next()?)
}

fn number(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0u64, |sum, byte| {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit <= 9)?;
        sum.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

// Every operand is range-checked first and years end at 9999, so nothing can overflow.
#[allow(clippy::arithmetic_side_effects)]
fn unix_seconds(year: u64, month: u64, day: u64, h: u64, m: u64, s: u64) -> Option<u64> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days_in_month = match month {
        2 => 28 + u64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if !(1970..=9999).contains(&year)
        || !(1..=12).contains(&month)
        || !(1..=days_in_month).contains(&day)
        || h > 23
        || m > 59
        || s > 59
    {
        return None;
    }
    // Days since 1 March of year 0 of a calendar whose years begin in March.
    let (y, month_of_year) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * month_of_year + 2) / 5 + day - 1;
    const DAYS_TO_1970: u64 = 719_468;
    Some((days - DAYS_TO_1970) * 86_400 + h * 3_600 + m * 60 + s)
}
