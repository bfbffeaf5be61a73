//! [`LegState`]: where a leg stands, as `GET /v1/legs/{leg}/state` shows it.

use serde::Serialize;
use utoipa::ToSchema;

use super::address_book::Leg;
use super::keeper::Connection;
use super::muted::MuteJson;
use crate::control::Screening;
use crate::direction::Direction;

/// Where a leg stands.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "direction": "sendrecv", "connection": "connected", "other": null, "screening": "passed", "blocked": null,
    "muted": {"audio": false, "video": false}, "matched": false,
}))]
pub(super) struct LegState {
    /// Which way its media flows, as its offer says it.
    direction: Way,
    connection: Connection,
    /// The connection of the session's other leg, where one sends and one receives.
    #[schema(required)]
    other: Option<Connection>,
    /// How far the look at its picture is; null where nobody looks at pictures.
    #[schema(required)]
    screening: Option<Look>,
    /// What was seen, if its picture is stopped for it.
    #[schema(required)]
    blocked: Option<String>,
    /// What of it nobody gets, because you said so.
    muted: MuteJson,
    /// Whether it faces another leg.
    matched: bool,
}

/// How far the look at a picture is that comes before the first match.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Screening)]
enum Look {
    /// Nothing is judged yet.
    Pending,
    /// It takes longer than it should.
    Overdue,
    /// The leg can be matched.
    Passed,
}

/// Which way media flows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Direction)]
pub(super) enum Way {
    /// Both ways.
    SendRecv,
    /// From the visitor to the server.
    SendOnly,
    /// From the server to the visitor.
    RecvOnly,
}

impl LegState {
    /// Of a leg, and of the other one of its session. What is seen of a session, and whom it faces, is
    /// known of the leg that sends.
    pub(super) fn of(leg: &Leg, other: Option<&Leg>) -> Self {
        let sender = match (leg.direction, other) {
            (Direction::RecvOnly, Some(publisher)) => publisher,
            _ => leg,
        };
        let standing = sender.reach.standing.borrow();
        let connection_of = |leg: &Leg| leg.reach.standing.borrow().connection;
        Self {
            direction: leg.direction.into(),
            connection: connection_of(leg),
            other: other.map(connection_of),
            screening: standing.screening.map(Look::from),
            blocked: standing.blocked.as_ref().map(ToString::to_string),
            muted: sender.muted.into(),
            matched: standing.match_id.is_some(),
        }
    }
}

impl From<Direction> for Way {
    fn from(direction: Direction) -> Self {
        match direction {
            Direction::SendRecv => Self::SendRecv,
            Direction::SendOnly => Self::SendOnly,
            Direction::RecvOnly => Self::RecvOnly,
        }
    }
}

impl From<Screening> for Look {
    fn from(screening: Screening) -> Self {
        match screening {
            Screening::Pending => Self::Pending,
            Screening::Overdue => Self::Overdue,
            Screening::Passed => Self::Passed,
        }
    }
}
