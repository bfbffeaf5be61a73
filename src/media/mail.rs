//! What shards say to each other, and what the control plane says to one of them.
//!
//! Every message is about one leg and goes to the shard where that leg is at home; whoever gets it
//! by an older address sends it on.

use std::fmt;
use std::time::Duration;

use super::command::{Command, Ends, Gate, Muted, is_onlooking};
use super::datagrams::Route;
use super::downlink::Downlink;
use super::dtls::Certificates;
use super::leg::Leg;
use crate::codec::VideoCodec;
use crate::direction::Direction;
use crate::id::{LegId, MatchId, ShardIndex};
use crate::private::Private;

/// A message to the shard where a leg is at home.
pub struct Mail {
    /// The leg it is about.
    pub(crate) leg: LegId,
    pub(crate) matter: Matter,
}

impl Mail {
    /// The messages that carry a command out, each to be given to the shard its leg was
    /// [born on](Mail::birth).
    #[must_use]
    pub fn for_command(command: Command) -> Vec<Self> {
        let mail = |leg, matter| Self { leg, matter };
        match command {
            Command::Open {
                leg,
                offer,
                direction,
                certificates,
                codec,
            } => {
                let opening = Opening {
                    offer,
                    direction,
                    certificates,
                    codec,
                };
                vec![mail(leg, Matter::Open(opening))]
            }
            Command::Restart { leg, offer } => vec![mail(leg, Matter::Restart(offer))],
            Command::Match {
                match_id,
                ends: [one, other],
            } => {
                debug_assert!(!is_onlooking(match_id), "that number is of no match");
                let face = |(own, partner): (Ends, Ends)| {
                    let partner = partner.sends;
                    mail(own.receives, Matter::Face { match_id, partner })
                };
                [(one, other), (other, one)].map(face).into()
            }
            Command::Part { match_id, ends } => {
                let legs = ends.into_iter().flat_map(Ends::legs);
                legs.map(|leg| mail(leg, Matter::Turn { match_id }))
                    .collect()
            }
            Command::Onlook {
                onlooking: match_id,
                sends: partner,
                receives,
            } => vec![mail(receives, Matter::Face { match_id, partner })],
            Command::Unlook {
                onlooking: match_id,
                sends,
                receives,
            } => [sends, receives]
                .into_iter()
                .map(|leg| mail(leg, Matter::Turn { match_id }))
                .collect(),
            Command::Video { leg, gate } => vec![mail(leg, Matter::Video(gate))],
            Command::Mute { leg, muted } => vec![mail(leg, Matter::Mute(muted))],
            Command::Watch { leg, every } => vec![mail(leg, Matter::Watch(every))],
            Command::Look { leg } => vec![mail(leg, Matter::Look)],
            Command::Close { leg } => vec![mail(leg, Matter::Close)],
        }
    }

    /// The shard, of so many, that a leg is born on: it knows where the leg went from there.
    #[must_use]
    pub fn birth(&self, shards: u16) -> ShardIndex {
        let index = self.leg.0 % u64::from(shards.max(1));
        ShardIndex(u16::try_from(index).unwrap_or(0))
    }
}

/// What a message is about.
pub(crate) enum Matter {
    /// Make this leg from an offer, here.
    Open(Opening),
    /// ICE restart.
    Restart(Private<String>),
    /// Receive what the other leg sends from now on.
    Face { match_id: MatchId, partner: LegId },
    /// Receive nothing of this match any more, and send nothing into it.
    Turn { match_id: MatchId },
    /// Stop or resume the leg's picture.
    Video(Gate),
    /// Keep its sound or picture from everybody, or no longer.
    Mute(Muted),
    /// Tap the leg this often.
    Watch(Duration),
    /// Tap the leg now.
    Look,
    /// Forget the leg.
    Close,
    /// The downlink of `of`, for what this leg sends in the match.
    Lend {
        match_id: MatchId,
        of: Box<Downlink>,
    },
    /// This leg's own downlink, back from a match.
    Return(Box<Downlink>),
    /// The path to a partner whose downlink this leg holds has changed.
    Reroute { match_id: MatchId, route: Route },
    /// RTCP of the partner about what this leg sends.
    Feedback { match_id: MatchId, rtcp: Vec<u8> },
    /// RTCP for the partner whose downlink this leg holds.
    Upstream {
        of: LegId,
        match_id: MatchId,
        rtcp: Vec<u8>,
    },
    /// A datagram for this leg that came to another shard.
    Strayed { datagram: Strayed, via: ShardIndex },
    /// The leg itself, moving to the shard where its first STUN request landed.
    Settle { leg: Box<Leg>, datagram: Strayed },
    /// The leg is at home there, and found by this ICE name.
    Known { ufrag: String, home: ShardIndex },
    /// Datagrams from this address belong to the leg.
    Learnt { route: Route, home: ShardIndex },
    /// The leg is gone.
    Gone,
}

/// What a leg is made from.
pub(crate) struct Opening {
    pub(crate) offer: Private<String>,
    pub(crate) direction: Direction,
    pub(crate) certificates: Certificates,
    /// The picture coding that it must speak; none for the best that both sides speak.
    pub(crate) codec: Option<VideoCodec>,
}

/// A datagram that came to a shard where its leg is not at home.
pub(crate) struct Strayed {
    pub(crate) route: Route,
    pub(crate) bytes: Vec<u8>,
}

impl Matter {
    /// Whether it may be dropped when a shard cannot keep up: the network would have, too.
    pub(crate) fn is_expendable(&self) -> bool {
        matches!(
            self,
            Self::Strayed { .. } | Self::Feedback { .. } | Self::Upstream { .. }
        )
    }
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let matter = match self.matter {
            Matter::Open(_) => "open",
            Matter::Restart(_) => "restart",
            Matter::Face { .. } => "face",
            Matter::Turn { .. } => "turn",
            Matter::Video(_) => "video",
            Matter::Mute(_) => "mute",
            Matter::Watch(_) => "watch",
            Matter::Look => "look",
            Matter::Close => "close",
            Matter::Lend { .. } => "lend",
            Matter::Return(_) => "return",
            Matter::Reroute { .. } => "reroute",
            Matter::Feedback { .. } => "feedback",
            Matter::Upstream { .. } => "upstream",
            Matter::Strayed { .. } => "strayed",
            Matter::Settle { .. } => "settle",
            Matter::Known { .. } => "known",
            Matter::Learnt { .. } => "learnt",
            Matter::Gone => "gone",
        };
        write!(f, "{matter} {}", self.leg)
    }
}
