//! Dates of permits (SNIP-24.1): `YYYY-MM-DDThh:mm:ss.sssZ`, ISO 8601 in UTC with milliseconds.

const FORM: &[u8; 24] = b"0000-00-00T00:00:00.000Z";
/// Days of a year before each of its months; 29 February is counted apart.
const DAYS_BEFORE: [u64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

/// Milliseconds since 1970 of a date of exactly this form in the years 1970 to 9999. `None` for any
/// other text, and for what no calendar has: 29 February of a common year, 24:00, a leap second.
pub fn milliseconds(text: &str) -> Option<u64> {
    let text: &[u8; 24] = text.as_bytes().try_into().ok()?;
    let has_form = text.iter().zip(FORM).all(|(byte, form)| match form {
        b'0' => byte.is_ascii_digit(),
        _ => byte == form,
    });
    let mut fields = text.split(|byte| !byte.is_ascii_digit()).map(number);
    let mut next = || fields.next();
    let days = days(next()?, next()?, next()?);
    let time = milliseconds_of_day(next()?, next()?, next()?, next()?);
    let all = days?.checked_mul(86_400_000)?.checked_add(time?)?;
    has_form.then_some(all)
}

fn number(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |sum: u64, byte| {
        let digit = u64::from(byte.saturating_sub(b'0'));
        sum.saturating_mul(10).saturating_add(digit)
    })
}

/// Days from 1970-01-01 to a date.
// Every operand is range-checked first and years end at 9999, so nothing can overflow.
#[allow(clippy::arithmetic_side_effects)]
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let last_day = match month {
        2 => 28 + u64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if !(1970..=9999).contains(&year)
        || !(1..=12).contains(&month)
        || !(1..=last_day).contains(&day)
    {
        return None;
    }
    let before_month = DAYS_BEFORE.get(usize::try_from(month - 1).ok()?)?;
    let leap_day = u64::from(is_leap && month > 2);
    let earlier = year - 1;
    const LEAP_YEARS_BEFORE_1970: u64 = 477;
    let leap_days = earlier / 4 - earlier / 100 + earlier / 400 - LEAP_YEARS_BEFORE_1970;
    Some(365 * (year - 1970) + leap_days + before_month + leap_day + day - 1)
}

// As in `days`: range-checked first.
#[allow(clippy::arithmetic_side_effects)]
fn milliseconds_of_day(hour: u64, minute: u64, second: u64, milli: u64) -> Option<u64> {
    let is_time = hour < 24 && minute < 60 && second < 60 && milli < 1_000;
    is_time.then(|| ((hour * 60 + minute) * 60 + second) * 1_000 + milli)
}
