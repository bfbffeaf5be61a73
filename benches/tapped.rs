//! The price of looking: forwarding with the tap on against forwarding with it off, in turns.
#![expect(
    clippy::unwrap_used,
    reason = "a bench that fails may say so by panicking"
)]
#![expect(clippy::print_stdout, reason = "a bench tells what it measured")]
#![expect(clippy::cast_possible_truncation, reason = "bench numbers are small")]
#![expect(
    clippy::disallowed_methods,
    reason = "a bench measures time by a real clock"
)]

#[path = "../tests/sim/browser.rs"]
#[expect(
    dead_code,
    reason = "shared with the simulator, which needs more of it"
)]
mod browser;
#[path = "../tests/sim/got.rs"]
#[expect(
    dead_code,
    reason = "shared with the simulator, which needs more of it"
)]
mod got;
#[path = "../tests/sim/makes.rs"]
#[expect(
    dead_code,
    reason = "shared with the simulator, which needs more of it"
)]
mod makes;
#[path = "hot_paths/pairs.rs"]
#[expect(dead_code, reason = "shared with `hot_paths`, which needs more of it")]
mod pairs;

use std::time::{Duration, Instant};

use visavis::rtp::Kind;
use visavis::tap::{Rates, Receiver, Sender, queue};

use crate::pairs::{BATCH, Incoming, Pairs, route_of};

const MATCHES: usize = 100;
/// A picture of four packets thirty times a second: 1 Mbit/s.
const TICK: Duration = Duration::from_micros(33_333);
const PACKETS: usize = 4;
/// What a keyframe takes.
const KEY_PACKETS: usize = 20;
const PAYLOAD: usize = 1_060;
/// The two halves of the run: each leg looked at twice a second, then once in five.
const PHASES: [(&str, u32); 2] = [("twice a second", 10), ("once in 5 s", 20)];

/// One of the two relays, and what it has spent.
struct Side {
    pairs: Pairs,
    /// Nobody reads: the oldest goes, as when judges lag.
    tap: Option<(Sender, Receiver)>,
    spent: Duration,
    frames: u64,
}

impl Side {
    fn new(rates: Option<Rates>) -> Self {
        Self {
            pairs: Pairs::tapped(MATCHES, rates),
            tap: rates.map(|_| queue()),
            spent: Duration::ZERO,
            frames: 0,
        }
    }

    /// One picture of every browser, a packet of each in turn.
    fn pictures(&mut self, keyframes: &[bool]) -> Vec<Incoming> {
        let now = self.pairs.fx.now;
        let mut packets = Vec::new();
        for part in 0..KEY_PACKETS {
            for (browser, is_key) in self.pairs.browsers().iter_mut().zip(keyframes) {
                let count = if *is_key { KEY_PACKETS } else { PACKETS };
                if part >= count {
                    continue;
                }
                let timestamp = browser.media_clock(90_000, now);
                let mut payload = vec![0; PAYLOAD];
                if part == 0 {
                    payload[..2].copy_from_slice(&[0x10, u8::from(!is_key)]);
                }
                browser.send_video(timestamp, part + 1 == count, payload);
                browser.sent_video.clear();
                packets.push(Incoming {
                    route: route_of(browser),
                    bytes: browser.out.pop().unwrap(),
                });
            }
        }
        packets
    }

    /// Takes a batch as a driver does; only this is timed.
    fn take(&mut self, batch: &mut [Incoming]) {
        let Pairs { shard, fx, .. } = &mut self.pairs;
        let begun = Instant::now();
        shard.foresee(batch.iter().map(|incoming| incoming.route));
        for incoming in batch {
            shard.handle_datagram(incoming.route, &mut incoming.bytes, fx);
        }
        shard.handle_timeout(fx);
        for frame in fx.frames.drain(..) {
            self.frames += 1;
            if let Some((sender, _)) = &self.tap {
                std::hint::black_box(sender.offer(frame));
            }
        }
        self.spent += begun.elapsed();
        self.hear();
    }

