//! `/v1/legs`: a leg opened, restarted, looked at and closed over HTTP (RFC 9725).

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use tokio::sync::oneshot;

use super::actions::not_moderated;
use super::address_book::{Leg, LegName};
use super::fragment::{self, Credentials};
use super::keeper::{self, Asked, Coming, Unanswered};
use super::leg_state::LegState;
use super::news::What;
use super::{Asker, Backend, examples};
use crate::control::Marks;
use crate::direction::Direction;
use crate::http::problem_json::Problem;
use crate::lobby::{self, Door, Wish};
use crate::media::OfferError;
use crate::private::Private;

const SDP: &str = "application/sdp";
const FRAGMENT: &str = "application/trickle-ice-sdpfrag";

/// Open a leg
///
/// An SDP offer comes, an answer goes. The offer has sound (Opus) and a picture; it may be sent before any
/// candidate is known, as the server learns the browser's address from its checks. A leg that only sends
/// (WHIP) and one that only receives (WHEP), opened after it with a token of the same `sub`, are one session.
#[utoipa::path(
    post,
    path = "/v1/legs",
    tag = "Legs",
    operation_id = "openLeg",
    request_body(
        content = String,
        content_type = "application/sdp",
        description = "The browser's offer, 64 KiB at most",
        example = json!(examples::OFFER),
    ),
    responses((
        status = 201,
        description = "The leg is open; the body is the answer.",
        body = String,
        content_type = "application/sdp",
        headers(
            ("Location" = String, description = "The leg's address. Its last part is random: whoever knows \
                it, and has a token, may close the leg"),
            ("ETag" = String, description = "The leg's ICE session, for `If-Match` when it is restarted"),
            ("Accept-Patch" = String, description = "What a `PATCH` may bring (RFC 5789)"),
            ("Link" = String, description = "A STUN or TURN server with `rel=\"ice-server\"`, once for each that the \
                operator names (RFC 9725, 4.6)"),
        ),
    )),
    extensions(("x-problems" = json!([
        "unreadable", "malformed_offer", "no_publisher", "not_now", "too_long", "wrong_media_type",
        "nothing_in_common", "full",
    ]))),
)]
pub(super) async fn open(
    State(backend): State<Backend>,
    Extension(asker): Extension<Asker>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let offer = Private::new(sdp(&headers, body)?);
    let direction = Direction::of_offer(offer.reveal());
    let name = LegName::new();
    let publisher = match direction {
        Direction::RecvOnly => Some(publisher_of(&backend, &asker)?),
        Direction::SendRecv | Direction::SendOnly => None,
    };
    let coming = match &publisher {
        Some((_, publisher)) => Coming::Player {
            publisher: publisher.reach.socket,
            offer: offer.clone(),
        },
        None => session(&asker, offer.clone(), direction),
    };
    let account = asker.account;
    let news = What::Opened {
        sub: account.as_ref().map(|account| account.reveal().clone()),
        direction: direction.into(),
    };
    let opened = keeper::open(&backend, &name, coming, news).await;
    let opened = opened.map_err(unanswered)?;
    let standing = opened.reach.standing.clone();
    let links = backend.links(account.as_ref(), &name);
    let leg = Leg::new(opened.reach, offer, direction, account);
    let publisher = publisher.map(|(name, _)| name);
    backend.address_book.add(name.clone(), leg, publisher);
    // One that ended meanwhile was to be removed before it was there.
    if standing.has_changed().is_err() {
        backend.address_book.remove(&name);
    }
    let location = format!("/v1/legs/{}", name.reveal());
    Ok((links, created(location, opened.answer)).into_response())
}

/// A leg is open: where it is, and the answer.
pub(super) fn created(location: String, answer: Private<String>) -> Response {
    let headers = [
        (header::LOCATION, location),
        (header::ETAG, etag(0)),
        (header::CONTENT_TYPE, SDP.to_owned()),
        (accept_patch(), FRAGMENT.to_owned()),
    ];
    (StatusCode::CREATED, headers, answer.into_inner()).into_response()
}

/// Whoever was sent away is away by every leg of theirs: their token says who they are.
fn session(asker: &Asker, offer: Private<String>, direction: Direction) -> Coming {
    let wish = Wish {
        door: Door::Led { offer, direction },
        band: Some(asker.band),
        interests: Vec::new(),
        languages: Vec::new(),
    };
    let marks = Marks {
        device: None,
        account: asker.account.clone(),
        // Of a backend's visitor the token says who they are; the request comes from the backend.
        network: None,
    };
    Coming::Session(wish, marks)
}

