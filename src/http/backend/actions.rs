//! `POST /v1/legs/{leg}/actions`: what a service of the operator's decides about whoever sends by a leg.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::Deserialize;
use utoipa::ToSchema;

use super::legs::{find, no_leg};
use super::matches::unread;
use super::{Asker, Backend};
use crate::control::{Order, Unordered};
use crate::http::problem_json::Problem;
use crate::limits;
use crate::moderation::{Actor, LASTING, Label, Ruling};

/// What is to be done.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Action, example = json!({ "action": "cooldown", "label": "weapons", "lasts_ms": 3_600_000 }))]
pub(super) struct Act {
    action: Kind,
    /// For what: a word in `snake_case`, which the visitor is told.
    #[schema(pattern = "^[a-z][a-z0-9_]*$", max_length = 32)]
    label: String,
    /// Of a cooldown: for how many milliseconds the visitor stays away. An hour, if it is missing.
    #[schema(minimum = 1_000, maximum = 2_592_000_000_u64)]
    lasts_ms: Option<u64>,
}

/// What may be done.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ActionKind)]
enum Kind {
    /// The visitor is told.
    Warn,
    /// The picture is stopped, until it is unblurred by a service or a person.
    Blur,
    /// It goes on, and what a machine held against it is forgiven.
    Unblur,
    /// The leg is closed.
    End,
    /// The same, and whoever has the same `sub` is turned away for a while.
    Cooldown,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::Warn => "warn",
            Self::Blur => "blur",
            Self::Unblur => "unblur",
            Self::End => "end",
            Self::Cooldown => "cooldown",
        }
    }
}

/// Act on whoever sends by a leg
///
/// For moderation of your own beside what the server does by itself. The decision is in the audit log before
/// it is done, with the `sub` of your token; what stops a picture or ends a stay opens a case, so that a
/// person at the console sees it and the visitor may ask for another look. That it is done tell the events.
/// A ban is for people, at the console.
#[utoipa::path(
    post,
    path = "/v1/legs/{leg}/actions",
    tag = "Moderation",
    operation_id = "actOnLeg",
    params(("leg" = String, Path, description = "The last part of the leg's `Location`",
        example = "5f0c8a52c7d94e0b9a3f1d6e8b7c4a20")),
    request_body = Act,
    responses((status = 202, description = "It is written down, and then done.")),
    extensions(("x-problems" = json!([
        "unreadable", "bad_action", "no_such_leg", "not_moderated", "too_long", "wrong_media_type",
    ]))),
)]
pub(super) async fn act(
    State(backend): State<Backend>,
    Extension(asker): Extension<Asker>,
    Path(name): Path<String>,
    act: Result<Json<Act>, JsonRejection>,
) -> Result<StatusCode, Problem> {
    let (_, leg) = find(&backend, name)?;
    let Json(act) = act.map_err(unread)?;
    let (ruling, label) = act.read()?;
    let order = Order {
        ruling,
        label,
        by: asker.actor(),
    };
    let ordered = backend.control.order(leg.reach.socket, order).await;
    match ordered.ok_or_else(no_leg)? {
        Ok(()) => Ok(StatusCode::ACCEPTED),
        Err(Unordered::Gone) => Err(no_leg()),
        Err(Unordered::NotModerated) => Err(not_moderated()),
    }
}

impl Act {
    fn read(&self) -> Result<(Ruling, Label), Problem> {
        let label = Label::new(&self.label).map_err(|why| bad_action(why.to_string()))?;
        if self.lasts_ms.is_some() && self.action != Kind::Cooldown {
            return Err(bad_action("only a cooldown lasts".to_owned()));
        }
        let lasts = self.lasts_ms.map(Duration::from_millis);
        if lasts.is_some_and(|lasts| lasts > LASTING) {
            let detail = "a cooldown lasts 30 days at most: longer is for people to decide";
            return Err(bad_action(detail.to_owned()));
        }
        let ruling = Ruling::of_word(self.action.word(), lasts);
        let ruling = ruling.map_err(|why| bad_action(why.to_string()))?;
        Ok((ruling, label))
    }
}

impl Asker {
    /// As they stand in the audit log: by what the operator calls them, as far as it is short.
    pub(super) fn actor(&self) -> Actor {
        let account = self.account.as_ref();
        let name = account.map_or("", |account| account.reveal().as_str());
        let plain = name.chars().filter(|char| !char.is_control());
        let name: String = plain.take(limits::MODERATOR_NAME_CHARS).collect();
        Actor::Backend(Arc::from(name))
    }
}

fn bad_action(detail: String) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "bad_action", detail)
}

pub(super) fn not_moderated() -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "not_moderated",
        Unordered::NotModerated,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<(Ruling, Label), ()> {
        let act: Act = serde_json::from_str(body).map_err(|_| ())?;
        act.read().map_err(|_| ())
    }

    #[test]
    fn an_action_is_one_of_five_with_a_label() {
        let cooled = read(r#"{"action":"cooldown","label":"weapons","lasts_ms":60000}"#);
        let minute = Duration::from_secs(60);
        let weapons = Label::new("weapons").unwrap();
        assert_eq!(cooled, Ok((Ruling::Cooldown(minute), weapons.clone())));
        assert_eq!(
            read(r#"{"action":"unblur","label":"weapons"}"#),
            Ok((Ruling::Unblur, weapons))
        );
        for bad in [
            r#"{"action":"ban","label":"weapons"}"#,
            r#"{"action":"warn"}"#,
            r#"{"action":"warn","label":"No Word"}"#,
            r#"{"action":"warn","label":"weapons","lasts_ms":60000}"#,
            r#"{"action":"cooldown","label":"weapons","lasts_ms":0}"#,
            r#"{"action":"cooldown","label":"weapons","lasts_ms":2592000001}"#,
            r#"{"action":"warn","label":"weapons","more":1}"#,
        ] {
            assert_eq!(read(bad), Err(()), "{bad}");
        }
    }

    #[test]
    fn a_service_is_written_down_by_a_short_plain_name() {
        let named = |name: &str| {
            let asker = Asker {
                account: Some(crate::private::Private::new(name.to_owned())),
                band: crate::age::AgeBand::Adult,
            };
            asker.actor().to_string()
        };
        assert_eq!(named("watcher\n2"), "backend watcher2");
        assert!(named(&"x".repeat(4_000)).len() < 300);
    }
}
