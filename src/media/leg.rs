//! One visitor's transport and its two halves; lives across matches.

use std::sync::Arc;
use std::time::{Duration, Instant};

use str0m::crypto::Fingerprint;
use str0m::ice::IceCreds;

use super::answer::{self, Own, Ssrcs};
use super::command::{Event, Gate, Muted, OfferError, is_onlooking};
use super::datagrams::Route;
use super::downlink::{Downlink, Numbers};
use super::face::Face;
use super::mail::Opening;
use super::offer::Terms;
use super::onlooking::Onlooker;
use super::relay::Relay;
use super::shard::Settings;
use super::tapping::Tapping;
use super::transport::{Identity, Transport};
use super::uplink::Uplink;
use crate::codec::VideoCodec;
use crate::direction::Direction;
use crate::id::{LegId, MatchId};
use crate::srtp::{Inbound, KeyPair, Outbound};

/// A leg at its home.
pub(crate) struct Leg {
    pub(crate) id: LegId,
    pub(crate) transport: Transport,
    pub(crate) ssrcs: Ssrcs,
    /// After the handshake: what the visitor sends.
    pub(crate) uplink: Option<Uplink>,
    /// What the visitor is sent.
    pub(crate) downlink: Whereabouts,
    /// Whom it receives from, or will as soon as its downlink is back.
    pub(crate) facing: Option<Facing>,
    /// The newest match that is over, so that what comes late of it is known for what it is.
    pub(crate) parted: Option<MatchId>,
    /// What it sends, on its way to the partner.
    pub(crate) relay: Option<Box<Relay>>,
    /// Who sees what it sends without facing it.
    pub(crate) onlooker: Onlooker,
    /// What its next partner sees first.
    pub(crate) face: Face,
    pub(crate) gate: Gate,
    pub(crate) muted: Muted,
    /// Its picture is kept back because the shard cannot carry it.
    pub(crate) is_shed: bool,
    /// Home was chosen by the first valid STUN request.
    pub(crate) is_settled: bool,
    pub(crate) presence: Presence,
    pub(crate) rounds: Rounds,
    pub(crate) tapping: Tapping,
    terms: Terms,
    sdp_session: u64,
    answers: u32,
}

/// Where a leg's sending half is.
pub(crate) enum Whereabouts {
    /// The handshake is not done.
    NotYet,
    /// At home: the leg waits.
    Home(Box<Downlink>),
    /// With the leg it faces, or on its way there or back.
    With(LegId, MatchId),
}

/// A match from one leg's side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Facing {
    pub(crate) match_id: MatchId,
    pub(crate) partner: LegId,
}

/// When the leg was last heard, and whether that was told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Presence {
    pub(crate) heard: Instant,
    pub(crate) is_silent: bool,
}

/// When its rounds are due next.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rounds {
    pub(crate) feedback: Instant,
    pub(crate) reports: Instant,
    /// The earliest turn of the wheel that will bring this leg up.
    pub(crate) scheduled: Option<Instant>,
}

/// Transport-wide feedback of our own, while no partner gives any.
pub(crate) const FEEDBACK_EVERY: Duration = Duration::from_millis(50);
/// Receiver reports of our own.
pub(crate) const REPORTS_EVERY: Duration = Duration::from_millis(1000);

impl Leg {
    /// A leg for an offer. `chance` seeds its names and numbers.
    ///
    /// # Errors
    /// [`OfferError`] when the offer cannot be served.
    pub(crate) fn open(
        id: LegId,
        opening: &Opening,
        codecs: &[VideoCodec],
        identity: &Arc<Identity>,
        (now, chance): (Instant, [u64; 3]),
    ) -> Result<Self, OfferError> {
        let codecs = opening.codec.as_ref().map_or(codecs, std::slice::from_ref);
        let terms = Terms::read(opening.offer.reveal(), codecs, opening.direction)?;
        let remote = (terms.ice.clone(), terms.fingerprint.clone());
        let transport = Transport::new(identity, remote, opening.certificates, now)
            .ok_or(OfferError::Malformed)?;
        let [ssrcs, third, session] = chance;
        Ok(Self {
            id,
            transport,
            ssrcs: ssrcs_from(ssrcs, third),
            uplink: None,
            downlink: Whereabouts::NotYet,
            facing: None,
            parted: None,
            relay: None,
            onlooker: Onlooker::default(),
            face: Face::default(),
            // What only receives has no picture: none is waited for, asked for or kept.
            gate: match terms.direction {
                Direction::SendRecv | Direction::SendOnly => Gate::Open,
                Direction::RecvOnly => Gate::Shut,
            },
            muted: Muted::default(),
            is_shed: false,
            is_settled: false,
            presence: Presence {
                heard: now,
                is_silent: false,
            },
            rounds: Rounds {
                feedback: now,
                reports: now,
                scheduled: None,
            },
            tapping: Tapping::default(),
            terms,
            sdp_session: session >> 2,
            answers: 0,
        })
    }

