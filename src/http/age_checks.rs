//! [`AgeChecks`]: visitors whose age is not assured well enough are sent to a service of the operator's,
//! and `POST /v1/age-checks/{check}` is where that says what it has found. A check has a random name and nothing
//! else: the service is told nothing of the visitor, and the server nothing but a band of ages.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{Extensions, HeaderMap, StatusCode};
use axum::{Router, middleware};
use parking_lot::Mutex;
use serde::Deserialize;
use tokio::sync::watch;
use utoipa::ToSchema;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::description::{Possible, refuse};
use super::entrance::{Entrance, seconds};
use super::prefixes::origin_address;
use super::problem_json::{Problem, tell_all_alike};
use super::webhook_keys::{WebhookKeys, WebhookKeysError};
use crate::age::Age;
use crate::config;
use crate::limits;
use crate::metrics::AGE_CHECKS;
use crate::private::Private;

/// Checks that are under way; cheap to clone. By default there is no service.
#[derive(Clone, Default)]
pub struct AgeChecks(Option<Arc<Service>>);

struct Service {
    url: String,
    keys: WebhookKeys,
    wait: Duration,
    checks: Mutex<HashMap<String, Check>>,
}

struct Check {
    ends: Instant,
    told: watch::Sender<Outcome>,
}

/// What the service has found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Outcome {
    /// Nothing yet.
    Pending,
    /// In this band, or nothing that it would vouch for.
    Found(Option<Age>),
}

/// One visitor's check, as their WebSocket holds it.
pub(super) struct Ticket {
    /// Its name: whoever knows it comes in by what is found.
    pub(super) name: Private<String>,
    ends: Instant,
    heard: watch::Receiver<Outcome>,
    is_told: bool,
}

/// As many are under way as the server keeps in mind.
pub(super) struct Crowded;

/// What the service says.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AgeFound, example = json!({ "age": { "band": "adult", "assurance": "verified" } }))]
struct FoundJson {
    /// The band and how it was assured, as in a token; null for one that the service vouches nothing for.
    age: Option<Age>,
}

impl AgeChecks {
    /// By the configuration.
    ///
    /// # Errors
    /// It names a secret that cannot be used.
    pub fn read(config: &config::AgeCheck) -> Result<Self, WebhookKeysError> {
        if config.url.is_empty() {
            return Ok(Self(None));
        }
        Ok(Self(Some(Arc::new(Service {
            url: config.url.clone(),
            keys: WebhookKeys::read(&config.secret)?,
            wait: Duration::from_millis(config.wait_ms),
            checks: Mutex::default(),
        }))))
    }

    /// Begins a check; none where there is no service.
    ///
    /// # Errors
    /// No more can be kept in mind now.
    pub(super) fn begin(&self, now: Instant) -> Result<Option<Ticket>, Crowded> {
        let Self(Some(service)) = self else {
            return Ok(None);
        };
        let mut checks = service.checks.lock();
        if checks.len() >= limits::AGE_CHECKS {
            checks.retain(|_, check| now < check.ends);
        }
        if checks.len() >= limits::AGE_CHECKS {
            return Err(Crowded);
        }
        let name = hex::encode(rand::random::<[u8; 16]>());
        let check = Check {
            ends: now + service.wait,
            told: watch::channel(Outcome::Pending).0,
        };
        let ticket = check.ticket(Private::new(name.clone()));
        checks.insert(name, check);
        count("asked");
        Ok(Some(ticket))
    }

    /// A check that goes on, also one that was begun on another WebSocket.
    pub(super) fn find(&self, name: &Private<String>, now: Instant) -> Option<Ticket> {
        let checks = self.0.as_ref()?.checks.lock();
        let check = checks.get(name.reveal()).filter(|check| now < check.ends)?;
        Some(check.ticket(name.clone()))
    }

    /// Where a visitor goes with a check.
    pub(super) fn url(&self, name: &Private<String>) -> Private<String> {
        let url = self.0.as_ref().map_or("", |service| service.url.as_str());
        let sign = if url.contains('?') { '&' } else { '?' };
        Private::new(format!("{url}{sign}check={}", name.reveal()))
    }

    /// A check has done what it was for.
    pub(super) fn end(&self, name: &Private<String>) {
        if let Some(service) = &self.0 {
            service.checks.lock().remove(name.reveal());
        }
    }

