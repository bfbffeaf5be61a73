//! How legs come, face each other, part and go: everything a shard is told by [`Mail`].
//!
//! On a match each downlink travels to the home of the *other* visitor ([`Matter::Lend`]), because
//! that is where the packets for it arrive: a relay is then entirely on one shard. On Next it
//! travels back ([`Matter::Return`]), and from there to the next match. The two shards may hear of
//! a match in either order; whichever message comes first waits for the other or is sent back.
//!
//! Each direction of a match is for itself: a leg faces the one that it receives from. Where a session
//! sends by one leg and receives by another, only the second faces anybody, and lends its downlink.

use std::time::{Duration, Instant};

use str0m::ice::StunMessage;

use super::command::{Event, Gate, OfferError, is_onlooking};
use super::datagrams::Route;
use super::directory::Home;
use super::downlink::Downlink;
use super::face::Face;
use super::leg::{Facing, Leg, Whereabouts};
use super::mail::{Mail, Matter, Opening, Strayed};
use super::overload::Shed;
use super::relay::Relay;
use super::retransmission::Means;
use super::shard::{Effects, Shard};
use crate::id::{LegId, MatchId, ShardIndex};
use crate::private::Private;

impl Shard {
    /// Carries out a message, or sends it on to where its leg is at home.
    pub fn handle_mail(&mut self, mail: Mail, fx: &mut Effects) {
        let leg = mail.leg;
        let is_new = matches!(mail.matter, Matter::Open(_));
        if self
            .contain(fx, |shard, fx| shard.take_mail(mail, fx))
            .is_ok()
        {
            return;
        }
        if let Some(Home::Here(key)) = self.directory.home(leg) {
            self.abandon(key, fx);
        } else if is_new {
            let reason = OfferError::Malformed;
            fx.events.push_back(Event::Refused { leg, reason });
        }
    }

    pub(crate) fn take_mail(&mut self, mail: Mail, fx: &mut Effects) {
        let Mail { leg, matter } = mail;
        match matter {
            Matter::Open(opening) => return self.open(leg, &opening, fx),
            Matter::Settle { leg, datagram } => return self.settle(*leg, datagram, fx),
            Matter::Known { ufrag, home } => {
                return self.directory.set(leg, Home::There(home), &ufrag);
            }
            Matter::Learnt { route, home } => {
                if self.directory.home(leg) == Some(Home::There(home)) {
                    self.directory.add_address(leg, route.remote);
                }
                return;
            }
            Matter::Gone => return self.directory.remove(leg),
            _ => {}
        }
        match self.directory.home(leg) {
            Some(Home::Here(key)) => self.handle_own_mail(key, matter, fx),
            Some(Home::There(home)) => fx.mail.push_back((home, Mail { leg, matter })),
            None => self.handle_lost_mail(leg, matter, fx),
        }
    }

    fn handle_own_mail(&mut self, key: usize, matter: Matter, fx: &mut Effects) {
        match matter {
            Matter::Restart(offer) => self.restart(key, &offer, fx),
            Matter::Lend { match_id, of } if is_onlooking(match_id) => {
                self.be_seen(key, match_id, of, fx);
            }
            Matter::Feedback { match_id, rtcp } if is_onlooking(match_id) => {
                self.serve_onlooker(key, match_id, &rtcp, fx);
            }
            Matter::Face { match_id, partner } => {
                self.face(key, Facing { match_id, partner }, fx);
            }
            Matter::Turn { match_id } => self.turn(key, match_id, fx),
            Matter::Video(gate) => self.set_gate(key, gate, fx.now),
            Matter::Mute(muted) => self.mute(key, muted, fx.now),
            Matter::Watch(every) => self.watch(key, every, fx.now),
            Matter::Look => self.look(key, fx),
            Matter::Close => self.close(key, fx),
            Matter::Lend { match_id, of } => self.borrow(key, match_id, of, fx),
            Matter::Return(downlink) => self.take_back(key, downlink, fx),
            Matter::Reroute { match_id, route } => {
                if let Some(relay) = self.relay_of(key, match_id) {
                    relay.downlink.route = route;
                }
            }
            Matter::Feedback { match_id, rtcp } => {
                self.take_feedback(key, match_id, &rtcp, fx);
            }
            Matter::Upstream { of, match_id, rtcp } => {
                self.take_upstream(key, (of, match_id), rtcp, fx);
            }
            Matter::Strayed { datagram, via } => self.take_strayed(key, datagram, via, fx),
            Matter::Open(_)
            | Matter::Settle { .. }
            | Matter::Known { .. }
            | Matter::Learnt { .. }
            | Matter::Gone => {}
        }
    }

