//! The sans-IO heart of a media thread: datagrams, mail and time in; datagrams, mail and events out.
//!
//! A shard is a value. It shares nothing with the others and never waits: what it wants done is
//! left in [`Effects`]. The walk of a packet:
//!
//! 1. [`Shard::handle_datagram`] asks the [`directory`](super::directory) whose it is;
//! 2. [`Uplink::receive_rtp`](super::uplink::Uplink::receive_rtp) decrypts it in place and counts it;
//! 3. [`Tapping::offer`](super::tapping::Tapping::offer) copies it where a picture is due;
//! 4. [`Relay::forward`](super::relay::Relay::forward) rewrites it for the partner, and the
//!    [`Downlink`](super::downlink::Downlink) it holds protects it;
//! 5. [`Datagrams`] holds it until the driver's next write.
//!
//! How matches begin and end is in [`switching`](super::switching), what happens by the clock in
//! [`rounds`](super::rounds).

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::rngs::SmallRng;
use rand::{RngCore as _, SeedableRng as _};
use slab::Slab;
use str0m::ice::StunMessage;

use super::clock::Clock;
use super::command::{Event, Gate};
use super::containment::Broken;
use super::counters::Counters;
use super::datagrams::{Datagrams, Route};
use super::directory::{Directory, Home};
use super::feedback::Scratch;
use super::leg::{Leg, Whereabouts};
use super::mail::{Mail, Matter, Strayed};
use super::muting::silence;
use super::relay::{Passage, Sender};
use super::tape::Tape;
use super::transport::{Identity, TransportEvent};
use super::uplink::{Refusal, Track};
use super::wheel::Wheel;
use crate::codec::VideoCodec;
use crate::id::{LegId, MatchId, ShardIndex};
use crate::limits;
use crate::rtp::Kind;
use crate::rtp::rtcp::{Compound, Packet};
use crate::tap::{Frame, Rates};

/// What a shard must know from the start.
#[derive(Clone)]
pub struct Settings {
    /// Which of them this is.
    pub index: ShardIndex,
    /// How many shards there are.
    pub shards: u16,
    /// Picture codings, best first.
    pub codecs: Vec<VideoCodec>,
    /// Where browsers are told to send.
    pub candidates: Vec<SocketAddr>,
    /// Whether they may send over TCP as well, to the same addresses.
    pub takes_tcp: bool,
    /// Legs of the whole process at most.
    pub max_legs: usize,
    /// A leg that is not heard for so long is silent.
    pub silence: Duration,
    /// A leg that is not heard for so long is closed.
    pub close_after: Duration,
    /// How often pictures are tapped; nothing where the tap is off.
    pub tap: Option<Rates>,
    /// The certificate of all legs.
    pub identity: Arc<Identity>,
    /// Seed of all chance.
    pub seed: u64,
}

/// A step of a shard: when it is, and what the shard wants done.
pub struct Effects {
    /// The time of the step.
    pub now: Instant,
    /// To be sent.
    pub datagrams: Datagrams,
    /// For other shards.
    pub mail: VecDeque<(ShardIndex, Mail)>,
    /// For the control plane.
    pub events: VecDeque<Event>,
    /// For whoever looks at pictures.
    pub frames: VecDeque<Frame>,
}

impl Effects {
    /// A step at a time, with nothing to be done yet.
    #[must_use]
    pub fn at(now: Instant) -> Self {
        Self {
            now,
            datagrams: Datagrams::default(),
            mail: VecDeque::new(),
            events: VecDeque::new(),
            frames: VecDeque::new(),
        }
    }
}

/// One media thread's everything.
pub struct Shard {
    pub(crate) settings: Settings,
    pub(crate) clock: Clock,
    pub(crate) legs: Slab<Leg>,
    pub(crate) directory: Directory,
    pub(crate) wheel: Wheel,
    pub(crate) scratch: Scratch,
    pub(crate) tape: Tape,
    pub(crate) counters: Counters,
    pub(crate) due: Vec<usize>,
    rng: SmallRng,
}

impl Shard {
    /// A shard without legs. `since_unix` is the wall clock's time at `now`.
    pub fn new(settings: Settings, now: Instant, since_unix: Duration) -> Self {
        Self {
            rng: SmallRng::seed_from_u64(settings.seed),
            settings,
            clock: Clock::new(now, since_unix),
            legs: Slab::new(),
            directory: Directory::default(),
            wheel: Wheel::new(now),
            scratch: Scratch::default(),
            tape: Tape::default(),
            counters: Counters::default(),
            due: Vec::new(),
        }
    }

