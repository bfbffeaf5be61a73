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
use serde::{Deserialize, Serialize};
use tokio::time::sleep;
use utoipa::ToSchema;

use super::asked::Asked;
use super::bans::read as read_disk;
use super::case_json::{CaseJson, LeaseJson, QueueJson};
use super::cybertip::archive;
use super::refusal::Refusal;
use super::trail::LineJson;
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

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Only cases of this class: `conduct` or `child_safety`.
    class: Option<String>,
}

/// See what waits for a decision
///
/// Of cases that may show a child only whoever has the role for them sees any.
#[utoipa::path(
    get,
    path = "/queue",
    tag = "Console",
    operation_id = "getQueue",
    params(Which),
    responses((status = 200, description = "The most pressing first.", body = QueueJson)),
    extensions(("x-problems" = json!(["unreadable", "not_your_role", "store"]))),
)]
pub(super) async fn queue(
    State(console): State<Console>,
    Extension(person): Extension<Moderator>,
    which: Result<Query<Which>, QueryRejection>,
) -> Result<Json<QueueJson>, Refusal> {
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
    Ok(Json(QueueJson::of(&queue)))
}

/// Hear when the queue has changed
///
/// Server-sent events that say so and nothing else: what it holds is asked for with a token. After ten minutes
/// the line ends: whoever goes on shows their token again.
#[utoipa::path(
    get,
    path = "/events",
    tag = "Console",
    operation_id = "streamQueue",
    responses((status = 200, description = "A line for each change.", body = String, content_type = "text/event-stream",
        example = json!("event: queue\ndata: changed\n\n"))),
    extensions(("x-problems" = json!([]))),
)]
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

/// Take the most pressing case
///
/// Of those that nobody has and that are yours to decide.
#[utoipa::path(
    post,
    path = "/next",
    tag = "Console",
    operation_id = "takeNextCase",
    responses((status = 200, description = "It is yours for a while.", body = CaseJson),
        (status = 204, description = "Nothing waits.")),
    extensions(("x-problems" = json!(["not_written", "store"]))),
)]
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

/// See a case
#[utoipa::path(
    get,
    path = "/cases/{id}",
    tag = "Console",
    operation_id = "getCase",
    params(("id" = u64, Path, description = "The case, as the queue lists it", example = 17)),
    responses((status = 200, description = "All that is known of it.", body = CaseJson)),
    extensions(("x-problems" = json!(["unreadable", "no_such_case", "store"]))),
)]
pub(super) async fn whole(
    State(console): State<Console>,
    Extension(person): Extension<Moderator>,
    Path(id): Path<u64>,
) -> Result<Json<CaseJson>, Refusal> {
    one(&console, &person, case(id)?).await.map(Json)
}

async fn one(console: &Console, person: &Moderator, id: CaseId) -> Result<CaseJson, Refusal> {
    let file = console.0.casework.case(person, id).await;
    let file = console.allow(file, person, "case").await?;
    Ok(CaseJson::of(&file))
}

/// Take a case
///
/// For five minutes; asked for again it is prolonged. Nobody else can decide it meanwhile.
#[utoipa::path(
    post,
    path = "/cases/{id}/lease",
    tag = "Console",
    operation_id = "takeCase",
    params(("id" = u64, Path, description = "The case, as the queue lists it", example = 17)),
    responses((status = 200, description = "It is yours.", body = LeaseJson)),
    extensions(("x-problems" = json!(["unreadable", "no_such_case", "taken", "same_person", "closed", "store"]))),
)]
pub(super) async fn lease(
    State(console): State<Console>,
    Extension(person): Extension<Moderator>,
    Path(id): Path<u64>,
) -> Result<Json<LeaseJson>, Refusal> {
    let leased = console.0.casework.lease(&person, case(id)?).await;
    let lease = console.allow(leased, &person, "lease").await?;
    Ok(Json(LeaseJson::of(&lease)))
}