    /// A message for a leg that is gone. What must not be lost with it goes back to its owner.
    fn handle_lost_mail(&mut self, leg: LegId, matter: Matter, fx: &mut Effects) {
        match matter {
            Matter::Lend { of, .. } => {
                let owner = of.leg;
                self.post(
                    Mail {
                        leg: owner,
                        matter: Matter::Return(of),
                    },
                    fx,
                );
            }
            Matter::Restart(_) => {
                fx.events.push_back(Event::Refused {
                    leg,
                    reason: OfferError::NoLeg,
                });
            }
            _ => {}
        }
    }

    fn open(&mut self, id: LegId, opening: &Opening, fx: &mut Effects) {
        let chance = [(); 3].map(|()| self.chance());
        let made = if self.directory.len() >= self.settings.max_legs {
            Err(OfferError::Full)
        } else {
            let settings = &self.settings;
            Leg::open(
                id,
                opening,
                &settings.codecs,
                &settings.identity,
                (fx.now, chance),
            )
        };
        let mut leg = match made {
            Ok(leg) => leg,
            Err(reason) => return fx.events.push_back(Event::Refused { leg: id, reason }),
        };
        let answer = Private::new(leg.answer(&self.settings));
        let video = leg.codec();
        let key = self.legs.insert(leg);
        self.at_home(key, fx);
        self.schedule(key, fx.now);
        fx.events.push_back(Event::Answered {
            leg: id,
            answer,
            video,
        });
    }

    fn restart(&mut self, key: usize, offer: &Private<String>, fx: &mut Effects) {
        let Some(leg) = self.legs.get_mut(key) else {
            return;
        };
        let id = leg.id;
        if let Err(reason) = leg.restart(offer.reveal(), fx.now) {
            return fx.events.push_back(Event::Refused { leg: id, reason });
        }
        let answer = Private::new(leg.answer(&self.settings));
        let video = leg.codec();
        self.at_home(key, fx);
        fx.events.push_back(Event::Answered {
            leg: id,
            answer,
            video,
        });
    }

    /// Writes into every shard's directory that the leg is at home here under its ICE name.
    fn at_home(&mut self, key: usize, fx: &mut Effects) {
        let Some(leg) = self.legs.get(key) else {
            return;
        };
        let (id, ufrag) = (leg.id, leg.transport.credentials().ufrag.clone());
        self.directory.set(id, Home::Here(key), &ufrag);
        let home = self.settings.index;
        self.tell_others(
            id,
            || Matter::Known {
                ufrag: ufrag.clone(),
                home,
            },
            fx,
        );
    }

    /// A datagram of a leg at home here landed elsewhere. The first valid STUN request settles
    /// where home is; what strays later is rare, and the other shard learns the way.
    fn take_strayed(&mut self, key: usize, datagram: Strayed, via: ShardIndex, fx: &mut Effects) {
        let Some(leg) = self.legs.get(key) else {
            return;
        };
        let id = leg.id;
        let is_authentic = StunMessage::parse(&datagram.bytes)
            .is_ok_and(|message| leg.transport.is_authentic(&message));
        if is_authentic && !leg.is_settled {
            let mut leg = self.legs.remove(key);
            leg.is_settled = true;
            leg.rounds.scheduled = None;
            let ufrag = leg.transport.credentials().ufrag.clone();
            self.directory.set(id, Home::There(via), &ufrag);
            let matter = Matter::Settle {
                leg: Box::new(leg),
                datagram,
            };
            fx.mail.push_back((via, Mail { leg: id, matter }));
            return;
        }
        let route = datagram.route;
        self.handle_strayed(key, datagram, fx);
        if is_authentic {
            let home = self.settings.index;
            fx.mail.push_back((
                via,
                Mail {
                    leg: id,
                    matter: Matter::Learnt { route, home },
                },
            ));
        }
    }

    fn settle(&mut self, leg: Leg, datagram: Strayed, fx: &mut Effects) {
        let key = self.legs.insert(leg);
        self.at_home(key, fx);
        self.handle_strayed(key, datagram, fx);
        self.schedule(key, fx.now);
    }

    fn face(&mut self, key: usize, facing: Facing, fx: &mut Effects) {
        let Some(leg) = self.legs.get_mut(key) else {
            return;
        };
        if leg.is_over(facing.match_id) {
            return;
        }
        leg.facing = Some(facing);
        self.lend(key, fx);
    }