    /// What was counted so far.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Takes a datagram from the socket; it is decrypted in place.
    pub fn handle_datagram(&mut self, route: Route, datagram: &mut [u8], fx: &mut Effects) {
        self.counters.datagrams_in += 1;
        self.counters.bytes_in += datagram.len() as u64;
        let done = self.contain(fx, |shard, fx| shard.take_datagram(route, datagram, fx));
        if let (Err(Broken), Some((_, Home::Here(key)))) =
            (done, self.directory.by_address(&route.remote))
        {
            self.abandon(key, fx);
        }
    }

    fn take_datagram(&mut self, route: Route, datagram: &mut [u8], fx: &mut Effects) {
        let kind = Kind::of(datagram);
        match kind {
            Kind::Stun => self.handle_stun(route, datagram, fx),
            Kind::Dtls | Kind::Rtp | Kind::Rtcp => match self.directory.by_address(&route.remote) {
                Some((_, Home::Here(key))) => self.handle_own(key, kind, datagram, fx),
                Some((leg, Home::There(home))) => {
                    self.hand_over((leg, home), route, datagram, fx);
                }
                None => self.counters.drops.unknown_address += 1,
            },
            Kind::Unknown => self.counters.drops.unknown_kind += 1,
        }
    }

    /// A STUN request finds its leg by the ICE name in it: the address may be new.
    fn handle_stun(&mut self, route: Route, datagram: &[u8], fx: &mut Effects) {
        let found = StunMessage::parse(datagram).ok().and_then(|message| {
            let (ours, _) = message.split_username()?;
            let (leg, home) = self.directory.by_ufrag(ours)?;
            Some((message, leg, home))
        });
        match found {
            Some((message, _, Home::Here(key))) => {
                self.answer_stun(key, message, route, fx);
            }
            Some((_, leg, Home::There(home))) => self.hand_over((leg, home), route, datagram, fx),
            None => self.counters.drops.unknown_stun += 1,
        }
    }

    /// Answers a STUN request of a leg at home here.
    pub(crate) fn answer_stun(
        &mut self,
        key: usize,
        message: StunMessage<'_>,
        route: Route,
        fx: &mut Effects,
    ) {
        let Some(leg) = self.legs.get_mut(key) else {
            return;
        };
        if !leg.transport.is_authentic(&message) {
            self.counters.drops.unknown_stun += 1;
            return;
        }
        leg.is_settled = true;
        leg.transport
            .handle_stun(message, route, fx.now, &mut fx.datagrams);
        self.heard(key, fx);
        self.after_transport(key, fx);
    }

    fn handle_own(&mut self, key: usize, kind: Kind, datagram: &mut [u8], fx: &mut Effects) {
        match kind {
            Kind::Rtp => self.handle_rtp(key, datagram, fx),
            Kind::Rtcp => self.handle_rtcp(key, datagram, fx),
            Kind::Dtls => {
                let Some(leg) = self.legs.get_mut(key) else {
                    return;
                };
                leg.transport
                    .handle_dtls(datagram, fx.now, &mut fx.datagrams);
                self.after_transport(key, fx);
            }
            Kind::Stun | Kind::Unknown => {}
        }
    }

    fn handle_rtp(&mut self, key: usize, packet: &mut [u8], fx: &mut Effects) {
        let Some(leg) = self.legs.get_mut(key) else {
            return;
        };
        let Some(uplink) = &mut leg.uplink else {
            self.counters.drops.before_handshake += 1;
            return;
        };
        let received = match uplink.receive_rtp(packet, fx.now, &self.clock) {
            Ok(received) => received,
            Err(refusal) => return self.count_refusal(refusal),
        };
        leg.presence.heard = fx.now;
        let is_silent = leg.presence.is_silent;
        let may_be_seen = leg.gate == Gate::Open && !leg.is_shed && !leg.muted.video;
        if leg.tapping.is_awake && received.track != Track::Audio {
            let plain = packet.get(..received.length).unwrap_or_default();
            let newest = uplink.video.reception.highest();
            let chance = || self.rng.next_u64();
            let seen = leg.tapping.offer(plain, &received, newest, chance);
            self.counters.count_seen(&seen);
            fx.frames.extend(seen.frame);
            let is_shown = leg
                .relay
                .as_ref()
                .is_some_and(|relay| relay.video.is_some());
            if let (Some(index), false) = (seen.resent, is_shown) {
                uplink.losses.resent(index, fx.now);
            }
        }
        if leg.onlooker.is_there() {
            let plain = packet.get(..received.length).unwrap_or_default();
            let means = (&mut self.tape, &mut fx.datagrams);
            leg.onlooker.see(plain, &received, uplink, means);
        }
        if let Some(relay) = &mut leg.relay {
            let mut sender = Sender {
                codec: uplink.codec,
                is_gate_open: may_be_seen,
                newest_video: uplink.video.reception.highest(),
                losses: &mut uplink.losses,
                tape: &mut self.tape,
            };
            let length = match received.track {
                Track::Audio if leg.muted.audio => silence(packet, &received.header),
                Track::Audio | Track::Video | Track::Rtx => Some(received.length),
            };
            let plain = length.and_then(|length| packet.get_mut(..length));
            let plain = plain.unwrap_or_default();
            let passage = relay.forward(plain, &received, &mut sender, &mut fx.datagrams);
            let (of, is_shed) = ((relay.match_id, leg.id), leg.is_shed);
            if received.track == Track::Rtx {
                uplink.note_mended(fx.now, &self.clock);
            }
            self.count_passage(passage, of, is_shed, fx);
        } else {
            if may_be_seen {
                let plain = packet.get(..received.length).unwrap_or_default();
                leg.face.see(plain, &received, uplink.codec);
            }
            self.counters.packets_waiting += 1;
        }
        if is_silent {
            self.heard(key, fx);
        }
        self.schedule(key, fx.now);
    }

