//! Days and months of the Gregorian calendar, in UTC, from what a clock counts.

use std::fmt;

/// Milliseconds of a day.
pub const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// A day, counted from the first of January 1970. Prints as 2026-11-26.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Day(pub u64);

impl Day {
    /// The day of a moment in milliseconds since 1970.
    pub const fn of(time_ms: u64) -> Self {
        Self(time_ms / DAY_MS)
    }

    /// The first moment of the day, in milliseconds since 1970.
    pub const fn begins_ms(self) -> u64 {
        self.0.saturating_mul(DAY_MS)
    }

    /// The first day of a month that is written as 2026-11, and the first day after it; none where it
    /// is written otherwise, or lies before 1970 or after 9999.
    pub fn month(text: &str) -> Option<(Self, Self)> {
        let (year, month) = text.split_once('-')?;
        let is_number = |text: &str| text.bytes().all(|sign| sign.is_ascii_digit());
        if (year.len(), month.len()) != (4, 2) || !is_number(year) || !is_number(month) {
            return None;
        }
        let (year, month): (u64, u64) = (year.parse().ok()?, month.parse().ok()?);
        if year < 1970 || !(1..=12).contains(&month) {
            return None;
        }
        let years: u64 = (1970..year).map(days_of_year).sum();
        let months: u64 = (1..month).map(|month| days_of_month(year, month)).sum();
        let first = years + months;
        Some((Self(first), Self(first + days_of_month(year, month))))
    }
}

/// A moment in milliseconds since 1970, as RFC 3339 has it: 2026-11-26T08:00:00Z.
pub fn moment(time_ms: u64) -> String {
    let seconds = time_ms % DAY_MS / 1_000;
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{}T{hour:02}:{minute:02}:{second:02}Z", Day::of(time_ms))
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut days = self.0;
        let mut year = 1970;
        while days >= days_of_year(year) {
            days -= days_of_year(year);
            year += 1;
        }
        let mut month = 1;
        while days >= days_of_month(year, month) {
            days -= days_of_month(year, month);
            month += 1;
        }
        write!(f, "{year:04}-{month:02}-{:02}", days + 1)
    }
}

const fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

const fn days_of_year(year: u64) -> u64 {
    if is_leap(year) { 366 } else { 365 }
}

const fn days_of_month(year: u64, month: u64) -> u64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_told_as_the_calendar_has_it() {
        let told = [0, 59, 19_782, 19_783, 20_453, 20_783].map(|days| Day(days).to_string());
        let expected = [
            "1970-01-01",
            "1970-03-01",
            "2024-02-29",
            "2024-03-01",
            "2025-12-31",
            "2026-11-26",
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn a_moment_is_told_to_the_second() {
        assert_eq!(moment(0), "1970-01-01T00:00:00Z");
        assert_eq!(moment(1_795_751_195_698), "2026-11-27T03:46:35Z");
    }

    #[test]
    fn a_month_is_its_days_and_what_is_written_otherwise_is_none() {
        let names = |text| {
            let (first, after) = Day::month(text).unwrap();
            (first.to_string(), after.to_string())
        };
        let pair = |one: &str, other: &str| (one.to_owned(), other.to_owned());
        assert_eq!(names("2026-11"), pair("2026-11-01", "2026-12-01"));
        assert_eq!(names("2024-02"), pair("2024-02-01", "2024-03-01"));
        assert_eq!(names("1999-12"), pair("1999-12-01", "2000-01-01"));
        for wrong in [
            "", "2026", "2026-13", "2026-00", "1969-12", "+026-11", "2026-1", "2026-011",
        ] {
            assert_eq!(Day::month(wrong), None, "{wrong}");
        }
    }
}
