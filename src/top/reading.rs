//! [`Reading`]: what a server says of itself at one moment.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::metrics::{METRICS, Metric, Shape};

/// Values of one metric's label that are kept; what comes beyond is somebody else's invention.
const VALUES: usize = 64;

/// The text of `/metrics` at one moment, as far as it is ours.
#[derive(Clone, PartialEq, Debug)]
pub struct Reading {
    /// When it was asked for.
    pub at: Instant,
    values: BTreeMap<&'static str, BTreeMap<String, f64>>,
}

impl Reading {
    /// Reads a text in the format of Prometheus, whatever it is. Lines of metrics that are not ours, and
    /// values that are no finite number of zero or more, are passed over.
    pub fn of(text: &str, at: Instant) -> Self {
        let mut values: BTreeMap<&'static str, BTreeMap<String, f64>> = BTreeMap::new();
        for (name, label, value) in text.lines().filter_map(sample) {
            let kept = values.entry(name).or_default();
            if kept.len() < VALUES || kept.contains_key(label) {
                kept.insert(label.to_owned(), value);
            }
        }
        Self { at, values }
    }

    /// Whether nothing of ours was in the text.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// All values of a metric together; nothing before it is first counted.
    pub fn total(&self, metric: &Metric) -> f64 {
        self.by_label(metric)
            .fold(0.0, |sum, (_, value)| sum + value)
    }

    /// The value of one label.
    pub fn of_label(&self, metric: &Metric, label: &str) -> f64 {
        let values = self.values.get(metric.name);
        values
            .and_then(|values| values.get(label))
            .map_or(0.0, |value| *value)
    }

    /// Every value of a metric, by its label.
    pub fn by_label(&self, metric: &Metric) -> impl Iterator<Item = (&str, f64)> {
        let values = self.values.get(metric.name).into_iter().flatten();
        values.map(|(label, value)| (label.as_str(), *value))
    }

    /// How often something was measured, and all of it together.
    pub fn measured(&self, metric: &Metric) -> (f64, f64) {
        (self.of_label(metric, COUNT), self.of_label(metric, SUM))
    }
}

/// Under these labels stand the count and the sum of a histogram.
const COUNT: &str = "count";
const SUM: &str = "sum";

/// One line: the metric's name, the value of its label, its value.
fn sample(line: &str) -> Option<(&'static str, &str, f64)> {
    let (series, value) = line.trim_end().rsplit_once(' ')?;
    let value: f64 = value.parse().ok()?;
    if !value.is_finite() || value < 0.0 {
        return None;
    }
    let (name, labels) = series.split_once('{').unwrap_or((series, ""));
    if let Some(metric) = find(name) {
        let label = labels.split('"').nth(1).unwrap_or_default();
        let is_ours = metric.shape != Shape::Histogram && label.bytes().all(is_plain);
        return is_ours.then_some((metric.name, label, value));
    }
    let (stem, label) = name.rsplit_once('_')?;
    let metric = find(stem).filter(|metric| metric.shape == Shape::Histogram)?;
    let part = [COUNT, SUM].into_iter().find(|part| *part == label)?;
    Some((metric.name, part, value))
}

/// No label of ours needs more, and a terminal obeys what is not plain.
const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':')
}

fn find(name: &str) -> Option<&'static Metric> {
    METRICS.iter().find(|metric| metric.name == name)
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "a test needs some instant to begin with"
)]
mod tests {
    use super::*;
    use crate::metrics;

    fn read(text: &str) -> Reading {
        Reading::of(text, Instant::now())
    }

    #[test]
    fn values_are_found_by_name_and_label() {
        let reading = read(
            "# HELP visavis_sessions x\n# TYPE visavis_sessions gauge\nvisavis_sessions 12\n\
             visavis_media_drops_total{reason=\"stale\"} 3\nvisavis_media_drops_total{reason=\"foreign\"} 4\n\
             visavis_next_seconds_bucket{le=\"0.1\"} 9\nvisavis_next_seconds_sum 1.5\n\
             visavis_next_seconds_count 10\n",
        );
        assert!((reading.total(&metrics::SESSIONS) - 12.0).abs() < f64::EPSILON);
        assert!((reading.of_label(&metrics::MEDIA_DROPS, "stale") - 3.0).abs() < f64::EPSILON);
        assert!((reading.total(&metrics::MEDIA_DROPS) - 7.0).abs() < f64::EPSILON);
        assert_eq!(reading.measured(&metrics::NEXT_TIME), (10.0, 1.5));
        assert!(
            reading.total(&metrics::WAITING).abs() < f64::EPSILON,
            "none yet"
        );
    }

    #[test]
    fn what_is_none_of_ours_is_passed_over() {
        let rubbish = "visavis_sessions NaN\nvisavis_waiting -3\nvisavis_legs inf\nvisavis_matches\n\
                       go_goroutines 7\nvisavis_sessions{ 1 2 3\n{} 1\n\u{0} \u{7}\nvisavis_next_seconds 3\n\
                       visavis_verdicts_total{label=\"\u{1b}[2J\"} 5\n";
        let reading = read(rubbish);
        assert!(reading.total(&metrics::WAITING).abs() < f64::EPSILON);
        assert!(reading.total(&metrics::LEGS).abs() < f64::EPSILON);
        assert_eq!(reading.measured(&metrics::NEXT_TIME), (0.0, 0.0));
        assert_eq!(reading.by_label(&metrics::VERDICTS).count(), 0);
        assert!(read("<html>not found</html>").is_empty());
    }

    #[test]
    fn memory_is_bounded_whatever_the_text() {
        let line = |number| format!("visavis_verdicts_total{{label=\"l{number}\"}} 1\n");
        let reading = read(&(0..100_000).map(line).collect::<String>());
        assert_eq!(reading.by_label(&metrics::VERDICTS).count(), VALUES);
    }
}
