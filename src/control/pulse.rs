//! [`Pulse`]: how closely visitors are looked at and how soon something is done: for `/metrics`, and
//! as [`LookFigures`] for the desk.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ::metrics::{Counter, Histogram as Recorder};
use hdrhistogram::Histogram;
use parking_lot::Mutex;

use crate::id::SessionId;
use crate::limits;
use crate::metrics;
use crate::moderation::{Label, Outcome, Verdict};

/// A visitor counts as looked at for so long after a picture of theirs was taken.
pub const COVERED_FOR: Duration = Duration::from_secs(10);

/// How often it is counted how closely everybody is looked at.
const COUNT_EVERY: Duration = Duration::from_secs(2);

/// Measured while pictures are looked at, by the one task that does.
pub(super) struct Pulse {
    watched: HashMap<SessionId, Watched>,
    figures: Arc<Mutex<LookFigures>>,
    count_at: Option<Instant>,
    covered: WholeSeconds,
    uncovered: WholeSeconds,
    first_verdict: Recorder,
    action: Recorder,
}

/// One visitor whose pictures can be looked at.
struct Watched {
    /// Since when no verdict has come; none once one has.
    waits_since: Option<Instant>,
    counted_to: Instant,
    covered_to: Instant,
    /// The newest picture that was judged, and what was said of it.
    last: Option<(Instant, Vec<Label>)>,
}

/// How the looking goes, since the start.
#[derive(Clone, Debug)]
pub struct LookFigures {
    /// Visitor time during which the newest judged picture was young enough ([`COVERED_FOR`]).
    pub covered: Duration,
    /// Visitor time during which it was not.
    pub uncovered: Duration,
    /// From a connected leg to the first verdict.
    pub first_verdict: Spread,
    /// From the picture that brought it about to what was done.
    pub action: Spread,
    /// Pictures that were judged, by the classifier's version and by what they show most.
    pub verdicts: BTreeMap<(Arc<str>, String), u64>,
}

/// Many times, by length.
#[derive(Clone, Debug)]
pub struct Spread(Histogram<u64>);

impl Default for LookFigures {
    fn default() -> Self {
        Self {
            covered: Duration::ZERO,
            uncovered: Duration::ZERO,
            first_verdict: Spread::new(),
            action: Spread::new(),
            verdicts: BTreeMap::new(),
        }
    }
}

impl Spread {
    fn new() -> Self {
        Self(Histogram::new_with_bounds(1, 600_000, 2).expect("the bounds are in order"))
    }

    fn record(&mut self, time: Duration) {
        let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.0.saturating_record(ms);
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// So many hundredths of them took no longer, in milliseconds; none, if there are none.
    pub fn percentile_ms(&self, hundredths: f64) -> Option<u64> {
        (!self.0.is_empty()).then(|| self.0.value_at_percentile(hundredths))
    }
}

impl Pulse {
    pub(super) fn new() -> Self {
        Self {
            watched: HashMap::new(),
            figures: Arc::default(),
            count_at: None,
            covered: WholeSeconds::of("yes"),
            uncovered: WholeSeconds::of("no"),
            first_verdict: metrics::FIRST_VERDICT_TIME.histogram(),
            action: metrics::ACTION_TIME.histogram(),
        }
    }

    /// What it has measured, for whoever asks.
    pub(super) fn figures(&self) -> Arc<Mutex<LookFigures>> {
        Arc::clone(&self.figures)
    }

    /// A leg is connected: from now on somebody should look.
    pub(super) fn connected(&mut self, session: SessionId, now: Instant) {
        self.count_at = self.count_at.or(Some(now + COUNT_EVERY));
        self.watched.entry(session).or_insert(Watched {
            waits_since: Some(now),
            counted_to: now,
            covered_to: now,
            last: None,
        });
    }

    /// A verdict has come.
    pub(super) fn judged(
        &mut self,
        session: SessionId,
        taken: Instant,
        verdict: &Verdict,
        now: Instant,
    ) {
        if verdict.outcome != Outcome::Judged {
            return;
        }
        let Some(watched) = self.watched.get_mut(&session) else {
            return;
        };
        let share = watched.count(now);
        watched.covered_to = watched.covered_to.max(taken + COVERED_FOR);
        let labels = verdict.scores.iter().map(|score| score.label.clone());
        watched.last = Some((taken, labels.collect()));
        let first = watched.waits_since.take();
        self.add(share);
        let mut figures = self.figures.lock();
        if let Some(since) = first {
            let time = now.saturating_duration_since(since);
            self.first_verdict.record(time);
            figures.first_verdict.record(time);
        }
        figures.count(verdict);
    }

    /// Something is done about a visitor for that: when the picture was taken that brought it about. What
    /// none did is not counted.
    pub(super) fn acted(
        &mut self,
        session: SessionId,
        label: &Label,
        now: Instant,
    ) -> Option<Instant> {
        let (taken, labels) = self.watched.get(&session)?.last.as_ref()?;
        if !labels.contains(label) {
            return None;
        }
        let time = now.saturating_duration_since(*taken);
        self.action.record(time);
        self.figures.lock().action.record(time);
        Some(*taken)
    }

    /// The leg is gone.
    pub(super) fn left(&mut self, session: SessionId, now: Instant) {
        if let Some(mut watched) = self.watched.remove(&session) {
            self.add(watched.count(now));
        }
        if self.watched.is_empty() {
            self.count_at = None;
        }
    }

