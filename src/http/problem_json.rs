//! [`Problem`]: why a request was not done, as `application/problem+json` (RFC 9457).

use std::time::Duration;

use axum::Json;
use axum::body::to_bytes;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// What it is called on the wire.
pub(super) const PROBLEM_JSON: &str = "application/problem+json";

/// An answer that says no.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Problem {
    /// The status.
    pub(super) status: StatusCode,
    /// For programs; never changes.
    pub(super) code: &'static str,
    /// For people.
    pub(super) detail: String,
    /// When to ask again.
    pub(super) retry_after: Option<Duration>,
    /// Whoever is in the way.
    pub(super) by: Option<String>,
}

/// Why a request was not done (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct ProblemJson {
    /// Always `about:blank`: the `code` says which problem it is.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The status in words.
    title: &'static str,
    /// The status.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// Which problem it is, for programs. It never changes.
    code: &'static str,
    /// What is wrong, for people. It may change.
    detail: String,
    /// Whoever is in the way, where that is a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    by: Option<String>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, code: &'static str, detail: impl ToString) -> Self {
        Self {
            status,
            code,
            detail: detail.to_string(),
            retry_after: None,
            by: None,
        }
    }

    /// The same, to be asked again after so long.
    pub(super) const fn after(mut self, retry_after: Duration) -> Self {
        self.retry_after = Some(retry_after);
        self
    }

    /// The same, with who is in the way.
    pub(super) fn by(mut self, who: String) -> Self {
        self.by = Some(who);
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let problem = ProblemJson {
            kind: "about:blank",
            title: self.status.canonical_reason().unwrap_or_default(),
            status: self.status.as_u16(),
            code: self.code,
            detail: self.detail,
            by: self.by,
        };
        let mut response = (self.status, Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(retry_after) = self.retry_after {
            let seconds = u64::try_from(retry_after.as_millis().div_ceil(1_000));
            let seconds = HeaderValue::from(seconds.unwrap_or(u64::MAX).max(1));
            headers.insert(header::RETRY_AFTER, seconds);
        }
        response
    }
}

/// What the router refuses by itself, in the same shape: a method or an address that it has not, a body
/// that is too long, a path that is no UTF-8.
pub(super) async fn tell_all_alike(response: Response) -> Response {
    /// Its sentences are short.
    const WORDS_BYTES: usize = 1024;
    let status = response.status();
    let is_refused = status.is_client_error() || status.is_server_error();
    let kind = response.headers().get(header::CONTENT_TYPE);
    if !is_refused || kind.is_some_and(|kind| kind == PROBLEM_JSON) {
        return response;
    }
    let (head, body) = response.into_parts();
    let words = to_bytes(body, WORDS_BYTES).await.unwrap_or_default();
    let words = String::from_utf8_lossy(&words);
    let (code, otherwise) = match status {
        StatusCode::NOT_FOUND => ("no_such_route", "there is nothing at this address"),
        StatusCode::METHOD_NOT_ALLOWED => ("no_such_method", "this address takes another method"),
        StatusCode::PAYLOAD_TOO_LARGE => ("too_long", "the body is too long"),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => ("wrong_media_type", "the body is of another type"),
        _ => ("unreadable", "the request cannot be read"),
    };
    let detail = if words.is_empty() { otherwise } else { &words };
    let mut problem = Problem::new(status, code, detail).into_response();
    if let Some(allow) = head.headers.get(header::ALLOW) {
        problem.headers_mut().insert(header::ALLOW, allow.clone());
    }
    problem
}
