//! A line that loses and delays: what `--loss`, `--delay` and `--jitter` put between a visitor and
//! its socket, one for each direction.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};

use crate::limits;

/// How bad a line is, each way.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub struct Badness {
    /// The share of the datagrams that is lost.
    pub loss: f64,
    /// How long each is on its way.
    pub delay: Duration,
    /// Up to so much longer, by chance; none overtakes another.
    pub jitter: Duration,
}

impl Badness {
    /// Whether it does anything.
    pub fn is_any(&self) -> bool {
        *self != Self::default()
    }
}

/// One direction of one visitor's line.
pub(super) struct BadLine {
    badness: Badness,
    rng: SmallRng,
    /// When each is due, in order.
    on_the_way: VecDeque<(Instant, Vec<u8>)>,
    /// Memory to use again.
    spare: Vec<Vec<u8>>,
}

impl BadLine {
    /// An empty line; equal seeds lose alike.
    pub(super) fn new(badness: Badness, seed: u64) -> Self {
        Self {
            badness,
            rng: SmallRng::seed_from_u64(seed),
            on_the_way: VecDeque::new(),
            spare: Vec::new(),
        }
    }

    /// Takes a datagram, or loses it: by chance, or because too many are on the way.
    pub(super) fn push(&mut self, datagram: &[u8], now: Instant) {
        let is_lost = self.rng.random_bool(self.badness.loss);
        let extra = self.badness.jitter.mul_f64(self.rng.random());
        if is_lost || self.on_the_way.len() >= limits::BAD_LINE_DATAGRAMS {
            return;
        }
        let due = now + self.badness.delay + extra;
        let last = self.on_the_way.back().map(|(at, _)| *at);
        let due = last.map_or(due, |last| last.max(due));
        let mut bytes = self.spare.pop().unwrap_or_default();
        bytes.extend_from_slice(datagram);
        self.on_the_way.push_back((due, bytes));
    }

    /// When the next arrives.
    pub(super) fn due(&self) -> Option<Instant> {
        self.on_the_way.front().map(|(at, _)| *at)
    }

    /// Hands over all that have arrived by now.
    pub(super) fn arrive(&mut self, now: Instant, mut take: impl FnMut(&mut [u8])) {
        while self.due().is_some_and(|due| due <= now) {
            let Some((_, mut bytes)) = self.on_the_way.pop_front() else {
                return;
            };
            take(&mut bytes);
            bytes.clear();
            self.spare.push(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::herd::read_clock;

    fn arrivals(line: &mut BadLine, now: Instant) -> Vec<u8> {
        let mut arrived = Vec::new();
        line.arrive(now, |datagram| arrived.extend_from_slice(datagram));
        arrived
    }

    #[test]
    fn what_is_delayed_arrives_in_order_and_in_time() {
        let start = read_clock();
        let at = |ms| start + Duration::from_millis(ms);
        let badness = Badness {
            delay: Duration::from_millis(20),
            jitter: Duration::from_millis(30),
            ..Badness::default()
        };
        let mut line = BadLine::new(badness, 3);
        for number in 0..100 {
            line.push(&[number], at(number.into()));
        }
        assert!(arrivals(&mut line, at(19)).is_empty());
        let early = arrivals(&mut line, at(60));
        assert!(early.len() > 10, "delay and jitter are 50 ms at most");
        let all = [early, arrivals(&mut line, at(149))].concat();
        assert_eq!(all, (0..100).collect::<Vec<u8>>());
        assert_eq!(line.due(), None);
    }

    #[test]
    fn a_share_is_lost_and_the_same_by_the_same_seed() {
        let now = read_clock();
        let badness = Badness {
            loss: 0.1,
            ..Badness::default()
        };
        let left = |seed| {
            let mut line = BadLine::new(badness, seed);
            let mut left = Vec::new();
            for number in 0..=255 {
                line.push(&[number], now);
                left.extend(arrivals(&mut line, now));
            }
            left
        };
        assert!((200..250).contains(&left(1).len()), "{}", left(1).len());
        assert_eq!(left(1), left(1));
        assert_ne!(left(1), left(2));
    }

    #[test]
    fn a_line_holds_only_so_many() {
        let now = read_clock();
        let badness = Badness {
            delay: Duration::from_secs(1),
            ..Badness::default()
        };
        let mut line = BadLine::new(badness, 1);
        for _ in 0..limits::BAD_LINE_DATAGRAMS + 10 {
            line.push(&[1], now);
        }
        let arrived = arrivals(&mut line, now + Duration::from_secs(1)).len();
        assert_eq!(arrived, limits::BAD_LINE_DATAGRAMS);
    }
}