    /// Takes new ICE credentials from a second offer (RFC 8445, 9). The tracks stay as they are.
    ///
    /// # Errors
    /// [`OfferError::Malformed`] when the offer is not one for this leg.
    pub(crate) fn restart(&mut self, offer: &str, now: Instant) -> Result<(), OfferError> {
        let terms = Terms::read(offer, &[self.codec()], self.terms.direction)?;
        if !self.transport.is_certificate(&terms.fingerprint) || !self.is_like(&terms) {
            return Err(OfferError::Malformed);
        }
        if terms.ice != self.terms.ice {
            self.transport.restart(terms.ice.clone(), now);
        }
        self.terms = terms;
        Ok(())
    }

    /// The answer to the newest offer.
    pub(crate) fn answer(&mut self, settings: &Settings) -> String {
        self.answers += 1;
        let ice: &IceCreds = self.transport.credentials();
        let fingerprint: &Fingerprint = self.transport.fingerprint();
        answer::write(
            &self.terms,
            &Own {
                ice,
                fingerprint,
                candidates: &settings.candidates,
                takes_tcp: settings.takes_tcp,
                ssrcs: &self.ssrcs,
                cname: "visavis",
                session: (self.sdp_session, self.answers),
            },
        )
    }

    /// Whether its picture may pass to its partner now.
    pub(crate) fn may_be_seen(&self) -> bool {
        self.gate == Gate::Open && !self.is_shed && !self.muted.video
    }

    /// Whether a match, or an onlooking, is over as far as this leg knows.
    pub(crate) fn is_over(&self, match_id: MatchId) -> bool {
        let newest = match is_onlooking(match_id) {
            true => self.onlooker.over,
            false => self.parted,
        };
        newest >= Some(match_id)
    }

    /// The one picture coding this leg speaks.
    pub(crate) fn codec(&self) -> VideoCodec {
        self.terms.video.codec
    }

    /// Whether it has a picture that may be looked at.
    pub(crate) fn sends(&self) -> bool {
        self.terms.direction != Direction::RecvOnly
    }

    /// Both halves, from the handshake's keys: we were its server.
    pub(crate) fn handshake_done(
        &mut self,
        keys: &KeyPair,
        route: Route,
        chance: [u64; 4],
        now: Instant,
    ) {
        self.uplink = Some(Uplink::new(
            &self.terms,
            Inbound::new(&keys.client),
            self.ssrcs.video,
            now,
        ));
        let numbers = Numbers::new(&self.terms, &self.ssrcs);
        let downlink = Downlink::new(self.id, route, numbers, Outbound::new(&keys.server), chance);
        self.downlink = Whereabouts::Home(Box::new(downlink));
    }

    /// How well goes what it sends.
    pub(crate) fn quality_of(&self, relay: &Relay, is_over: bool, now: Instant) -> Option<Event> {
        let quality = relay
            .course
            .quality(self.uplink.as_ref()?, &relay.downlink, now);
        Some(Event::Quality {
            match_id: relay.match_id,
            leg: self.id,
            to: relay.partner,
            quality: Box::new(quality),
            is_over,
        })
    }

    /// Whether another offer is for the same tracks by the same numbers.
    fn is_like(&self, terms: &Terms) -> bool {
        let mids = |terms: &Terms| -> Vec<String> {
            terms
                .sections
                .iter()
                .map(|section| section.mid.clone())
                .collect()
        };
        self.terms.audio.payload_type == terms.audio.payload_type
            && self.terms.video.payload_type == terms.video.payload_type
            && self.terms.video.rtx_payload_type == terms.video.rtx_payload_type
            && self.terms.transport_cc == terms.transport_cc
            && self.terms.playout_delay == terms.playout_delay
            && mids(&self.terms) == mids(terms)
    }
}

/// Three different SSRCs, none of them zero.
fn ssrcs_from(chance: u64, more: u64) -> Ssrcs {
    let low = |number: u64| super::reception::low32(number) | 1;
    let audio = low(chance);
    let mut video = low(chance >> 32);
    if video == audio {
        video = video.wrapping_add(2);
    }
    let mut rtx = low(more);
    while rtx == audio || rtx == video {
        rtx = rtx.wrapping_add(2);
    }
    Ssrcs { audio, video, rtx }
}
