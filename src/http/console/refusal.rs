//! [`Refusal`]: why a request to the desk is not done, as `application/problem+json` (RFC 9457).

use std::time::Duration;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::http::problem_json::Problem;

/// Why a request is not done.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum Refusal {
    /// Pictures are not looked at on this server.
    #[error("pictures are not looked at on this server, so that there is nothing to decide")]
    NoDesk,
    /// There is no such address.
    #[error("there is nothing at this address")]
    NoSuchRoute,
    /// The address takes another method.
    #[error("this address takes another method")]
    NoSuchMethod,
    /// There was no token, or it is nobody's.
    #[error("this token is nobody's; an operator adds people with `visavis moderator add`")]
    UnknownToken,
    /// Too many unknown tokens came from there.
    #[error("too many unknown tokens came from this address")]
    TooManyAttempts {
        /// When the next is looked at.
        retry_after: Duration,
    },
    /// Another role may.
    #[error("this is not for the role {role}")]
    NotYourRole {
        /// The role of whoever asks.
        role: &'static str,
    },
    /// The request cannot be read.
    #[error("the request cannot be read: {0}")]
    Unreadable(String),
    /// The reason is not on the operator's list.
    #[error("the reason is not on the list of this server")]
    UnknownReason,
    /// The note is too long.
    #[error("the note is longer than {max} characters", max = crate::limits::DECISION_NOTE_CHARS)]
    LongNote,
    /// The ban is over, or never was.
    #[error("nobody stays outside under this name")]
    NoSuchBan,
    /// The policy has a mistake; the one before stays.
    #[error("the policy stays as it was: {0}")]
    WrongPolicy(String),
    /// It could not be written down, so that nothing was done.
    #[error("the audit log takes no line, so that nothing was done")]
    NotWritten,
    /// The disk does not answer.
    #[error("what is kept on disk cannot be read or written just now")]
    Store,
    /// The server is about to end.
    #[error("the server is about to end")]
    Ending,
}

impl Refusal {
    const fn status_and_code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::NoDesk => (StatusCode::NOT_FOUND, "no_desk"),
            Self::NoSuchRoute => (StatusCode::NOT_FOUND, "no_such_route"),
            Self::NoSuchMethod => (StatusCode::METHOD_NOT_ALLOWED, "no_such_method"),
            Self::UnknownToken => (StatusCode::UNAUTHORIZED, "unknown_token"),
            Self::TooManyAttempts { .. } => (StatusCode::TOO_MANY_REQUESTS, "too_many_attempts"),
            Self::NotYourRole { .. } => (StatusCode::FORBIDDEN, "not_your_role"),
            Self::Unreadable(_) => (StatusCode::BAD_REQUEST, "unreadable"),
            Self::UnknownReason => (StatusCode::UNPROCESSABLE_ENTITY, "unknown_reason"),
            Self::LongNote => (StatusCode::UNPROCESSABLE_ENTITY, "long_note"),
            Self::NoSuchBan => (StatusCode::NOT_FOUND, "no_such_ban"),
            Self::WrongPolicy(_) => (StatusCode::CONFLICT, "wrong_policy"),
            Self::NotWritten => (StatusCode::SERVICE_UNAVAILABLE, "not_written"),
            Self::Store => (StatusCode::SERVICE_UNAVAILABLE, "store"),
            Self::Ending => (StatusCode::SERVICE_UNAVAILABLE, "ending"),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, code) = self.status_and_code();
        let problem = Problem::new(status, code, &self);
        match self {
            Self::TooManyAttempts { retry_after } => problem.after(retry_after),
            _ => problem,
        }
        .into_response()
    }
}
