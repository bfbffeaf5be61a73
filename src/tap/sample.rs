//! Decides when a picture of a leg is due: at the door, at each match's start, and then again and
//! again, at moments that cannot be foreseen.

use std::time::{Duration, Instant};

use super::frame::Occasion;
use crate::limits;

/// How often pictures are taken where the control plane has said nothing else.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rates {
    /// At the beginning of a stay and of a match.
    pub first_every: Duration,
    /// How long that beginning lasts.
    pub first_for: Duration,
    /// Later.
    pub then_every: Duration,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            first_every: Duration::from_millis(500),
            first_for: Duration::from_secs(10),
            then_every: Duration::from_secs(5),
        }
    }
}

/// When pictures of one leg are due. A value: time and chance come in as arguments.
///
/// A picture that is due is wanted until one is [taken](Self::taken). If no keyframe comes by itself
/// for a moment, the sender is to be [asked for one](Self::asks_keyframe), again and again at
/// growing pauses.
pub struct Sampler {
    rates: Rates,
    /// As the control plane wants it.
    every: Option<Duration>,
    /// When the stay or the newest match began.
    began: Instant,
    /// When the next picture is due, unless one is wanted already.
    next: Instant,
    wanted: Option<Wanted>,
}

/// A picture that is due.
struct Wanted {
    occasion: Occasion,
    /// When the sender is asked for a keyframe.
    ask: Instant,
    /// How long to wait then.
    pause: Duration,
}

/// The first pause between two requests: Chromium makes one keyframe in 300 ms at most.
const FIRST_PAUSE: Duration = Duration::from_millis(300);
/// The longest: a camera that is switched off has nothing to show.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

impl Sampler {
    /// For a leg that has just connected: a picture is due at once.
    #[must_use]
    pub fn new(rates: Rates, now: Instant) -> Self {
        let mut sampler = Self {
            rates,
            every: None,
            began: now,
            next: now,
            wanted: None,
        };
        sampler.want(Occasion::Door, now);
        sampler
    }

    /// A match begins: its first keyframe, which is asked for anyway, is wanted.
    pub fn match_began(&mut self, now: Instant) {
        self.began = now;
        self.want(Occasion::MatchStart, now);
    }

    /// From now on a picture is due this often, at the beginning and later alike.
    pub fn watch(&mut self, every: Duration, now: Instant, chance: u64) {
        self.every = Some(every.clamp(limits::TAP_EVERY_MIN, limits::TAP_EVERY_MAX));
        self.next = now + self.pause(now, chance);
    }

    /// A picture is due at once.
    pub fn look(&mut self, now: Instant) {
        match &mut self.wanted {
            // Whoever wants one at once is served by the first that comes.
            Some(wanted) if wanted.occasion != Occasion::Routine => wanted.ask = now,
            _ => self.want(Occasion::Asked, now),
        }
    }

    /// Notes what is due by now.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.wanted.is_none() && self.next <= now {
            self.want(Occasion::Routine, now);
        }
    }

    /// Whether a picture is wanted now.
    #[must_use]
    pub fn is_wanting(&self) -> bool {
        self.wanted.is_some()
    }

    /// Whether the sender is to be asked for a keyframe now; it counts as asked.
    pub fn asks_keyframe(&mut self, now: Instant) -> bool {
        let Some(wanted) = self.wanted.as_mut().filter(|wanted| wanted.ask <= now) else {
            return false;
        };
        wanted.ask = now + wanted.pause;
        wanted.pause = (wanted.pause * 2).min(LONGEST_PAUSE);
        true
    }

    /// A keyframe in work was given up: another is to be asked for soon.
    pub fn missed(&mut self, now: Instant) {
        if let Some(wanted) = &mut self.wanted {
            wanted.ask = wanted.ask.min(now + FIRST_PAUSE);
        }
    }

    /// A picture was taken. Answers what for, if one was wanted.
    pub fn taken(&mut self, now: Instant, chance: u64) -> Option<Occasion> {
        let wanted = self.wanted.take()?;
        self.next = now + self.pause(now, chance);
        Some(wanted.occasion)
    }

    /// When something is to be done next.
    #[must_use]
    pub fn due(&self) -> Instant {
        self.wanted.as_ref().map_or(self.next, |wanted| wanted.ask)
    }

    fn want(&mut self, occasion: Occasion, now: Instant) {
        self.wanted = Some(Wanted {
            occasion,
            ask: now + patience(occasion),
            pause: FIRST_PAUSE,
        });
    }

    /// Until the next picture: half to one and a half times the interval, evenly, so that nobody can
    /// tell when it is safe to show what must not be seen.
    fn pause(&self, now: Instant, chance: u64) -> Duration {
        let is_beginning = now.saturating_duration_since(self.began) < self.rates.first_for;
        let every = self.every.unwrap_or(if is_beginning {
            self.rates.first_every
        } else {
            self.rates.then_every
        });
        let share = (every.as_micros() * u128::from(chance)) >> 64;
        every / 2 + Duration::from_micros(u64::try_from(share).unwrap_or(u64::MAX))
    }
}

