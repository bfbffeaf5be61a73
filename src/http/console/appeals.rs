//! What a visitor may do about a case of theirs, with its code and without an account: ask how it
//! stands, and once for another look by another person.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Console;
use super::asked::Asked;
use super::refusal::Refusal;
use crate::http::prefixes::origin_address;
use crate::limits;
use crate::pace::Pace;
use crate::private::Private;

/// Asking how it stands: a page asks once.
pub(super) const NEWS: Pace = Pace {
    burst: 20,
    every: Duration::from_secs(3),
};

/// Asking for another look.
pub(super) const APPEALS: Pace = Pace {
    burst: 5,
    every: Duration::from_secs(60),
};

/// The two routes.
pub(super) fn table() -> OpenApiRouter<Console> {
    OpenApiRouter::default()
        .routes(routes!(appeal))
        .routes(routes!(news))
}

/// From where something is asked.
pub(super) struct Whence(Option<IpAddr>);

impl<S: Sync> FromRequestParts<S> for Whence {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(origin_address(&parts.extensions, &parts.headers)))
    }
}

/// What a visitor says.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Appeal {
    /// Of the case, as it came with `blocked` or `ended`.
    #[schema(example = "7QK4-M2XD-9TRB-X8WP")]
    code: String,
    /// In their own words, 2,000 characters at most.
    #[schema(value_type = String, example = "That was my dog.")]
    text: Private<String>,
}

/// Ask for another look
///
/// Once for each case, and somebody else decides. Needs no token but the case's code.
#[utoipa::path(
    post,
    path = "/v1/appeals",
    tag = "Appeals",
    operation_id = "appeal",
    request_body = Appeal,
    responses((status = 202, description = "A person will look again.")),
    extensions(("x-problems" = json!([
        "unreadable", "no_such_case", "closed", "appealed", "appeal_text", "too_fast", "not_written", "store",
    ]))),
)]
async fn appeal(
    State(console): State<Console>,
    Whence(address): Whence,
    Asked(appeal): Asked<Appeal>,
) -> Result<StatusCode, Refusal> {
    let taken = console.0.appeals.lock().take(address, now());
    taken.map_err(|retry_after| Refusal::TooFast { retry_after })?;
    let text = appeal.text.reveal().trim();
    if text.is_empty() || text.chars().count() > limits::APPEAL_CHARS {
        return Err(Refusal::AppealText);
    }
    console.0.casework.appeal(&appeal.code, text).await?;
    Ok(StatusCode::ACCEPTED)
}

/// How a case stands, for whom it is about.
#[derive(Serialize, ToSchema)]
#[schema(as = CaseNews)]
struct NewsJson {
    /// `open`, `second_opinion`, `escalated`, `appealed` or `closed`.
    status: &'static str,
    /// What was done; null if nothing.
    #[schema(required)]
    action: Option<String>,
    /// Whether a machine alone has done it.
    automated: bool,
    /// When a person has decided, in milliseconds since 1970.
    #[schema(required)]
    decided_ms: Option<u64>,
    /// Whether another look was asked for.
    appealed: bool,
}

/// Ask how a case stands
#[utoipa::path(
    get,
    path = "/v1/appeals/{code}",
    tag = "Appeals",
    operation_id = "getAppeal",
    params(("code" = String, Path, description = "The case's code", example = "7QK4-M2XD-9TRB-X8WP")),
    responses((status = 200, description = "How it stands.", body = NewsJson)),
    extensions(("x-problems" = json!(["no_such_case", "too_fast", "store"]))),
)]
async fn news(
    State(console): State<Console>,
    Whence(address): Whence,
    Path(code): Path<String>,
) -> Result<Json<NewsJson>, Refusal> {
    let taken = console.0.news.lock().take(address, now());
    taken.map_err(|retry_after| Refusal::TooFast { retry_after })?;
    let news = console.0.casework.news(&code).await?;
    Ok(Json(NewsJson {
        status: news.status.word(),
        action: news.action,
        automated: news.automated,
        decided_ms: news.decided_ms,
        appealed: news.appealed,
    }))
}

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
