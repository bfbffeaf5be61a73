//! [`rows`]: how a server fares, in words.

use std::time::Duration;

use super::trend::Trend;
use crate::metrics::{self, Metric};

/// One line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// What it is about.
    pub about: &'static str,
    /// What there is to say.
    pub words: String,
}

/// Everything, in the order in which an operator asks.
pub fn rows(trend: &Trend) -> Vec<Row> {
    let row = |about, words| Row { about, words };
    vec![
        row("visitors", visitors(trend)),
        row("times", times(trend)),
        row("media", media(trend)),
        row("mended", mended(trend)),
        row("kept back", kept_back(trend)),
        row("dropped", each(&trend.rates(&metrics::MEDIA_DROPS))),
        row("pictures", pictures(trend)),
        row("verdicts", each(&trend.rates(&metrics::VERDICTS))),
        row("decisions", decisions(trend)),
        row("cases", cases(trend)),
        row("refused", refused(trend)),
        row("webhooks", webhooks(trend)),
        row("process", process(trend)),
    ]
}

fn visitors(trend: &Trend) -> String {
    let now = |metric| count(trend.newest().total(metric));
    format!(
        "{} here, {} look, {} matches, {} legs; {} come, {} pairs meet",
        now(&metrics::SESSIONS),
        now(&metrics::WAITING),
        now(&metrics::MATCHES),
        now(&metrics::LEGS),
        rate(trend.rate(&metrics::JOINS)),
        rate(trend.rate(&metrics::MATCHES_BEGUN)),
    )
}

fn times(trend: &Trend) -> String {
    let took = |words: &str, metric| Some(format!("{words} {}", time(trend.mean(metric)?)));
    let parts = [
        took("Next to picture", &metrics::NEXT_TIME),
        took("join", &metrics::JOIN_TIME),
        took("wait", &metrics::WAIT_TIME),
        took("verdict", &metrics::VERDICT_TIME),
        took("action", &metrics::ACTION_TIME),
    ];
    listed(parts.into_iter().flatten().collect())
}

fn media(trend: &Trend) -> String {
    let megabits = |metric| trend.rate(metric) * 8.0 / 1_000_000.0;
    format!(
        "{} forwarded, {:.1} Mbit/s in, {:.1} out, {} by TCP",
        rate(trend.rate(&metrics::MEDIA_FORWARDED)),
        megabits(&metrics::MEDIA_BYTES_IN),
        megabits(&metrics::MEDIA_BYTES_OUT),
        count(trend.newest().total(&metrics::MEDIA_TCP)),
    )
}

fn mended(trend: &Trend) -> String {
    let at = |metric| rate(trend.rate(metric));
    format!(
        "{} sent again, {} asked for, {} keyframes asked, {} at once",
        at(&metrics::MEDIA_RESENT),
        at(&metrics::MEDIA_ASKED),
        at(&metrics::MEDIA_KEYFRAMES_ASKED),
        at(&metrics::MEDIA_FACES_SHOWN),
    )
}

fn kept_back(trend: &Trend) -> String {
    format!(
        "{} held, {} shed of {} legs, {} lost in sockets since the start",
        rate(trend.rate(&metrics::MEDIA_HELD)),
        rate(trend.rate(&metrics::MEDIA_SHED)),
        count(trend.newest().total(&metrics::MEDIA_LEGS_SHED)),
        count(trend.newest().total(&metrics::MEDIA_SOCKET_DROPS)),
    )
}

fn pictures(trend: &Trend) -> String {
    let workers = |place| trend.newest().of_label(&metrics::CLASSIFY_WORKERS, place);
    format!(
        "{} taken, {} judged, {} late, {} lost, workers {} here, {} far",
        rate(trend.rate(&metrics::TAP_FRAMES)),
        rate(trend.rate(&metrics::CLASSIFY_FRAMES)),
        rate(trend.rate(&metrics::CLASSIFY_LATE)),
        rate(trend.rate(&metrics::CLASSIFY_LOST)),
        count(workers("here")),
        count(workers("far")),
    )
}

/// Seldom enough that a rate says nothing: since the start.
fn decisions(trend: &Trend) -> String {
    since_start(trend, &metrics::DECISIONS)
}