    fn count_passage(
        &mut self,
        passage: Passage,
        (match_id, leg): (MatchId, LegId),
        is_shed: bool,
        fx: &mut Effects,
    ) {
        match passage {
            Passage::Sent => self.counters.packets_forwarded += 1,
            Passage::FirstPicture { timestamp, after } => {
                self.counters.packets_forwarded += 1;
                let after_ms = u32::try_from(after.as_millis()).unwrap_or(u32::MAX);
                fx.events.push_back(Event::FirstPicture {
                    match_id,
                    leg,
                    timestamp,
                    after_ms,
                });
            }
            Passage::Held if is_shed => self.counters.packets_shed += 1,
            Passage::Held => self.counters.packets_held += 1,
            Passage::Stale => self.counters.drops.stale += 1,
            Passage::Failed => self.counters.drops.failed += 1,
        }
    }

    fn handle_rtcp(&mut self, key: usize, packet: &mut [u8], fx: &mut Effects) {
        let Some(leg) = self.legs.get_mut(key) else {
            return;
        };
        let Some(uplink) = &mut leg.uplink else {
            self.counters.drops.before_handshake += 1;
            return;
        };
        let length = match uplink.receive_rtcp(packet) {
            Ok(length) => length,
            Err(refusal) => return self.count_refusal(refusal),
        };
        leg.presence.heard = fx.now;
        let plain = packet.get(..length).unwrap_or_default();
        let our_ntp = self.clock.ntp(fx.now);
        let mut has_feedback = false;
        for part in Compound::parse(plain).map_while(Result::ok) {
            match part {
                Packet::SenderReport(report, blocks) => {
                    has_feedback |= blocks.len() > 0;
                    let Some((track, stream)) = uplink.stream_of(report.ssrc) else {
                        self.counters.drops.foreign += 1;
                        continue;
                    };
                    stream.reception.sender_report(report.ntp, fx.now);
                    if track != Track::Rtx {
                        uplink.clock.reported(report.ntp, our_ntp);
                    }
                    for relay in leg.relay.iter_mut().chain(leg.onlooker.relay_mut()) {
                        relay.send_report(track, &report, (fx.now, our_ntp), &mut fx.datagrams);
                    }
                }
                Packet::ReceiverReport(..)
                | Packet::Nack(_)
                | Packet::Pli { .. }
                | Packet::Fir(_)
                | Packet::TransportFeedback(_) => has_feedback = true,
                // REMB, names, farewells and the rest stay here.
                _ => {}
            }
        }
        if let (true, Some(facing)) = (has_feedback, leg.facing) {
            let matter = Matter::Feedback {
                match_id: facing.match_id,
                rtcp: plain.to_vec(),
            };
            self.post(
                Mail {
                    leg: facing.partner,
                    matter,
                },
                fx,
            );
        }
        self.heard(key, fx);
    }

    /// Tells what the transport brought about, and carries it out.
    pub(crate) fn after_transport(&mut self, key: usize, fx: &mut Effects) {
        while let Some(event) = self
            .legs
            .get_mut(key)
            .and_then(|leg| leg.transport.poll_event())
        {
            let chance = [(); 4].map(|()| self.chance());
            let Some(leg) = self.legs.get_mut(key) else {
                return;
            };
            match event {
                TransportEvent::Validated(address) => self.directory.add_address(leg.id, address),
                TransportEvent::Forgotten(address) => {
                    self.directory.remove_address(leg.id, address);
                }
                TransportEvent::Nominated(route) => self.reroute(key, route, fx),
                TransportEvent::Keys(keys, route) => {
                    // One handshake per stay: a second one would start every counter again.
                    if leg.uplink.is_none() {
                        leg.handshake_done(&keys, route, chance, fx.now);
                        if let Some(rates) = self.settings.tap.filter(|_| leg.sends()) {
                            leg.tapping.begin(leg.id, leg.codec(), rates, fx.now);
                        }
                        fx.events.push_back(Event::Connected { leg: leg.id });
                    }
                }
                TransportEvent::Closed => {
                    self.close(key, fx);
                    return;
                }
            }
        }
        self.schedule(key, fx.now);
    }

