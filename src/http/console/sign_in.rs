//! Who asks: a token in the header `authorization`, looked up for each request, and the role that
//! goes with it.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use aws_lc_rs::digest::{SHA256, digest};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::attempts::TokenHash;
use super::refusal::Refusal;
use super::rights::Action;
use super::{Console, actor};
use crate::http::prefixes::origin_address;
use crate::metrics;
use crate::moderation::{Actor, Deed, Label};
use crate::private::Private;
use crate::store::Moderator;

/// Stands before one route.
#[derive(Clone)]
pub(super) struct Gate {
    console: Console,
    action: Action,
}

impl Gate {
    pub(super) const fn new(console: Console, action: Action) -> Self {
        Self { console, action }
    }
}

/// What a request says of whoever sends it.
struct Asker {
    token: Option<Private<String>>,
    address: Option<IpAddr>,
    /// What is asked for, as the log has it: the pattern of the address, not the address itself,
    /// which may be anything.
    asked: String,
}

impl Asker {
    fn of(request: &Request, action: Action) -> Self {
        let extensions = request.extensions();
        let pattern = extensions.get().map_or("", MatchedPath::as_str);
        Self {
            token: token(request.headers()),
            address: origin_address(extensions, request.headers()),
            asked: format!("{}: {} {pattern}", action.word(), request.method()),
        }
    }
}

/// Lets through whoever may do what the route does, and tells the route who it is.
pub(super) async fn admit(State(gate): State<Gate>, mut request: Request, next: Next) -> Response {
    let Gate { console, action } = gate;
    let now = tokio::time::Instant::now().into_std();
    let asker = Asker::of(&request, action);
    match console.admit(asker, action, now).await {
        Ok(person) => {
            request.extensions_mut().insert(person);
            next.run(request).await
        }
        Err(refusal) => {
            count(&refusal);
            refusal.into_response()
        }
    }
}

impl Console {
    async fn admit(
        &self,
        asker: Asker,
        action: Action,
        now: Instant,
    ) -> Result<Moderator, Refusal> {
        let found = match asker.token {
            Some(token) => self.who(token, asker.address, now).await,
            None => Err(Refusal::UnknownToken),
        };
        let (by, refusal) = match found {
            Ok(person) if action.is_for(person.role) => return Ok(person),
            Ok(person) => {
                let role = person.role.word();
                (Some(person), Refusal::NotYourRole { role })
            }
            Err(Refusal::UnknownToken) => (None, Refusal::UnknownToken),
            Err(refusal) => return Err(refusal),
        };
        self.write_refused(by.as_ref(), asker.asked, now).await;
        Err(refusal)
    }

    async fn who(
        &self,
        token: Private<String>,
        address: Option<IpAddr>,
        now: Instant,
    ) -> Result<Moderator, Refusal> {
        let hash = hash(&token);
        let taken = self.0.attempts.lock().take(address, &hash, now);
        taken.map_err(|retry_after| Refusal::TooManyAttempts { retry_after })?;
        let found = self.look_up(token).await?;
        let mut attempts = self.0.attempts.lock();
        if let Some(person) = found {
            attempts.remember(hash);
            return Ok(person);
        }
        attempts.forget(&hash);
        Err(Refusal::UnknownToken)
    }

    /// Reads the list anew: whoever was removed a moment ago is nobody.
    async fn look_up(&self, token: Private<String>) -> Result<Option<Moderator>, Refusal> {
        let place = self.0.lookups.acquire().await;
        let _place = place.map_err(|_| Refusal::Ending)?;
        let moderators = Arc::clone(&self.0.moderators);
        // It may wait up to a second for another program that writes to the list.
        let find = move || moderators.lock().find(&token);
        match tokio::task::spawn_blocking(find).await {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(_)) | Err(_) => Err(Refusal::Store),
        }
    }

    async fn write_refused(&self, person: Option<&Moderator>, asked: String, now: Instant) {
        let name = person.map(|person| person.name.as_str());
        let Some(without) = self.0.refused.lock().count(name, now) else {
            return;
        };
        let reason = match without {
            0 => asked,
            _ => format!("{asked}; {without} before it got no line"),
        };
        let by = person.map_or(Actor::Nobody, actor);
        // It is refused either way, and the log's writer says what goes wrong.
        let _ = self.write(by, Deed::Refuse, Label::NEUTRAL, reason).await;
    }
}

/// As in RFC 6750, 2.1.
fn token(headers: &HeaderMap) -> Option<Private<String>> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let is_bearer = scheme.eq_ignore_ascii_case("bearer");
    is_bearer.then(|| Private::new(token.trim().to_owned()))
}

fn hash(token: &Private<String>) -> TokenHash {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, token.reveal().as_bytes()).as_ref());
    hash
}

fn count(refusal: &Refusal) {
    let why = match refusal {
        Refusal::UnknownToken => "unknown_token",
        Refusal::TooManyAttempts { .. } => "too_many_attempts",
        Refusal::NotYourRole { .. } => "not_your_role",
        _ => "other",
    };
    metrics::CONSOLE_REFUSED.counter_of(why).increment(1);
}
