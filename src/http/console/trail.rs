//! The audit log, a page at a time.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Console;
use super::bans::read as read_disk;
use super::refusal::Refusal;
use crate::store::{Search, Stored};

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// Only lines before this number: `next` of the page before.
    before: Option<u64>,
    /// Only lines of whoever is named like this, as `person` or `person Ada`.
    #[serde(default)]
    #[param(required = false)]
    actor: String,
    /// Only lines of this deed, as `ban`.
    #[serde(default)]
    #[param(required = false)]
    action: String,
}

/// A page of the audit log, the newest first.
#[derive(Serialize, ToSchema)]
#[schema(as = Trail)]
pub(super) struct TrailJson {
    lines: Vec<LineJson>,
    /// Where the next page begins; null where this is the last.
    #[schema(required)]
    next: Option<u64>,
}

/// A line as it stands in the log.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditLine)]
pub(super) struct LineJson {
    sequence: u64,
    /// Milliseconds since 1970.
    time_ms: u64,
    #[schema(example = "person Ada")]
    actor: String,
    /// Our own number for a nameless stay; empty where it is about nobody.
    session: String,
    label: String,
    score: f32,
    /// Which classifier looked; empty where none did.
    version: String,
    #[schema(example = "ban")]
    action: String,
    reason: String,
}

/// Read the audit log
#[utoipa::path(
    get,
    path = "/trail",
    tag = "Console",
    operation_id = "readTrail",
    params(Wanted),
    responses((status = 200, description = "A page of it.", body = TrailJson)),
    extensions(("x-problems" = json!(["unreadable", "store"]))),
)]
pub(super) async fn read(
    State(console): State<Console>,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Json<TrailJson>, Refusal> {
    let Query(wanted) = wanted.map_err(|wrong| Refusal::Unreadable(wrong.body_text()))?;
    if wanted
        .before
        .is_some_and(|before| i64::try_from(before).is_err())
    {
        let why = "before is the number of a line";
        return Err(Refusal::Unreadable(why.to_owned()));
    }
    let search = Search {
        before: wanted.before,
        actor: wanted.actor,
        action: wanted.action,
        ..Search::default()
    };
    let audit = console.0.audit.clone();
    let trail = read_disk(move || audit.trail(&search)).await?;
    let next = trail.next;
    let lines = trail.lines.into_iter().map(LineJson::of).collect();
    Ok(Json(TrailJson { lines, next }))
}

impl LineJson {
    pub(super) fn of(stored: Stored) -> Self {
        Self {
            sequence: stored.sequence,
            time_ms: stored.time_ms,
            actor: stored.actor,
            session: stored.session,
            label: stored.label,
            score: stored.score,
            version: stored.version,
            action: stored.action,
            reason: stored.reason,
        }
    }
}
