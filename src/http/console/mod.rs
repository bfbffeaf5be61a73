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
use axum::{Router, middleware};
use parking_lot::Mutex;
use tokio::sync::{Semaphore, mpsc, oneshot};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::control::{Casework, Handle};
use crate::http::description::{MODERATOR_TOKEN, refuse, secure};
use crate::http::prefixes::Prefixes;
use crate::http::problem_json::tell_all_alike;
use crate::limits;
use crate::metrics;
use crate::moderation::{Actor, AuditLine, Deed, Label};
use crate::store::{AuditLog, KeptOut, Moderator, Moderators, Role};
use attempts::Attempts;
use refusal::{PROBLEMS, Refusal};
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
    let guard = |group: OpenApiRouter<Console>, action| {
        let gate = sign_in::Gate::new(console.clone(), action);
        group.layer(middleware::from_fn_with_state(gate, sign_in::admit))
    };
    let (desk, _) = desk(guard).merge(cases(guard)).split_for_parts();
    let desk = desk
        .fallback(async || Refusal::NoSuchRoute)
        .method_not_allowed_fallback(async || Refusal::NoSuchMethod)
        .with_state(console.clone());
    let (appeals, _) = appeals::table().split_for_parts();
    Router::new()
        .nest("/v1/console", desk)
        .merge(appeals.with_state(console))
        .layer(DefaultBodyLimit::max(limits::CONSOLE_REQUEST_BYTES))
        .layer(middleware::map_response(tell_all_alike))
        .layer(middleware::map_response(keep_nothing))
}

/// The same, described.
pub(super) fn described() -> OpenApi {
    let with_roles = |mut group: OpenApiRouter<Console>, action: Action| {
        let roles: Vec<_> = Role::ALL
            .into_iter()
            .filter(|role| action.is_for(*role))
            .map(Role::word)
            .collect();
        secure(group.get_openapi_mut(), MODERATOR_TOKEN, &roles);
        group
    };
    let desk = desk(with_roles).merge(cases(with_roles));
    let mut api = OpenApiRouter::default()
        .nest("/v1/console", desk)
        .into_openapi();
    let all = [
        "unknown_token",
        "not_your_role",
        "no_desk",
        "too_many_attempts",
    ];
    refuse(&mut api, &PROBLEMS, &all);
    let mut appeals = appeals::table().into_openapi();
    refuse(&mut appeals, &PROBLEMS, &["no_desk"]);
    api.merge(appeals);
    api
}

/// What everybody at the desk needs, each behind what it takes.
fn desk(
    to: impl Fn(OpenApiRouter<Console>, Action) -> OpenApiRouter<Console>,
) -> OpenApiRouter<Console> {
    let one = |route| OpenApiRouter::default().routes(route);
    let rules = one(routes!(desk_rules::me)).routes(routes!(desk_rules::reasons));
    to(rules, Action::SignIn)
        .merge(to(one(routes!(bans::list)), Action::SeeBans))
        .merge(to(one(routes!(bans::lift)), Action::LiftBans))
        .merge(to(one(routes!(trail::read)), Action::ReadTrail))
        .merge(to(one(routes!(figures::figures)), Action::SeeFigures))
        .merge(to(one(routes!(figures::transparency)), Action::Publish))
        .merge(to(one(routes!(desk_rules::reload)), Action::ReloadPolicy))
}

/// What is done with cases.
fn cases(
    to: impl Fn(OpenApiRouter<Console>, Action) -> OpenApiRouter<Console>,
) -> OpenApiRouter<Console> {
    let cases = OpenApiRouter::default()
        .routes(routes!(case_routes::queue))
        .routes(routes!(case_routes::events))
        .routes(routes!(case_routes::next))
        .routes(routes!(case_routes::whole))
        .routes(routes!(case_routes::lease, case_routes::give_back))
        .routes(routes!(case_routes::decide))
        .routes(routes!(case_routes::escalate))
        .routes(routes!(case_routes::picture))
        .routes(routes!(case_routes::export))
        .routes(routes!(case_routes::trail));
    let hold = OpenApiRouter::default().routes(routes!(case_routes::hold));
    to(cases, Action::SeeCases).merge(to(hold, Action::HoldCases))
}

/// What a moderator sees stays in no browser's cache.
async fn keep_nothing(mut response: Response) -> Response {
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
