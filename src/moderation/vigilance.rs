//! How closely a session is looked at: the interval from one picture to the next, by risk.

use std::time::{Duration, Instant};

use super::dossier::{Dossier, Stage};
use crate::config;

/// At the beginning of a stay, so long.
const NEW_FOR: Duration = Duration::from_secs(10);

/// After a report, so long.
const REPORTED_FOR: Duration = Duration::from_secs(30);

/// After a picture that came near to being hidden, so long.
pub(super) const NEAR_FOR: Duration = Duration::from_secs(10);

/// From this share of a threshold on, a picture is near to being hidden.
pub(super) const NEAR: f32 = 0.5;

/// Reports of this weight keep an eye on a session: one by somebody new.
const CREDIBLE: f32 = 0.5;

/// How closely.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Level {
    /// Nothing speaks against it.
    Steady,
    /// It was warned, blurred or reported before.
    Raised,
    /// It is new, somebody waits for the picture, or it was just reported.
    Close,
}

/// A level, and until when time alone keeps it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Watch {
    pub(super) level: Level,
    pub(super) until: Option<Instant>,
}

/// The intervals, from the configuration.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sampling {
    first: Duration,
    steady: Duration,
}

impl From<&config::Moderation> for Sampling {
    fn from(config: &config::Moderation) -> Self {
        Self {
            first: Duration::from_millis(config.first_every_ms),
            steady: Duration::from_millis(config.steady_every_ms),
        }
    }
}

impl Sampling {
    /// From one picture to the next.
    pub(super) fn every(self, level: Level) -> Duration {
        match level {
            Level::Close => self.first,
            // Halfway by ratio: half a second and five seconds give 1.6 seconds.
            Level::Raised => {
                let middle = self.first.as_secs_f64() * self.steady.as_secs_f64();
                Duration::from_secs_f64(middle.sqrt())
            }
            Level::Steady => self.steady,
        }
    }
}

/// How closely a session is looked at now; none where there is nothing to look at.
pub(super) fn level(dossier: &Dossier, now: Instant) -> Option<Watch> {
    let connected_at = dossier.connected_at()?;
    let screening = matches!(dossier.stage, Stage::Screening { .. });
    if screening || dossier.blur.is_some() || dossier.held_since.is_some() {
        return Some(Watch {
            level: Level::Close,
            until: None,
        });
    }
    let until = [
        Some(connected_at + NEW_FOR),
        dossier.reports.last.map(|at| at + REPORTED_FOR),
        dossier.sights.near_until,
    ];
    let until = until.into_iter().flatten().max().filter(|at| *at > now);
    let level = if until.is_some() {
        Level::Close
    } else if dossier.strikes.any() || dossier.reports.weight() >= CREDIBLE {
        Level::Raised
    } else {
        Level::Steady
    };
    Some(Watch { level, until })
}