    /// The service says what it has found.
    fn answer(&self, name: &str, age: Option<Age>, now: Instant) -> Result<(), Problem> {
        let checks = self.0.as_ref().map(|service| service.checks.lock());
        let check = checks.as_ref().and_then(|checks| checks.get(name));
        let check = check
            .filter(|check| now < check.ends)
            .ok_or_else(no_check)?;
        let is_first = check.told.send_if_modified(|outcome| {
            let is_first = *outcome == Outcome::Pending;
            if is_first {
                *outcome = Outcome::Found(age);
            }
            is_first
        });
        if !is_first {
            let detail = "this check was answered before";
            return Err(Problem::new(StatusCode::CONFLICT, "answered", detail));
        }
        count(if age.is_some() {
            "assured"
        } else {
            "not_assured"
        });
        Ok(())
    }

    fn have_signed(&self, headers: &HeaderMap, body: &[u8]) -> bool {
        let keys = self.0.as_ref().map(|service| &service.keys);
        keys.is_some_and(|keys| keys.have_signed(headers, body, seconds()))
    }
}

impl Check {
    fn ticket(&self, name: Private<String>) -> Ticket {
        Ticket {
            name,
            ends: self.ends,
            heard: self.told.subscribe(),
            is_told: false,
        }
    }
}

impl Ticket {
    /// What is known by now.
    pub(super) fn outcome(&self) -> Outcome {
        *self.heard.borrow()
    }

    /// How long it goes on.
    pub(super) fn left(&self, now: Instant) -> Duration {
        self.ends.saturating_duration_since(now)
    }

    /// Whether its visitor has not heard yet that it is over.
    pub(super) const fn is_awaited(&self) -> bool {
        !self.is_told
    }

    /// Waits until something is found, or it is too late for that; then its visitor is told.
    pub(super) async fn over(&mut self) {
        let found = self.heard.wait_for(|outcome| *outcome != Outcome::Pending);
        // An error means that the check is gone.
        let _ = tokio::time::timeout_at(self.ends.into(), found).await;
        self.is_told = true;
    }
}

fn no_check() -> Problem {
    let detail = "there is no such check, or it is over";
    Problem::new(StatusCode::NOT_FOUND, "no_such_check", detail)
}

fn count(result: &'static str) {
    AGE_CHECKS.counter_of(result).increment(1);
}

/// The route `/v1/age-checks/{check}`.
pub fn routes(entrance: Entrance) -> Router {
    let (router, _) = table().split_for_parts();
    router
        .layer(DefaultBodyLimit::max(limits::AGE_FOUND_BYTES))
        .layer(middleware::map_response(tell_all_alike))
        .with_state(entrance)
}

/// The same, described.
pub(super) fn described() -> OpenApi {
    let mut api = table().into_openapi();
    refuse(&mut api, &PROBLEMS, &[]);
    api
}

const PROBLEMS: [Possible; 6] = [
    Possible(400, "unreadable", "the body says nothing of an age"),
    Possible(
        401,
        "unauthorized",
        "the request is not signed by `age_check.secret`, or not now",
    ),
    Possible(
        404,
        "no_such_check",
        "there is no such check, or it is over",
    ),
    Possible(409, "answered", "the check was answered before"),
    Possible(413, "too_long", "the body is longer than 1 KiB"),
    Possible(
        429,
        "too_fast",
        "too many requests of this network were not signed",
    ),
];

fn table() -> OpenApiRouter<Entrance> {
    OpenApiRouter::default().routes(routes!(found))
}

