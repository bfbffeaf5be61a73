//! `/v1/legs/{leg}/watch` and `/v1/watches`: a leg that sees what another sends, and nobody notices.

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};

use super::address_book::{Leg, LegName};
use super::keeper::{self, Asked, Coming, Connection};
use super::legs::{self, created, find, no_leg, restart_ice, unanswered};
use super::news::What;
use super::{Asker, Backend, examples};
use crate::direction::Direction;
use crate::http::problem_json::Problem;
use crate::private::Private;

/// Watch a leg
///
/// A leg that only receives (WHEP) gets sound and picture of another as they come, whoever that one faces, also
/// what is muted, blurred or not screened yet. Nobody is told and nobody can notice. **Every use is in the
/// audit log before there is anything to see**, with the `sub` of your token. To see both sides of a match,
/// watch both. A leg is watched once at a time: who comes later takes the place of the first. It ends with
/// the leg that it watches.
#[utoipa::path(
    post,
    path = "/v1/legs/{leg}/watch",
    tag = "Moderation",
    operation_id = "watchLeg",
    params(("leg" = String, Path, description = "The last part of the leg's `Location`",
        example = "5f0c8a52c7d94e0b9a3f1d6e8b7c4a20")),
    request_body(
        content = String,
        content_type = "application/sdp",
        description = "An offer that is `recvonly`, 64 KiB at most",
        example = json!(examples::OFFER),
    ),
    responses((
        status = 201,
        description = "The leg is open; the body is the answer.",
        body = String,
        content_type = "application/sdp",
        headers(
            ("Location" = String, description = "The address of what is opened, to restart or close it"),
            ("ETag" = String, description = "Its ICE session, for `If-Match` when it is restarted"),
            ("Accept-Patch" = String, description = "What a `PATCH` may bring (RFC 5789)"),
            ("Link" = String, description = "A STUN or TURN server, as when a leg is opened"),
        ),
    )),
    extensions(("x-problems" = json!([
        "unreadable", "malformed_offer", "no_such_leg", "not_connected", "not_moderated", "too_long",
        "wrong_media_type", "nothing_in_common", "full",
    ]))),
)]
pub(super) async fn watch(
    State(backend): State<Backend>,
    Extension(asker): Extension<Asker>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let (name, _) = find(&backend, name)?;
    let sender = backend.address_book.sender(name);
    let watched = backend.address_book.leg(&sender).ok_or_else(no_leg)?;
    let offer = Private::new(legs::sdp(&headers, body)?);
    if watched.reach.standing.borrow().connection == Connection::Connecting {
        let detail = "the leg is not connected yet";
        return Err(Problem::new(StatusCode::CONFLICT, "not_connected", detail));
    }
    let name = LegName::new();
    let coming = Coming::Onlooker {
        at: watched.reach.socket,
        offer: offer.clone(),
        by: asker.actor(),
    };
    let opened = keeper::open(&backend, &name, coming, What::Connected).await;
    let opened = opened.map_err(unanswered)?;
    let standing = opened.reach.standing.clone();
    let links = backend.links(asker.account.as_ref(), &name);
    let leg = Leg::new(opened.reach, offer, Direction::RecvOnly, asker.account);
    backend
        .address_book
        .add(name.clone(), leg.onlooking(), None);
    // One that ended meanwhile was to be removed before it was there.
    if standing.has_changed().is_err() {
        backend.address_book.remove(&name);
    }
    let location = format!("/v1/watches/{}", name.reveal());
    Ok((links, created(location, opened.answer)).into_response())
}

/// Restart the ICE of a watch
///
/// As that of a leg.
#[utoipa::path(
    patch,
    path = "/v1/watches/{watch}",
    tag = "Moderation",
    operation_id = "restartWatch",
    params(
        ("watch" = String, Path, description = "The last part of the `Location` that watching was answered with",
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
        "unreadable", "malformed_offer", "no_such_leg", "another_ice_session", "too_long", "wrong_media_type",
        "nothing_in_common", "no_if_match", "full",
    ]))),
)]
pub(super) async fn restart(
    State(backend): State<Backend>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let found = find_onlooker(&backend, name)?;
    restart_ice(&backend, found, &headers, body).await
}

/// Stop watching
#[utoipa::path(
    delete,
    path = "/v1/watches/{watch}",
    tag = "Moderation",
    operation_id = "closeWatch",
    params(("watch" = String, Path, description = "The last part of the `Location` that watching was answered with",
        example = "5f0c8a52c7d94e0b9a3f1d6e8b7c4a20")),
    responses((status = 200, description = "It is closed.")),
    extensions(("x-problems" = json!(["unreadable", "no_such_leg"]))),
)]
pub(super) async fn close(
    State(backend): State<Backend>,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    let (name, leg) = find_onlooker(&backend, name)?;
    backend.address_book.remove(&name);
    // An error means that it is over.
    let _ = leg.reach.asked.send(Asked::Close).await;
    Ok(StatusCode::OK)
}

fn find_onlooker(backend: &Backend, name: String) -> Result<(LegName, Leg), Problem> {
    let name = LegName::from_outside(name);
    let leg = backend.address_book.onlooker(&name).ok_or_else(no_leg)?;
    Ok((name, leg))
}
