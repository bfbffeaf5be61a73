//! What comes to the desk ([`Input`]) and what the desk wants done ([`Output`]).

use std::fmt;
use std::time::{Duration, Instant};

use super::audit_line::{Actor, AuditLine};
use super::case::Opening;
use super::ruling::Ruling;
use super::verdict::{Label, Score, Verdict};
use crate::category::Category;
use crate::id::{LegId, MatchId, SessionId};

/// A browser that comes again, by the random number in the token that it was given.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct DeviceKey(pub [u8; 16]);

impl fmt::Debug for DeviceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[private]")
    }
}

/// A network under a key of the day: a number that tells nobody an address.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct NetworkKey(pub [u8; 16]);

impl fmt::Debug for NetworkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[private]")
    }
}

/// Where somebody comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Whence {
    /// Their network under the key of today, and under the one before.
    pub network: [NetworkKey; 2],
    /// Whether their browser or their account was here before: that speaks for them, and not their network.
    pub is_known: bool,
}

/// What the desk is told. One that names a session which is gone does nothing, but a report.
#[derive(Debug)]
pub enum Input {
    /// A session begins, with a leg or without: those who only write may report, too.
    Arrived {
        /// The session, under a name that was never used.
        session: SessionId,
        /// Its device, if it brought a good token.
        device: Option<DeviceKey>,
        /// Where it comes from, if that is known.
        whence: Option<Whence>,
    },
    /// Its leg is connected: screening begins.
    Connected {
        /// The session.
        session: SessionId,
    },
    /// A picture of the session was judged, or was not.
    Judged {
        /// The session.
        session: SessionId,
        /// When it was taken: verdicts may come in another order.
        taken: Instant,
        /// What is said of it.
        verdict: Verdict,
    },
    /// The session writes to its partner, and there is something to say of it.
    Said {
        /// The session.
        session: SessionId,
        /// What is said of it.
        scores: Vec<Score>,
    },
    /// Two sessions face each other.
    Matched {
        /// The match.
        match_id: MatchId,
        /// Both.
        sessions: [SessionId; 2],
    },
    /// They no longer do.
    Parted {
        /// The match.
        match_id: MatchId,
        /// Both.
        sessions: [SessionId; 2],
    },
    /// One visitor complains about another, in a match or for a while after.
    Reported {
        /// Who complains.
        by: SessionId,
        /// About whom.
        about: SessionId,
        /// About what.
        category: Category,
    },
    /// A person lifts the blur.
    Lifted {
        /// The session.
        session: SessionId,
        /// Who.
        by: Actor,
    },
    /// A person lets a device in again that was kept out: that is written down already.
    Readmitted {
        /// The device.
        device: DeviceKey,
    },
    /// Another server on the same store keeps a device out: that is written down already.
    KeptOut {
        /// The device.
        device: DeviceKey,
        /// Why.
        label: Label,
        /// For how much longer.
        rest: Duration,
    },
    /// A person has decided, and that is written down: what there is to do now.
    Ruled {
        /// The session, if it may still be there.
        session: Option<SessionId>,
        /// Its device, if it is known.
        device: Option<DeviceKey>,
        /// What was decided.
        ruling: Ruling,
        /// About what.
        label: Label,
        /// Who.
        by: Actor,
    },
    /// A service will say more of a picture of the session's.
    Awaited {
        /// The session.
        session: SessionId,
    },
    /// A service says more of a picture that was judged long ago.
    Opined {
        /// The session.
        session: SessionId,
        /// When the picture was taken.
        taken: Instant,
        /// What is in it.
        scores: Vec<Score>,
    },
    /// A service of the operator's wants to see what the session sends.
    Onlooker {
        /// The session.
        session: SessionId,
        /// By which leg.
        leg: LegId,
        /// Who.
        by: Actor,
    },
    /// It no longer does.
    Unlooked {
        /// The session.
        session: SessionId,
        /// Who.
        by: Actor,
        /// For how long there was something to see.
        saw: Option<Duration>,
    },
    /// The stay is over.
    Left {
        /// The session.
        session: SessionId,
    },
    /// Time has passed: see [`super::Desk::next_deadline`].
    Tick,
}

/// What the desk wants done, in order. **[`Output::Write`] comes first**: what follows it, up to the
/// next, is done only once the line is on disk.
#[derive(Clone, PartialEq, Debug)]
pub enum Output {
    /// Write this down.
    Write(AuditLine),
    /// A person should look. It follows its line, and is on disk before what follows it is done.
    OpenCase(Opening),
    /// Screening is passed: the session may be matched.
    Pass {
        /// The session.
        session: SessionId,
    },
    /// Screening takes longer than it should: tell the session, who stays unmatched.
    Delay {
        /// The session.
        session: SessionId,
        /// Why: [`Label::NO_VERDICT`], or what was seen.
        label: Label,
    },
    /// Tell the session what was seen.
    Warn {
        /// The session.
        session: SessionId,
        /// What.
        label: Label,
    },
    /// The session's picture must stop, in this match and in later ones.
    Blur {
        /// The session.
        session: SessionId,
        /// Why.
        label: Label,
    },
    /// The session's picture may go on.
    Unblur {
        /// The session.
        session: SessionId,
    },
    /// End the stay: it cannot be resumed.
    End {
        /// The session.
        session: SessionId,
        /// Why.
        label: Label,
        /// How long its device stays outside.
        cool_down: Option<Duration>,
    },
    /// End the stay, and keep the device out.
    Ban {
        /// The session.
        session: SessionId,
        /// Why.
        label: Label,
        /// For so long.
        lasts: Duration,
    },
    /// Keep the device out of somebody who has left.
    KeepOut {
        /// The device.
        device: DeviceKey,
        /// Why.
        label: Label,
        /// For so long.
        lasts: Duration,
    },
    /// Look at the session about this often from now on.
    Watch {
        /// The session.
        session: SessionId,
        /// From one picture to the next.
        every: Duration,
    },
    /// It is written down who sees a session unnoticed: they may.
    Onlook {
        /// By which leg.
        leg: LegId,
    },
    /// Look at the session now.
    Look {
        /// The session.
        session: SessionId,
    },
    /// Keep the session's picture from its partner of this match, until released.
    Hold {
        /// The session.
        session: SessionId,
    },
    /// The session's picture may go to its partner.
    Release {
        /// The session.
        session: SessionId,
    },
}
