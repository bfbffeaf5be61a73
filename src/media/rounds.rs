//! What a shard does by the clock: feedback and reports of its own while no partner gives any,
//! keyframe requests while the picture is held, requests for what is missing on the way up, and
//! noticing who has fallen silent.

use std::time::{Duration, Instant};

use super::command::Event;
use super::downlink::KEYFRAME_PAUSE;
use super::feedback::{Scratch, tell};
use super::leg::{FEEDBACK_EVERY, Leg, REPORTS_EVERY};
use super::shard::{Effects, Shard};
use crate::rtp::rtcp;

/// While the picture is held for its keyframe, the sender is asked this often: Chromium makes one
/// in 300 ms at most, but a request may be lost.
const KEYFRAME_EVERY: Duration = Duration::from_millis(100);
/// How closely losses on the way up are followed.
const LOSSES_EVERY: Duration = Duration::from_millis(5);

impl Shard {
    /// Looks after every leg whose time has come.
    pub fn handle_timeout(&mut self, fx: &mut Effects) {
        let now = fx.now;
        let mut due = std::mem::take(&mut self.due);
        due.clear();
        self.wheel.advance(now, &mut due);
        for key in due.drain(..) {
            // An entry may be older than the leg's newest schedule, or than the leg.
            let is_due = self
                .legs
                .get_mut(key)
                .is_some_and(|leg| leg.rounds.scheduled.take_if(|at| *at <= now).is_some());
            if is_due
                && self
                    .contain(fx, |shard, fx| shard.make_rounds(key, fx))
                    .is_err()
            {
                self.abandon(key, fx);
            }
        }
        self.due = due;
        self.counters.legs = self.legs.len() as u64;
        self.tape.trim(now);
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called.
    #[must_use]
    pub fn next_due(&self) -> Option<Instant> {
        self.wheel.next_due()
    }

    /// Does what is due for one leg, and schedules what comes next.
    pub(crate) fn make_rounds(&mut self, key: usize, fx: &mut Effects) {
        let now = fx.now;
        let Some(leg) = self.legs.get_mut(key) else {
            return;
        };
        leg.transport.handle_timeout(now, &mut fx.datagrams);
        let unheard = now.saturating_duration_since(leg.presence.heard);
        if unheard >= self.settings.close_after {
            return self.close(key, fx);
        }
        if unheard >= self.settings.silence && !leg.presence.is_silent && leg.uplink.is_some() {
            leg.presence.is_silent = true;
            fx.events.push_back(Event::Silent { leg: leg.id });
        }
        self.counters.frames_abandoned += leg.tapping.handle_timeout(now);
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.upstream.clear();
        self.counters.keyframes_asked += u64::from(ask_keyframe(leg, now, &mut scratch));
        self.counters.packets_asked += ask_missing(leg, now, &mut scratch);
        if leg.rounds.feedback <= now {
            leg.rounds.feedback = now + FEEDBACK_EVERY;
            report_arrivals(leg, now, &mut scratch);
        }
        if leg.rounds.reports <= now {
            leg.rounds.reports = now + REPORTS_EVERY;
            let relay = leg.relay.as_mut();
            if relay.is_some_and(|relay| relay.course.is_due(now)) {
                let relay = leg.relay.as_deref();
                let told = relay.and_then(|relay| leg.quality_of(relay, false, now));
                fx.events.extend(told);
            }
            report_reception(leg, now, &mut scratch);
        }
        self.send_upstream(key, &scratch.upstream, fx);
        self.scratch = scratch;
        self.after_transport(key, fx);
    }

    /// Puts a leg on the wheel for its next round, unless an earlier turn brings it up anyway.
    pub(crate) fn schedule(&mut self, key: usize, now: Instant) {
        let Some(leg) = self.legs.get_mut(key) else {
            return;
        };
        let next = next_round(leg, now, self.settings.silence, self.settings.close_after);
        if leg.rounds.scheduled.is_none_or(|at| next < at) {
            leg.rounds.scheduled = Some(next);
            self.wheel.schedule(key, next);
        }
    }
}

fn next_round(leg: &Leg, now: Instant, silence: Duration, close_after: Duration) -> Instant {
    let patience = if leg.presence.is_silent || leg.uplink.is_none() {
        close_after
    } else {
        silence
    };
    let mut next = leg.presence.heard + patience;
    if let Some(due) = leg.transport.due() {
        next = next.min(due);
    }
    let Some(uplink) = &leg.uplink else {
        return next;
    };
    next = next.min(leg.rounds.reports);
    // Feedback of our own is due only while somebody sends.
    let delegated = leg.relay.as_ref().and_then(|relay| relay.delegated_from);
    let limit = delegated.unwrap_or(u64::MAX);
    if uplink
        .arrivals
        .highest()
        .is_some_and(|highest| uplink.arrivals.unreported() <= highest.min(limit.saturating_sub(1)))
    {
        next = next.min(leg.rounds.feedback);
    }
    if let Some(due) = leg.tapping.due {
        next = next.min(due);
    }
    let mut is_looked_at = leg.tapping.is_in_work;
    if let Some(relay) = &leg.relay {
        if relay.video.is_none() && leg.may_be_seen() {
            next = next.min(now + KEYFRAME_EVERY);
        }
        is_looked_at |= relay.video.is_some();
    } else if leg.may_be_seen() {
        next = next.min(leg.face.wanted_at(now));
    }
    if is_looked_at && !uplink.losses.is_empty() {
        next = next.min(now + LOSSES_EVERY);
    }
    next
}

/// While the picture is held for its keyframe, now and then while the leg waits, and where the tap
/// wants one.
fn ask_keyframe(leg: &mut Leg, now: Instant, scratch: &mut Scratch) -> bool {
    let Some(uplink) = &leg.uplink else {
        return false;
    };
    let tap_asks = leg.tapping.asks_keyframe(now);
    let onlooker_asks = leg.onlooker.wants_keyframe(now);
    let is_open = leg.may_be_seen();
    let is_wanted = match &mut leg.relay {
        Some(relay) if is_open && relay.video.is_none() => {
            // A hair early is on time: the wheel turns in slots.
            let pause = KEYFRAME_EVERY.saturating_sub(super::wheel::SLOT);
            relay.wants_keyframe(pause, now)
        }
        // The partner asks as well: one pace for both.
        Some(relay) => tap_asks && relay.wants_keyframe(KEYFRAME_PAUSE, now),
        None if tap_asks => {
            leg.face.was_asked(now);
            true
        }
        None => is_open && leg.face.is_wanted(now),
    };
    let is_wanted = is_wanted || onlooker_asks;
    if is_wanted {
        uplink.ask_keyframe(&mut scratch.upstream);
    }
    is_wanted
}

/// For loss on the way up, as long as somebody watches.
fn ask_missing(leg: &mut Leg, now: Instant, scratch: &mut Scratch) -> u64 {
    let line = leg.relay.as_ref().and_then(|relay| relay.video);
    let from = line.map_or_else(
        || leg.tapping.wants_from(),
        |line| Some(line.numbers.start_in),
    );
    let (Some(from), Some(uplink)) = (from, &mut leg.uplink) else {
        return 0;
    };
    uplink.losses.due(from, now, &mut scratch.wanted);
    uplink.ask_again(&scratch.wanted, &mut scratch.upstream);
    scratch.wanted.len() as u64
}

/// Transport-wide feedback about what no partner reports on.
fn report_arrivals(leg: &mut Leg, now: Instant, scratch: &mut Scratch) {
    let Some(uplink) = &mut leg.uplink else {
        return;
    };
    let limit = leg.relay.as_ref().and_then(|relay| relay.delegated_from);
    uplink.arrivals.pending(limit, &mut scratch.heard);
    tell(uplink, scratch, now);
}

/// Receiver reports about the tracks that no partner receives.
fn report_reception(leg: &mut Leg, now: Instant, scratch: &mut Scratch) {
    let Some(uplink) = &mut leg.uplink else {
        return;
    };
    let relay = leg.relay.as_deref();
    let audio_flows = relay.is_some_and(|relay| relay.audio.is_some());
    let video_flows = relay.is_some_and(|relay| relay.video.is_some());
    scratch.blocks.clear();
    for (stream, flows) in [
        (&mut uplink.audio, audio_flows),
        (&mut uplink.video, video_flows),
    ] {
        if let (Some(ssrc), false) = (stream.ssrc, flows) {
            scratch.blocks.extend(stream.reception.report(ssrc, now));
        }
    }
    if !scratch.blocks.is_empty() {
        rtcp::write::receiver_report(&mut scratch.upstream, uplink.reporter, &scratch.blocks);
    }
}
