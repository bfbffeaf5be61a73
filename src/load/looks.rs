//! How a server looks at the pictures of its visitors, as its metrics tell it.

use serde::Serialize;

use crate::metrics::{ACTION_TIME, CLASSIFY_FRAMES, FIRST_VERDICT_TIME, WATCHED};

/// What a server has counted so far.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub(super) struct Looks {
    /// Seconds of visitors whose newest look was young enough, and of the others.
    covered: [f64; 2],
    judged: f64,
    late: f64,
    unseen: f64,
    /// How many there were, and how long they took together.
    first_verdicts: [f64; 2],
    actions: [f64; 2],
}

/// How a server looked at pictures while it was measured.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct LookFindings {
    /// Share of the visitors' time whose newest look was younger than 10 s.
    pub covered_ratio: f64,
    /// Pictures that were judged, per second.
    pub judged_per_second: f64,
    /// Share of the pictures that were not judged by their deadline.
    pub late_ratio: f64,
    /// From a connected leg to its first verdict, on average; nothing where none came.
    pub first_verdict_mean_ms: Option<f64>,
    /// From a picture to what was done about it, on average; nothing where nothing was.
    pub action_mean_ms: Option<f64>,
}

impl Looks {
    /// What the text of `/metrics` says: nothing where nobody looks.
    pub(super) fn of(text: &str) -> Option<Self> {
        let value = |name: &str| -> Option<f64> {
            let mut rows = text.lines().filter_map(|line| line.split_once(' '));
            let (_, value) = rows.find(|(of, _)| *of == name)?;
            value.parse().ok()
        };
        let labelled = |name: &str, label: &str, of: &str| {
            value(&format!("{name}{{{label}=\"{of}\"}}")).unwrap_or_default()
        };
        let frames = |outcome| labelled(CLASSIFY_FRAMES.name, CLASSIFY_FRAMES.label, outcome);
        let pair = |name: &str| {
            let part = |part: &str| value(&format!("{name}_{part}")).unwrap_or_default();
            [part("count"), part("sum")]
        };
        let looks = Self {
            covered: ["yes", "no"].map(|of| labelled(WATCHED.name, WATCHED.label, of)),
            judged: frames("judged"),
            late: frames("late"),
            unseen: frames("unavailable"),
            first_verdicts: pair(FIRST_VERDICT_TIME.name),
            actions: pair(ACTION_TIME.name),
        };
        (looks != Self::default()).then_some(looks)
    }
}

impl LookFindings {
    /// What changed: before anybody came, when the measuring began, and when it ended.
    pub(super) fn of([before, begin, end]: [Looks; 3], seconds: f64) -> Option<Self> {
        let covered = end.covered[0] - begin.covered[0];
        let uncovered = end.covered[1] - begin.covered[1];
        let judged = end.judged - begin.judged;
        let missed = (end.late - begin.late) + (end.unseen - begin.unseen);
        let mean_ms = |[count, sum]: [f64; 2], [count_before, sum_before]: [f64; 2]| {
            let count = count - count_before;
            (count > 0.0).then(|| 1000.0 * (sum - sum_before) / count)
        };
        (covered + uncovered > 0.0).then(|| Self {
            covered_ratio: covered / (covered + uncovered),
            judged_per_second: judged / seconds,
            late_ratio: missed / (judged + missed).max(1.0),
            first_verdict_mean_ms: mean_ms(end.first_verdicts, before.first_verdicts),
            action_mean_ms: mean_ms(end.actions, begin.actions),
        })
    }

    /// What it says, for people.
    pub(super) fn text(&self) -> String {
        let first = self.first_verdict_mean_ms;
        let first = first.map(|first| format!(", the first after {first:.0} ms on average"));
        format!(
            "{:.1} % of the time within 10 s, {:.1} per second, {:.1} % not in time{}",
            100.0 * self.covered_ratio,
            self.judged_per_second,
            100.0 * self.late_ratio,
            first.unwrap_or_default()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }

    #[test]
    fn what_changed_between_two_readings_is_told() {
        let text = |yes: u32, judged: u32, sum: u32| {
            format!(
                "# TYPE visavis_watched_seconds_total counter\n\
                 visavis_watched_seconds_total{{covered=\"yes\"}} {yes}\n\
                 visavis_watched_seconds_total{{covered=\"no\"}} 10\n\
                 visavis_classify_frames_total{{outcome=\"judged\"}} {judged}\n\
                 visavis_classify_frames_total{{outcome=\"late\"}} {}\n\
                 visavis_first_verdict_seconds_count {judged}\n\
                 visavis_first_verdict_seconds_sum {sum}\n",
                judged / 10
            )
        };
        let [before, begin] = [text(0, 0, 0), text(10, 10, 5)].map(|text| Looks::of(&text));
        let end = Looks::of(&(text(100, 100, 50).replace("} 10\n", "} 20\n")));
        let looks = [before, begin, end].map(Option::unwrap);
        let found = LookFindings::of(looks, 10.0).unwrap();
        assert!(near(found.covered_ratio, 0.9), "{found:?}");
        assert!(near(found.judged_per_second, 9.0), "{found:?}");
        assert_eq!(found.first_verdict_mean_ms, Some(500.0));
        assert_eq!(found.action_mean_ms, None);
        assert!(found.text().contains("90.0 % of the time"));
    }

    #[test]
    fn a_server_that_does_not_look_says_nothing() {
        assert_eq!(Looks::of("visavis_legs 4\n"), None);
        assert_eq!(LookFindings::of([Looks::default(); 3], 10.0), None);
    }
}
