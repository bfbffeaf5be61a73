//! [`Trend`]: two readings and what lies between them, and how the main rates went before.

use std::collections::VecDeque;
use std::time::Duration;

use super::reading::Reading;
use crate::metrics::{self, Metric};

/// Rates that are remembered: as many as the widest terminal shows.
const KEPT: usize = 400;

/// How a server fares.
#[derive(Clone, Debug)]
pub struct Trend {
    newest: Reading,
    before: Option<Reading>,
    /// Packets a second, the newest last.
    forwarded: VecDeque<u64>,
    /// Kilobits a second, both ways.
    traffic: VecDeque<u64>,
}

impl Trend {
    /// From a first reading there is no rate yet.
    pub const fn begin(reading: Reading) -> Self {
        Self {
            newest: reading,
            before: None,
            forwarded: VecDeque::new(),
            traffic: VecDeque::new(),
        }
    }

    /// Adds the next reading.
    pub fn add(&mut self, reading: Reading) {
        self.before = Some(std::mem::replace(&mut self.newest, reading));
        let forwarded = self.rate(&metrics::MEDIA_FORWARDED);
        let bytes = self.rate(&metrics::MEDIA_BYTES_IN) + self.rate(&metrics::MEDIA_BYTES_OUT);
        for (history, rate) in [
            (&mut self.forwarded, forwarded),
            (&mut self.traffic, bytes * 8.0 / 1_000.0),
        ] {
            if history.len() == KEPT {
                history.pop_front();
            }
            history.push_back(whole(rate));
        }
    }

    /// The newest reading.
    pub const fn newest(&self) -> &Reading {
        &self.newest
    }

    /// Packets forwarded a second, the newest last.
    pub fn forwarded(&self) -> impl DoubleEndedIterator<Item = u64> {
        self.forwarded.iter().copied()
    }

    /// Kilobits a second that came and went, the newest last.
    pub fn traffic(&self) -> impl DoubleEndedIterator<Item = u64> {
        self.traffic.iter().copied()
    }

    /// By how much a counter rises in a second. A server that was started anew counts from zero: its first
    /// rate is none.
    pub fn rate(&self, metric: &Metric) -> f64 {
        let Some(before) = &self.before else {
            return 0.0;
        };
        per_second(
            before.total(metric),
            self.newest.total(metric),
            self.seconds(),
        )
    }

    /// The same for each label of a counter that rises, the quickest first.
    pub fn rates(&self, metric: &Metric) -> Vec<(&str, f64)> {
        let Some(before) = &self.before else {
            return Vec::new();
        };
        let seconds = self.seconds();
        let rate = |(label, now)| {
            (
                label,
                per_second(before.of_label(metric, label), now, seconds),
            )
        };
        let rates = self.newest.by_label(metric).map(rate);
        let mut rates: Vec<_> = rates.filter(|(_, rate)| *rate > 0.0).collect();
        rates.sort_by(|(_, one), (_, other)| other.total_cmp(one));
        rates
    }

    /// How long something took on average since the reading before; none where it did not happen.
    pub fn mean(&self, metric: &Metric) -> Option<Duration> {
        let (count, sum) = self.newest.measured(metric);
        let before = self
            .before
            .as_ref()
            .map_or((0.0, 0.0), |it| it.measured(metric));
        let (count, sum) = (count - before.0, sum - before.1);
        let mean = (count >= 1.0 && sum >= 0.0).then(|| sum / count)?;
        Duration::try_from_secs_f64(mean).ok()
    }

    fn seconds(&self) -> f64 {
        let before = self
            .before
            .as_ref()
            .map_or(self.newest.at, |before| before.at);
        self.newest
            .at
            .saturating_duration_since(before)
            .as_secs_f64()
    }
}

fn per_second(before: f64, now: f64, seconds: f64) -> f64 {
    let rate = (now - before) / seconds;
    if rate.is_finite() { rate.max(0.0) } else { 0.0 }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float is clamped to what the integer holds"
)]
fn whole(rate: f64) -> u64 {
    rate as u64
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "a test needs some instant to begin with"
)]
mod tests {
    use std::time::Instant;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_rate_is_what_lies_between_two_readings() {
        let now = Instant::now();
        let at = |seconds, text: &str| Reading::of(text, now + SECOND * seconds);
        let mut trend = Trend::begin(at(0, "visavis_media_packets_forwarded_total 100\n"));
        assert!(trend.rate(&metrics::MEDIA_FORWARDED).abs() < f64::EPSILON);
        trend.add(at(2, "visavis_media_packets_forwarded_total 700\nvisavis_next_seconds_count 4\nvisavis_next_seconds_sum 0.2\n"));
        assert!((trend.rate(&metrics::MEDIA_FORWARDED) - 300.0).abs() < 1e-9);
        assert_eq!(
            trend.mean(&metrics::NEXT_TIME),
            Some(Duration::from_millis(50))
        );
        // Started anew: from zero on, and no rate is less than none.
        trend.add(at(3, "visavis_media_packets_forwarded_total 5\n"));
        assert!(trend.rate(&metrics::MEDIA_FORWARDED).abs() < f64::EPSILON);
        assert_eq!(trend.mean(&metrics::NEXT_TIME), None);
        assert_eq!(trend.forwarded().collect::<Vec<_>>(), [300, 0]);
    }

    #[test]
    fn labels_that_rise_come_quickest_first() {
        let now = Instant::now();
        let verdicts = |at, [a, b, c]: [u32; 3]| {
            let line =
                |label, count| format!("visavis_verdicts_total{{label=\"{label}\"}} {count}\n");
            Reading::of(&(line("a", a) + &line("b", b) + &line("c", c)), at)
        };
        let mut trend = Trend::begin(verdicts(now, [1, 1, 1]));
        trend.add(verdicts(now + SECOND, [3, 1, 9]));
        assert_eq!(trend.rates(&metrics::VERDICTS), [("c", 8.0), ("a", 2.0)]);
    }

    #[test]
    fn no_text_and_no_clock_breaks_it() {
        let now = Instant::now();
        let huge = "visavis_media_packets_forwarded_total 1e308\nvisavis_media_bytes_in_total 1e308\n\
                    visavis_media_bytes_out_total 1e308\nvisavis_next_seconds_count 1\nvisavis_next_seconds_sum 1e300\n";
        let mut trend = Trend::begin(Reading::of("", now));
        for _ in 0..2 * KEPT {
            trend.add(Reading::of(huge, now));
        }
        trend.add(Reading::of(huge, now + SECOND));
        assert_eq!(trend.mean(&metrics::NEXT_TIME), None);
        assert_eq!(trend.forwarded().count(), KEPT);
    }
}