/// The leg that one that only receives belongs to: nobody sees without being seen.
fn publisher_of(backend: &Backend, asker: &Asker) -> Result<(LegName, Leg), Problem> {
    let account = asker.account.as_ref();
    let found = account.and_then(|account| backend.address_book.publisher(account));
    found.ok_or_else(|| {
        let detail = "a leg that only receives comes after one that only sends, with the same sub in its token";
        Problem::new(StatusCode::CONFLICT, "no_publisher", detail)
            .after(crate::limits::BACKEND_RETRY_AFTER)
    })
}

/// Restart a leg's ICE
///
/// With a new `ice-ufrag` and `ice-pwd`, ICE begins anew, and the answer has the server's. With candidates
/// only there is nothing to do: the server learns addresses from the browser's checks (ICE-lite; RFC 8445,
/// 2.5).
#[utoipa::path(
    patch,
    path = "/v1/legs/{leg}",
    tag = "Legs",
    operation_id = "restartLeg",
    params(
        ("leg" = String, Path, description = "The last part of the leg's `Location`",
            example = "5f0c8a52c7d94e0b9a3f1d6e8b7c4a20"),
        ("If-Match" = String, Header, description = "The `ETag` of the last answer, or `*`",
            example = "\"0\""),
    ),
    request_body(
        content = String,
        content_type = "application/trickle-ice-sdpfrag",
        description = "A fragment of SDP (RFC 8840), 64 KiB at most",
        example = json!(examples::RESTART),
    ),
    responses(
        (
            status = 200,
            description = "ICE begins anew; the body has the server's half.",
            body = String,
            content_type = "application/trickle-ice-sdpfrag",
            headers(("ETag" = String, description = "The new ICE session")),
            example = json!(examples::RESTARTED),
        ),
        (status = 204, description = "These credentials are known, or there were none: nothing changes."),
    ),
    extensions(("x-problems" = json!([
        "unreadable", "malformed_offer", "no_such_leg", "not_now", "another_ice_session", "too_long",
        "wrong_media_type", "nothing_in_common", "no_if_match", "full",
    ]))),
)]
pub(super) async fn restart(
    State(backend): State<Backend>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let found = find(&backend, name)?;
    restart_ice(&backend, found, &headers, body).await
}

/// Restarts the ICE of a leg, of whatever kind.
pub(super) async fn restart_ice(
    backend: &Backend,
    (name, leg): (LegName, Leg),
    headers: &HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let text = text(headers, body, FRAGMENT)?;
    let Some(wanted) = headers.get(header::IF_MATCH) else {
        let detail = "If-Match names the ICE session: the ETag of the last answer, or *";
        return Err(Problem::new(
            StatusCode::PRECONDITION_REQUIRED,
            "no_if_match",
            detail,
        ));
    };
    let is_current = wanted.as_bytes() == etag(leg.generation).as_bytes();
    if !is_current && wanted.as_bytes() != b"*" {
        let detail = "this is not the leg's ICE session any more";
        return Err(Problem::new(
            StatusCode::PRECONDITION_FAILED,
            "another_ice_session",
            detail,
        ));
    }
    let known = Credentials::of(leg.offer.reveal());
    let Some(new) = Credentials::of(&text).filter(|new| known.as_ref() != Some(new)) else {
        return Ok(StatusCode::NO_CONTENT.into_response());
    };
    let offer = new.renew(&leg.offer);
    let (done, answer) = oneshot::channel();
    let restart = Asked::Restart {
        offer: offer.clone(),
        done,
    };
    let over = || unanswered(Unanswered::Over);
    leg.reach.asked.send(restart).await.map_err(|_| over())?;
    let answer = answer.await.map_err(|_| over())?.map_err(unanswered)?;
    let generation = backend.address_book.renew(&name, offer).ok_or_else(over)?;
    let headers = [
        (header::ETAG, etag(generation)),
        (header::CONTENT_TYPE, FRAGMENT.to_owned()),
    ];
    Ok((headers, fragment::of_answer(&answer)).into_response())
}

/// Close a leg
///
/// Its match is over.
#[utoipa::path(
    delete,
    path = "/v1/legs/{leg}",
    tag = "Legs",
    operation_id = "closeLeg",
    params(("leg" = String, Path, description = "The last part of the leg's `Location`",
        example = "5f0c8a52c7d94e0b9a3f1d6e8b7c4a20")),
    responses((status = 200, description = "The leg is closed.")),
    extensions(("x-problems" = json!(["unreadable", "no_such_leg"]))),
)]
pub(super) async fn close(
    State(backend): State<Backend>,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    let (name, leg) = find(&backend, name)?;
    backend.address_book.remove(&name);
    // An error means that it is over.
    let _ = leg.reach.asked.send(Asked::Close).await;
    Ok(StatusCode::OK)
}