/// Give a case back
#[utoipa::path(
    delete,
    path = "/cases/{id}/lease",
    tag = "Console",
    operation_id = "giveCaseBack",
    params(("id" = u64, Path, description = "The case, as the queue lists it", example = 17)),
    responses((status = 204, description = "Anybody may take it.")),
    extensions(("x-problems" = json!(["unreadable", "no_such_case", "not_leased", "store"]))),
)]
pub(super) async fn give_back(
    State(console): State<Console>,
    Extension(person): Extension<Moderator>,
    Path(id): Path<u64>,
) -> Result<StatusCode, Refusal> {
    let given = console.0.casework.give_back(&person, case(id)?).await;
    console.allow(given, &person, "give_back").await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a person decides.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Decide)]
pub(super) struct Decided {
    /// `dismiss`, `warn`, `blur`, `unblur`, `end`, `cooldown` or `ban`.
    #[schema(example = "warn")]
    action: String,
    /// One of `GET /v1/console/reasons`.
    #[schema(example = "nudity")]
    reason: String,
    #[serde(default)]
    note: String,
    /// How long a cooldown or a ban lasts.
    lasts_ms: Option<u64>,
}

/// How far a case has come.
#[derive(Serialize, ToSchema)]
#[schema(as = CaseStatus)]
pub(super) struct StatusJson {
    /// `second_opinion` where somebody else has to agree, else `closed`.
    status: &'static str,
}

/// Decide a case
///
/// Whoever decides has to have it. The line is in the audit log first; a lasting ban needs somebody senior, and a
/// second person.
#[utoipa::path(
    post,
    path = "/cases/{id}/decision",
    tag = "Console",
    operation_id = "decideCase",
    params(("id" = u64, Path, description = "The case, as the queue lists it", example = 17)),
    request_body = Decided,
    responses((status = 200, description = "It is decided, or half of it.", body = StatusJson)),
    extensions(("x-problems" = json!(["unreadable", "unknown_reason", "long_note", "no_such_case", "not_leased", "taken", "same_person", "closed", "not_written", "store"]))),
)]
pub(super) async fn decide(
    State(console): State<Console>,
    Extension(person): Extension<Moderator>,
    Path(id): Path<u64>,
    Asked(decided): Asked<Decided>,
) -> Result<Json<StatusJson>, Refusal> {
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
        .decide(&person, case(id)?, decision)
        .await;
    let status = console.allow(status, &person, "decide").await?;
    let status = status.word();
    Ok(Json(StatusJson { status }))
}

/// To whom a case is handed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Escalate)]
pub(super) struct Handed {
    /// `senior` or `child_safety`.
    #[schema(example = "senior")]
    to: String,
    #[serde(default)]
    note: String,
}

/// Hand a case to another role
#[utoipa::path(
    post,
    path = "/cases/{id}/escalate",
    tag = "Console",
    operation_id = "escalateCase",
    params(("id" = u64, Path, description = "The case, as the queue lists it", example = 17)),
    request_body = Handed,
    responses((status = 204, description = "It is theirs.")),
    extensions(("x-problems" = json!(["unreadable", "long_note", "no_such_case", "not_leased", "taken", "closed", "not_written", "store"]))),
)]
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
        .escalate(&person, case(id)?, (to, note))
        .await;
    console.allow(handed, &person, "escalate").await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whether a case is kept beyond its time.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Hold)]
pub(super) struct Held {
    on: bool,
}

/// Keep a case beyond its time
#[utoipa::path(
    post,
    path = "/cases/{id}/hold",
    tag = "Console",
    operation_id = "holdCase",
    params(("id" = u64, Path, description = "The case, as the queue lists it", example = 17)),
    request_body = Held,
    responses((status = 204, description = "So it is.")),
    extensions(("x-problems" = json!(["unreadable", "no_such_case", "not_written", "store"]))),
)]
pub(super) async fn hold(
    State(console): State<Console>,
    Extension(person): Extension<Moderator>,
    Path(id): Path<u64>,
    Asked(held): Asked<Held>,
) -> Result<StatusCode, Refusal> {
    let held = console.0.casework.hold(&person, case(id)?, held.on).await;
    console.allow(held, &person, "hold").await?;
    Ok(StatusCode::NO_CONTENT)
}

