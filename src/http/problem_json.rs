//! [`Problem`]: why a request was not done, as `application/problem+json` (RFC 9457).

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

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
    /// A member that this kind of problem has beside the usual ones (RFC 9457, 3.2).
    pub(super) more: Option<(&'static str, String)>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, code: &'static str, detail: impl ToString) -> Self {
        Self {
            status,
            code,
            detail: detail.to_string(),
            retry_after: None,
            more: None,
        }
    }

    /// The same, to be asked again after so long.
    pub(super) const fn after(mut self, retry_after: Duration) -> Self {
        self.retry_after = Some(retry_after);
        self
    }

    /// The same, with a member of its own.
    pub(super) fn with(mut self, name: &'static str, value: String) -> Self {
        self.more = Some((name, value));
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut problem = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or_default(),
            "status": self.status.as_u16(),
            "code": self.code,
            "detail": self.detail,
        });
        if let Some((name, value)) = self.more {
            problem[name] = json!(value);
        }
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        let mut response = (self.status, kind, problem.to_string()).into_response();
        let headers = response.headers_mut();
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(retry_after) = self.retry_after {
            let seconds = HeaderValue::from(retry_after.as_secs().saturating_add(1));
            headers.insert(header::RETRY_AFTER, seconds);
        }
        response
    }
}