    /// Time has passed.
    pub(super) fn count(&mut self, now: Instant) {
        if self.count_at.is_none_or(|at| at > now) {
            return;
        }
        self.count_at = Some(now + COUNT_EVERY);
        let shares: Vec<_> = self
            .watched
            .values_mut()
            .map(|one| one.count(now))
            .collect();
        for share in shares {
            self.add(share);
        }
    }

    /// When [`Pulse::count`] is due.
    pub(super) const fn next_deadline(&self) -> Option<Instant> {
        self.count_at
    }

    fn add(&mut self, (covered, uncovered): (Duration, Duration)) {
        self.covered.add(covered);
        self.uncovered.add(uncovered);
        let mut figures = self.figures.lock();
        figures.covered += covered;
        figures.uncovered += uncovered;
    }
}

impl Watched {
    /// The time since it was counted last: looked at, and not.
    fn count(&mut self, now: Instant) -> (Duration, Duration) {
        let whole = now.saturating_duration_since(self.counted_to);
        let covered = self
            .covered_to
            .min(now)
            .saturating_duration_since(self.counted_to);
        self.counted_to = now.max(self.counted_to);
        (covered, whole.saturating_sub(covered))
    }
}

impl LookFigures {
    fn count(&mut self, verdict: &Verdict) {
        let highest = verdict
            .scores
            .iter()
            .max_by(|one, other| one.value.total_cmp(&other.value));
        let Some(highest) = highest else { return };
        let label = highest.label.to_string();
        let key = (Arc::clone(&verdict.version), label);
        if let Some(count) = self.verdicts.get_mut(&key) {
            *count += 1;
        } else if self.verdicts.len() < limits::VERDICT_KINDS {
            self.verdicts.insert(key.clone(), 1);
        } else {
            return;
        }
        metrics::VERDICTS.counter_of(key.1).increment(1);
    }
}

/// A counter of seconds that is given parts of them.
struct WholeSeconds {
    counter: Counter,
    rest: Duration,
}

impl WholeSeconds {
    fn of(covered: &'static str) -> Self {
        Self {
            counter: metrics::WATCHED.counter_of(covered),
            rest: Duration::ZERO,
        }
    }

    fn add(&mut self, time: Duration) {
        self.rest += time;
        let whole = self.rest.as_secs();
        self.rest -= Duration::from_secs(whole);
        self.counter.increment(whole);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moderation::Score;
    use crate::tap::any_instant;

    const SECOND: Duration = Duration::from_secs(1);
    const ANN: SessionId = SessionId(1);

    fn verdict(label: Label, outcome: Outcome) -> Verdict {
        let scores = vec![
            Score {
                label: Label::SEXY,
                value: 0.1,
            },
            Score { label, value: 0.9 },
        ];
        Verdict {
            scores,
            version: Arc::from("m1"),
            outcome,
            took: Duration::ZERO,
        }
    }

    #[test]
    fn a_visitor_counts_as_looked_at_for_ten_seconds_after_a_picture() {
        let (mut pulse, start) = (Pulse::new(), any_instant());
        pulse.connected(ANN, start);
        let neutral = verdict(Label::NEUTRAL, Outcome::Judged);
        pulse.judged(ANN, start + SECOND, &neutral, start + 2 * SECOND);
        let late = verdict(Label::NO_VERDICT, Outcome::Late);
        pulse.judged(ANN, start + 9 * SECOND, &late, start + 10 * SECOND);
        assert_eq!(pulse.next_deadline(), Some(start + COUNT_EVERY));
        pulse.count(start + 20 * SECOND);
        pulse.left(ANN, start + 23 * SECOND);
        let figures = pulse.figures();
        let figures = figures.lock();
        // Nothing for two seconds, then what is left of the ten, and after that nothing again.
        assert_eq!(figures.covered, 9 * SECOND);
        assert_eq!(figures.uncovered, 14 * SECOND);
        assert_eq!(figures.first_verdict.count(), 1);
        assert_eq!(figures.first_verdict.percentile_ms(50.0), Some(2_007));
        let key = (Arc::from("m1"), "neutral".to_owned());
        assert_eq!(figures.verdicts, BTreeMap::from([(key, 1)]));
        assert_eq!(pulse.next_deadline(), None);
    }

    #[test]
    fn the_time_to_an_action_counts_from_the_picture_that_brought_it_about() {
        let (mut pulse, start) = (Pulse::new(), any_instant());
        pulse.connected(ANN, start);
        let porn = verdict(Label::PORN, Outcome::Judged);
        pulse.judged(ANN, start, &porn, start + SECOND);
        pulse.acted(ANN, &Label::PORN, start + 2 * SECOND);
        pulse.acted(ANN, &Label::REPORTED, start + 60 * SECOND);
        pulse.acted(SessionId(2), &Label::PORN, start + 60 * SECOND);
        let figures = pulse.figures();
        let figures = figures.lock();
        assert_eq!(figures.action.count(), 1);
        assert_eq!(figures.action.percentile_ms(100.0), Some(2_007));
    }

    #[test]
    fn versions_and_labels_without_end_take_no_memory_without_end() {
        let mut figures = LookFigures::default();
        for number in 0..2 * limits::VERDICT_KINDS {
            let label = Label::new(&format!("kind_{number}")).unwrap();
            figures.count(&verdict(label, Outcome::Judged));
        }
        assert_eq!(figures.verdicts.len(), limits::VERDICT_KINDS);
    }
}
