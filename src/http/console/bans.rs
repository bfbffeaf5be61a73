//! Who stays outside, and letting them in again.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};

use super::asked::Asked;
use super::refusal::Refusal;
use super::{Console, actor};
use crate::moderation::Deed;
use crate::store::{Ban, BanId, Moderator};

pub(super) async fn list(State(console): State<Console>) -> Result<Json<Value>, Refusal> {
    let kept_out = console.0.kept_out.clone();
    let (bans, count) = read(move || kept_out.list()).await?;
    let row = |ban: &Ban| {
        json!({
            "id": ban.id.to_string(),
            "label": ban.label.as_str(),
            "until_ms": ban.until_ms,
        })
    };
    let bans: Vec<_> = bans.iter().map(row).collect();
    Ok(Json(json!({ "bans": bans, "count": count })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lift {
    reason: String,
    #[serde(default)]
    note: String,
}

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
