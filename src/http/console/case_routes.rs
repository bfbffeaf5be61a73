//! Cases: the queue and its events, one case, and what a person does with it.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use futures_util::stream::{Stream, StreamExt, unfold};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::asked::Asked;
use super::bans::read as read_disk;
use super::case_json::{file_json, lease_json, queue_json};
use super::cybertip::archive;
use super::refusal::Refusal;
use super::trail::line;
use super::{Console, actor};
use crate::classify::opinion::webp;
use crate::codec::VideoCodec;
use crate::control::CaseworkError;
use crate::id::CaseId;
use crate::limits;
use crate::moderation::{CaseClass, Deed, Escalation, Hindrance, Label, Ruling};
use crate::store::{Decision, Moderator, OpenPicture, Search};

/// A line of events ends after so long: whoever goes on shows their token again.
const EVENTS_LAST: Duration = Duration::from_secs(10 * 60);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    class: Option<String>,
}

pub(super) async fn queue(
    State(console): State<Console>,
    Extension(person): Extension<Moderator>,
    which: Result<Query<Which>, QueryRejection>,
) -> Result<Json<Value>, Refusal> {
    let Query(which) = which.map_err(|wrong| Refusal::Unreadable(wrong.body_text()))?;
    let class =
        match which.class.as_deref() {
            None => None,
            Some(word) => Some(CaseClass::of_word(word).ok_or_else(|| {
                Refusal::Unreadable("a class is conduct or child_safety".to_owned())
            })?),
        };
    let queue = console.0.casework.queue(&person, class).await;
    let queue = console.allow(queue, &person, "queue").await?;
    Ok(Json(queue_json(&queue)))
}

/// Says that the queue changed, and nothing else: what it holds is asked for with a token.
pub(super) async fn events(
    State(console): State<Console>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let changes = unfold(console.0.casework.changes(), async |mut changes| {
        changes.changed().await.ok()?;
        let event = Event::default().event("queue").data("changed");
        Some((Ok(event), changes))
    });
    Sse::new(changes.take_until(sleep(EVENTS_LAST))).keep_alive(KeepAlive::default())
}

pub(super) async fn next(
    State(console): State<Console>,
    Extension(person): Extension<Moderator>,
) -> Result<Response, Refusal> {
    let taken = console.0.casework.next(&person).await;
    let Some(row) = console.allow(taken, &person, "next").await? else {
        return Ok(StatusCode::NO_CONTENT.into_response());
    };
    let case = one(&console, &person, row.id).await?;
    Ok(Json(case).into_response())
}

pub(super) async fn whole(
    State(console): State<Console>,
    Extension(person): Extension<Moderator>,
    Path(id): Path<u64>,
) -> Result<Json<Value>, Refusal> {
    one(&console, &person, CaseId(id)).await.map(Json)
}

async fn one(console: &Console, person: &Moderator, id: CaseId) -> Result<Value, Refusal> {
    let file = console.0.casework.case(person, id).await;
    let file = console.allow(file, person, "case").await?;
    Ok(file_json(&file))
}

pub(super) async fn lease(
    State(console): State<Console>,
    Extension(person): Extension<Moderator>,
    Path(id): Path<u64>,
) -> Result<Json<Value>, Refusal> {
    let leased = console.0.casework.lease(&person, CaseId(id)).await;
    let lease = console.allow(leased, &person, "lease").await?;
    Ok(Json(lease_json(&lease)))
}

