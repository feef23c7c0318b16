//! Dates of permits: one form, real dates only.

use secret_ai_contract_kit::permit::date::milliseconds;

#[test]
fn known_dates() {
    for (text, expected) in [
        ("1970-01-01T00:00:00.000Z", 0),
        ("1970-01-01T00:00:00.001Z", 1),
        ("2000-02-29T23:59:59.999Z", 951_868_799_999),
        ("2024-12-17T16:59:00.000Z", 1_734_454_740_000),
        ("2024-12-20T06:59:30.333Z", 1_734_677_970_333),
        ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
    ] {
        assert_eq!(milliseconds(text), Some(expected), "{text}");
    }
}

/// Counts through the calendar, day by day, to its last day.
#[test]
fn every_day_follows_the_day_before() {
    let mut days = 0;
    for year in 1970..=9_999_u64 {
        let leap = year % 400 == 0 || (year % 4 == 0 && year % 100 != 0);
        let february = if leap { 29 } else { 28 };
        let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        for (month, last) in (1..).zip(months) {
            for day in 1..=last {
                let text = format!("{year:04}-{month:02}-{day:02}T00:00:00.000Z");
                assert_eq!(milliseconds(&text), Some(days * 86_400_000), "{text}");
                days += 1;
            }
            let text = format!("{year:04}-{month:02}-{:02}T00:00:00.000Z", last + 1);
            assert_eq!(milliseconds(&text), None, "{text}");
        }
    }
    assert_eq!(days, 2_932_897);
}

#[test]
fn other_forms_and_impossible_dates_are_refused() {
    for bad in [
        "",
        "now",
        "0",
        "1969-12-31T23:59:59.999Z",
        "0000-00-00T00:00:00.000Z",
        "2026-00-01T00:00:00.000Z",
        "2026-13-01T00:00:00.000Z",
        "2026-01-00T00:00:00.000Z",
        "2026-04-31T00:00:00.000Z",
        "2025-02-29T00:00:00.000Z",
        "2100-02-29T00:00:00.000Z",
        "2026-01-01T24:00:00.000Z",
        "2026-01-01T00:60:00.000Z",
        "2026-06-30T23:59:60.000Z",
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00.00Z",
        "2026-01-01T00:00:00.0000Z",
        "2026-01-01T00:00:00.000z",
        "2026-01-01t00:00:00.000Z",
        "2026-01-01 00:00:00.000Z",
        "2026-01-01T00:00:00,000Z",
        "2026-01-01T00:00:00.000+00:00",
        "2026-01-01T00:00:00.000",
        " 2026-01-01T00:00:00.000Z",
        "2026-01-01T00:00:00.000Z ",
        "+026-01-01T00:00:00.000Z",
        "2026-1 -01T00:00:00.000Z",
        "2026-01-01T-1:00:00.000Z",
        "20260-01-01T00:00:00.00Z",
        "１０26-01-01T00:00:00.0Z",
        "----------------------Z-",
    ] {
        assert_eq!(milliseconds(bad), None, "{bad}");
    }
}