/// Say what an age check has found
///
/// Your service at `age_check.url` got the visitor with `check=` and the name of a check. It says here what it
/// has found, signed as [Standard Webhooks](https://www.standardwebhooks.com) are, with the secret of
/// `age_check.secret`. The visitor's page hears of it and comes in, if that is enough for
/// `access.least_assurance`. The first answer counts.
#[utoipa::path(
    post,
    path = "/v1/age-checks/{check}",
    tag = "Visitors",
    operation_id = "answerAgeCheck",
    params(
        ("check" = String, Path, description = "What stood behind `check=`",
            example = "5f0c8a52c7d94e0b9a3f1d6e8b7c4a20"),
        ("webhook-id" = String, Header, description = "Any name for this message", example = "msg_1"),
        ("webhook-timestamp" = i64, Header, description = "Now, in seconds since 1970; five minutes are let pass",
            example = 1_795_737_600),
        ("webhook-signature" = String, Header, description = "`v1,` and the Base64 of HMAC-SHA256 over \
            `ID.TIMESTAMP.BODY`", example = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
    ),
    request_body = FoundJson,
    responses((status = 204, description = "The visitor is told.")),
    extensions(("x-problems" = json!([
        "unreadable", "unauthorized", "no_such_check", "answered", "too_long", "too_fast",
    ]))),
)]
#[expect(clippy::disallowed_methods, reason = "the driver's clock")]
async fn found(
    State(entrance): State<Entrance>,
    Path(name): Path<String>,
    extensions: Extensions,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    let checks = entrance.age_checks();
    if !checks.have_signed(&headers, &body) {
        count("unsigned");
        let detail = "it is not signed by the secret that both of us know, or not now";
        let problem = Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", detail);
        return Err(entrance.turn_away(origin_address(&extensions, &headers), problem));
    }
    let FoundJson { age } = serde_json::from_slice(&body)
        .map_err(|why| Problem::new(StatusCode::BAD_REQUEST, "unreadable", why))?;
    checks.answer(&name, age, Instant::now())?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "a test needs some instant to begin with"
)]
mod tests {
    use super::*;
    use crate::age::{AgeBand, Assurance};
    use crate::http::webhook_keys::new_secret;

    const ADULT: Age = Age {
        band: AgeBand::Adult,
        assurance: Assurance::Verified,
    };

    fn checks(url: &str) -> AgeChecks {
        AgeChecks(Some(Arc::new(Service {
            url: url.to_owned(),
            keys: WebhookKeys::of(&[new_secret()]),
            wait: Duration::from_secs(60),
            checks: Mutex::default(),
        })))
    }

    fn begun(checks: &AgeChecks, now: Instant) -> Ticket {
        let Ok(Some(ticket)) = checks.begin(now) else {
            panic!("there is room");
        };
        ticket
    }

    #[test]
    fn what_is_found_is_heard_by_whoever_knows_the_check() {
        let (checks, now) = (checks("https://age.example/"), Instant::now());
        let (one, other) = (begun(&checks, now), begun(&checks, now));
        let answer = |age| checks.answer(one.name.reveal(), age, now).is_ok();
        assert!(answer(Some(ADULT)));
        assert!(!answer(None), "the first answer counts");
        assert_eq!(one.outcome(), Outcome::Found(Some(ADULT)));
        assert_eq!(other.outcome(), Outcome::Pending);
        // On another WebSocket, until somebody has come in by it.
        let again = checks.find(&one.name, now).unwrap();
        assert_eq!(again.outcome(), Outcome::Found(Some(ADULT)));
        checks.end(&one.name);
        assert!(checks.find(&one.name, now).is_none());
    }

    #[test]
    fn a_check_is_over_in_time_and_there_are_only_so_many() {
        let (checks, now) = (checks("https://age.example/"), Instant::now());
        let first = begun(&checks, now);
        for _ in 1..limits::AGE_CHECKS {
            begun(&checks, now);
        }
        assert!(checks.begin(now).is_err());
        let late = now + Duration::from_secs(60);
        assert!(checks.answer(first.name.reveal(), None, late).is_err());
        assert!(checks.find(&first.name, late).is_none());
        assert!(first.left(late).is_zero());
        begun(&checks, late);
    }

    #[test]
    fn a_check_is_named_in_the_address_that_its_visitor_goes_to() {
        let name = Private::new("ab".to_owned());
        for (url, with) in [
            (
                "https://age.example/start",
                "https://age.example/start?check=ab",
            ),
            (
                "https://age.example/?site=7",
                "https://age.example/?site=7&check=ab",
            ),
        ] {
            assert_eq!(checks(url).url(&name).reveal(), with);
        }
    }

    #[test]
    fn without_a_service_there_is_no_check() {
        let none = AgeChecks::default();
        assert!(matches!(none.begin(Instant::now()), Ok(None)));
        assert!(!none.have_signed(&HeaderMap::new(), b""));
    }
}