    /// Sends a leg's downlink, if it is at home, to the partner it faces.
    fn lend(&mut self, key: usize, fx: &mut Effects) {
        let Some(leg) = self.legs.get_mut(key) else {
            return;
        };
        let Some(facing) = leg.facing else { return };
        let away = Whereabouts::With(facing.partner, facing.match_id);
        match std::mem::replace(&mut leg.downlink, away) {
            Whereabouts::Home(of) => {
                let matter = Matter::Lend {
                    match_id: facing.match_id,
                    of,
                };
                self.post_or_return(
                    Mail {
                        leg: facing.partner,
                        matter,
                    },
                    fx,
                );
            }
            // It is lent as soon as it is there.
            other => leg.downlink = other,
        }
    }

    /// The partner's downlink arrives: from fx.now on this leg's packets flow.
    fn borrow(&mut self, key: usize, match_id: MatchId, downlink: Box<Downlink>, fx: &mut Effects) {
        let Some(leg) = self.legs.get_mut(key) else {
            return;
        };
        let uplink = leg.uplink.as_mut().filter(|_| leg.parted < Some(match_id));
        let Some(uplink) = uplink else {
            // Too late: that match is over here.
            let owner = downlink.leg;
            return self.post(
                Mail {
                    leg: owner,
                    matter: Matter::Return(downlink),
                },
                fx,
            );
        };
        let mut relay = Relay::new(match_id, downlink, uplink, fx.now);
        uplink.losses.clear();
        leg.tapping.match_began(fx.now);
        // Whatever becomes of it, it is not for the match after this one.
        let face = std::mem::take(&mut leg.face);
        let shown = if leg.may_be_seen() {
            relay.show(&face, fx.now, &mut self.tape, &mut fx.datagrams)
        } else {
            None
        };
        if let Some((timestamp, packets)) = shown {
            self.counters.faces_shown += 1;
            self.counters.packets_forwarded += packets;
            fx.events.push_back(Event::FirstPicture {
                match_id,
                leg: leg.id,
                timestamp,
                after_ms: 0,
            });
        }
        let before = leg.relay.replace(Box::new(relay));
        self.counters.relays_begun += 1;
        if let Some(before) = before {
            self.give_back(*before, fx);
        }
        self.make_rounds(key, fx);
    }

    fn turn(&mut self, key: usize, match_id: MatchId, fx: &mut Effects) {
        let Some(leg) = self.legs.get_mut(key) else {
            return;
        };
        leg.facing.take_if(|facing| facing.match_id == match_id);
        if is_onlooking(match_id) {
            return self.turn_onlooker(key, match_id, fx);
        }
        leg.parted = leg.parted.max(Some(match_id));
        if let Some(relay) = leg.relay.take_if(|relay| relay.match_id == match_id) {
            if let Some(uplink) = &mut leg.uplink {
                uplink.losses.clear();
            }
            leg.is_shed = false;
            fx.events.extend(leg.quality_of(&relay, true, fx.now));
            self.give_back(*relay, fx);
        }
        self.schedule(key, fx.now);
    }

    /// Sends a borrowed downlink back to its owner.
    pub(crate) fn give_back(&mut self, relay: Relay, fx: &mut Effects) {
        let matter = Matter::Return(relay.downlink);
        self.post(
            Mail {
                leg: relay.partner,
                matter,
            },
            fx,
        );
    }

    fn take_back(&mut self, key: usize, mut downlink: Box<Downlink>, fx: &mut Effects) {
        let Some(leg) = self.legs.get_mut(key) else {
            return;
        };
        if let Some(route) = leg.transport.nominated() {
            downlink.route = route;
        }
        // Back from the very match it faces: that is over on the partner's side, and lending it
        // there again would only bring it back again.
        if let Whereabouts::With(_, match_id) = leg.downlink {
            leg.facing.take_if(|facing| facing.match_id == match_id);
        }
        leg.downlink = Whereabouts::Home(downlink);
        self.lend(key, fx);
        self.schedule(key, fx.now);
    }

    /// Posts a downlink; if its new holder is gone already, it stays with its owner.
    fn post_or_return(&mut self, mail: Mail, fx: &mut Effects) {
        if self.directory.home(mail.leg).is_none() {
            let Mail { leg, matter } = mail;
            return self.handle_lost_mail(leg, matter, fx);
        }
        self.post(mail, fx);
    }

