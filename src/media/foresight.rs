//! Looks ahead over a batch: reads a little of everything that its packets will need, packet after
//! packet in steps, so that the waits for cold memory overlap instead of following one another.
//!
//! With a thousand matches nearly everything that a packet needs is cold, and each piece is found
//! only through the one before it: address, leg, relay, downlink, ring.

use std::hint::black_box;

use super::datagrams::Route;
use super::directory::Home;
use super::downlink::Downlink;
use super::leg::Leg;
use super::relay::Relay;
use super::shard::Shard;
use super::uplink::Uplink;

/// Senders of a batch that are looked up ahead.
const AHEAD: usize = 32;

impl Shard {
    /// Warms the memory that datagrams from here will need. Changes nothing.
    pub fn foresee(&self, routes: impl Iterator<Item = Route>) {
        let mut legs: [Option<&Leg>; AHEAD] = [None; AHEAD];
        let mut keys = [None; AHEAD];
        let mut last = None;
        let routes = routes.filter(|route| last.replace(route.remote) != Some(route.remote));
        for (key, route) in keys.iter_mut().zip(routes) {
            if let Some((_, Home::Here(home))) = self.directory.by_address(&route.remote) {
                *key = Some(home);
            }
        }
        for (leg, key) in legs.iter_mut().zip(keys) {
            *leg = key.and_then(|key| self.legs.get(key));
            if let Some(leg) = leg {
                leg.glance();
            }
        }
        let legs = || legs.iter().flatten();
        for uplink in legs().filter_map(|leg| leg.uplink.as_ref()) {
            uplink.glance();
        }
        let relays = || legs().filter_map(|leg| leg.relay.as_deref());
        for relay in relays() {
            relay.glance();
        }
        for relay in relays() {
            relay.downlink.glance();
        }
        for relay in relays() {
            relay.downlink.glance_further();
        }
    }
}

impl Leg {
    fn glance(&self) {
        black_box((self.id, self.gate, self.presence.heard));
        black_box((self.rounds.scheduled, self.rounds.reports));
        black_box((self.transport.due(), self.relay.is_some()));
        if let Some(uplink) = &self.uplink {
            black_box((uplink.codec, uplink.audio.ssrc, uplink.rtx.ssrc));
            black_box((uplink.video.ssrc, uplink.video.reception.highest()));
            black_box((uplink.arrivals.highest(), uplink.losses.is_empty()));
        }
    }
}

impl Uplink {
    /// Where the next arrival will be noted.
    fn glance(&self) {
        let newest = self.arrivals.highest();
        black_box(newest.and_then(|newest| self.arrivals.at(newest)));
        self.inbound.glance();
    }
}

impl Relay {
    fn glance(&self) {
        black_box((self.match_id, self.transport, self.ntp_offset));
        black_box((self.audio, self.video));
    }
}

impl Downlink {
    fn glance(&self) {
        black_box((self.route, self.next_transport, &self.numbers.ssrcs.video));
        black_box((self.video.next_index, self.video.packets));
        black_box((self.audio.next_index, self.audio.packets));
    }

    /// What lies aside of it: which indices were used, and where the next packet will be found.
    fn glance_further(&self) {
        self.outbound.glance();
        self.ring.glance(self.video.next_index);
    }
}
