//! The lobby's door: what comes in ([`Input`]) and what goes out ([`Output`]).

use std::time::Duration;

use super::wish::Wish;
use crate::category::Category;
use crate::codec::VideoCodec;
use crate::direction::Direction;
use crate::id::{MatchId, SessionId};
use crate::private::Private;

/// What the lobby is told. One that names a session which is gone does nothing.
#[derive(Debug)]
pub enum Input {
    /// Somebody is at the door, under a name that was never used.
    Join {
        /// The name.
        session: SessionId,
        /// What they want.
        wish: Wish,
    },
    /// The session's offer is answered.
    Answered {
        /// The session.
        session: SessionId,
        /// The picture coding that its leg speaks.
        video: VideoCodec,
    },
    /// The session's first offer cannot be answered: its stay has not begun.
    Unanswered {
        /// The session.
        session: SessionId,
    },
    /// Something about the session's leg.
    Leg {
        /// The session.
        session: SessionId,
        /// What.
        news: LegNews,
    },
    /// Something about the leg that the session receives by, where its own only sends.
    Player {
        /// The session.
        session: SessionId,
        /// What.
        news: LegNews,
    },
    /// The session asks for something.
    Ask {
        /// The session.
        session: SessionId,
        /// What.
        ask: Ask,
    },
    /// The session's WebSocket is gone.
    Unplugged {
        /// The session.
        session: SessionId,
    },
    /// The session has a new WebSocket.
    Resume {
        /// The session.
        session: SessionId,
        /// An offer with new ICE credentials, if the network changed.
        offer: Option<Private<String>>,
    },
    /// The session's picture has been looked at: it may be met.
    Screened {
        /// The session.
        session: SessionId,
    },
    /// Whether the media plane can carry one more pair.
    Capacity {
        /// Whether it can.
        has_room: bool,
    },
    /// The session's stay is over by the server's will.
    Dismiss {
        /// The session.
        session: SessionId,
    },
    /// Admit no more, and end within the time.
    Drain {
        /// The time.
        within: Duration,
        /// What everybody is told who goes.
        bye: ByeReason,
    },
    /// Time has passed: see [`super::Lobby::next_deadline`].
    Tick,
}

/// What is heard of a leg.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LegNews {
    /// It can be matched.
    Connected,
    /// Nothing is heard of it.
    Silent,
    /// It is heard again.
    Heard,
    /// It is gone.
    Closed,
}

/// What a session asks for.
#[derive(Debug)]
pub enum Ask {
    /// Leave the match if there is one, and look.
    Next,
    /// Leave the match if there is one, and do not look.
    Stop,
    /// Look for these interests from now on.
    Interests(Vec<String>),
    /// Say this to the partner.
    Chat(Private<String>),
    /// Tell the partner whether something is being written.
    Typing {
        /// Whether it is.
        active: bool,
    },
    /// Complain about the partner.
    Report(Complaint),
    /// A new offer for the leg.
    Restart(Private<String>),
    /// End the stay.
    Leave,
}

/// What a session says about its partner.
#[derive(Clone, Debug)]
pub struct Complaint {
    /// About what.
    pub category: Category,
    /// In its own words.
    pub note: Option<Private<String>>,
}

/// What the lobby wants done, in order.
#[derive(Debug)]
pub enum Output {
    /// Tell a session something.
    Tell {
        /// The session.
        session: SessionId,
        /// What.
        notice: Notice,
    },
    /// The stay has begun: tell the session how to resume it.
    Joined {
        /// The session.
        session: SessionId,
        /// How many sessions there are.
        online: usize,
    },
    /// The stay goes on: tell the session where it stands, and how to resume it the next time.
    Resumed {
        /// The session.
        session: SessionId,
        /// How many sessions there are.
        online: usize,
        /// Where it stands.
        standing: Standing,
    },
    /// Make the session's leg, and say whether its offer could be answered.
    Open {
        /// The session.
        session: SessionId,
        /// Its offer.
        offer: Private<String>,
        /// Which way the offer must go.
        direction: Direction,
        /// Whether it came by [`super::Door::Led`], and so may be of any client, not of a browser alone.
        is_led: bool,
    },
    /// Give the session's leg a new offer.
    Restart {
        /// The session.
        session: SessionId,
        /// The offer.
        offer: Private<String>,
    },
    /// Two sessions face each other from now on.
    MatchBegan {
        /// The match.
        match_id: MatchId,
        /// Both sessions.
        sessions: [SessionId; 2],
        /// With legs or without.
        medium: Medium,
        /// How long each of them waited.
        waited: [Duration; 2],
    },
    /// They no longer do.
    MatchEnded {
        /// The match.
        match_id: MatchId,
        /// Both sessions, as in [`Output::MatchBegan`].
        sessions: [SessionId; 2],
        /// With legs or without.
        medium: Medium,
        /// How it ended, as the one who did not end it sees it.
        reason: LeftReason,
        /// How long it lasted.
        lasted: Duration,
    },
    /// A session complains about another.
    Reported {
        /// Who complains.
        session: SessionId,
        /// About whom.
        about: SessionId,
        /// The match in which they met.
        match_id: MatchId,
        /// What is said.
        complaint: Complaint,
    },
    /// The stay is over: nothing more comes of this session.
    Ended {
        /// The session.
        session: SessionId,
    },
    /// Drained: nobody is left.
    Drained,
}

