//! Looking on: a leg that only receives gets what another sends, as it came, whoever that one faces.
//!
//! It is a second relay at the home of the leg that sends, fed with a copy of every packet before anything
//! is kept back or silenced. **Nobody notices.** Of the onlooker's feedback nothing reaches the sender but
//! the wish for a keyframe, as anybody's could be; what the onlooker misses goes again from the ring. So a
//! poor path of the onlooker's makes nobody's picture worse, and there is nothing that would make the
//! onlooker's better.

use std::time::{Duration, Instant};

use super::datagrams::Datagrams;
use super::downlink::Downlink;
use super::losses::Losses;
use super::mail::{Mail, Matter};
use super::relay::{Relay, Sender};
use super::retransmission::{Means, Resent};
use super::shard::{Effects, Shard};
use super::tape::Tape;
use super::uplink::{Received, Uplink};
use crate::id::MatchId;
use crate::limits;
use crate::rtp::rtcp::{Compound, Packet};
use crate::rtp::sequence::nearest;

/// How long the sender is left alone after a keyframe for the onlooker was asked of them.
const KEYFRAME_PAUSE: Duration = Duration::from_secs(1);

/// Who sees what a leg sends without facing it: one at most.
#[derive(Default)]
pub(crate) struct Onlooker {
    relay: Option<Box<Relay>>,
    /// The newest onlooking that is over, of this leg's own or of another's at this leg.
    pub(super) over: Option<MatchId>,
}

impl Onlooker {
    pub(crate) const fn is_there(&self) -> bool {
        self.relay.is_some()
    }

    /// Where its packets go.
    pub(super) const fn relay_mut(&mut self) -> Option<&mut Box<Relay>> {
        self.relay.as_mut()
    }

    pub(super) fn take(&mut self) -> Option<Box<Relay>> {
        self.relay.take()
    }

    /// Sends it a copy of a decrypted packet.
    pub(super) fn see(
        &mut self,
        packet: &[u8],
        received: &Received,
        uplink: &Uplink,
        (tape, out): (&mut Tape, &mut Datagrams),
    ) {
        let mut room = [0; limits::DATAGRAM_BYTES];
        let (Some(relay), Some(copy)) = (&mut self.relay, room.get_mut(..packet.len())) else {
            return;
        };
        copy.copy_from_slice(packet);
        let mut sender = Sender {
            codec: uplink.codec,
            is_gate_open: true,
            newest_video: uplink.video.reception.highest(),
            // What is missing is asked for by those who face the sender.
            losses: &mut Losses::default(),
            tape,
        };
        relay.forward(copy, received, &mut sender, out);
    }

    /// Whether a keyframe is to be asked of the sender for it now; it counts as asked.
    pub(super) fn wants_keyframe(&mut self, now: Instant) -> bool {
        let waiting = self.relay.as_mut().filter(|relay| relay.video.is_none());
        waiting.is_some_and(|relay| relay.wants_keyframe(KEYFRAME_PAUSE, now))
    }
}

impl Shard {
    /// An onlooker's downlink arrives.
    pub(super) fn be_seen(
        &mut self,
        key: usize,
        onlooking: MatchId,
        downlink: Box<Downlink>,
        fx: &mut Effects,
    ) {
        let Some(leg) = self.legs.get_mut(key) else {
            return;
        };
        let is_over = leg.is_over(onlooking);
        let Some(uplink) = leg.uplink.as_ref().filter(|_| !is_over) else {
            let owner = downlink.leg;
            let matter = Matter::Return(downlink);
            return self.post(Mail { leg: owner, matter }, fx);
        };
        let relay = Relay::new(onlooking, downlink, uplink, fx.now).without_feedback();
        let before = leg.onlooker.relay.replace(Box::new(relay));
        if let Some(before) = before {
            self.give_back(*before, fx);
        }
        self.make_rounds(key, fx);
    }

    /// An onlooking is over, at either leg of it.
    pub(super) fn turn_onlooker(&mut self, key: usize, onlooking: MatchId, fx: &mut Effects) {
        let Some(leg) = self.legs.get_mut(key) else {
            return;
        };
        leg.onlooker.over = leg.onlooker.over.max(Some(onlooking));
        let is_this = |relay: &mut Box<Relay>| relay.match_id == onlooking;
        if let Some(relay) = leg.onlooker.relay.take_if(is_this) {
            self.give_back(*relay, fx);
        }
        self.schedule(key, fx.now);
    }

    /// Takes an onlooker's RTCP.
    pub(super) fn serve_onlooker(
        &mut self,
        key: usize,
        onlooking: MatchId,
        rtcp: &[u8],
        fx: &mut Effects,
    ) {
        let Some(leg) = self.legs.get_mut(key) else {
            return;
        };
        let relay = leg.onlooker.relay.as_deref_mut();
        let relay = relay.filter(|relay| relay.match_id == onlooking);
        let (Some(relay), Some(uplink)) = (relay, &leg.uplink) else {
            return;
        };
        let means = Means {
            now: fx.now,
            tape: &self.tape,
            out: &mut fx.datagrams,
        };
        let (resent, wants_keyframe) = relay.serve(rtcp, means);
        self.counters.packets_resent += resent;
        if wants_keyframe {
            let mut upstream = Vec::new();
            uplink.ask_keyframe(&mut upstream);
            self.send_upstream(key, &upstream, fx);
        }
    }
}

impl Relay {
    /// Sends lost packets again from the ring. Answers how many, and whether the sender is to be asked for a
    /// keyframe.
    fn serve(&mut self, rtcp: &[u8], mut means: Means<'_>) -> (u64, bool) {
        let (mut resent, mut wants_keyframe) = (0, false);
        let video = self.downlink.numbers.ssrcs.video;
        for packet in Compound::parse(rtcp).map_while(Result::ok) {
            match packet {
                Packet::Nack(nack) if nack.media == video => {
                    for sequence in nack.lost().take(limits::NACK_SEQUENCES) {
                        let newest = self.downlink.video.next_index;
                        let asked = nearest(newest, sequence).filter(|index| *index < newest);
                        let answer = asked.map(|index| self.resend(index, &mut means));
                        resent += u64::from(answer == Some(Resent::Yes));
                    }
                }
                Packet::Pli { media, .. } => wants_keyframe |= media == video,
                Packet::Fir(fir) => wants_keyframe |= fir.names(video),
                _ => {}
            }
        }
        let is_asked = wants_keyframe && self.wants_keyframe(KEYFRAME_PAUSE, means.now);
        (resent, is_asked)
    }
}
