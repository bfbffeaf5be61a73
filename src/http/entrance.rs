//! [`Entrance`]: who may come in by a WebSocket: from whose page, how often from one network, and with
//! which token.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use parking_lot::Mutex;

use super::age_checks::{AgeChecks, Crowded, Outcome, Ticket};
use super::challenges::{Challenges, Progress};
use super::ice_servers::IceServers;
use super::interpret::Joining;
use super::message::{ErrorCode, FromServer};
use super::origins::{self, Origins};
use super::prefixes::{Prefixes, origin_address, prefix};
use super::problem_json::Problem;
use super::throttle::Throttle;
use super::whence::NetworkNames;
use crate::access::{Gate, Grant, Keyring, Pass, Refusal};
use crate::age::{Age, AgeBand};
use crate::config;
use crate::control::Marks;
use crate::limits;
use crate::lobby::Wish;
use crate::metrics;
use crate::moderation::NetworkKey;
use crate::pace::Pace;
use crate::private::Private;

/// Who may come in; cheap to clone. By default everybody, from the server's own page.
#[derive(Clone)]
pub struct Entrance {
    gate: Gate,
    origins: Origins,
    arrivals: Arc<Mutex<Prefixes>>,
    throttle: Arc<Throttle>,
    challenges: Arc<Challenges>,
    age_checks: AgeChecks,
    ice_servers: IceServers,
    networks: Arc<NetworkNames>,
}

/// How a WebSocket was let in: whoever is turned away for another reason may try again on it, also with
/// a token for one use, and proves nothing twice.
pub(super) struct LetIn {
    by: Option<(Private<String>, Pass)>,
    address: Option<IpAddr>,
    progress: Progress,
    /// The check of their age that is under way.
    check: Option<Ticket>,
    /// What one has found.
    age: Option<Age>,
}

impl Entrance {
    /// By the configuration, whose keys were read.
    pub fn new(access: &config::Access, http: &config::Http, keyring: Keyring) -> Self {
        let pace = Pace {
            burst: http.websocket_burst,
            every: Duration::from_millis(http.websocket_every_ms),
        };
        let arrivals = Prefixes::new(pace, limits::ARRIVING_NETWORKS);
        Self {
            gate: Gate::new(access, keyring),
            origins: Origins::new(&access.origins),
            arrivals: Arc::new(Mutex::new(arrivals)),
            throttle: Arc::new(Throttle::new(http)),
            challenges: Arc::default(),
            age_checks: AgeChecks::default(),
            ice_servers: IceServers::default(),
            networks: Arc::default(),
        }
    }

    /// The same, where visitors without a token have something to do first.
    #[must_use]
    pub fn asking(mut self, challenges: Challenges) -> Self {
        self.challenges = Arc::new(challenges);
        self
    }

    /// The same, where visitors may have their age checked.
    #[must_use]
    pub fn checking(mut self, age_checks: AgeChecks) -> Self {
        self.age_checks = age_checks;
        self
    }

    /// What is found of ages.
    pub(super) const fn age_checks(&self) -> &AgeChecks {
        &self.age_checks
    }

    /// The same, where visitors are told of servers by which they may find a way.
    #[must_use]
    pub fn naming(mut self, ice_servers: IceServers) -> Self {
        self.ice_servers = ice_servers;
        self
    }

    /// By which servers a visitor may find a way.
    pub(super) const fn ice_servers(&self) -> &IceServers {
        &self.ice_servers
    }

    /// Whose pages may speak with the server.
    pub(super) const fn origins(&self) -> &Origins {
        &self.origins
    }

    #[expect(clippy::disallowed_methods, reason = "the driver's clock")]
    fn take_arrival(&self, request: &Request) -> Result<(), Duration> {
        match origin_address(request.extensions(), request.headers()) {
            Some(address) => self.arrivals.lock().take(Some(address), Instant::now()),
            None => Ok(()),
        }
    }

    /// Lets a request of a backend in, or of one who sends by its leave: for whom, and the band of ages
    /// of the legs that it opens.
    ///
    /// # Errors
    /// The request may not be done.
    pub(super) fn admit_backend(
        &self,
        request: &Request,
        grant: Grant,
    ) -> Result<(Option<Private<String>>, AgeBand), Problem> {
        let token = token_of(request);
        let admitted = self.gate.admit_backend(token.as_ref(), grant, seconds());
        let admitted = admitted.map_err(|refusal| self.refuse(request, refusal))?;
        let who = admitted.subject.as_ref().or(token.as_ref());
        let who = who.map_or("", |who| who.reveal().as_str());
        self.let_ask(who, admitted.is_backend)?;
        Ok((admitted.subject, admitted.band))
    }

