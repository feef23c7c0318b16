//! Unix seconds as the texts of X.509 and of Intel's JSON.

/// `YYMMDDHHMMSSZ`.
pub fn utc_time(unix: u64) -> String {
    let [year, month, day, h, m, s] = civil(unix);
    format!("{:02}{month:02}{day:02}{h:02}{m:02}{s:02}Z", year % 100)
}

/// `YYYY-MM-DDTHH:MM:SSZ`.
pub fn rfc3339(unix: u64) -> String {
    let [year, month, day, h, m, s] = civil(unix);
    format!("{year:04}-{month:02}-{day:02}T{h:02}:{m:02}:{s:02}Z")
}

fn civil(unix: u64) -> [u64; 6] {
    let (mut days, seconds) = (unix / 86_400, unix % 86_400);
    let mut year = 1970;
    let leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    while days >= 365 + u64::from(leap(year)) {
        days -= 365 + u64::from(leap(year));
        year += 1;
    }
    let february = 28 + u64::from(leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    [
        year,
        month,
        days + 1,
        seconds / 3_600,
        seconds / 60 % 60,
        seconds % 60,
    ]
}
