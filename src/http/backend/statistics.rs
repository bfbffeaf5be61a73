//! `GET /v1/legs/{leg}/statistics`: how well the match goes that a leg is in.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;
use utoipa::ToSchema;

use super::Backend;
use super::legs::{find, no_leg};
use crate::http::problem_json::Problem;
use crate::media::{Hop, Quality};

/// One direction of a match, since it began.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
pub(super) struct Statistics {
    /// How long that is.
    lasted_ms: u64,
    /// From the one who sends to the server.
    up: HopStatistics,
    /// From the server to the one who receives.
    down: HopStatistics,
    /// From the server to the one who receives and back,
    /// on average; null before they have reported.
    #[schema(required)]
    round_trip_ms: Option<f64>,
    /// Packets sent again to the one who receives.
    resent: u64,
    /// Sound and picture that went to the one who receives.
    bytes: u64,
    /// Whole pictures among that.
    pictures: u64,
    /// How often no picture came where one was due.
    freezes: u32,
    /// How long, all together.
    frozen_ms: u64,
}

/// Sound and picture on one hop.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
struct HopStatistics {
    /// Packets that were sent.
    packets: u64,
    /// How many of them did not arrive the first time.
    lost: u64,
    /// Interarrival jitter of the picture at present (RFC 3550, 6.4.1).
    jitter_ms: f64,
}

/// Both directions, as the leg's session sees them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LegStatistics)]
pub(super) struct Both {
    /// What it sends; null before there is a match, and in its first seconds.
    #[schema(required)]
    sends: Option<Statistics>,
    /// What it receives; null likewise.
    #[schema(required)]
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

/// How well a leg's match goes
///
/// Both directions as the leg's session sees them, as of the last five seconds.
#[utoipa::path(
    get,
    path = "/v1/legs/{leg}/statistics",
    tag = "Legs",
    operation_id = "getLegStatistics",
    params(("leg" = String, Path, description = "The last part of the leg's `Location`",
        example = "5f0c8a52c7d94e0b9a3f1d6e8b7c4a20")),
    responses((status = 200, description = "How well it goes.", body = Both)),
    extensions(("x-problems" = json!(["unreadable", "no_such_leg"]))),
)]
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
