//! What a visitor may do about a case of theirs, with its code and without an account: ask how it
//! stands, and once for another look by another person.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use axum::extract::{FromRequestParts, Path, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

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
pub(super) fn routes(console: Console) -> Router {
    Router::new()
        .route("/v1/appeals", post(appeal))
        .route("/v1/appeals/{code}", get(news))
        .with_state(console)
}

/// From where something is asked.
pub(super) struct Whence(Option<IpAddr>);

impl<S: Sync> FromRequestParts<S> for Whence {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(origin_address(&parts.extensions, &parts.headers)))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Appeal {
    code: String,
    text: Private<String>,
}

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

async fn news(
    State(console): State<Console>,
    Whence(address): Whence,
    Path(code): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let taken = console.0.news.lock().take(address, now());
    taken.map_err(|retry_after| Refusal::TooFast { retry_after })?;
    let news = console.0.casework.news(&code).await?;
    Ok(Json(json!({
        "status": news.status.word(),
        "action": news.action,
        "automated": news.automated,
        "decided_ms": news.decided_ms,
        "appealed": news.appealed,
    })))
}

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
