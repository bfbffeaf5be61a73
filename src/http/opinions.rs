//! `POST /v1/opinions/{picture}`: what a service of the operator's says of a picture that it was asked about
//! earlier ([`Afterwards`]).

use std::time::Instant;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{Extensions, HeaderMap, StatusCode};
use axum::{Router, middleware};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::description::{Possible, refuse};
use super::entrance::{Entrance, seconds};
use super::prefixes::origin_address;
use super::problem_json::{Problem, tell_all_alike};
use crate::classify::afterwards::{Afterwards, Signed, Unheard};
use crate::limits;

/// What the route works on.
#[derive(Clone)]
struct Desk {
    entrance: Entrance,
    afterwards: Option<Afterwards>,
}

/// What is in a picture, in the service's own words.
#[derive(Serialize, ToSchema)]
#[schema(as = Opinion, example = json!({ "labels": { "nudity": 0.97 } }))]
struct OpinionJson {
    /// Each from 0 to 1; words that `classifier.service_labels` does not know are left alone.
    labels: Value,
}

/// The route.
pub(super) fn routes(entrance: Entrance, afterwards: Option<Afterwards>) -> Router {
    let (router, _) = table().split_for_parts();
    router
        .layer(DefaultBodyLimit::max(limits::SERVICE_ANSWER_BYTES))
        .layer(middleware::map_response(tell_all_alike))
        .with_state(Desk {
            entrance,
            afterwards,
        })
}

/// The same, described.
pub(super) fn described() -> OpenApi {
    let mut api = table().into_openapi();
    refuse(&mut api, &PROBLEMS, &[]);
    api
}

const PROBLEMS: [Possible; 6] = [
    Possible(400, "unreadable", "the body says nothing of a picture"),
    Possible(
        401,
        "unauthorized",
        "it is not signed by `classifier.service_secret`, or not now",
    ),
    Possible(
        404,
        "no_such_picture",
        "no such picture waits for more: it is an hour past, or all is said",
    ),
    Possible(413, "too_long", "the body is too long"),
    Possible(
        429,
        "too_fast",
        "too many requests of this network were not signed",
    ),
    Possible(503, "busy", "too much is said at once; say it again"),
];

fn table() -> OpenApiRouter<Desk> {
    OpenApiRouter::default().routes(routes!(say))
}

/// Say later what is in a picture
///
/// Your service was asked about a picture and answered 202: here it says what it has found, within an hour,
/// signed as the picture was. It counts for the policy beside what the workers say, apart from it, as long as
/// the visitor is there. It opens no door and lifts no blur.
#[utoipa::path(
    post,
    path = "/v1/opinions/{picture}",
    tag = "Moderation",
    operation_id = "sayOpinion",
    params(
        ("picture" = String, Path, description = "The `Idempotency-Key` that the picture came with",
            example = "5f0c8a52c7d94e0b9a3f1d6e8b7c4a20"),
        ("Visavis-Timestamp" = i64, Header, description = "Now, in seconds since 1970; five minutes are let pass",
            example = 1_795_737_600),
        ("Visavis-Signature" = String, Header, description = "HMAC-SHA-256 of timestamp, `.`, picture, `.`, body; in \
            hexadecimal digits", example = "5d3887edfc23a751"),
    ),
    request_body = OpinionJson,
    responses((status = 204, description = "It is heard.")),
    extensions(("x-problems" = json!([
        "unreadable", "unauthorized", "no_such_picture", "too_long", "too_fast", "busy",
    ]))),
)]
#[expect(clippy::disallowed_methods, reason = "the driver's clock")]
async fn say(
    State(desk): State<Desk>,
    Path(picture): Path<String>,
    extensions: Extensions,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    let now = (Instant::now(), seconds());
    let said = match (&desk.afterwards, signed(&headers)) {
        (Some(afterwards), Some(signed)) => afterwards.say(&picture, signed, &body, now),
        (Some(_) | None, _) => Err(Unheard::Unsigned),
    };
    let Err(why) = said else {
        return Ok(StatusCode::NO_CONTENT);
    };
    let (status, code) = match why {
        Unheard::Unsigned => (StatusCode::UNAUTHORIZED, "unauthorized"),
        Unheard::Unknown => (StatusCode::NOT_FOUND, "no_such_picture"),
        Unheard::Unfit => (StatusCode::BAD_REQUEST, "unreadable"),
        Unheard::Busy => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
    };
    let problem = Problem::new(status, code, why);
    if why == Unheard::Unsigned {
        let address = origin_address(&extensions, &headers);
        return Err(desk.entrance.turn_away(address, problem));
    }
    Err(problem)
}

fn signed(headers: &HeaderMap) -> Option<Signed<'_>> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    Some(Signed {
        seconds: text("visavis-timestamp")?.parse().ok()?,
        signature: text("visavis-signature")?,
    })
}
