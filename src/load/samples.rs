//! A run over time: what was measured in each second, in a series that stays bounded however long
//! the run is.

use std::time::Duration;

use super::findings::Spread;
use super::server_process::Spent;
use super::tally::{Tally, loss_ratio, real};
use crate::limits;

/// What was measured in about a second.
#[derive(Clone, Debug)]
pub struct Sample {
    /// When it ended, in seconds since the measuring began.
    pub at_seconds: f64,
    /// RTP packets that all visitors sent, per second.
    pub sent_per_second: f64,
    /// RTP packets that arrived whole, per second.
    pub received_per_second: f64,
    /// Packets that went missing, as a share.
    pub loss_ratio: f64,
    /// From making a packet to reading it; nothing where none came.
    pub added_latency_ms: Option<Spread>,
    /// From Next to the new partner's first picture; nothing where there was no Next.
    pub next_to_first_frame_ms: Option<Spread>,
    /// Cores that the server was using.
    pub server_cores: Option<f64>,
    /// Memory that the server held.
    pub server_rss_bytes: Option<f64>,
    /// Cores that the crowd's own media threads were using.
    pub own_cores: f64,
}

impl Sample {
    /// What a tally says of the span between two moments since the measuring began. `bills` are
    /// what the server had used at both.
    pub(super) fn of(span: [Duration; 2], tally: &Tally, bills: [Option<Spent>; 2]) -> Self {
        let [from, to] = span;
        let seconds = to.saturating_sub(from).as_secs_f64().max(0.001);
        let [before, after] = bills;
        Self {
            at_seconds: to.as_secs_f64(),
            sent_per_second: real(tally.sent) / seconds,
            received_per_second: real(tally.received) / seconds,
            loss_ratio: loss_ratio(tally.lost, tally.received),
            added_latency_ms: Spread::of_some(&tally.latency),
            next_to_first_frame_ms: Spread::of_some(&tally.next_to_picture),
            server_cores: before.zip(after).map(|(before, after)| {
                let used = after.processor.saturating_sub(before.processor);
                used.as_secs_f64() / seconds
            }),
            server_rss_bytes: after.map(|spent| real(spent.memory_bytes)),
            own_cores: tally.processor.as_secs_f64() / seconds,
        }
    }

    /// Two neighbours in one: rates are averaged, of shares and times the worse stays. This one
    /// stands for so many times as long as the later one.
    fn joined(&self, later: &Self, times: u32) -> Self {
        let times = f64::from(times);
        let mean = |a: f64, b: f64| (a * times + b) / (times + 1.0);
        let worse = |a: Option<Spread>, b: Option<Spread>| match (a, b) {
            (Some(a), Some(b)) => Some(a.worse(b)),
            (a, b) => a.or(b),
        };
        let both = |a: Option<f64>, b: Option<f64>| match (a, b) {
            (Some(a), Some(b)) => Some(mean(a, b)),
            (a, b) => a.or(b),
        };
        Self {
            at_seconds: later.at_seconds,
            sent_per_second: mean(self.sent_per_second, later.sent_per_second),
            received_per_second: mean(self.received_per_second, later.received_per_second),
            loss_ratio: self.loss_ratio.max(later.loss_ratio),
            added_latency_ms: worse(self.added_latency_ms, later.added_latency_ms),
            next_to_first_frame_ms: worse(
                self.next_to_first_frame_ms,
                later.next_to_first_frame_ms,
            ),
            server_cores: both(self.server_cores, later.server_cores),
            server_rss_bytes: both(self.server_rss_bytes, later.server_rss_bytes),
            own_cores: mean(self.own_cores, later.own_cores),
        }
    }
}

/// Samples in order. When there are too many, neighbours are joined, and each sample from then on
/// stands for twice the time.
#[derive(Clone, Debug)]
pub struct Series {
    samples: Vec<Sample>,
    /// Seconds that one sample stands for.
    per_sample: u32,
    /// The sample that is not yet complete, and how many seconds are in it.
    begun: Option<(Sample, u32)>,
}

impl Default for Series {
    fn default() -> Self {
        Self {
            samples: Vec::new(),
            per_sample: 1,
            begun: None,
        }
    }
}

impl Series {
    /// Adds the newest.
    pub(super) fn push(&mut self, sample: Sample) {
        let (sample, seconds) = match self.begun.take() {
            Some((begun, seconds)) => (begun.joined(&sample, seconds), seconds + 1),
            None => (sample, 1),
        };
        if seconds < self.per_sample {
            self.begun = Some((sample, seconds));
            return;
        }
        self.samples.push(sample);
        if self.samples.len() == limits::LOAD_SAMPLES {
            let pairs = self.samples.chunks(2);
            self.samples = pairs
                .filter_map(|pair| Some(pair.first()?.joined(pair.last()?, 1)))
                .collect();
            self.per_sample *= 2;
        }
    }

    /// All complete samples.
    pub fn samples(&self) -> &[Sample] {
        &self.samples
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::tally::note;

    fn second(number: u64, received: u64, late: Duration) -> Sample {
        let mut tally = Tally {
            received,
            ..Tally::default()
        };
        note(&mut tally.latency, late);
        let span = [number, number + 1].map(Duration::from_secs);
        Sample::of(span, &tally, [None; 2])
    }

    #[test]
    fn a_long_run_keeps_a_bounded_series_that_covers_all_of_it() {
        let mut series = Series::default();
        let seconds = 10 * limits::LOAD_SAMPLES as u64;
        for number in 0..seconds {
            let late = if number == 7 { 900 } else { 1 };
            series.push(second(
                number,
                number % 2 * 100,
                Duration::from_millis(late),
            ));
            assert!(series.samples().len() < limits::LOAD_SAMPLES);
        }
        assert_eq!(series.per_sample, 16);
        let last = series.samples().last().expect("many");
        assert!(last.at_seconds > seconds as f64 - 16.0);
        let rates = series.samples().iter().map(|s| s.received_per_second);
        assert!(rates.into_iter().all(|rate| (rate - 50.0).abs() < 0.01));
        let worst = series.samples().iter().filter_map(|s| s.added_latency_ms);
        let worst = worst.map(|spread| spread.max).fold(0.0, f64::max);
        assert!(
            (worst - 900.0).abs() < 1.0,
            "the one bad second is still seen"
        );
    }

    #[test]
    fn a_second_says_what_the_server_used_in_it() {
        let spent = |millis, memory_bytes| Spent {
            processor: Duration::from_millis(millis),
            memory_bytes,
        };
        let tally = Tally {
            sent: 400,
            received: 150,
            lost: 50,
            ..Tally::default()
        };
        let bills = [Some(spent(100, 5)), Some(spent(1100, 7))];
        let span = [Duration::from_secs(3), Duration::from_secs(5)];
        let sample = Sample::of(span, &tally, bills);
        assert_eq!(sample.server_cores, Some(0.5));
        assert_eq!(sample.server_rss_bytes, Some(7.0));
        assert!((sample.loss_ratio - 0.25).abs() < 1e-9);
        assert!((sample.sent_per_second - 200.0).abs() < 1e-9);
        assert_eq!(sample.added_latency_ms, None);
    }
}
