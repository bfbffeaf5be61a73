//! What passes between a visitor's WebSocket and the control task.

use std::fmt;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::line::SocketId;
use crate::id::{MatchId, SessionId};
use crate::lobby::{Ask, ByeReason, Notice, Standing, Unpaired, Wish};
use crate::media::{Muted, OfferError, Quality};
use crate::moderation::{Actor, DeviceKey, Label, NetworkKey, Policy, Ruling, Score};
use crate::private::Private;
use crate::store::Outside;

/// What a WebSocket asks of the control task.
#[derive(Debug)]
pub enum Request {
    /// It is there.
    Connect {
        /// Its name.
        socket: SocketId,
        /// What it is told goes in here.
        outbox: mpsc::Sender<Message>,
        /// Dropped when it is given up.
        hold: oneshot::Sender<()>,
    },
    /// Its visitor wants to begin a stay.
    Join {
        /// Its name.
        socket: SocketId,
        /// What the visitor wants.
        wish: Wish,
        /// By what they are known again.
        marks: Marks,
    },
    /// It brings a leg that only receives, for a session whose own only sends.
    Attend {
        /// Its name.
        socket: SocketId,
        /// The line of that session.
        publisher: SocketId,
        /// An offer.
        offer: Private<String>,
    },
    /// It brings a leg that sees what a session sends, unnoticed.
    LookOn {
        /// Its name.
        socket: SocketId,
        /// A line of that session.
        at: SocketId,
        /// An offer.
        offer: Private<String>,
        /// Who looks on.
        by: Actor,
    },
    /// Its visitor goes on with a stay.
    Resume {
        /// Its name.
        socket: SocketId,
        /// From the last [`Ticket`].
        token: Private<String>,
        /// An offer with new ICE credentials.
        offer: Option<Private<String>>,
    },
    /// Its visitor asks for something.
    Ask {
        /// Its name.
        socket: SocketId,
        /// What.
        ask: Ask,
    },
    /// It is gone.
    Disconnect {
        /// Its name.
        socket: SocketId,
    },
    /// A backend wants something of sessions of its own.
    Backend(Demand),
    /// Another policy is in force.
    Replace {
        /// The policy.
        policy: Policy,
    },
    /// A device that was kept out may come in again.
    Readmit {
        /// The device.
        device: DeviceKey,
    },
    /// Another process on the same store keeps a device out.
    KeptOut {
        /// The device, for how long and why.
        outside: Outside,
    },
    /// A person has decided about a case, and that is written down.
    Rule(Ruled),
    /// Admit no more, and end within the time.
    Drain {
        /// The time.
        within: Duration,
        /// What everybody is told who goes.
        bye: ByeReason,
        /// Told when nobody is left.
        done: oneshot::Sender<()>,
    },
}

/// What a backend wants of sessions of its own.
#[derive(Debug)]
pub enum Demand {
    /// Bring two together, whoever they faced before.
    Pair {
        /// The lines of both, whose sessions are led.
        sockets: [SocketId; 2],
        /// Told the match before anybody in it is.
        begun: Begun,
        /// Told the match, or why there is none.
        done: oneshot::Sender<Result<MatchId, Unpaired>>,
    },
    /// End the match that a session is in.
    Unpair {
        /// The line of either.
        socket: SocketId,
        /// Told whether there was one.
        done: oneshot::Sender<bool>,
    },
    /// Tell whether a match goes on.
    Find {
        /// The match.
        match_id: MatchId,
        /// Told whether it does.
        done: oneshot::Sender<bool>,
    },
    /// Tell how well the match goes that a leg is in.
    Measure {
        /// The line of the leg.
        socket: SocketId,
        /// Told that.
        done: oneshot::Sender<Measured>,
    },
    /// Do what a service of the operator's decides about a session.
    Order {
        /// A line of the session.
        socket: SocketId,
        /// What.
        order: Order,
        /// Told whether it is on its way to be written down and done.
        done: oneshot::Sender<Result<(), Unordered>>,
    },
    /// Mute what a session sends, or no longer.
    Mute {
        /// A line of the session.
        socket: SocketId,
        /// What nobody gets of it.
        muted: Muted,
        /// Told whether the session is there.
        done: oneshot::Sender<bool>,
    },
}

/// How well a match goes, as one of its sessions sees it: none where nothing is measured yet.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Measured {
    /// What it sends.
    pub sends: Option<Box<Quality>>,
    /// What it receives.
    pub receives: Option<Box<Quality>>,
}

