//! `PUT /v1/legs/{leg}/mute`: what of a leg nobody gets, as its backend wants it.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Backend;
use super::legs::{find, no_leg};
use super::matches::unread;
use crate::http::problem_json::Problem;
use crate::media::Muted;

/// What of a leg nobody gets.
#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Mute, example = json!({ "audio": true, "video": false }))]
pub(super) struct MuteJson {
    /// Its sound: silence goes in its place.
    audio: bool,
    /// Its picture: nothing goes.
    video: bool,
}

/// Mute what a leg sends
///
/// In this match and in later ones, until it is said otherwise; the leg itself is told nothing. Pictures are
/// looked at all the same. Of a session with two legs either is meant.
#[utoipa::path(
    put,
    path = "/v1/legs/{leg}/mute",
    tag = "Legs",
    operation_id = "muteLeg",
    params(("leg" = String, Path, description = "The last part of the leg's `Location`",
        example = "5f0c8a52c7d94e0b9a3f1d6e8b7c4a20")),
    request_body = MuteJson,
    responses((status = 204, description = "From the next packet on it is so.")),
    extensions(("x-problems" = json!(["unreadable", "no_such_leg", "too_long", "wrong_media_type"]))),
)]
pub(super) async fn mute(
    State(backend): State<Backend>,
    Path(name): Path<String>,
    mute: Result<Json<MuteJson>, JsonRejection>,
) -> Result<StatusCode, Problem> {
    let (name, leg) = find(&backend, name)?;
    let Json(MuteJson { audio, video }) = mute.map_err(unread)?;
    let muted = Muted { audio, video };
    match backend.control.mute(leg.reach.socket, muted).await {
        Some(true) => {
            let sender = backend.address_book.sender(name);
            backend.address_book.mute(&sender, muted);
            Ok(StatusCode::NO_CONTENT)
        }
        Some(false) | None => Err(no_leg()),
    }
}

impl From<Muted> for MuteJson {
    fn from(Muted { audio, video }: Muted) -> Self {
        Self { audio, video }
    }
}