    /// The browser chose another path.
    pub(crate) fn reroute(&mut self, key: usize, route: Route, fx: &mut Effects) {
        let Some(leg) = self.legs.get_mut(key) else {
            return;
        };
        match &mut leg.downlink {
            Whereabouts::NotYet => {}
            Whereabouts::Home(downlink) => downlink.route = route,
            Whereabouts::With(holder, match_id) => {
                let matter = Matter::Reroute {
                    match_id: *match_id,
                    route,
                };
                let mail = Mail {
                    leg: *holder,
                    matter,
                };
                self.post(mail, fx);
            }
        }
    }

    fn set_gate(&mut self, key: usize, gate: Gate, now: Instant) {
        let Some(leg) = self.legs.get_mut(key) else {
            return;
        };
        leg.gate = gate;
        leg.face = Face::default();
        if let (Gate::Shut, Some(relay)) = (gate, &mut leg.relay) {
            relay.hold_video();
        }
        self.schedule(key, now);
    }

    /// Keeps back the pictures of so many matches, those that began last, and lets the others go on
    /// with their next keyframe.
    pub fn shed(&mut self, shed: Shed, now: Instant) {
        let mut facing: Vec<_> = self
            .legs
            .iter()
            .filter_map(|(key, leg)| Some((leg.relay.as_ref()?.match_id, key)))
            .collect();
        facing.sort_unstable_by(|a, b| b.cmp(a));
        let count = shed.of(facing.len());
        self.counters.legs_shed = count as u64;
        for (place, (_, key)) in facing.into_iter().enumerate() {
            let Some(leg) = self.legs.get_mut(key) else {
                continue;
            };
            let is_shed = place < count;
            if leg.is_shed == is_shed {
                continue;
            }
            leg.is_shed = is_shed;
            if let (true, Some(relay)) = (is_shed, &mut leg.relay) {
                relay.hold_video();
            }
            self.schedule(key, now);
        }
    }

    fn watch(&mut self, key: usize, every: Duration, now: Instant) {
        let chance = self.chance();
        if let Some(leg) = self.legs.get_mut(key) {
            leg.tapping.watch(every, now, chance);
        }
        self.schedule(key, now);
    }

    fn look(&mut self, key: usize, fx: &mut Effects) {
        if let Some(leg) = self.legs.get_mut(key) {
            leg.tapping.look(fx.now);
        }
        self.make_rounds(key, fx);
    }

    fn take_feedback(&mut self, key: usize, match_id: MatchId, rtcp: &[u8], fx: &mut Effects) {
        let Some(leg) = self.legs.get_mut(key) else {
            return;
        };
        let (Some(relay), Some(uplink)) = (&mut leg.relay, &mut leg.uplink) else {
            return;
        };
        if relay.match_id != match_id {
            return;
        }
        let mut scratch = std::mem::take(&mut self.scratch);
        let means = Means {
            now: fx.now,
            tape: &self.tape,
            out: &mut fx.datagrams,
        };
        let translated = relay.translate(rtcp, uplink, &mut scratch, means);
        self.counters.packets_resent += translated.resent;
        self.counters.resends_over_share += translated.over_share;
        self.counters.drops.stale += translated.stale;
        self.send_upstream(key, &scratch.upstream, fx);
        self.scratch = scratch;
    }

    /// RTCP for the owner of a downlink that was lent here. If it has just gone back, the RTCP
    /// follows it home.
    fn take_upstream(
        &mut self,
        key: usize,
        (of, match_id): (LegId, MatchId),
        rtcp: Vec<u8>,
        fx: &mut Effects,
    ) {
        if let Some(relay) = self.relay_of(key, match_id) {
            relay.downlink.send_rtcp(&rtcp, &mut fx.datagrams);
        } else if let Some(leg) = self.legs.get(key).filter(|leg| leg.id == of) {
            let is_still_there =
                matches!(leg.downlink, Whereabouts::With(_, there) if there == match_id);
            if !is_still_there {
                self.send_upstream(key, &rtcp, fx);
            }
        } else {
            let matter = Matter::Upstream { of, match_id, rtcp };
            self.post(Mail { leg: of, matter }, fx);
        }
    }

    fn relay_of(&mut self, key: usize, match_id: MatchId) -> Option<&mut Relay> {
        let leg = self.legs.get_mut(key)?;
        let relay = match is_onlooking(match_id) {
            true => leg.onlooker.relay_mut()?,
            false => leg.relay.as_mut()?,
        };
        (relay.match_id == match_id).then_some(relay)
    }
}
