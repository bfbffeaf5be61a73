//! `/v1/matches`: who faces whom, as a backend decides.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;
use utoipa::ToSchema;

use super::Backend;
use super::address_book::{LegName, MatchName, Paired};
use super::legs::no_leg;
use crate::http::problem_json::Problem;
use crate::lobby::Unpaired;

/// Whom to bring together.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "legs": ["5f0c8a52c7d94e0b9a3f1d6e8b7c4a20", "b7c4a205f0c8a52c7d94e0b9a3f1d6e8"],
}))]
pub(super) struct Pair {
    /// The last parts of the two legs' `Location`.
    #[schema(min_items = 2, max_items = 2)]
    legs: [String; 2],
}

/// A match.
#[derive(Serialize, ToSchema)]
#[schema(as = Match, example = json!({
    "match": "table-7", "legs": ["5f0c8a52c7d94e0b9a3f1d6e8b7c4a20", "b7c4a205f0c8a52c7d94e0b9a3f1d6e8"],
}))]
pub(super) struct MatchJson {
    /// Its name, as you chose it.
    #[serde(rename = "match")]
    name: String,
    /// Who faces each other.
    #[schema(min_items = 2, max_items = 2)]
    legs: [String; 2],
}

/// Bring two legs together
///
/// Both leave whatever they were in, and so do those who had the name. Saying it twice changes nothing. Both
/// must be connected and screened, of one age band and one picture coding.
#[utoipa::path(
    put,
    path = "/v1/matches/{match}",
    tag = "Matches",
    operation_id = "putMatch",
    params(("match" = String, Path, description = "A name of yours: letters, digits, `-` and `_`",
        min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9_-]{1,64}$", example = "table-7")),
    request_body = Pair,
    responses(
        (status = 201, description = "The two face each other.", body = MatchJson),
        (status = 200, description = "The two face each other; the name was taken before.", body = MatchJson),
    ),
    extensions(("x-problems" = json!([
        "unreadable", "bad_name", "no_such_leg", "not_connected", "not_screened", "apart", "too_long",
        "wrong_media_type", "not_two", "moved", "draining",
    ]))),
)]
pub(super) async fn pair(
    State(backend): State<Backend>,
    Path(name): Path<String>,
    pair: Result<Json<Pair>, JsonRejection>,
) -> Result<Response, Problem> {
    let name = read(&name)?;
    let Json(Pair { legs }) = pair.map_err(unread)?;
    // One at a time: what control does and what the address book says must not cross.
    let _turn = backend.turns.lock().await;
    let legs = legs.map(|name| backend.address_book.sender(LegName::from_outside(name)));
    let [Some(one), Some(other)] = legs.each_ref().map(|leg| backend.address_book.leg(leg)) else {
        return Err(no_leg());
    };
    let is_taken = match backend.address_book.paired(&name) {
        Some(before) => backend.control.goes_on(before.match_id).await == Some(true),
        None => false,
    };
    let sockets = [one.reach.socket, other.reach.socket];
    // In the book before anybody hears of it, so that its events have its name.
    let (book, book_name, book_legs) = (backend.address_book.clone(), name.clone(), legs.clone());
    let (said, mut before) = oneshot::channel();
    let begun = move |match_id| {
        let legs = book_legs;
        // Whoever asked may be gone.
        let _ = said.send(book.pair(&book_name, Paired { match_id, legs }));
    };
    let paired = backend.control.pair(sockets, begun).await;
    let match_id = paired.ok_or_else(no_leg)?.map_err(unpaired)?;
    let paired = Paired { match_id, legs };
    let body = shown(&name, &paired);
    if let Ok(Some(before)) = before.try_recv() {
        end_what_is_left(&backend, &before, &paired).await;
    }
    let status = match is_taken {
        true => StatusCode::OK,
        false => StatusCode::CREATED,
    };
    Ok((status, body).into_response())
}