    /// Notes that the leg was heard, and tells it if it had been silent.
    pub(crate) fn heard(&mut self, key: usize, fx: &mut Effects) {
        let Some(leg) = self.legs.get_mut(key) else {
            return;
        };
        leg.presence.heard = fx.now;
        if leg.presence.is_silent {
            leg.presence.is_silent = false;
            fx.events.push_back(Event::Heard { leg: leg.id });
        }
    }

    /// The leg is over: its addresses, its names, its keys.
    pub(crate) fn close(&mut self, key: usize, fx: &mut Effects) {
        let Some(mut leg) = self.legs.try_remove(key) else {
            return;
        };
        leg.transport.close(fx.now, &mut fx.datagrams);
        self.directory.remove(leg.id);
        if let Some(relay) = leg.relay.take() {
            fx.events.extend(leg.quality_of(&relay, true, fx.now));
            self.give_back(*relay, fx);
        }
        if let Some(relay) = leg.onlooker.take() {
            self.give_back(*relay, fx);
        }
        self.tell_others(leg.id, || Matter::Gone, fx);
        fx.events.push_back(Event::Closed { leg: leg.id });
    }

    /// Puts a message to a leg's home on its way, or carries it out when that is here.
    pub(crate) fn post(&mut self, mail: Mail, fx: &mut Effects) {
        match self.directory.home(mail.leg) {
            Some(Home::Here(_)) => self.take_mail(mail, fx),
            Some(Home::There(home)) => fx.mail.push_back((home, mail)),
            // Whoever it was for is gone, and with them what it carried.
            None => {}
        }
    }

    /// Sends the same message to every other shard.
    pub(crate) fn tell_others(&self, leg: LegId, matter: impl Fn() -> Matter, fx: &mut Effects) {
        for other in (0..self.settings.shards).map(ShardIndex) {
            if other != self.settings.index {
                fx.mail.push_back((
                    other,
                    Mail {
                        leg,
                        matter: matter(),
                    },
                ));
            }
        }
    }

    /// Sends RTCP to a leg at home here, wherever its downlink is.
    pub(crate) fn send_upstream(&mut self, key: usize, rtcp: &[u8], fx: &mut Effects) {
        let Some(leg) = self.legs.get_mut(key).filter(|_| !rtcp.is_empty()) else {
            return;
        };
        match &mut leg.downlink {
            Whereabouts::NotYet => {}
            Whereabouts::Home(downlink) => {
                downlink.send_rtcp(rtcp, &mut fx.datagrams);
            }
            Whereabouts::With(holder, match_id) => {
                let matter = Matter::Upstream {
                    of: leg.id,
                    match_id: *match_id,
                    rtcp: rtcp.to_vec(),
                };
                let mail = Mail {
                    leg: *holder,
                    matter,
                };
                self.post(mail, fx);
            }
        }
    }

    /// A number of chance.
    pub(crate) fn chance(&mut self) -> u64 {
        self.rng.next_u64()
    }

    /// Sends a datagram on to the shard where its leg is at home.
    fn hand_over(
        &mut self,
        (leg, home): (LegId, ShardIndex),
        route: Route,
        datagram: &[u8],
        fx: &mut Effects,
    ) {
        if datagram.len() > limits::DATAGRAM_BYTES {
            self.counters.drops.malformed += 1;
            return;
        }
        self.counters.strayed += 1;
        let datagram = Strayed {
            route,
            bytes: datagram.to_vec(),
        };
        let matter = Matter::Strayed {
            datagram,
            via: self.settings.index,
        };
        fx.mail.push_back((home, Mail { leg, matter }));
    }

    fn count_refusal(&mut self, refusal: Refusal) {
        let drops = &mut self.counters.drops;
        match refusal {
            Refusal::Malformed => drops.malformed += 1,
            Refusal::Foreign => drops.foreign += 1,
            Refusal::Unauthentic => drops.unauthentic += 1,
        }
    }

    /// Takes a datagram that came to another shard first.
    pub(crate) fn handle_strayed(&mut self, key: usize, mut datagram: Strayed, fx: &mut Effects) {
        match Kind::of(&datagram.bytes) {
            Kind::Stun => {
                if let Ok(message) = StunMessage::parse(&datagram.bytes) {
                    self.answer_stun(key, message, datagram.route, fx);
                }
            }
            kind => self.handle_own(key, kind, &mut datagram.bytes, fx),
        }
    }
}
