//! The moderators' side of the HTTP API, under `/v1/console`.
//!
//! 1. The route table below says for each request which [`rights::Action`] it is.
//! 2. [`sign_in`] finds out who asks, by their token, as often as [`attempts`] allows.
//! 3. [`rights`] says whether their role may do it; what is refused is written down by [`refused`].
//! 4. [`bans`], [`trail`], [`figures`] and [`desk_rules`] do it: **the audit line first, then what it says**.
//! 5. [`case_routes`] put it to [`Casework`], which keeps the same order; [`case_json`] writes the
//!    answers. Beside it, [`appeals`] are for visitors, who need no token but their case's code.
//!    [`cybertip`] makes a case about a child one file for whoever reports it.
//! 6. Whatever goes wrong on the way is told as a [`refusal`].

mod appeals;
mod asked;
mod attempts;
mod bans;
mod case_json;
mod case_routes;
mod cybertip;
mod desk_rules;
mod figures;
mod refusal;
mod refused;
mod rights;
mod sign_in;
mod trail;

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use axum::routing::{MethodRouter, get, post};
use axum::{Router, middleware};
use parking_lot::Mutex;
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::control::{Casework, Handle};
use crate::http::prefixes::Prefixes;
use crate::limits;
use crate::metrics;
use crate::moderation::{Actor, AuditLine, Deed, Label};
use crate::store::{AuditLog, KeptOut, Moderator, Moderators};
use attempts::Attempts;
use refusal::Refusal;
use refused::Refused;
use rights::Action;

/// Asks for the policy to be read again; the answer is its version, or what is wrong with it.
pub type Reload = oneshot::Sender<Result<String, String>>;

/// What the console works on.
pub struct Parts {
    /// Who may decide.
    pub moderators: Moderators,
    /// Where decisions are written down.
    pub audit: AuditLog,
    /// Who stays outside.
    pub kept_out: KeptOut,
    /// Where decisions are carried out.
    pub control: Handle,
    /// What waits for a decision.
    pub casework: Casework,
    /// The operator's reasons for a decision.
    pub reasons: Vec<String>,
    /// Whoever reads the policy again.
    pub reloads: mpsc::Sender<Reload>,
}

/// Everything that a request to the console needs; cheap to clone.
#[derive(Clone)]
pub struct Console(Arc<Shared>);

struct Shared {
    /// The list is read for each request, by one at a time.
    moderators: Arc<Mutex<Moderators>>,
    lookups: Semaphore,
    tallies: Semaphore,
    attempts: Mutex<Attempts>,
    refused: Mutex<Refused>,
    news: Mutex<Prefixes>,
    appeals: Mutex<Prefixes>,
    casework: Casework,
    audit: AuditLog,
    kept_out: KeptOut,
    control: Handle,
    reasons: Vec<String>,
    reloads: mpsc::Sender<Reload>,
}

impl Console {
    /// Around what it works on.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(Shared {
            moderators: Arc::new(Mutex::new(parts.moderators)),
            lookups: Semaphore::new(limits::SIGN_INS_AT_ONCE),
            tallies: Semaphore::new(1),
            attempts: Mutex::new(Attempts::default()),
            refused: Mutex::new(Refused::default()),
            news: Mutex::new(Prefixes::new(appeals::NEWS, limits::APPEAL_NETWORKS)),
            appeals: Mutex::new(Prefixes::new(appeals::APPEALS, limits::APPEAL_NETWORKS)),
            casework: parts.casework,
            audit: parts.audit,
            kept_out: parts.kept_out,
            control: parts.control,
            reasons: parts.reasons,
            reloads: parts.reloads,
        }))
    }

    /// Writes down what somebody is about to do. **Only then may it be done.**
    async fn write(
        &self,
        actor: Actor,
        deed: Deed,
        label: Label,
        reason: String,
    ) -> Result<(), Refusal> {
        let line = AuditLine {
            actor,
            session: None,
            label,
            score: 0.0,
            version: Arc::from(""),
            deed,
            reason,
        };
        match self.0.audit.append(vec![line]).await {
            Ok(Ok(())) => {
                metrics::DECISIONS.counter_of(deed.word()).increment(1);
                Ok(())
            }
            Ok(Err(_)) | Err(_) => Err(Refusal::NotWritten),
        }
    }
}

/// How the audit log names somebody.
fn actor(person: &Moderator) -> Actor {
    Actor::Person(Arc::from(person.name.as_str()))
}

/// The routes. Without a console (nobody looks at pictures) there is nothing to sign in to.
pub fn routes(console: Option<Console>) -> Router {
    let Some(console) = console else {
        let nobody = Router::new().fallback(async || Refusal::NoDesk);
        return Router::new().nest("/v1/console", nobody);
    };
    let desk = desk(&console)
        .merge(cases(&console))
        .fallback(async || Refusal::NoSuchRoute)
        .method_not_allowed_fallback(async || Refusal::NoSuchMethod)
        .with_state(console.clone());
    Router::new()
        .nest("/v1/console", desk)
        .merge(appeals::routes(console))
        .layer(DefaultBodyLimit::max(limits::CONSOLE_REQUEST_BYTES))
        .layer(middleware::map_response(keep_nothing))
}

/// Puts whoever may do it before a route.
fn guard(
    console: &Console,
) -> impl Fn(MethodRouter<Console>, Action) -> MethodRouter<Console> + '_ {
    |method, action| {
        let gate = sign_in::Gate::new(console.clone(), action);
        method.layer(middleware::from_fn_with_state(gate, sign_in::admit))
    }
}

fn desk(console: &Console) -> Router<Console> {
    let to = guard(console);
    Router::new()
        .route("/me", to(get(desk_rules::me), Action::SignIn))
        .route("/reasons", to(get(desk_rules::reasons), Action::SignIn))
        .route("/bans", to(get(bans::list), Action::SeeBans))
        .route("/bans/{id}/lift", to(post(bans::lift), Action::LiftBans))
        .route("/trail", to(get(trail::read), Action::ReadTrail))
        .route("/figures", to(get(figures::figures), Action::SeeFigures))
        .route(
            "/transparency",
            to(get(figures::transparency), Action::Publish),
        )
        .route(
            "/policy/reload",
            to(post(desk_rules::reload), Action::ReloadPolicy),
        )
}

fn cases(console: &Console) -> Router<Console> {
    let to = guard(console);
    let lease = post(case_routes::lease).delete(case_routes::give_back);
    let see = Action::SeeCases;
    Router::new()
        .route("/queue", to(get(case_routes::queue), see))
        .route("/events", to(get(case_routes::events), see))
        .route("/next", to(post(case_routes::next), see))
        .route("/cases/{id}", to(get(case_routes::whole), see))
        .route("/cases/{id}/lease", to(lease, see))
        .route("/cases/{id}/decision", to(post(case_routes::decide), see))
        .route("/cases/{id}/escalate", to(post(case_routes::escalate), see))
        .route(
            "/cases/{id}/evidence/{n}",
            to(get(case_routes::picture), see),
        )
        .route("/cases/{id}/export", to(post(case_routes::export), see))
        .route("/cases/{id}/trail", to(get(case_routes::trail), see))
        .route(
            "/cases/{id}/hold",
            to(post(case_routes::hold), Action::HoldCases),
        )
}

/// What a moderator sees stays in no browser's cache.
async fn keep_nothing(mut response: Response) -> Response {
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