/// See a match
#[utoipa::path(
    get,
    path = "/v1/matches/{match}",
    tag = "Matches",
    operation_id = "getMatch",
    params(("match" = String, Path, description = "A name of yours: letters, digits, `-` and `_`",
        min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9_-]{1,64}$", example = "table-7")),
    responses((status = 200, description = "It goes on.", body = MatchJson)),
    extensions(("x-problems" = json!(["unreadable", "bad_name", "no_such_match"]))),
)]
pub(super) async fn look(
    State(backend): State<Backend>,
    Path(name): Path<String>,
) -> Result<Json<MatchJson>, Problem> {
    let name = read(&name)?;
    let paired = backend.address_book.paired(&name).ok_or_else(no_match)?;
    let goes_on = backend.control.goes_on(paired.match_id).await;
    if goes_on == Some(true) {
        Ok(shown(&name, &paired))
    } else {
        Err(no_match())
    }
}

/// End a match
///
/// The legs stay, and face nobody.
#[utoipa::path(
    delete,
    path = "/v1/matches/{match}",
    tag = "Matches",
    operation_id = "endMatch",
    params(("match" = String, Path, description = "A name of yours: letters, digits, `-` and `_`",
        min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9_-]{1,64}$", example = "table-7")),
    responses((status = 204, description = "It is over.")),
    extensions(("x-problems" = json!(["unreadable", "bad_name", "no_such_match"]))),
)]
pub(super) async fn part(
    State(backend): State<Backend>,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    let name = read(&name)?;
    let _turn = backend.turns.lock().await;
    let paired = backend.address_book.paired(&name).ok_or_else(no_match)?;
    backend.address_book.part(&name);
    let [one, _] = &paired.legs;
    let leg = backend.address_book.leg(one).ok_or_else(no_match)?;
    match backend.control.unpair(leg.reach.socket).await {
        Some(true) => Ok(StatusCode::NO_CONTENT),
        Some(false) | None => Err(no_match()),
    }
}

/// A match whose name went to others ends, unless it is the same.
async fn end_what_is_left(backend: &Backend, before: &Paired, now: &Paired) {
    if before.legs.iter().any(|leg| now.legs.contains(leg)) {
        return;
    }
    let [one, _] = &before.legs;
    if let Some(leg) = backend.address_book.leg(one) {
        backend.control.unpair(leg.reach.socket).await;
    }
}

fn read(name: &str) -> Result<MatchName, Problem> {
    MatchName::read(name).ok_or_else(|| {
        let detail = "a match's name has 1 to 64 letters, digits, - and _";
        Problem::new(StatusCode::BAD_REQUEST, "bad_name", detail)
    })
}

fn shown(name: &MatchName, paired: &Paired) -> Json<MatchJson> {
    let legs = paired.legs.each_ref();
    Json(MatchJson {
        name: name.to_string(),
        legs: legs.map(|leg| leg.reveal().to_owned()),
    })
}

/// A body that is not what is asked for.
pub(super) fn unread(why: JsonRejection) -> Problem {
    let (status, code) = match why.status() {
        status @ StatusCode::PAYLOAD_TOO_LARGE => (status, "too_long"),
        status @ StatusCode::UNSUPPORTED_MEDIA_TYPE => (status, "wrong_media_type"),
        _ => (StatusCode::BAD_REQUEST, "unreadable"),
    };
    Problem::new(status, code, why.body_text())
}

fn no_match() -> Problem {
    let detail = "there is no such match, or it is over";
    Problem::new(StatusCode::NOT_FOUND, "no_such_match", detail)
}

fn unpaired(why: Unpaired) -> Problem {
    let (status, code) = match why {
        Unpaired::NotTwo | Unpaired::NotLed => (StatusCode::UNPROCESSABLE_ENTITY, "not_two"),
        Unpaired::NotConnected => (StatusCode::CONFLICT, "not_connected"),
        Unpaired::NotScreened => (StatusCode::CONFLICT, "not_screened"),
        Unpaired::Apart => (StatusCode::CONFLICT, "apart"),
        Unpaired::Moved => (StatusCode::CONFLICT, "moved"),
        Unpaired::Draining => (StatusCode::SERVICE_UNAVAILABLE, "draining"),
    };
    let problem = Problem::new(status, code, why);
    if why == Unpaired::Draining {
        problem.after(crate::limits::BACKEND_RETRY_AFTER)
    } else {
        problem
    }
}
