//! [`Refusal`]: why a request to the desk is not done, as `application/problem+json` (RFC 9457).

use std::time::Duration;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::control::CaseworkError;
use crate::http::description::Possible;
use crate::http::problem_json::Problem;
use crate::moderation::Hindrance;

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
    /// There is no such case, for this person at least.
    #[error("there is no such case")]
    NoSuchCase,
    /// There is no such picture.
    #[error("there is no such picture in this case")]
    NoSuchPicture,
    /// The operator's key is another one.
    #[error("the picture does not open with the evidence key of this server")]
    Sealed,
    /// Somebody else has it.
    #[error("{by} has this case")]
    Taken {
        /// Who.
        by: String,
    },
    /// Whoever decides has to have it.
    #[error("take the case first: your time with it is over, or never began")]
    NotLeased,
    /// They have decided it before.
    #[error("somebody else has to decide this case")]
    SamePerson,
    /// It is decided.
    #[error("the case is closed")]
    Closed,
    /// They have asked for another look before.
    #[error("this case was appealed before; somebody else decides it")]
    Appealed,
    /// An appeal says nothing, or too much.
    #[error("an appeal has 1 to {max} characters", max = crate::limits::APPEAL_CHARS)]
    AppealText,
    /// Too much is asked from there.
    #[error("that was too fast")]
    TooFast {
        /// When the next may come.
        retry_after: Duration,
    },
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
            Self::NoSuchCase => (StatusCode::NOT_FOUND, "no_such_case"),
            Self::NoSuchPicture => (StatusCode::NOT_FOUND, "no_such_picture"),
            Self::Sealed => (StatusCode::CONFLICT, "sealed"),
            Self::Taken { .. } => (StatusCode::CONFLICT, "taken"),
            Self::NotLeased => (StatusCode::CONFLICT, "not_leased"),
            Self::SamePerson => (StatusCode::CONFLICT, "same_person"),
            Self::Closed => (StatusCode::CONFLICT, "closed"),
            Self::Appealed => (StatusCode::CONFLICT, "appealed"),
            Self::AppealText => (StatusCode::UNPROCESSABLE_ENTITY, "appeal_text"),
            Self::TooFast { .. } => (StatusCode::TOO_MANY_REQUESTS, "too_fast"),
            Self::WrongPolicy(_) => (StatusCode::CONFLICT, "wrong_policy"),
            Self::NotWritten => (StatusCode::SERVICE_UNAVAILABLE, "not_written"),
            Self::Store => (StatusCode::SERVICE_UNAVAILABLE, "store"),
            Self::Ending => (StatusCode::SERVICE_UNAVAILABLE, "ending"),
        }
    }
}

/// Every refusal of the desk, and of an appeal, for the API's description.
pub(super) const PROBLEMS: [Possible; 22] = [
    Possible(400, "unreadable", "the request cannot be read"),
    Possible(401, "unknown_token", "there is no token, or it is nobody's"),
    Possible(403, "not_your_role", "another role may"),
    Possible(
        404,
        "no_desk",
        "pictures are not looked at on this server: there is nothing to decide",
    ),
    Possible(404, "no_such_ban", "nobody stays outside under this name"),
    Possible(
        404,
        "no_such_case",
        "there is no such case, for you at least",
    ),
    Possible(
        404,
        "no_such_picture",
        "there is no such picture in this case",
    ),
    Possible(
        409,
        "sealed",
        "the picture does not open with the evidence key of this server",
    ),
    Possible(409, "taken", "somebody else has the case; `by` says who"),
    Possible(409, "not_leased", "you do not have the case, or no longer"),
    Possible(409, "same_person", "somebody else has to decide it"),
    Possible(409, "closed", "the case is closed"),
    Possible(409, "appealed", "the case was appealed before"),
    Possible(
        409,
        "wrong_policy",
        "the policy has a mistake; the one before stays",
    ),
    Possible(
        422,
        "unknown_reason",
        "the reason is not on the list of this server",
    ),
    Possible(422, "long_note", "the note is too long"),
    Possible(422, "appeal_text", "an appeal says nothing, or too much"),
    Possible(
        429,
        "too_many_attempts",
        "too many unknown tokens came from there",
    ),
    Possible(429, "too_fast", "that was too fast"),
    Possible(
        503,
        "not_written",
        "the audit log takes no line, so that nothing was done",
    ),
    Possible(
        503,
        "store",
        "what is kept on disk cannot be read or written",
    ),
    Possible(503, "ending", "the server is about to end"),
];

impl From<CaseworkError> for Refusal {
    fn from(error: CaseworkError) -> Self {
        match error {
            CaseworkError::NoSuchCase => Self::NoSuchCase,
            CaseworkError::Hindered(Hindrance::Role) => Self::NotYourRole { role: "nobody" },
            CaseworkError::Hindered(Hindrance::SamePerson) => Self::SamePerson,
            CaseworkError::Hindered(Hindrance::Closed) => Self::Closed,
            CaseworkError::Taken(lease) => Self::Taken { by: lease.by },
            CaseworkError::NotLeased => Self::NotLeased,
            CaseworkError::Appealed => Self::Appealed,
            CaseworkError::NotWritten => Self::NotWritten,
            CaseworkError::NoSuchPicture => Self::NoSuchPicture,
            CaseworkError::Sealed => Self::Sealed,
            CaseworkError::Store(_) | CaseworkError::NoEvidence => Self::Store,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, code) = self.status_and_code();
        let problem = Problem::new(status, code, &self);
        match self {
            Self::TooManyAttempts { retry_after } | Self::TooFast { retry_after } => {
                problem.after(retry_after)
            }
            Self::Taken { by } => problem.by(by),
            _ => problem,
        }
        .into_response()
    }
}
