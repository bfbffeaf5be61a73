//! [`Command`] and [`Event`]: the only door between the control plane and the media plane.

use std::time::Duration;

use super::dtls::Certificates;
use super::quality::Quality;
use crate::codec::VideoCodec;
use crate::direction::Direction;
use crate::id::{LegId, MatchId, ShardIndex};
use crate::private::Private;

/// What the control plane asks of the media plane.
///
/// Commands about one leg are carried out in the order they are sent. A command that names a leg
/// or match which is gone does nothing: the event that says so is already under way.
#[derive(Debug)]
pub enum Command {
    /// Make a leg from a browser's SDP offer. Answered by [`Event::Answered`] or [`Event::Refused`].
    Open {
        /// The name for it, chosen by the control plane and never used twice.
        leg: LegId,
        /// The SDP offer.
        offer: Private<String>,
        /// Which way it must go.
        direction: Direction,
        /// Which certificates the other end may show.
        certificates: Certificates,
        /// The picture coding that it must speak; none for the best that both sides speak.
        codec: Option<VideoCodec>,
    },
    /// A new offer on an open leg: ICE restart. Answered like [`Command::Open`]; a refused restart
    /// leaves the leg as it was.
    Restart {
        /// The open leg.
        leg: LegId,
        /// The SDP offer with new ICE credentials.
        offer: Private<String>,
    },
    /// Two sessions, whose legs are connected, face each other from now on. Whatever match either was in
    /// must have been parted before. Ids of matches rise: a later match has a greater one. They are below
    /// 2^63: see [`is_onlooking`].
    Match {
        /// The match.
        match_id: MatchId,
        /// By what each of them sends and receives.
        ends: [Ends; 2],
    },
    /// The two no longer face each other; both wait again.
    Part {
        /// The match.
        match_id: MatchId,
        /// As in [`Command::Match`].
        ends: [Ends; 2],
    },
    /// A leg that only receives gets what another sends, whoever that faces and whatever is kept from them,
    /// and without anybody noticing. Both are connected. Numbers of onlookings rise.
    Onlook {
        /// Under this number, which is of no match: see [`is_onlooking`].
        onlooking: MatchId,
        /// Who sends.
        sends: LegId,
        /// Who receives. A leg that looked on before no longer does.
        receives: LegId,
    },
    /// It no longer does.
    Unlook {
        /// As in [`Command::Onlook`].
        onlooking: MatchId,
        /// Who sends.
        sends: LegId,
        /// Who receives.
        receives: LegId,
    },
    /// Stops or resumes the video that a leg sends to whomever it faces, now and in later matches.
    Video {
        /// The leg whose picture it is.
        leg: LegId,
        /// Whether its picture may pass.
        gate: Gate,
    },
    /// What a leg sends reaches nobody it faces from now on, or does again. The tap still looks.
    Mute {
        /// The leg.
        leg: LegId,
        /// What of it.
        muted: Muted,
    },
    /// How often pictures of a leg are to be tapped from now on.
    Watch {
        /// The leg.
        leg: LegId,
        /// On average; the moments are chance's.
        every: Duration,
    },
    /// A picture of a leg is to be tapped as soon as it has one.
    Look {
        /// The leg.
        leg: LegId,
    },
    /// The session is over: forget the leg.
    Close {
        /// The leg.
        leg: LegId,
    },
}

/// What the numbers of onlookings have in common, and no match's.
const ONLOOKING: u64 = 1 << 63;

/// The number of the nth onlooking.
pub const fn onlooking(number: u64) -> MatchId {
    MatchId(ONLOOKING | number)
}

/// Whether a number is of an onlooking and no match.
pub const fn is_onlooking(id: MatchId) -> bool {
    id.0 & ONLOOKING != 0
}

/// By what a session sends and receives: one leg for both, or one for each.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ends {
    /// The leg whose sound and picture are the session's.
    pub sends: LegId,
    /// The leg that gets the partner's.
    pub receives: LegId,
}