pub(super) async fn give_back(
    State(console): State<Console>,
    Extension(person): Extension<Moderator>,
    Path(id): Path<u64>,
) -> Result<StatusCode, Refusal> {
    let given = console.0.casework.give_back(&person, CaseId(id)).await;
    console.allow(given, &person, "give_back").await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Decided {
    action: String,
    reason: String,
    #[serde(default)]
    note: String,
    lasts_ms: Option<u64>,
}

pub(super) async fn decide(
    State(console): State<Console>,
    Extension(person): Extension<Moderator>,
    Path(id): Path<u64>,
    Asked(decided): Asked<Decided>,
) -> Result<Json<Value>, Refusal> {
    console.reason(&decided.reason, &decided.note)?;
    let lasts = decided.lasts_ms.map(Duration::from_millis);
    let ruling = Ruling::of_word(&decided.action, lasts)
        .map_err(|wrong| Refusal::Unreadable(wrong.to_string()))?;
    let decision = Decision {
        ruling,
        reason: decided.reason,
        note: decided.note.trim().to_owned(),
    };
    let status = console
        .0
        .casework
        .decide(&person, CaseId(id), decision)
        .await;
    let status = console.allow(status, &person, "decide").await?;
    Ok(Json(json!({ "status": status.word() })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Handed {
    to: String,
    #[serde(default)]
    note: String,
}

pub(super) async fn escalate(
    State(console): State<Console>,
    Extension(person): Extension<Moderator>,
    Path(id): Path<u64>,
    Asked(handed): Asked<Handed>,
) -> Result<StatusCode, Refusal> {
    let to = Escalation::of_word(&handed.to).ok_or_else(|| {
        Refusal::Unreadable("a case is handed to senior or to child_safety".to_owned())
    })?;
    let note = handed.note.trim();
    if note.chars().count() > limits::DECISION_NOTE_CHARS {
        return Err(Refusal::LongNote);
    }
    let handed = console
        .0
        .casework
        .escalate(&person, CaseId(id), (to, note))
        .await;
    console.allow(handed, &person, "escalate").await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Held {
    on: bool,
}

pub(super) async fn hold(
    State(console): State<Console>,
    Extension(person): Extension<Moderator>,
    Path(id): Path<u64>,
    Asked(held): Asked<Held>,
) -> Result<StatusCode, Refusal> {
    let held = console.0.casework.hold(&person, CaseId(id), held.on).await;
    console.allow(held, &person, "hold").await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A picture of a case: a WebP, or a keyframe that the page decodes.
pub(super) async fn picture(
    State(console): State<Console>,
    Extension(person): Extension<Moderator>,
    Path((id, n)): Path<(u64, u32)>,
) -> Result<Response, Refusal> {
    let picture = console.0.casework.picture(&person, CaseId(id), n).await;
    let OpenPicture { codec, keyframe } = console.allow(picture, &person, "picture").await?;
    let (kind, body) = match codec {
        VideoCodec::Vp8 => ("image/webp", webp(&keyframe)),
        // RFC 9628 and RFC 6184 name them; there is no file of one picture of these.
        VideoCodec::Vp9 => ("video/VP9", keyframe),
        VideoCodec::H264 => ("video/H264", keyframe),
    };
    Ok(([(header::CONTENT_TYPE, kind)], body).into_response())
}

/// A case about a child as a file for whoever reports it.
pub(super) async fn export(
    State(console): State<Console>,
    Extension(person): Extension<Moderator>,
    Path(id): Path<u64>,
) -> Result<Response, Refusal> {
    let exported = console.0.casework.export(&person, CaseId(id)).await;
    let exported = console.allow(exported, &person, "export").await?;
    let file = archive(&exported).map_err(|_| Refusal::Store)?;
    let name = format!("attachment; filename=\"case-{id}.zip\"");
    let headers = [
        (header::CONTENT_TYPE, "application/zip".to_owned()),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((headers, file).into_response())
}

/// What people did with a case, for whoever may see it.
pub(super) async fn trail(
    State(console): State<Console>,
    Extension(person): Extension<Moderator>,
    Path(id): Path<u64>,
) -> Result<Json<Value>, Refusal> {
    one(&console, &person, CaseId(id)).await?;
    let search = Search {
        reason_start: format!("case {id}: "),
        ..Search::default()
    };
    let audit = console.0.audit.clone();
    let trail = read_disk(move || audit.trail(&search)).await?;
    let lines: Vec<_> = trail.lines.iter().map(line).collect();
    Ok(Json(json!({ "lines": lines })))
}

impl Console {
    /// What became of it, or why it was not done; who has not the role for a case gets a line, as
    /// everywhere at the desk.
    async fn allow<T>(
        &self,
        done: Result<T, CaseworkError>,
        person: &Moderator,
        asked: &str,
    ) -> Result<T, Refusal> {
        let error = match done {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        if error == CaseworkError::Hindered(Hindrance::Role) {
            let now = tokio::time::Instant::now().into_std();
            let without = self.0.refused.lock().count(Some(&person.name), now);
            if without.is_some() {
                let reason = format!("{asked}: a case for another role");
                // It is refused either way, and the log's writer says what goes wrong.
                let _ = self
                    .write(actor(person), Deed::Refuse, Label::NEUTRAL, reason)
                    .await;
            }
            let role = person.role.word();
            return Err(Refusal::NotYourRole { role });
        }
        Err(Refusal::from(error))
    }
}
