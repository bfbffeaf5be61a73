//! What everybody at the desk needs to know: who they are, the reasons to choose from, the policy.

use axum::extract::State;
use axum::{Extension, Json};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::refusal::Refusal;
use super::rights::Action;
use super::{Console, actor};
use crate::moderation::{Deed, Label};
use crate::store::Moderator;

pub(super) async fn me(Extension(person): Extension<Moderator>) -> Json<Value> {
    let may: Vec<_> = Action::ALL
        .into_iter()
        .filter(|action| action.is_for(person.role))
        .map(Action::word)
        .collect();
    Json(json!({ "name": person.name, "role": person.role.word(), "may": may }))
}

pub(super) async fn reasons(State(console): State<Console>) -> Json<Value> {
    Json(json!({ "reasons": console.0.reasons }))
}

pub(super) async fn reload(
    State(console): State<Console>,
    Extension(person): Extension<Moderator>,
) -> Result<Json<Value>, Refusal> {
    let reason = "asks for the policy to be read again".to_owned();
    console
        .write(actor(&person), Deed::Policy, Label::NEUTRAL, reason)
        .await?;
    let (done, answer) = oneshot::channel();
    let asked = console.0.reloads.send(done).await;
    asked.map_err(|_| Refusal::Ending)?;
    match answer.await {
        Ok(Ok(version)) => Ok(Json(json!({ "version": version }))),
        Ok(Err(wrong)) => Err(Refusal::WrongPolicy(wrong)),
        Err(_) => Err(Refusal::Ending),
    }
}