/// How long a keyframe may come by itself before it is asked for.
const fn patience(occasion: Occasion) -> Duration {
    match occasion {
        // The first picture of a stay is a keyframe; that of a match is asked for by the relay.
        Occasion::Door | Occasion::MatchStart => Duration::from_millis(300),
        // About one picture's time: none but a partner's request would bring one.
        Occasion::Routine => Duration::from_millis(40),
        Occasion::Asked => Duration::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tap::any_instant;

    const MIDDLE: u64 = 1 << 63;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_stay_and_a_match_are_looked_at_from_their_beginning() {
        let start = any_instant();
        let mut sampler = Sampler::new(Rates::default(), start);
        assert!(sampler.is_wanting());
        assert_eq!(sampler.taken(start, MIDDLE), Some(Occasion::Door));
        assert!(!sampler.is_wanting());
        sampler.match_began(start + ms(100));
        assert!(sampler.is_wanting());
        let took = sampler.taken(start + ms(150), MIDDLE);
        assert_eq!(took, Some(Occasion::MatchStart));
        assert_eq!(
            sampler.taken(start + ms(160), MIDDLE),
            None,
            "nobody wants it"
        );
    }

    #[test]
    fn the_first_ten_seconds_are_looked_at_more_often() {
        let start = any_instant();
        let mut sampler = Sampler::new(Rates::default(), start);
        sampler.taken(start, MIDDLE);
        assert_eq!(sampler.due(), start + ms(500));
        let mut now = start;
        let mut taken = 0;
        while now < start + ms(60_000) {
            now += ms(10);
            sampler.handle_timeout(now);
            taken += u32::from(sampler.taken(now, MIDDLE).is_some());
        }
        assert_eq!(taken, 20 + 10, "twice a second, then each five seconds");
        sampler.match_began(now);
        sampler.taken(now, MIDDLE);
        assert_eq!(sampler.due(), now + ms(500), "a match begins anew");
    }

    #[test]
    fn the_next_moment_cannot_be_foreseen() {
        let start = any_instant();
        let due = |chance| {
            let mut sampler = Sampler::new(Rates::default(), start);
            sampler.taken(start, chance);
            sampler.due() - start
        };
        assert_eq!(due(0), ms(250));
        assert_eq!(due(MIDDLE), ms(500));
        assert_eq!(due(u64::MAX).as_millis(), 749);
    }

    #[test]
    fn whoever_sends_no_keyframe_is_asked_at_growing_pauses() {
        let start = any_instant();
        let mut sampler = Sampler::new(Rates::default(), start);
        sampler.taken(start, MIDDLE);
        let mut asked = Vec::new();
        for after in 0..20_000 {
            let now = start + ms(after);
            sampler.handle_timeout(now);
            if sampler.asks_keyframe(now) {
                asked.push(after);
            }
        }
        assert_eq!(asked, [540, 840, 1440, 2640, 5040, 9840, 14_840, 19_840]);
    }

    #[test]
    fn a_keyframe_that_was_missed_is_asked_for_soon() {
        let start = any_instant();
        let mut sampler = Sampler::new(Rates::default(), start);
        let mut now = start;
        while sampler.due() < start + ms(4000) {
            now = sampler.due();
            assert!(sampler.asks_keyframe(now));
        }
        sampler.missed(now);
        assert_eq!(sampler.due(), now + ms(300));
    }

    #[test]
    fn the_control_plane_says_how_often_and_when() {
        let start = any_instant();
        let mut sampler = Sampler::new(Rates::default(), start);
        sampler.look(start);
        assert!(sampler.asks_keyframe(start), "without waiting");
        assert_eq!(sampler.taken(start, MIDDLE), Some(Occasion::Door));
        sampler.watch(ms(2000), start, MIDDLE);
        assert_eq!(sampler.due(), start + ms(2000));
        sampler.look(start + ms(10));
        assert!(sampler.asks_keyframe(start + ms(10)));
        assert_eq!(sampler.taken(start, MIDDLE), Some(Occasion::Asked));
        assert_eq!(sampler.due(), start + ms(2000));
        sampler.watch(Duration::ZERO, start, MIDDLE);
        assert_eq!(
            sampler.due(),
            start + limits::TAP_EVERY_MIN,
            "within bounds"
        );
    }
}