impl From<LegId> for Ends {
    fn from(leg: LegId) -> Self {
        Self {
            sends: leg,
            receives: leg,
        }
    }
}

impl Ends {
    /// The legs, each once.
    pub(crate) fn legs(self) -> impl Iterator<Item = LegId> {
        let player = (self.receives != self.sends).then_some(self.receives);
        std::iter::once(self.sends).chain(player)
    }
}

/// What of a leg reaches nobody.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Muted {
    /// Its sound: silence goes in its place.
    pub audio: bool,
    /// Its picture.
    pub video: bool,
}

/// Whether a leg's picture may pass to its partner.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Gate {
    /// It may.
    Open,
    /// Nothing of it leaves the relay.
    Shut,
}

/// What the media plane tells the control plane.
#[derive(Debug)]
pub enum Event {
    /// The answer to an offer.
    Answered {
        /// The leg.
        leg: LegId,
        /// The SDP answer.
        answer: Private<String>,
        /// The one picture coding that this leg speaks.
        video: VideoCodec,
    },
    /// The offer cannot be served. After [`Command::Open`] there is no leg.
    Refused {
        /// The leg.
        leg: LegId,
        /// Why.
        reason: OfferError,
    },
    /// ICE and DTLS are done: the leg can be matched.
    Connected {
        /// The leg.
        leg: LegId,
    },
    /// In a match, the first complete keyframe of this leg has left toward its partner.
    FirstPicture {
        /// The match.
        match_id: MatchId,
        /// The leg whose picture it is.
        leg: LegId,
        /// RTP timestamp of the keyframe as the partner receives it: what is older is of a match
        /// before.
        timestamp: u32,
        /// Since the match reached the leg's shard.
        after_ms: u32,
    },
    /// How well what a leg sends into a match goes, every few seconds and at the end.
    Quality {
        /// The match.
        match_id: MatchId,
        /// The leg.
        leg: LegId,
        /// The leg that receives it.
        to: LegId,
        /// Since the match began.
        quality: Box<Quality>,
        /// Whether that is all.
        is_over: bool,
    },
    /// How busy a media thread is, once a second.
    Load {
        /// The thread.
        shard: ShardIndex,
        /// Permille of its time that it does not wait.
        load_permille: u32,
    },
    /// Nothing authentic was heard from the leg for the configured time.
    Silent {
        /// The leg.
        leg: LegId,
    },
    /// A silent leg is heard again.
    Heard {
        /// The leg.
        leg: LegId,
    },
    /// The leg is gone: closed by command, by the browser (DTLS close), or by a failure of its own.
    /// Nothing more is said of it.
    Closed {
        /// The leg.
        leg: LegId,
    },
}

impl Event {
    /// The leg that it is about, if it is about one.
    pub const fn leg(&self) -> Option<LegId> {
        match self {
            Self::Answered { leg, .. }
            | Self::Refused { leg, .. }
            | Self::Connected { leg }
            | Self::FirstPicture { leg, .. }
            | Self::Quality { leg, .. }
            | Self::Silent { leg }
            | Self::Heard { leg }
            | Self::Closed { leg } => Some(*leg),
            Self::Load { .. } => None,
        }
    }
}

/// Why an offer was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum OfferError {
    /// Not SDP, or without what every offer must have.
    #[error("the offer is not an SDP that can be read")]
    Malformed,
    /// No audio section, or none with Opus.
    #[error("the offer has no Opus audio that goes the way it must")]
    NoAudio,
    /// No video section, or no codec in common.
    #[error(
        "the offer has no video, that goes the way it must, of a codec that this server speaks"
    )]
    NoVideo,
    /// No leg of that name, for a restart.
    #[error("no leg answers to this name")]
    NoLeg,
    /// As many legs as the configuration allows.
    #[error("the server is full")]
    Full,
}
