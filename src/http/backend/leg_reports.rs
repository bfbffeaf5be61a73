//! `POST /v1/legs/{leg}/report`: the visitor of a leg complains about the one whom it faces or faced last.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use tokio::sync::oneshot;
use utoipa::ToSchema;

use super::Backend;
use super::keeper::{Asked, Unanswered};
use super::legs::{find, no_leg, unanswered};
use super::matches::unread;
use crate::http::interpret::category_of;
use crate::http::message::Category;
use crate::http::problem_json::Problem;
use crate::lobby::{self, Complaint};
use crate::private::Private;

/// What a visitor says.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Report, example = json!({ "category": "nudity" }))]
pub(super) struct ReportJson {
    category: Category,
    /// In the visitor's own words.
    note: Option<String>,
}

/// Report whom a leg faces
///
/// Or whom it faced last: once for each match. The last pictures of both go into a case for people to
/// decide, the one who is reported is looked at more closely, and what reports together lead to says the
/// policy. The match goes on: ending it is yours.
#[utoipa::path(
    post,
    path = "/v1/legs/{leg}/report",
    tag = "Moderation",
    operation_id = "reportPartner",
    params(("leg" = String, Path, description = "The last part of the `Location` of the leg whose visitor complains",
        example = "5f0c8a52c7d94e0b9a3f1d6e8b7c4a20")),
    request_body = ReportJson,
    responses((status = 202, description = "It is taken.")),
    extensions(("x-problems" = json!([
        "unreadable", "no_such_leg", "not_now", "nobody_to_report", "too_long", "wrong_media_type",
    ]))),
)]
pub(super) async fn report(
    State(backend): State<Backend>,
    Path(name): Path<String>,
    report: Result<Json<ReportJson>, JsonRejection>,
) -> Result<StatusCode, Problem> {
    let (name, _) = find(&backend, name)?;
    let Json(ReportJson { category, note }) = report.map_err(unread)?;
    let complaint = Complaint {
        category: category_of(category),
        note: note.map(Private::new),
    };
    // A player has no partner of its own.
    let sender = backend.address_book.sender(name);
    let leg = backend.address_book.leg(&sender).ok_or_else(no_leg)?;
    let (done, taken) = oneshot::channel();
    let report = Asked::Report {
        category,
        complaint,
        done,
    };
    leg.reach.asked.send(report).await.map_err(|_| no_leg())?;
    match taken.await.map_err(|_| no_leg())? {
        Ok(()) => Ok(StatusCode::ACCEPTED),
        Err(Unanswered::Lobby(why @ (lobby::Refusal::NoPartner | lobby::Refusal::NotMatched))) => {
            Err(Problem::new(StatusCode::CONFLICT, "nobody_to_report", why))
        }
        Err(Unanswered::Lobby(why @ lobby::Refusal::TextTooLong)) => {
            Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_long", why))
        }
        Err(why) => Err(unanswered(why)),
    }
}
