//! Who stays outside, and letting them in again.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::asked::Asked;
use super::refusal::Refusal;
use super::{Console, actor};
use crate::moderation::Deed;
use crate::store::{Ban, BanId, Moderator};

/// Who stays outside.
#[derive(Serialize, ToSchema)]
#[schema(as = Bans)]
pub(super) struct BansJson {
    bans: Vec<BanJson>,
    /// How many there are, also those that are not listed.
    count: usize,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Ban)]
struct BanJson {
    #[schema(example = "5f0c8a52c7d94e0b")]
    id: String,
    /// For what.
    label: String,
    /// Milliseconds since 1970.
    until_ms: u64,
}

impl BanJson {
    fn of(ban: &Ban) -> Self {
        Self {
            id: ban.id.to_string(),
            label: ban.label.as_str().to_owned(),
            until_ms: ban.until_ms,
        }
    }
}

/// See who stays outside
///
/// Devices and accounts, by names that mean nothing elsewhere.
#[utoipa::path(
    get,
    path = "/bans",
    tag = "Console",
    operation_id = "listBans",
    responses((status = 200, description = "Those whose time is over first.", body = BansJson)),
    extensions(("x-problems" = json!(["store"]))),
)]
pub(super) async fn list(State(console): State<Console>) -> Result<Json<BansJson>, Refusal> {
    let kept_out = console.0.kept_out.clone();
    let (bans, count) = read(move || kept_out.list()).await?;
    let bans = bans.iter().map(BanJson::of).collect();
    Ok(Json(BansJson { bans, count }))
}

/// Why somebody is let in again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Lift {
    /// One of `GET /v1/console/reasons`.
    #[schema(example = "mistake")]
    reason: String,
    #[serde(default)]
    note: String,
}

/// Let somebody in again
///
/// The line is in the audit log first.
#[utoipa::path(
    post,
    path = "/bans/{id}/lift",
    tag = "Console",
    operation_id = "liftBan",
    params(("id" = String, Path, description = "As it is listed", example = "5f0c8a52c7d94e0b")),
    request_body = Lift,
    responses((status = 204, description = "They may come in.")),
    extensions(("x-problems" = json!([
        "unreadable", "unknown_reason", "long_note", "no_such_ban", "not_written", "store",
    ]))),
)]

pub(super) async fn lift(
    State(console): State<Console>,
    Extension(person): Extension<Moderator>,
    Path(id): Path<String>,
    Asked(lift): Asked<Lift>,
) -> Result<StatusCode, Refusal> {
    let reason = console.reason(&lift.reason, &lift.note)?;
    let id: BanId = id.parse().map_err(|_| Refusal::NoSuchBan)?;
    let kept_out = console.0.kept_out.clone();
    let found = read(move || kept_out.find(id)).await?;
    let ban = found.ok_or(Refusal::NoSuchBan)?;
    console
        .write(
            actor(&person),
            Deed::Readmit,
            ban.label,
            format!("ban {id}: {reason}"),
        )
        .await?;
    let lifted = console.0.kept_out.lift(ban.device).await;
    if !matches!(lifted, Ok(Ok(()))) {
        return Err(Refusal::Store);
    }
    console.0.control.readmit(ban.device).await;
    Ok(StatusCode::NO_CONTENT)
}

/// On a thread that may wait for the disk.
pub(super) async fn read<T: Send + 'static, E: Send + 'static>(
    read: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, Refusal> {
    match tokio::task::spawn_blocking(read).await {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(_)) | Err(_) => Err(Refusal::Store),
    }
}
