//! Coarse time, read once per poll: ticks for deadlines, the Date field for responses.

use std::time::Duration;

use rustix::time::clock_gettime;

use crate::system::{MONOTONIC, REALTIME};

/// Deadlines are this exact.
pub const TICK: Duration = Duration::from_millis(250);

/// A point in time in ticks since the reactor began.
pub type Tick = u32;

const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The reactor's idea of now.
pub struct Clock {
    started_ms: u64,
    now_ms: u64,
    second: i64,
    date: String,
}

impl Clock {
    /// Starts at tick 0.
    pub fn new() -> Self {
        let now_ms = monotonic_ms();
        let mut clock = Clock { started_ms: now_ms, now_ms, second: -1, date: String::new() };
        clock.refresh();
        clock
    }

    /// Reads the time. Returns whether the Date field changed.
    pub fn refresh(&mut self) -> bool {
        self.now_ms = monotonic_ms();
        let second = clock_gettime(REALTIME).tv_sec;
        if second == self.second {
            return false;
        }
        self.second = second;
        self.date = http_date(second);
        true
    }

    /// When `refresh` was last called, in milliseconds since some start.
    pub fn now_ms(&self) -> u64 {
        self.now_ms
    }

    /// Now, on the same scale: cheap, and exact to some milliseconds.
    pub fn coarse_ms() -> u64 {
        monotonic_ms()
    }

    /// Now, in ticks.
    pub fn tick(&self) -> Tick {
        ((self.now_ms - self.started_ms) / TICK.as_millis() as u64) as Tick
    }

    /// Time since the reactor began.
    pub fn elapsed(&self) -> Duration {
        Duration::from_millis(self.now_ms - self.started_ms)
    }

    /// The first tick at which `elapsed` has been reached.
    pub fn tick_at(elapsed: Duration) -> Tick {
        // Not in 128 bits, where a division is a call: each answered request sets a deadline.
        let ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        Tick::try_from(ms.div_ceil(TICK.as_millis() as u64)).unwrap_or(Tick::MAX)
    }

    /// The tick at which `after` from now has wholly passed.
    pub fn after(&self, after: Duration) -> Tick {
        self.tick().saturating_add(Self::tick_at(after)).saturating_add(1)
    }

    /// The Date field's value (RFC 9110 5.6.7, IMF-fixdate).
    pub fn date(&self) -> &str {
        &self.date
    }

    /// Seconds since 1970, for log lines.
    pub fn unix_second(&self) -> i64 {
        self.second
    }
}

fn monotonic_ms() -> u64 {
    let now = clock_gettime(MONOTONIC);
    now.tv_sec as u64 * 1000 + now.tv_nsec as u64 / 1_000_000
}

/// Splits a day number since 1970-01-01 into year, month (1-12) and day.
/// Source: Howard Hinnant, "chrono-compatible low-level date algorithms", civil_from_days.
fn civil(days: i64) -> (i64, u32, u32) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * shifted_month + 2) / 5 + 1) as u32;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 } as u32;
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

fn http_date(second: i64) -> String {
    let (days, rest) = (second.div_euclid(86_400), second.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    format!(
        "{}, {:02} {} {} {:02}:{:02}:{:02} GMT",
        DAYS[days.rem_euclid(7) as usize],
        day,
        MONTHS[month as usize - 1],
        year,
        rest / 3600,
        rest / 60 % 60,
        rest % 60
    )
}

/// Renders a Unix second as `2026-11-21T09:30:00Z` (RFC 3339).
pub fn timestamp(second: i64) -> String {
    let (days, rest) = (second.div_euclid(86_400), second.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc9110_5_6_7_date_is_imf_fixdate() {
        assert_eq!(http_date(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(http_date(951_782_400), "Tue, 29 Feb 2000 00:00:00 GMT");
        assert_eq!(timestamp(784_111_777), "1994-11-06T08:49:37Z");
    }

    #[test]
    fn a_deadline_is_never_early() {
        let clock = Clock::new();
        assert!(clock.after(Duration::from_secs(1)) >= clock.tick() + 4);
        assert_eq!(clock.after(Duration::MAX), Tick::MAX);
    }
}
