//! What it costs to let a visitor in: offer, ICE and DTLS, as far as the server does it.
#![expect(
    clippy::unwrap_used,
    reason = "a bench that fails may say so by panicking"
)]
#![expect(clippy::print_stdout, reason = "a bench tells what it measured")]
#![expect(clippy::cast_possible_truncation, reason = "bench numbers are small")]
#![expect(clippy::cast_sign_loss, reason = "a clock that rises")]
#![expect(clippy::disallowed_methods, reason = "virtual time begins somewhere")]

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

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use visavis::codec::VideoCodec;
use visavis::direction::Direction;
use visavis::id::{LegId, ShardIndex};
use visavis::media::{
    Certificates, Command, Effects, Event, Identity, Mail, Route, Settings, Shard,
};
use visavis::private::Private;

use crate::browser::Browser;
use crate::makes::{CHROMIUM, Start};

/// Visitors who come one after the other, and stay.
const VISITORS: usize = 400;
const TRIAL: usize = 3;
/// Time of the network and of both ends' timers.
const STEP: Duration = Duration::from_millis(2);

fn main() {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    let is_trial = words.iter().any(|word| word == "--test");
    if !words
        .iter()
        .all(|word| word.starts_with("--") || "join".contains(word.as_str()))
    {
        return;
    }
    let visitors = if is_trial { TRIAL } else { VISITORS };
    let mut server = Server::new(visitors);
    let begun = processor_time();
    let mut spent: Vec<f64> = (0..visitors).map(|n| server.let_in(n)).collect();
    let whole = (processor_time() - begun).as_secs_f64();
    spent.sort_by(f64::total_cmp);
    let at = |share: usize| spent[(spent.len() - 1) * share / 100];
    let mean = spent.iter().sum::<f64>() / spent.len() as f64;
    println!(
        "join: {visitors} visitors, one after the other; milliseconds of the server's for each"
    );
    println!(
        "  mean {:.2}   p50 {:.2}   p90 {:.2}   p99 {:.2}   so one core lets {:.0} in a second",
        mean * 1e3,
        at(50) * 1e3,
        at(90) * 1e3,
        at(99) * 1e3,
        1.0 / mean
    );
    println!(
        "  the browsers' side took {:.2} for each",
        (whole / visitors as f64 - mean) * 1e3
    );
}

/// What this thread has spent on a core: others on the machine do not count.
fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// A shard, and the time that was spent in it.
struct Server {
    shard: Shard,
    fx: Effects,
    address: SocketAddr,
    spent: Duration,
}

impl Server {
    fn new(legs: usize) -> Self {
        let now = Instant::now();
        let address = SocketAddr::from(([203, 0, 113, 1], 3478));
        let settings = Settings {
            index: ShardIndex(0),
            shards: 1,
            codecs: vec![VideoCodec::Vp8],
            candidates: vec![address],
            takes_tcp: false,
            max_legs: legs,
            silence: Duration::from_secs(6),
            close_after: Duration::from_secs(3600),
            tap: None,
            identity: Identity::generate().unwrap(),
            seed: 7,
        };
        Self {
            shard: Shard::new(settings, now, Duration::from_secs(1_700_000_000)),
            fx: Effects::at(now),
            address,
            spent: Duration::ZERO,
        }
    }

    /// Lets one visitor in. Answers the seconds that the server spent on it.
    fn let_in(&mut self, n: usize) -> f64 {
        let before = self.spent;
        let address = SocketAddr::from(([198, 51, 100, 1], 10_000 + n as u16));
        let start = Start {
            sequence: 1,
            timestamp: 0,
            transport: 1,
            ntp: 0,
        };
        let ends = [address, self.address];
        let mut browser = Browser::new("bench", CHROMIUM, ends, start, self.fx.now);
        let (leg, offer) = (LegId(n as u64), Private::new(browser.offer()));
        let open = Command::Open {
            leg,
            offer,
            direction: Direction::SendRecv,
            certificates: Certificates::Ecdsa,
            codec: None,
        };
        for mail in Mail::for_command(open) {
            self.timed(|shard, fx| shard.handle_mail(mail, fx));
        }
        let answer = self.fx.events.drain(..).find_map(|event| match event {
            Event::Answered { answer, .. } => Some(answer),
            _ => None,
        });
        browser.take_answer(answer.unwrap().reveal(), self.fx.now);
        for _ in 0..1_000 {
            self.carry(&mut browser);
            let mut events = self.fx.events.drain(..);
            let is_let_in = events.any(|event| matches!(event, Event::Connected { .. }));
            drop(events);
            if is_let_in && browser.is_connected() {
                return (self.spent - before).as_secs_f64();
            }
            self.fx.now += STEP;
            browser.handle_timeout(self.fx.now);
            self.timed(Shard::handle_timeout);
        }
        panic!("visitor {n} does not get in");
    }

    /// Carries datagrams both ways until neither has more to say.
    fn carry(&mut self, browser: &mut Browser) {
        let route = Route {
            remote: browser.address,
            local: None,
        };
        loop {
            for mut bytes in std::mem::take(&mut browser.out) {
                self.timed(|shard, fx| shard.handle_datagram(route, &mut bytes, fx));
            }
            if self.fx.datagrams.is_empty() {
                return;
            }
            let now = self.fx.now;
            for (to, bytes) in self.fx.datagrams.iter() {
                if to == route {
                    browser.receive(&mut bytes.to_vec(), now);
                }
            }
            self.fx.datagrams.clear();
        }
    }

    fn timed(&mut self, step: impl FnOnce(&mut Shard, &mut Effects)) {
        let begun = processor_time();
        step(&mut self.shard, &mut self.fx);
        self.spent += processor_time() - begun;
    }
}
