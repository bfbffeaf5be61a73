//! `GET /v1/legs/{leg}/statistics`: how well the match goes that a leg is in.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;

use super::Backend;
use super::legs::{find, no_leg};
use crate::http::problem_json::Problem;
use crate::media::{Hop, Quality};

/// One direction of a match, since it began.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub(super) struct Statistics {
    lasted_ms: u64,
    /// From the one who sends to the server.
    up: HopStatistics,
    /// From the server to the one who receives.
    down: HopStatistics,
    /// From the server to the one who receives and back.
    round_trip_ms: Option<f64>,
    /// Packets sent again to the one who receives.
    resent: u64,
    bytes: u64,
    pictures: u64,
    freezes: u32,
    frozen_ms: u64,
}

#[derive(Clone, PartialEq, Debug, Serialize)]
struct HopStatistics {
    packets: u64,
    lost: u64,
    jitter_ms: f64,
}

/// Both directions, as the leg's session sees them.
#[derive(Debug, Serialize)]
pub(super) struct Both {
    sends: Option<Statistics>,
    receives: Option<Statistics>,
}

impl Statistics {
    pub(super) fn of(quality: &Quality) -> Self {
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self {
            lasted_ms: millis(quality.lasted),
            up: HopStatistics::of(&quality.up),
            down: HopStatistics::of(&quality.down),
            round_trip_ms: quality.round_trip.map(tenths),
            resent: quality.resent,
            bytes: quality.bytes,
            pictures: quality.pictures,
            freezes: quality.freezes,
            frozen_ms: millis(quality.frozen),
        }
    }
}

impl HopStatistics {
    fn of(hop: &Hop) -> Self {
        Self {
            packets: hop.packets,
            lost: hop.lost,
            jitter_ms: tenths(hop.jitter),
        }
    }
}

/// Milliseconds with one digit after the point: what is measured is no closer.
fn tenths(time: Duration) -> f64 {
    (time.as_secs_f64() * 10_000.0).round() / 10.0
}

/// `GET /v1/legs/{leg}/statistics`.
pub(super) async fn look(
    State(backend): State<Backend>,
    Path(name): Path<String>,
) -> Result<Json<Both>, Problem> {
    let (_, leg) = find(&backend, name)?;
    let measured = backend.control.measure(leg.reach.socket).await;
    let measured = measured.ok_or_else(no_leg)?;
    let read = |quality: Option<Box<Quality>>| quality.as_deref().map(Statistics::of);
    Ok(Json(Both {
        sends: read(measured.sends),
        receives: read(measured.receives),
    }))
}