/// See how a leg stands
///
/// It can be matched once it is connected and its picture has passed, where pictures are looked at. The
/// events tell the same when it changes.
#[utoipa::path(
    get,
    path = "/v1/legs/{leg}/state",
    tag = "Legs",
    operation_id = "getLegState",
    params(("leg" = String, Path, description = "The last part of the leg's `Location`",
        example = "5f0c8a52c7d94e0b9a3f1d6e8b7c4a20")),
    responses((status = 200, description = "How it stands.", body = LegState)),
    extensions(("x-problems" = json!(["unreadable", "no_such_leg"]))),
)]
pub(super) async fn state(
    State(backend): State<Backend>,
    Path(name): Path<String>,
) -> Result<Json<LegState>, Problem> {
    let (_, leg) = find(&backend, name)?;
    let other = leg.other.as_ref();
    let other = other.and_then(|other| backend.address_book.leg(other));
    Ok(Json(LegState::of(&leg, other.as_ref())))
}

pub(super) fn find(backend: &Backend, name: String) -> Result<(LegName, Leg), Problem> {
    let name = LegName::from_outside(name);
    let leg = backend.address_book.leg(&name).ok_or_else(no_leg)?;
    Ok((name, leg))
}

pub(super) fn no_leg() -> Problem {
    let detail = "there is no such leg, or it is over";
    Problem::new(StatusCode::NOT_FOUND, "no_such_leg", detail)
}

/// The name of an ICE session.
fn etag(generation: u32) -> String {
    format!("\"{generation}\"")
}

/// What a `PATCH` may bring (RFC 5789, 3.1).
const fn accept_patch() -> HeaderName {
    HeaderName::from_static("accept-patch")
}

/// An offer.
pub(super) fn sdp(headers: &HeaderMap, body: Bytes) -> Result<String, Problem> {
    text(headers, body, SDP)
}

/// A body of the type that it must be of.
fn text(headers: &HeaderMap, body: Bytes, wanted: &'static str) -> Result<String, Problem> {
    let found = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    let is_wanted = found.is_some_and(|found| {
        let name = found.split(|byte| *byte == b';').next().unwrap_or_default();
        name.trim_ascii().eq_ignore_ascii_case(wanted.as_bytes())
    });
    if !is_wanted {
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "wrong_media_type",
            format!("the body must be {wanted}"),
        ));
    }
    String::from_utf8(body.into()).map_err(|_| {
        let detail = "the body is no UTF-8 text";
        Problem::new(StatusCode::BAD_REQUEST, "unreadable", detail)
    })
}

pub(super) fn unanswered(why: Unanswered) -> Problem {
    let (status, code) = match why {
        Unanswered::Offer(OfferError::Malformed) => (StatusCode::BAD_REQUEST, "malformed_offer"),
        Unanswered::Offer(OfferError::NoAudio | OfferError::NoVideo) => {
            (StatusCode::UNPROCESSABLE_ENTITY, "nothing_in_common")
        }
        Unanswered::Offer(OfferError::Full)
        | Unanswered::Lobby(lobby::Refusal::Full { .. } | lobby::Refusal::Draining) => {
            (StatusCode::SERVICE_UNAVAILABLE, "full")
        }
        Unanswered::Lobby(lobby::Refusal::TooFast) => (StatusCode::TOO_MANY_REQUESTS, "too_fast"),
        Unanswered::NotModerated => return not_moderated(),
        Unanswered::Offer(OfferError::NoLeg) | Unanswered::Over => return no_leg(),
        Unanswered::Lobby(_) => (StatusCode::CONFLICT, "not_now"),
    };
    let detail = match why {
        Unanswered::Offer(error) => error.to_string(),
        Unanswered::Lobby(refusal) => refusal.to_string(),
        Unanswered::Over | Unanswered::NotModerated => String::new(),
    };
    let problem = Problem::new(status, code, detail);
    match why {
        Unanswered::Lobby(lobby::Refusal::Full { retry_after }) => problem.after(retry_after),
        _ if status == StatusCode::SERVICE_UNAVAILABLE => {
            problem.after(crate::limits::BACKEND_RETRY_AFTER)
        }
        _ => problem,
    }
}
