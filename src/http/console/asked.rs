//! [`Asked`]: the body of a request to the desk, read, or refused in the desk's own words.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;

use super::Console;
use super::refusal::Refusal;
use crate::limits;

/// A JSON body.
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Asked<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let read: Result<Json<T>, JsonRejection> = Json::from_request(request, state).await;
        match read {
            Ok(Json(body)) => Ok(Self(body)),
            Err(rejection) => Err(Refusal::Unreadable(rejection.body_text())),
        }
    }
}

impl Console {
    /// A reason of the operator's list, with a note if there is one: as it is written down.
    pub(super) fn reason(&self, reason: &str, note: &str) -> Result<String, Refusal> {
        if !self.0.reasons.iter().any(|listed| listed == reason) {
            return Err(Refusal::UnknownReason);
        }
        let note = note.trim();
        if note.chars().count() > limits::DECISION_NOTE_CHARS {
            return Err(Refusal::LongNote);
        }
        if note.is_empty() {
            return Ok(reason.to_owned());
        }
        Ok(format!("{reason}: {note}"))
    }
}