    /// Who asks, and will come in later: by their token or, where guests are let in, by their network.
    ///
    /// # Errors
    /// They could not come in.
    #[expect(clippy::disallowed_methods, reason = "the driver's clock")]
    pub(super) fn recognize(&self, request: &Request) -> Result<Private<String>, Problem> {
        let token = token_of(request);
        let claims = self.gate.recognize(token.as_ref(), seconds());
        let claims = claims.map_err(|refusal| self.refuse(request, refusal))?;
        let Some((claims, token)) = claims.zip(token) else {
            let address = origin_address(request.extensions(), request.headers());
            let taken = self.throttle.take_guest(address, Instant::now());
            taken.map_err(asks_too_fast)?;
            let network = address.map_or_else(String::new, |address| prefix(address).to_string());
            return Ok(Private::new(network));
        };
        let is_backend = claims.are_of_a_backend();
        let who = claims.sub.unwrap_or(token);
        self.let_ask(who.reveal(), is_backend)?;
        Ok(who)
    }

    #[expect(clippy::disallowed_methods, reason = "the driver's clock")]
    fn let_ask(&self, who: &str, is_backend: bool) -> Result<(), Problem> {
        let taken = self.throttle.take(who, is_backend, Instant::now());
        taken.map_err(asks_too_fast)
    }

    fn refuse(&self, request: &Request, refusal: Refusal) -> Problem {
        let address = origin_address(request.extensions(), request.headers());
        self.turn_away(address, refused(refusal))
    }

    /// The answer to one who shows nothing good, or who has tried that too often.
    #[expect(clippy::disallowed_methods, reason = "the driver's clock")]
    pub(super) fn turn_away(&self, address: Option<IpAddr>, problem: Problem) -> Problem {
        let tried = self.throttle.refuse(address, Instant::now());
        tried.map_or_else(asks_too_fast, |()| problem)
    }

    /// Lets somebody in who has said `join`, as what their token says. For whom a token speaks has
    /// nothing else to prove.
    ///
    /// # Errors
    /// What they are told, because they may not come in yet.
    pub(super) async fn admit(
        &self,
        joining: Joining,
        let_in: &mut LetIn,
    ) -> Result<(Wish, Marks), Box<FromServer>> {
        let is_guest = joining.token.is_none();
        let pass = let_in.pass(self, &joining)?;
        if is_guest {
            let proof = joining.proof.as_ref();
            self.challenges.pass(&mut let_in.progress, proof).await?;
        }
        let attributes = pass.attributes;
        let wish = Wish {
            door: joining.door,
            band: pass.band,
            interests: attributes.interests.unwrap_or(joining.interests),
            languages: attributes.languages.unwrap_or(joining.languages),
        };
        let marks = Marks {
            device: joining.device,
            account: pass.subject,
            network: let_in.network(self),
        };
        Ok((wish, marks))
    }
}

impl Default for Entrance {
    fn default() -> Self {
        let (access, http) = <(config::Access, config::Http)>::default();
        Self::new(&access, &http, Keyring::default())
    }
}

/// Refuses a WebSocket to the page of a stranger, and to a network that opens too many.
pub(super) async fn guard(
    State(entrance): State<Entrance>,
    request: Request,
    next: Next,
) -> Response {
    if !entrance.origins.admit(request.headers()) {
        return origins::refused();
    }
    match entrance.take_arrival(&request) {
        Ok(()) => next.run(request).await,
        Err(wait) => too_fast(wait),
    }
}

fn too_fast(wait: Duration) -> Response {
    metrics::HTTP_THROTTLED.counter().increment(1);
    let detail = "too many connections come from this network";
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_fast", detail)
        .after(wait)
        .into_response()
}

fn asks_too_fast(wait: Duration) -> Problem {
    let detail = "more requests than one token, or one network without a good one, may make";
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_fast", detail).after(wait)
}

fn refused(refusal: Refusal) -> Problem {
    let (status, code) = match refusal {
        Refusal::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized"),
        Refusal::Forbidden => (StatusCode::FORBIDDEN, "forbidden"),
        Refusal::AgeNotAssured => (StatusCode::FORBIDDEN, "age_not_assured"),
    };
    Problem::new(status, code, refusal)
}

impl LetIn {
    /// Nobody yet, of those at this address.
    pub(super) fn new(address: Option<IpAddr>) -> Self {
        Self {
            by: None,
            address,
            progress: Progress::new(address),
            check: None,
            age: None,
        }
    }