fn cases(trend: &Trend) -> String {
    let open = trend.newest().by_label(&metrics::CASES_OPEN);
    let words = open
        .filter(|(_, cases)| *cases > 0.0)
        .map(|(class, cases)| {
            let oldest = trend.newest().of_label(&metrics::CASES_OLDEST, class);
            let oldest = Duration::try_from_secs_f64(oldest).unwrap_or_default();
            format!("{} {class}, the oldest {}", count(cases), time(oldest))
        });
    listed(words.collect())
}

fn refused(trend: &Trend) -> String {
    let throttled = trend.rate(&metrics::HTTP_THROTTLED) + trend.rate(&metrics::API_THROTTLED);
    let mut rates = trend.rates(&metrics::REFUSALS);
    rates.extend((throttled > 0.0).then_some(("throttled", throttled)));
    each(&rates)
}

fn webhooks(trend: &Trend) -> String {
    let waiting = trend.newest().total(&metrics::WEBHOOKS_WAITING);
    format!(
        "{} taken, {} again, {} wait, {} lost since the start",
        rate(trend.rate(&metrics::WEBHOOKS_SENT)),
        rate(trend.rate(&metrics::WEBHOOKS_RETRIED)),
        count(waiting),
        count(trend.newest().total(&metrics::WEBHOOKS_LOST)),
    )
}

fn process(trend: &Trend) -> String {
    let processor = trend.rate(&metrics::PROCESS_CPU);
    let forwarded = trend.rate(&metrics::MEDIA_FORWARDED);
    let memory = trend.newest().total(&metrics::PROCESS_MEMORY) / 1_000_000.0;
    let mut words = format!("{:.0} % of a core, {memory:.0} MB", processor * 100.0);
    // Of fewer the rest of the program is most.
    if forwarded >= 100.0 {
        let each = processor / forwarded * 1_000_000.0;
        words.push_str(&format!(", {each:.1} µs for each packet forwarded"));
    }
    words
}

fn since_start(trend: &Trend, metric: &Metric) -> String {
    let mut values: Vec<_> = trend.newest().by_label(metric).collect();
    values.retain(|(_, value)| *value > 0.0);
    values.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    let word = |(label, value): &(&str, f64)| format!("{label} {}", count(*value));
    listed(values.iter().map(word).collect())
}

fn each(rates: &[(&str, f64)]) -> String {
    let word = |(label, value): &(&str, f64)| format!("{label} {}", rate(*value));
    listed(rates.iter().map(word).collect())
}

fn listed(words: Vec<String>) -> String {
    if words.is_empty() {
        return "-".to_owned();
    }
    words.join(", ")
}

/// A number as people read it.
fn count(value: f64) -> String {
    match value {
        value if value >= 1e9 => format!("{:.1}G", value / 1e9),
        value if value >= 1e6 => format!("{:.1}M", value / 1e6),
        value if value >= 1e5 => format!("{:.0}k", value / 1e3),
        value => format!("{value:.0}"),
    }
}

/// So many a second; where that is few, with a digit behind the point.
fn rate(value: f64) -> String {
    match value {
        value if value <= 0.0 => "0/s".to_owned(),
        value if value < 9.95 => format!("{value:.1}/s"),
        value => format!("{}/s", count(value)),
    }
}

/// A time as people read it.
fn time(time: Duration) -> String {
    match time.as_secs() {
        0 => format!("{} ms", time.as_millis()),
        1..10 => format!("{:.1} s", time.as_secs_f64()),
        10..120 => format!("{} s", time.as_secs()),
        120..7_200 => format!("{} min", time.as_secs() / 60),
        seconds => format!("{} h", seconds / 3_600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_people_read_them() {
        let counts = [0.0, 12.4, 99_999.0, 123_456.0, 2_345_678.0, 9e9].map(count);
        assert_eq!(counts, ["0", "12", "99999", "123k", "2.3M", "9.0G"]);
        let rates = [0.0, 0.04, 3.21, 9.96, 34_000.0].map(rate);
        assert_eq!(rates, ["0/s", "0.0/s", "3.2/s", "10/s", "34000/s"]);
        let times = [5, 1_500, 42_000, 300_000, 9_000_000]
            .map(Duration::from_millis)
            .map(time);
        assert_eq!(times, ["5 ms", "1.5 s", "42 s", "5 min", "2 h"]);
    }
}
