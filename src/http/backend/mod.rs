//! The backend's side of the HTTP API: legs and matches for those who bring their own page and
//! their own matchmaker.
//!
//! 1. [`routes()`] asks for an access token: [`Grant::Publish`] opens legs, [`Grant::Backend`] makes matches.
//! 2. [`legs`] opens one by its offer; a [`keeper`] holds its line until it is over, and restarts it by
//!    a [`fragment`].
//! 3. [`mod@matches`] brings two together. The lobby never does by itself: these sessions are led.
//! 4. [`mod@actions`] are what a moderation of the operator's own decides, [`watches`] let it see; what a leg's
//!    visitor complains about is a [`leg_reports`], what nobody is to get of one is [`muted`].
//! 5. The [`address_book`] has both by the names that they have outside; what happens to them is [`news`],
//!    which [`events`] streams; how a leg stands is a [`leg_state`], how well its match goes are [`statistics`].
//! 6. When a newer server takes the place, the [`handover`] lets it ask the [`incumbent`] about what stays there.
//! 7. [`described`] makes the API's description of the same [`table`], with the [`problems`] that there are
//!    and the [`examples`].

mod actions;
mod address_book;
mod events;
mod examples;
mod fragment;
mod handover;
mod incumbent;
mod keeper;
mod leg_reports;
mod leg_state;
mod legs;
mod matches;
mod muted;
mod news;
mod problems;
mod statistics;
mod watches;

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::HeaderMap;
use axum::middleware::{self, Next};
use axum::response::Response;
use tokio::sync::Mutex;
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::description::{ACCESS_TOKEN, refuse, secure};
use super::entrance::{self, Entrance};
use super::ice_servers::IceServers;
use super::problem_json::{Problem, tell_all_alike};
use super::webhooks::Webhooks;
use crate::access::Grant;
use crate::age::AgeBand;
use crate::control::Handle;
use crate::limits;
use crate::lobby::Openness;
use crate::private::Private;
use crate::traces::{self, Trail};
use address_book::{AddressBook, LegName};
pub use handover::Handover;
use incumbent::Incumbent;
pub(super) use news::WORDS;
use news::{News, OpennessWord, What};

/// What the routes work on; cheap to clone.
#[derive(Clone)]
struct Backend {
    control: Handle,
    address_book: AddressBook,
    news: News,
    /// Changes of matches, one at a time.
    turns: Arc<Mutex<()>>,
    ice_servers: IceServers,
}

/// The routes `/v1/legs` and `/v1/matches`, and what goes on where two servers take turns.
pub(super) fn routes(
    control: Handle,
    entrance: &Entrance,
    webhooks: Option<Webhooks>,
) -> (Router, Handover) {
    let incumbent = Incumbent::default();
    let backend = Backend {
        control,
        address_book: AddressBook::default(),
        news: News::new(entrance::seconds(), webhooks),
        turns: Arc::default(),
        ice_servers: entrance.ice_servers().clone(),
    };
    tokio::spawn(tell_of_openness(
        backend.control.clone(),
        backend.news.clone(),
    ));
    let guard = |group: OpenApiRouter<Backend>, grant| {
        let there = middleware::from_fn_with_state(incumbent.clone(), incumbent::look_there_too);
        group.layer(there).layer(middleware::from_fn_with_state(
            (entrance.clone(), grant),
            admit,
        ))
    };
    let (router, _) = table(guard).split_for_parts();
    let news = backend.news.clone();
    let router = router
        .layer(DefaultBodyLimit::max(limits::SIGNAL_MESSAGE_BYTES))
        .layer(middleware::map_response(tell_all_alike))
        .with_state(backend);
    let handover = Handover::new(news, incumbent, router.clone());
    (router, handover)
}

/// Tells when the server is full, and when it no longer is; once a second at most.
async fn tell_of_openness(control: Handle, news: News) {
    let mut openness = control.openness();
    let mut told = Openness::default();
    while openness.changed().await.is_ok() {
        let now = *openness.borrow_and_update();
        if now == told {
            continue;
        }
        told = now;
        let state = match now {
            Openness::Open => OpennessWord::Open,
            Openness::Full => OpennessWord::Full,
            Openness::Draining => OpennessWord::Draining,
        };
        let online = control.online();
        news.tell(None, What::Capacity { state, online });
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// For whom a request is made, by its token.
#[derive(Clone)]
struct Asker {
    /// Who they are to the operator.
    account: Option<Private<String>>,
    /// In which band of ages the legs are.
    band: AgeBand,
}

impl Backend {
    /// By which servers one who has opened a leg may find a way, as headers. Whose token has no `sub` is
    /// known by the leg.
    fn links(&self, account: Option<&Private<String>>, leg: &LegName) -> HeaderMap {
        let who = match account {
            Some(account) => account.reveal(),
            None => leg.reveal(),
        };
        self.ice_servers.links(who, entrance::seconds())
    }
}

/// Every route, behind the grant that it asks for.
fn table(
    to: impl Fn(OpenApiRouter<Backend>, Grant) -> OpenApiRouter<Backend>,
) -> OpenApiRouter<Backend> {
    let legs = OpenApiRouter::default()
        .routes(routes!(legs::open))
        .routes(routes!(legs::restart, legs::close))
        .routes(routes!(legs::state))
        .routes(routes!(statistics::look))
        .routes(routes!(leg_reports::report));
    let matches = OpenApiRouter::default()
        .routes(routes!(matches::look, matches::pair, matches::part))
        .routes(routes!(muted::mute))
        .routes(routes!(events::stream));
    let actions = OpenApiRouter::default().routes(routes!(actions::act));
    let watches = OpenApiRouter::default()
        .routes(routes!(watches::watch))
        .routes(routes!(watches::restart, watches::close));
    to(legs, Grant::Publish)
        .merge(to(matches, Grant::Backend))
        .merge(to(actions, Grant::Moderate))
        .merge(to(watches, Grant::Watch))
}

/// What no route names, as it is only said in a stream and to webhooks.
#[derive(utoipa::OpenApi)]
#[openapi(components(schemas(news::Happened)))]
struct Schemas;

/// The same routes, described.
pub(super) fn described() -> OpenApi {
    let with_grant = |mut group: OpenApiRouter<Backend>, grant: Grant| {
        secure(group.get_openapi_mut(), ACCESS_TOKEN, &[grant.word()]);
        group
    };
    let mut api = Schemas::openapi();
    api.merge(table(with_grant).into_openapi());
    let all = ["unauthorized", "forbidden", "age_not_assured", "too_fast"];
    refuse(&mut api, &problems::PROBLEMS, &all);
    api
}

/// Asks for a token that allows it, and says for whom it was made.
async fn admit(
    State((entrance, grant)): State<(Entrance, Grant)>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let (account, band) = entrance.admit_backend(&request, grant)?;
    request.extensions_mut().insert(Asker { account, band });
    let trail = trail_of(&request);
    let response = next.run(request).await;
    trail.note(
        "http.response.status_code",
        i64::from(response.status().as_u16()),
    );
    Ok(response)
}

/// What a request is told as: by its route, never by the names that are in its address.
#[expect(clippy::disallowed_methods, reason = "the driver's clock")]
fn trail_of(request: &Request) -> Trail {
    let method = request.method().as_str();
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or("", MatchedPath::as_str);
    let parent = request.headers().get("traceparent");
    let parent = parent.and_then(|value| value.to_str().ok());
    let trail = traces::follow(format!("{method} {route}"), parent, Instant::now());
    trail.note("http.request.method", method.to_owned());
    trail.note("http.route", route.to_owned());
    trail
}
