//! The backend's side of the HTTP API: legs and matches for those who bring their own page and
//! their own matchmaker.
//!
//! 1. [`routes`] asks for an access token: [`Grant::Publish`] opens legs, [`Grant::Backend`] makes matches.
//! 2. [`legs`] opens one by its offer; a [`keeper`] holds its line until it is over, and restarts it by
//!    a [`fragment`].
//! 3. [`mod@matches`] brings two together. The lobby never does by itself: these sessions are led.
//! 4. The [`address_book`] has both by the names that they have outside; what happens to them is [`news`],
//!    which [`events`] streams; how well a match goes is in [`statistics`].

mod address_book;
mod events;
mod fragment;
mod keeper;
mod legs;
mod matches;
mod news;
mod statistics;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, patch, post};
use tokio::sync::Mutex;

use super::entrance::{self, Entrance};
use super::problem_json::Problem;
use super::webhooks::Webhooks;
use crate::access::{self, Grant};
use crate::age::AgeBand;
use crate::control::Handle;
use crate::limits;
use crate::private::Private;
use address_book::AddressBook;
use news::News;
pub(super) use news::WORDS;

/// What the routes work on; cheap to clone.
#[derive(Clone)]
struct Backend {
    control: Handle,
    address_book: AddressBook,
    news: News,
    /// Changes of matches, one at a time.
    turns: Arc<Mutex<()>>,
}

/// The routes `/v1/legs` and `/v1/matches`.
pub(super) fn routes(control: Handle, entrance: &Entrance, webhooks: Option<Webhooks>) -> Router {
    let backend = Backend {
        control,
        address_book: AddressBook::default(),
        news: News::new(entrance::seconds(), webhooks),
        turns: Arc::default(),
    };
    let for_grant = |grant| middleware::from_fn_with_state((entrance.clone(), grant), admit);
    let legs = Router::new()
        .route("/v1/legs", post(legs::open))
        .route("/v1/legs/{leg}", patch(legs::restart).delete(legs::close))
        .route("/v1/legs/{leg}/state", get(legs::state))
        .route("/v1/legs/{leg}/statistics", get(statistics::look))
        .layer(for_grant(Grant::Publish));
    let one = get(matches::look).put(matches::pair).delete(matches::part);
    let matches = Router::new()
        .route("/v1/matches/{match}", one)
        .route("/v1/events", get(events::stream))
        .layer(for_grant(Grant::Backend));
    legs.merge(matches)
        .layer(DefaultBodyLimit::max(limits::SIGNAL_MESSAGE_BYTES))
        .with_state(backend)
}

/// For whom a request is made, by its token.
#[derive(Clone)]
struct Asker {
    /// Who they are to the operator.
    account: Option<Private<String>>,
    /// In which band of ages the legs are.
    band: AgeBand,
}

/// Asks for a token that allows it, and says for whom it was made.
async fn admit(
    State((entrance, grant)): State<(Entrance, Grant)>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let (account, band) = entrance
        .admit_backend(request.headers(), grant)
        .map_err(refused)?;
    request.extensions_mut().insert(Asker { account, band });
    Ok(next.run(request).await)
}

fn refused(refusal: access::Refusal) -> Problem {
    let (status, code) = match refusal {
        access::Refusal::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized"),
        access::Refusal::Forbidden => (StatusCode::FORBIDDEN, "forbidden"),
        access::Refusal::AgeNotAssured => (StatusCode::FORBIDDEN, "age_not_assured"),
    };
    Problem::new(status, code, refusal)
}