/// What a session is told.
#[derive(Debug)]
pub enum Notice {
    /// Its leg can be matched.
    Connected,
    /// Nothing is heard of its leg.
    Silent,
    /// It is looking.
    Waiting {
        /// How many sessions there are.
        online: usize,
        /// How long it usually takes.
        usual_wait: Option<Duration>,
        /// Whether a common interest is insisted on.
        by_interests: bool,
    },
    /// It has a partner.
    Matched {
        /// The match.
        match_id: MatchId,
        /// What the two have in common.
        common: Common,
        /// How many sessions there are.
        online: usize,
    },
    /// The partner says this.
    Chat(Private<String>),
    /// The partner is writing, or no longer is.
    Typing {
        /// Whether they are.
        active: bool,
    },
    /// The match is over, and not by this session's doing.
    Left {
        /// How it ended.
        reason: LeftReason,
        /// When the lobby looks again by itself.
        requeue: Duration,
    },
    /// It is not looking.
    Idle {
        /// How many sessions there are.
        online: usize,
    },
    /// Its complaint was taken.
    Reported,
    /// The lobby is draining.
    GoingAway {
        /// How long a match may go on.
        drain: Duration,
    },
    /// What it asked for was not done.
    Refused(Refusal),
    /// Its stay is over.
    Bye(ByeReason),
}

/// Where a stay stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Standing {
    /// Not looking.
    Idle,
    /// Looking.
    Waiting,
    /// Between a match and the next look.
    Left,
    /// Facing a partner.
    Matched {
        /// The match.
        match_id: MatchId,
        /// What the two have in common.
        common: Common,
    },
}

/// What two sessions have in common.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Common {
    /// Interests, in small letters.
    pub interests: Vec<String>,
    /// Languages, without region or script.
    pub languages: Vec<String>,
}

/// Whether a match is of two legs or of text alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Medium {
    /// Two legs that speak the same picture coding.
    Video,
    /// No legs.
    Text,
}

/// How a match ended for the one who did not end it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LeftReason {
    /// The partner looks for somebody else.
    Next,
    /// The partner looks no longer.
    Stopped,
    /// The partner's stay is over.
    Gone,
    /// A leg fell silent or broke.
    Lost,
    /// The server ended it.
    Ended,
}

/// Why a stay is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ByeReason {
    /// The visitor left.
    Left,
    /// The server is shutting down.
    Shutdown,
    /// A newer server has taken this one's place, and is reached where this one was.
    Moved,
    /// The server ended it.
    Ended,
}

/// Why two sessions were not brought together.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unpaired {
    /// One of them is not here, or they are one.
    #[error("these are not two sessions that are here")]
    NotTwo,
    /// A visitor decides whom one of them meets.
    #[error("one of them looks for itself")]
    NotLed,
    /// A leg is not connected, or silent, or has no player yet.
    #[error("a leg is not connected, or only sends and has no player")]
    NotConnected,
    /// Nobody may meet one of them before its picture was looked at.
    #[error("a leg's picture has not passed yet")]
    NotScreened,
    /// Their legs speak different picture codings, or they are of different age bands.
    #[error("the two may not meet: their picture codings or age bands differ")]
    Apart,
    /// No new match here: a newer server has taken over.
    #[error("a newer server has taken over: open the legs anew, and match those")]
    Moved,
    /// No new match.
    #[error("the lobby is draining")]
    Draining,
}

/// Why something was not done.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    /// The visitor does not say that they are of age.
    #[error("only adults are admitted")]
    AdultsOnly,
    /// Chat text or note over its limit.
    #[error("the text is longer than the limit")]
    TextTooLong,
    /// Too many, too long, or empty words.
    #[error("there are too many interests, or one is empty or too long")]
    BadInterests,
    /// Too many, or not BCP 47 tags.
    #[error("there are too many languages, or one is not a BCP 47 tag")]
    BadLanguages,
    /// No partner to say it to.
    #[error("there is no partner")]
    NotMatched,
    /// Nobody to complain about.
    #[error("there is nobody to report, or they are reported already")]
    NoPartner,
    /// Looking begins once the leg is connected.
    #[error("the leg is not connected")]
    NotConnected,
    /// A text-only stay has no leg.
    #[error("a text-only stay has no leg")]
    TextOnly,
    /// More than the limit allows.
    #[error("that was too fast")]
    TooFast,
    /// As many sessions as the configuration allows.
    #[error("as many sessions are here as the configuration allows")]
    Full {
        /// When to come back.
        retry_after: Duration,
    },
    /// No new stay and no new match.
    #[error("the lobby is draining")]
    Draining,
    /// The leg did not connect in time, or is gone.
    #[error("the leg could not be made or is gone")]
    ConnectionFailed,
}
