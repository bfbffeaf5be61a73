//! The audit log, a page at a time.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Console;
use super::bans::read as read_disk;
use super::refusal::Refusal;
use crate::store::{Search, Stored};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    before: Option<u64>,
    #[serde(default)]
    actor: String,
    #[serde(default)]
    action: String,
}

pub(super) async fn read(
    State(console): State<Console>,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Json<Value>, Refusal> {
    let Query(wanted) = wanted.map_err(|wrong| Refusal::Unreadable(wrong.body_text()))?;
    let search = Search {
        before: wanted.before,
        actor: wanted.actor,
        action: wanted.action,
        ..Search::default()
    };
    let audit = console.0.audit.clone();
    let trail = read_disk(move || audit.trail(&search)).await?;
    let lines: Vec<_> = trail.lines.iter().map(line).collect();
    Ok(Json(json!({ "lines": lines, "next": trail.next })))
}

/// A line as it stands in the log.
pub(super) fn line(stored: &Stored) -> Value {
    json!({
        "sequence": stored.sequence,
        "time_ms": stored.time_ms,
        "actor": stored.actor,
        "session": stored.session,
        "label": stored.label,
        "score": stored.score,
        "version": stored.version,
        "action": stored.action,
        "reason": stored.reason,
    })
}