    /// Whether nobody listens to them any longer.
    pub(super) const fn is_given_up(&self) -> bool {
        self.progress.is_given_up()
    }

    /// Their network, as it is remembered of those who are sent away.
    #[expect(clippy::disallowed_methods, reason = "the driver's clock")]
    fn network(&self, entrance: &Entrance) -> Option<[NetworkKey; 2]> {
        let names = &entrance.networks;
        self.address
            .map(|address| names.keys_of(address, Instant::now()))
    }

    /// Waits until they are to be told that the check of their age is over; for ever, if there is none.
    pub(super) async fn checked(&mut self) {
        match self.check.as_mut().filter(|check| check.is_awaited()) {
            Some(check) => check.over().await,
            None => std::future::pending().await,
        }
    }

    fn pass(&mut self, entrance: &Entrance, joining: &Joining) -> Result<Pass, Box<FromServer>> {
        let (token, now_s) = (joining.token.as_ref(), seconds());
        if let (Some(token), Some((before, pass))) = (token, &self.by)
            && token == before
            && pass.holds_at(now_s)
        {
            return Ok(pass.clone());
        }
        let outcome = self.outcome(entrance, joining);
        let age = (joining.adult, self.age);
        let admitted = entrance.gate.admit(token, age, now_s);
        let is_unsure = match &admitted {
            Ok(pass) => pass.band.is_none(),
            Err(refusal) => *refusal == Refusal::AgeNotAssured,
        };
        if is_unsure && outcome == Outcome::Pending {
            self.check_age(entrance)?;
        }
        let pass = admitted.map_err(words_of)?;
        if let Some(check) = self.check.take() {
            entrance.age_checks.end(&check.name);
        }
        self.by = token.map(|token| (token.clone(), pass.clone()));
        Ok(pass)
    }

    /// What the check of their age has come to.
    #[expect(clippy::disallowed_methods, reason = "the driver's clock")]
    fn outcome(&mut self, entrance: &Entrance, joining: &Joining) -> Outcome {
        let now = Instant::now();
        if self.check.is_none() {
            let known = joining.age_check.as_ref();
            self.check = known.and_then(|name| entrance.age_checks.find(name, now));
        }
        let Some(check) = &self.check else {
            return Outcome::Pending;
        };
        match check.outcome() {
            Outcome::Found(age) => {
                self.age = age;
                Outcome::Found(age)
            }
            Outcome::Pending if check.left(now).is_zero() => {
                // The next `join` begins another.
                self.check = None;
                Outcome::Found(None)
            }
            Outcome::Pending => Outcome::Pending,
        }
    }

    /// Sends them to where ages are checked, if there is such a place.
    #[expect(clippy::disallowed_methods, reason = "the driver's clock")]
    fn check_age(&mut self, entrance: &Entrance) -> Result<(), Box<FromServer>> {
        let now = Instant::now();
        let begun = match self.check.take() {
            Some(check) => Ok(Some(check)),
            None => entrance.age_checks.begin(now),
        };
        let begun = begun.map_err(|Crowded| {
            let wait = limits::BACKEND_RETRY_AFTER.as_secs() * 1_000;
            Box::new(FromServer::error(ErrorCode::Full, Some(wait)))
        })?;
        let Some(check) = begun else { return Ok(()) };
        let words = FromServer::AgeCheckRequired {
            check: check.name.clone(),
            url: entrance.age_checks.url(&check.name),
            wait_ms: u64::try_from(check.left(now).as_millis()).unwrap_or(u64::MAX),
        };
        self.check = Some(check);
        Err(Box::new(words))
    }
}

fn words_of(refusal: Refusal) -> Box<FromServer> {
    let code = match refusal {
        Refusal::Unauthorized => ErrorCode::Unauthorized,
        Refusal::Forbidden => ErrorCode::Forbidden,
        Refusal::AgeNotAssured => ErrorCode::AgeNotAssured,
    };
    Box::new(FromServer::error(code, None))
}

fn token_of(request: &Request) -> Option<Private<String>> {
    let value = request.headers().get(header::AUTHORIZATION);
    value.and_then(bearer)
}

/// The token of an `Authorization` header (RFC 6750, 2.1).
fn bearer(value: &HeaderValue) -> Option<Private<String>> {
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    let is_bearer = scheme.eq_ignore_ascii_case("bearer");
    is_bearer.then(|| Private::new(token.trim().to_owned()))
}

#[expect(
    clippy::disallowed_methods,
    reason = "a token expires by the clock of those who make it"
)]
/// Seconds since 1970.
pub(super) fn seconds() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