/// What a service of the operator's decides about a session.
#[derive(Debug)]
pub struct Order {
    /// What.
    pub ruling: Ruling,
    /// Why.
    pub label: Label,
    /// Who.
    pub by: Actor,
}

/// Why an order is not carried out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unordered {
    /// There is no such session.
    #[error("there is no such session, or it is over")]
    Gone,
    /// Nothing is moderated here: there is no log to write it down in.
    #[error("this server moderates nothing: moderation.enabled is off")]
    NotModerated,
}

/// Whoever is told of a match before the two who are in it.
pub struct Begun(pub(super) Box<dyn FnOnce(MatchId) + Send>);

impl fmt::Debug for Begun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Begun")
    }
}

/// By what a visitor is known again.
#[derive(Clone, Default, Debug)]
pub struct Marks {
    /// The token of a browser that was here before.
    pub device: Option<Private<String>>,
    /// Who they are to the operator, by their access token.
    pub account: Option<Private<String>>,
    /// Their network under the key of today, and under the one before.
    pub network: Option<[NetworkKey; 2]>,
}

/// What a person has decided, to be done.
#[derive(Debug)]
pub struct Ruled {
    /// About whom, if they may still be there.
    pub session: Option<SessionId>,
    /// Their device, if it is known.
    pub device: Option<DeviceKey>,
    /// What.
    pub ruling: Ruling,
    /// Why.
    pub label: Label,
    /// Who.
    pub by: Actor,
}

/// What a visitor is told.
#[derive(Debug)]
pub enum Message {
    /// The stay has begun.
    Joined {
        /// How to resume it.
        ticket: Ticket,
        /// How many sessions there are.
        online: usize,
        /// By which the browser is known when it comes again.
        device: Option<Private<String>>,
    },
    /// The stay goes on.
    Resumed {
        /// How to resume it the next time.
        ticket: Ticket,
        /// How many sessions there are.
        online: usize,
        /// Where it stands.
        standing: Standing,
    },
    /// The answer to the last offer.
    Answer(Private<String>),
    /// What the lobby says.
    Notice(Notice),
    /// The partner's first picture is on its way.
    Picture {
        /// The match.
        match_id: MatchId,
        /// RTP timestamp from which on pictures are of this match.
        timestamp: u32,
    },
    /// How well went one direction of a match that is over.
    Measured(Measured),
    /// What is seen in a picture of a session that a backend leads.
    Judged(Vec<Score>),
    /// How far the look at the visitor's picture is.
    Screening(Screening),
    /// What the visitor shows is against the rules.
    Warned(Label),
    /// A picture is stopped, or passes again.
    Blocked {
        /// Whose picture.
        whose: Whose,
        /// Whether it is stopped.
        blocked: bool,
        /// What was seen, for the visitor whose picture it is.
        label: Option<Label>,
        /// The code of the case, for the same.
        case: Option<String>,
    },
    /// The stay is ended by policy; the lobby's farewell follows.
    Ended {
        /// What was seen.
        label: Label,
        /// When the visitor may come back.
        retry_after: Duration,
        /// The code of the case, to ask for another look with.
        case: Option<String>,
    },
    /// What was asked for was not done.
    Refused(Refusal),
    /// The stay goes on on another WebSocket.
    Replaced,
}

/// How far the look at a visitor's picture is that comes before the first match.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Screening {
    /// Nothing is judged yet.
    Pending,
    /// It takes longer than it should.
    Overdue,
    /// The visitor may be met.
    Passed,
}

/// Whose picture.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Whose {
    /// The visitor's.
    Own,
    /// The partner's.
    Partner,
}

/// How to go on with a stay on a new WebSocket.
#[derive(Clone, Debug)]
pub struct Ticket {
    /// Good for one [`Request::Resume`].
    pub token: Private<String>,
    /// How long after the WebSocket is lost.
    pub grace: Duration,
}

/// Why something was not done, where the lobby was not asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    /// No stay has begun on this WebSocket.
    #[error("join or resume comes first")]
    NotJoined,
    /// One has.
    #[error("this WebSocket carries a stay already")]
    AlreadyJoined,
    /// Who looks on is written down, and here is no log for it.
    #[error("this server moderates nothing: moderation.enabled is off")]
    NotModerated,
    /// The token resumes nothing.
    #[error("the token is spent, has expired or was never given")]
    UnknownToken,
    /// What was written does not reach the partner.
    #[error("the text is kept back by the rules of this server")]
    KeptBack,
    /// The media plane does not answer the offer.
    #[error("the offer is not answered")]
    Offer(#[source] OfferError),
}
