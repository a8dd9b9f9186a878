//! HTTP dates (RFC 9110 section 5.6.7): one format written, three read.

const DAYS: [&str; 7] = ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const DAY: i64 = 86_400;

/// The last second of the year 9999, the last that has four digits.
const LAST: i64 = 253_402_300_799;

/// Write an IMF-fixdate.
///
/// Args: `seconds`: since 1970; outside 1970 to 9999 it is the nearest second inside.
pub fn render_date(seconds: i64) -> String {
    let seconds = seconds.clamp(0, LAST);
    let (days, second) = (seconds / DAY, seconds % DAY);
    let (year, month, day) = civil(days);
    let name = usize::try_from(days % 7).ok().and_then(|day| DAYS.get(day)).map_or("", |name| &name[..3]);
    let month = usize::try_from(month - 1).ok().and_then(|month| MONTHS.get(month)).copied().unwrap_or_default();
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{name}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
}

/// Read an IMF-fixdate, an RFC 850 date or an asctime date.
///
/// The day's name must be one, but need not be the right one. A leap second is the second before it.
///
/// Args:    `now`: seconds since 1970; decides the century of an RFC 850 date.
/// Returns: seconds since 1970, negative before; None when it is no date.
pub fn parse_date(value: &[u8], now: i64) -> Option<i64> {
    let value = std::str::from_utf8(value).ok().filter(|value| value.len() <= 33)?;
    let (name, rest) = match value.split_once(", ") {
        Some((name, rest)) => (name, rest),
        None => return parse_asctime(value),
    };
    let rest = rest.strip_suffix(" GMT")?;
    if is_short_day(name) {
        let (day, month, year) = split_date(rest.get(..11)?, ' ')?;
        return combine(digits(year, 4)?, month, digits(day, 2)?, rest.get(11..)?.strip_prefix(' ')?);
    }
    if !DAYS.contains(&name) {
        return None;
    }
    let (day, month, year) = split_date(rest.get(..9)?, '-')?;
    // Not more than 50 years ahead: of the years with these two digits, the last that fits.
    let latest = civil(now.div_euclid(DAY)).0 + 50;
    let year = latest - (latest - digits(year, 2)?).rem_euclid(100);
    combine(year, month, digits(day, 2)?, rest.get(9..)?.strip_prefix(' ')?)
}

fn is_short_day(name: &str) -> bool {
    name.len() == 3 && DAYS.iter().any(|day| day.starts_with(name))
}

/// `Sun Nov  6 08:49:37 1994`
fn parse_asctime(value: &str) -> Option<i64> {
    if value.len() != 24 || !value.is_ascii() || !is_short_day(value.get(..3)?) || value.get(3..4)? != " " {
        return None;
    }
    let day = value.get(7..10)?.strip_prefix(' ')?;
    let day = match day.strip_prefix(' ') {
        Some(digit) => digits(digit, 1)?,
        None => digits(day, 2)?,
    };
    let (time, year) = (value.get(10..19)?.strip_prefix(' ')?, value.get(19..)?.strip_prefix(' ')?);
    combine(digits(year, 4)?, value.get(4..7)?, day, time)
}

fn split_date(date: &str, separator: char) -> Option<(&str, &str, &str)> {
    let (day, rest) = date.split_once(separator)?;
    let (month, year) = rest.split_once(separator)?;
    Some((day, month, year))
}

fn digits(text: &str, count: usize) -> Option<i64> {
    match text.len() == count && text.bytes().all(|octet| octet.is_ascii_digit()) {
        true => text.parse().ok(),
        false => None,
    }
}

fn combine(year: i64, month: &str, day: i64, time: &str) -> Option<i64> {
    let month = i64::try_from(MONTHS.iter().position(|name| *name == month)?).ok()? + 1;
    let mut parts = time.split(':').map(|part| digits(part, 2));
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    let days = days(year, month, day);
    // A day that its month does not have comes back as another one.
    let is_real = civil(days) == (year, month, day) && hour < 24 && minute < 60 && second <= 60;
    (is_real && parts.next().is_none()).then(|| days * DAY + hour * 3600 + minute * 60 + second.min(59))
}

/// Days since 1970 of a date; Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Year, month and day of days since 1970; the inverse.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}