/// See a picture of a case
///
/// The line in the audit log comes first. A WebP, or a keyframe that the page decodes (`video/VP9`, `video/H264`).
#[utoipa::path(
    get,
    path = "/cases/{id}/evidence/{n}",
    tag = "Console",
    operation_id = "getCasePicture",
    params(
        ("id" = u64, Path, description = "The case, as the queue lists it", example = 17),
        ("n" = u32, Path, description = "As `evidence` of the case has it", example = 0),
    ),
    responses((
        status = 200,
        description = "The picture.",
        content((Vec<u8> = "image/webp"), (Vec<u8> = "video/VP9"), (Vec<u8> = "video/H264")),
    )),
    extensions(("x-problems" = json!(["unreadable", "no_such_case", "no_such_picture", "sealed", "not_written", "store"]))),
)]
pub(super) async fn picture(
    State(console): State<Console>,
    Extension(person): Extension<Moderator>,
    Path((id, n)): Path<(u64, u32)>,
) -> Result<Response, Refusal> {
    let picture = console.0.casework.picture(&person, case(id)?, n).await;
    let OpenPicture { codec, keyframe } = console.allow(picture, &person, "picture").await?;
    let (kind, body) = match codec {
        VideoCodec::Vp8 => ("image/webp", webp(&keyframe)),
        // RFC 9628 and RFC 6184 name them; there is no file of one picture of these.
        VideoCodec::Vp9 => ("video/VP9", keyframe),
        VideoCodec::H264 => ("video/H264", keyframe),
    };
    Ok(([(header::CONTENT_TYPE, kind)], body).into_response())
}

/// Take a case about a child out
///
/// As a ZIP, in the shape of NCMEC's CyberTipline, for whoever reports it. The line in the audit log comes first.
#[utoipa::path(
    post,
    path = "/cases/{id}/export",
    tag = "Console",
    operation_id = "exportCase",
    params(("id" = u64, Path, description = "The case, as the queue lists it", example = 17)),
    responses((status = 200, description = "The file.", body = Vec<u8>, content_type = "application/zip")),
    extensions(("x-problems" = json!(["unreadable", "no_such_case", "sealed", "not_written", "store"]))),
)]
pub(super) async fn export(
    State(console): State<Console>,
    Extension(person): Extension<Moderator>,
    Path(id): Path<u64>,
) -> Result<Response, Refusal> {
    let exported = console.0.casework.export(&person, case(id)?).await;
    let exported = console.allow(exported, &person, "export").await?;
    let file = archive(&exported).map_err(|_| Refusal::Store)?;
    let name = format!("attachment; filename=\"case-{id}.zip\"");
    let headers = [
        (header::CONTENT_TYPE, "application/zip".to_owned()),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((headers, file).into_response())
}

/// What people did with a case.
#[derive(Serialize, ToSchema)]
#[schema(as = CaseTrail)]
pub(super) struct CaseTrailJson {
    lines: Vec<LineJson>,
}

/// See what people did with a case
#[utoipa::path(
    get,
    path = "/cases/{id}/trail",
    tag = "Console",
    operation_id = "getCaseTrail",
    params(("id" = u64, Path, description = "The case, as the queue lists it", example = 17)),
    responses((status = 200, description = "Its lines in the audit log.", body = CaseTrailJson)),
    extensions(("x-problems" = json!(["unreadable", "no_such_case", "store"]))),
)]
pub(super) async fn trail(
    State(console): State<Console>,
    Extension(person): Extension<Moderator>,
    Path(id): Path<u64>,
) -> Result<Json<CaseTrailJson>, Refusal> {
    one(&console, &person, case(id)?).await?;
    let search = Search {
        reason_start: format!("case {id}: "),
        ..Search::default()
    };
    let audit = console.0.audit.clone();
    let trail = read_disk(move || audit.trail(&search)).await?;
    let lines = trail.lines.into_iter().map(LineJson::of).collect();
    Ok(Json(CaseTrailJson { lines }))
}

/// Cases are numbered as the store can count.
fn case(id: u64) -> Result<CaseId, Refusal> {
    match i64::try_from(id) {
        Ok(_) => Ok(CaseId(id)),
        Err(_) => Err(Refusal::NoSuchCase),
    }
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
