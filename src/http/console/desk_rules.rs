//! What everybody at the desk needs to know: who they are, the reasons to choose from, the policy.

use axum::extract::State;
use axum::{Extension, Json};
use serde::Serialize;
use tokio::sync::oneshot;
use utoipa::ToSchema;

use super::refusal::Refusal;
use super::rights::Action;
use super::{Console, actor};
use crate::moderation::{Deed, Label};
use crate::store::Moderator;

/// Whoever asks.
#[derive(Serialize, ToSchema)]
#[schema(as = Me)]
pub(super) struct MeJson {
    name: String,
    #[schema(example = "senior")]
    role: &'static str,
    /// What this role may ask for.
    #[schema(example = json!(["sign_in", "see_cases", "see_bans"]))]
    may: Vec<&'static str>,
}

/// See who you are
#[utoipa::path(
    get,
    path = "/me",
    tag = "Console",
    operation_id = "getMe",
    responses((status = 200, description = "Your name, your role and what it may.", body = MeJson)),
)]
pub(super) async fn me(Extension(person): Extension<Moderator>) -> Json<MeJson> {
    let may = Action::ALL.into_iter();
    let may = may.filter(|action| action.is_for(person.role));
    Json(MeJson {
        name: person.name,
        role: person.role.word(),
        may: may.map(Action::word).collect(),
    })
}

/// What a decision may be for.
#[derive(Serialize, ToSchema)]
#[schema(as = Reasons)]
pub(super) struct ReasonsJson {
    #[schema(example = json!(["nudity", "mistake"]))]
    reasons: Vec<String>,
}

/// See the reasons to choose from
///
/// Those of `moderation.reasons`.
#[utoipa::path(
    get,
    path = "/reasons",
    tag = "Console",
    operation_id = "listReasons",
    responses((status = 200, description = "Each may be given for a decision.", body = ReasonsJson)),
)]
pub(super) async fn reasons(State(console): State<Console>) -> Json<ReasonsJson> {
    let reasons = console.0.reasons.clone();
    Json(ReasonsJson { reasons })
}

/// A policy that is in force.
#[derive(Serialize, ToSchema)]
#[schema(as = PolicyVersion)]
pub(super) struct VersionJson {
    version: String,
}

/// Have the policy read again
///
/// A wrong one changes nothing.
#[utoipa::path(
    post,
    path = "/policy/reload",
    tag = "Console",
    operation_id = "reloadPolicy",
    responses((status = 200, description = "It is in force.", body = VersionJson)),
    extensions(("x-problems" = json!(["wrong_policy", "not_written", "ending"]))),
)]
pub(super) async fn reload(
    State(console): State<Console>,
    Extension(person): Extension<Moderator>,
) -> Result<Json<VersionJson>, Refusal> {
    let reason = "asks for the policy to be read again".to_owned();
    console
        .write(actor(&person), Deed::Policy, Label::NEUTRAL, reason)
        .await?;
    let (done, answer) = oneshot::channel();
    let asked = console.0.reloads.send(done).await;
    asked.map_err(|_| Refusal::Ending)?;
    match answer.await {
        Ok(Ok(version)) => Ok(Json(VersionJson { version })),
        Ok(Err(wrong)) => Err(Refusal::WrongPolicy(wrong)),
        Err(_) => Err(Refusal::Ending),
    }
}
