//! [`Gauges`]: what the control plane counts, with its handles fetched once.

use std::time::Duration;

use ::metrics::{Counter, Gauge, Histogram};

use crate::lobby::{Category, Lobby};
use crate::media::Quality;
use crate::metrics;
use crate::moderation::Deed;

/// The handles of the control plane's metrics.
pub(super) struct Gauges {
    sessions: Gauge,
    waiting: Gauge,
    matches: Gauge,
    pub(super) joins: Counter,
    pub(super) matches_begun: Counter,
    join_seconds: Histogram,
    next_seconds: Histogram,
    face_seconds: Histogram,
    wait_seconds: Histogram,
    match_seconds: Histogram,
    screening_seconds: Histogram,
    verdict_seconds: Histogram,
    round_trip_seconds: Histogram,
    jitter_seconds: Histogram,
    up_loss: Histogram,
    down_loss: Histogram,
    frozen: Histogram,
}

impl Gauges {
    pub(super) fn new() -> Self {
        Self {
            sessions: metrics::SESSIONS.gauge(),
            waiting: metrics::WAITING.gauge(),
            matches: metrics::MATCHES.gauge(),
            joins: metrics::JOINS.counter(),
            matches_begun: metrics::MATCHES_BEGUN.counter(),
            join_seconds: metrics::JOIN_TIME.histogram(),
            next_seconds: metrics::NEXT_TIME.histogram(),
            face_seconds: metrics::FACE_TIME.histogram(),
            wait_seconds: metrics::WAIT_TIME.histogram(),
            match_seconds: metrics::MATCH_TIME.histogram(),
            screening_seconds: metrics::SCREENING_TIME.histogram(),
            verdict_seconds: metrics::VERDICT_TIME.histogram(),
            round_trip_seconds: metrics::ROUND_TRIP.histogram(),
            jitter_seconds: metrics::JITTER.histogram(),
            up_loss: metrics::UP_LOSS.histogram(),
            down_loss: metrics::DOWN_LOSS.histogram(),
            frozen: metrics::FROZEN.histogram(),
        }
    }

    /// How things stand after an input.
    #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 sessions")]
    pub(super) fn set(&self, lobby: &Lobby, matches: usize) {
        self.sessions.set(lobby.online() as f64);
        self.waiting.set(lobby.waiting() as f64);
        self.matches.set(matches as f64);
    }

    /// From a visitor's join to the connected leg.
    pub(super) fn connected(&self, after: Duration) {
        self.join_seconds.record(after);
    }

    /// From a visitor's `next` to the first complete keyframe on its way to them.
    pub(super) fn first_picture(&self, after: Duration) {
        self.next_seconds.record(after);
    }

    /// From a match's begin to the first complete keyframe on its way to the partner.
    pub(super) fn faced(&self, after_ms: u32) {
        self.face_seconds
            .record(Duration::from_millis(after_ms.into()));
    }

    /// How long a session looked for a partner.
    pub(super) fn waited(&self, time: Duration) {
        self.wait_seconds.record(time);
    }

    /// How long a match lasted.
    pub(super) fn lasted(&self, time: Duration) {
        self.match_seconds.record(time);
    }

    /// From the connected leg to the first picture that passes.
    pub(super) fn screened(&self, after: Duration) {
        self.screening_seconds.record(after);
    }

    /// From a picture to what is said of it.
    pub(super) fn judged(&self, after: Duration) {
        self.verdict_seconds.record(after);
    }

    /// One direction of a match is over.
    pub(super) fn measured(&self, quality: &Quality) {
        // Nobody's network is told by less.
        if quality.lasted < MEASURED_FROM {
            return;
        }
        if let Some(round_trip) = quality.round_trip {
            self.round_trip_seconds.record(round_trip);
        }
        self.jitter_seconds.record(quality.down.jitter);
        for (loss, hop) in [
            (&self.up_loss, &quality.up),
            (&self.down_loss, &quality.down),
        ] {
            if let Some(ratio) = hop.loss_ratio() {
                loss.record(ratio);
            }
        }
        let frozen = quality.frozen.as_secs_f64() / quality.lasted.as_secs_f64();
        self.frozen.record(frozen);
    }

    /// A decision is written down and takes hold.
    pub(super) fn decided(&self, deed: Deed) {
        metrics::DECISIONS.counter_of(deed.word()).increment(1);
    }

    /// A report was taken.
    pub(super) fn reported(&self, category: Category) {
        metrics::REPORTS.counter_of(word(category)).increment(1);
    }
}

/// The shortest match whose quality counts.
const MEASURED_FROM: Duration = Duration::from_secs(5);

/// A category as a label.
pub(super) const fn word(category: Category) -> &'static str {
    match category {
        Category::Nudity => "nudity",
        Category::Minor => "minor",
        Category::Violence => "violence",
        Category::Hate => "hate",
        Category::Spam => "spam",
        Category::Other => "other",
    }
}