    /// Lets the browsers hear what they are asked for.
    fn hear(&mut self) {
        let now = self.pairs.fx.now;
        let asked: Vec<_> = self
            .pairs
            .fx
            .datagrams
            .iter()
            .filter(|(_, bytes)| Kind::of(bytes) == Kind::Rtcp)
            .map(|(to, bytes)| (to, bytes.to_vec()))
            .collect();
        self.pairs.fx.datagrams.clear();
        self.pairs.fx.events.clear();
        for (to, mut bytes) in asked {
            let mut browsers = self.pairs.browsers().iter_mut();
            if let Some(browser) = browsers.find(|browser| route_of(browser) == to) {
                browser.receive(&mut bytes, now);
                browser.rtcp.clear();
                browser.out.clear();
            }
        }
    }
}

fn main() {
    // `cargo bench -- --test` sees that it runs; names of other benches leave it out.
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    let is_trial = words.iter().any(|word| word == "--test");
    let is_meant = words
        .iter()
        .all(|word| word.starts_with("--") || "tapped".contains(word.as_str()));
    if !is_meant {
        return;
    }
    println!("tapped: {MATCHES} matches of 1 Mbit/s each way, nanoseconds for a forwarded packet");
    let mut sides = [Side::new(None), Side::new(Some(Rates::default()))];
    for (name, seconds) in PHASES {
        let ticks = if is_trial { 3 } else { seconds * 30 };
        let mut ratios: Vec<f64> = Vec::new();
        let mut before = sides.each_ref().map(|side| (side.spent, side.frames));
        let first = before;
        let mut packets = 0;
        for tick in 0..ticks {
            packets += one_tick(&mut sides, tick);
            if tick % 30 == 29 {
                let after = sides.each_ref().map(|side| (side.spent, side.frames));
                let [off, on] = [0, 1].map(|n| (after[n].0 - before[n].0).as_secs_f64());
                ratios.push(on / off);
                before = after;
            }
        }
        let [off, on] = [0, 1].map(|n| {
            let spent = sides[n].spent - first[n].0;
            spent.as_secs_f64() * 1e9 / f64::from(packets)
        });
        ratios.sort_by(f64::total_cmp);
        let median = ratios.get(ratios.len() / 2).copied().unwrap_or(on / off);
        let frames = sides[1].frames - first[1].1;
        println!(
            "  {name:<15} off {off:6.0}   on {on:6.0}   ratio {median:.3} (median of seconds), {:.3} (of sums)   {frames} frames of {packets} packets",
            on / off
        );
        assert_eq!(sides[0].frames, 0);
        assert!(is_trial || frames > 0);
    }
    for side in &sides {
        let counters = side.pairs.shard.counters();
        assert_eq!(counters.packets_waiting + counters.packets_held, 0);
    }
}

/// The same pictures through both relays, in turns of one batch.
fn one_tick(sides: &mut [Side; 2], tick: u32) -> u32 {
    // Both send a keyframe where the tap wants one: what is compared is the looking.
    let browsers = sides[1].pairs.browsers().iter_mut();
    let keyframes: Vec<bool> = browsers
        .map(|browser| std::mem::take(&mut browser.keyframe_wanted))
        .collect();
    for side in sides.iter_mut() {
        side.pairs.fx.now += TICK;
    }
    let [mut off, mut on] = sides.each_mut().map(|side| side.pictures(&keyframes));
    let batches = off
        .chunks_mut(BATCH as usize)
        .zip(on.chunks_mut(BATCH as usize));
    for (at, (off, on)) in batches.enumerate() {
        if (at as u32 + tick).is_multiple_of(2) {
            sides[0].take(off);
            sides[1].take(on);
        } else {
            sides[1].take(on);
            sides[0].take(off);
        }
    }
    off.len() as u32
}
