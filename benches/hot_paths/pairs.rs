//! Visitors who face each other on one shard, and the packets they send.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use visavis::codec::VideoCodec;
use visavis::direction::Direction;
use visavis::id::{LegId, MatchId, ShardIndex};
use visavis::media::{
    Certificates, Command, Effects, Event, Identity, Mail, Route, Settings, Shard,
};
use visavis::private::Private;
use visavis::tap::Rates;

use crate::browser::Browser;
use crate::makes::{CHROMIUM, Start};

/// Datagrams between two writes of a driver.
pub(crate) const BATCH: u64 = 32;
/// Packets of each sender in a second: 1 Mbit/s.
const PACKETS_PER_SECOND: u64 = 120;
/// The cipher's, at the end of a packet.
const TAG: usize = 16;
/// Packets of each sender after which memory has found its size: more than a second of them.
const SETTLED_AFTER: usize = 150;

/// A shard full of matches, all of them in full flow.
pub(crate) struct Pairs {
    pub(crate) shard: Shard,
    pub(crate) fx: Effects,
    browsers: Vec<Browser>,
    turn: usize,
    taken: u64,
    given: u64,
}

/// A datagram on its way to the shard.
pub(crate) struct Incoming {
    pub(crate) route: Route,
    pub(crate) bytes: Vec<u8>,
}

impl Pairs {
    /// So many matches, each after two real handshakes and its first keyframes.
    pub(crate) fn connect(matches: usize) -> Self {
        Self::tapped(matches, None)
    }

    /// The same, with a tap or without one.
    pub(crate) fn tapped(matches: usize, tap: Option<Rates>) -> Self {
        #[expect(clippy::disallowed_methods, reason = "virtual time begins somewhere")]
        let now = Instant::now();
        let server = SocketAddr::from(([203, 0, 113, 1], 3478));
        let settings = Settings {
            index: ShardIndex(0),
            shards: 1,
            codecs: vec![VideoCodec::Vp8],
            candidates: vec![server],
            takes_tcp: false,
            max_legs: 2 * matches,
            silence: Duration::from_secs(6),
            close_after: Duration::from_secs(30),
            tap,
            identity: Identity::generate().unwrap(),
            seed: 7,
        };
        let mut pairs = Self {
            shard: Shard::new(settings, now, Duration::from_secs(1_700_000_000)),
            fx: Effects::at(now),
            browsers: Vec::new(),
            turn: 0,
            taken: 0,
            given: 0,
        };
        for n in 0..2 * matches {
            pairs.join(n, server);
        }
        for n in 0..matches {
            let [a, b] = [2 * n, 2 * n + 1].map(|n| LegId(n as u64));
            pairs.command(Command::Match {
                match_id: MatchId(n as u64),
                ends: [a.into(), b.into()],
            });
        }
        for n in 0..2 * matches {
            pairs.browsers[n].keyframe_wanted = true;
            let now = pairs.fx.now;
            pairs.browsers[n].show(2, now);
            pairs.carry(n);
        }
        pairs.given = pairs.shard.counters().packets_forwarded;
        pairs
    }

    /// The same after a while: as many packets are kept as ever will be, so that the memory that
    /// forwarding touches is there.
    pub(crate) fn settled(matches: usize) -> Self {
        let mut pairs = Self::connect(matches);
        for _ in 0..SETTLED_AFTER * 2 * matches {
            let mut incoming = pairs.next(1100);
            pairs.take(&mut incoming);
        }
        pairs
    }

    /// A picture's packet of so many bytes on the wire, from the next sender in turn.
    pub(crate) fn next(&mut self, bytes: usize) -> Incoming {
        self.turn = (self.turn + 1) % self.browsers.len();
        self.given += 1;
        let now = self.fx.now;
        let browser = &mut self.browsers[self.turn];
        let head = 16 + 4 * usize::from(browser.make.extension_words());
        let payload = vec![0; bytes - head - TAG];
        let timestamp = browser.media_clock(90_000, now);
        browser.send_video(timestamp, false, payload);
        browser.sent_video.clear();
        Incoming {
            route: route_of(browser),
            bytes: browser.out.pop().unwrap(),
        }
    }

    /// As many packets as a driver reads at once.
    pub(crate) fn next_batch(&mut self, bytes: usize) -> Vec<Incoming> {
        (0..BATCH).map(|_| self.next(bytes)).collect()
    }

    /// Lets the shard take a batch as a driver does.
    pub(crate) fn take_batch(&mut self, batch: &mut [Incoming]) {
        self.shard
            .foresee(batch.iter().map(|incoming| incoming.route));
        for incoming in batch {
            self.take(incoming);
        }
    }

    /// Lets the shard take a datagram, and begins a new batch as often as a driver does. Time goes
    /// on as if each sender sent 1 Mbit/s.
    pub(crate) fn take(&mut self, incoming: &mut Incoming) {
        self.hand(incoming);
        self.taken += 1;
        if self.taken.is_multiple_of(BATCH) {
            self.fx.datagrams.clear();
            let per_second = PACKETS_PER_SECOND * self.browsers.len() as u64;
            self.fx.now += Duration::from_secs(BATCH) / per_second as u32;
        }
    }

    /// The browsers, two to a match.
    pub(crate) fn browsers(&mut self) -> &mut [Browser] {
        &mut self.browsers
    }

    /// How many packets were forwarded, of how many given.
    pub(crate) fn forwarded(&self) -> (u64, u64) {
        (self.shard.counters().packets_forwarded, self.given)
    }

    fn hand(&mut self, incoming: &mut Incoming) {
        self.shard
            .handle_datagram(incoming.route, &mut incoming.bytes, &mut self.fx);
    }

    fn join(&mut self, n: usize, server: SocketAddr) {
        let address = SocketAddr::from(([198, 51, 100, 1], 10_000 + n as u16));
        let start = Start {
            sequence: 1,
            timestamp: 0,
            transport: 1,
            ntp: 0,
        };
        let browser = Browser::new("bench", CHROMIUM, [address, server], start, self.fx.now);
        let offer = Private::new(browser.offer());
        self.browsers.push(browser);
        self.command(Command::Open {
            leg: LegId(n as u64),
            offer,
            direction: Direction::SendRecv,
            certificates: Certificates::Ecdsa,
            codec: None,
        });
        let answer = self.fx.events.drain(..).find_map(|event| match event {
            Event::Answered { answer, .. } => Some(answer),
            _ => None,
        });
        let now = self.fx.now;
        self.browsers[n].take_answer(answer.unwrap().reveal(), now);
        for _ in 0..1000 {
            if self.browsers[n].is_connected() {
                return;
            }
            self.carry(n);
            self.fx.now += Duration::from_millis(2);
            let now = self.fx.now;
            self.browsers[n].handle_timeout(now);
        }
        panic!("visitor {n} does not connect");
    }

    /// Carries datagrams between one browser and the shard until neither has more to say.
    fn carry(&mut self, n: usize) {
        loop {
            let out = std::mem::take(&mut self.browsers[n].out);
            if out.is_empty() {
                return;
            }
            let route = route_of(&self.browsers[n]);
            for bytes in out {
                self.hand(&mut Incoming { route, bytes });
            }
            let now = self.fx.now;
            for (to, bytes) in self.fx.datagrams.iter() {
                if to == route {
                    self.browsers[n].receive(&mut bytes.to_vec(), now);
                }
            }
            self.fx.datagrams.clear();
        }
    }

    fn command(&mut self, command: Command) {
        for mail in Mail::for_command(command) {
            self.shard.handle_mail(mail, &mut self.fx);
        }
    }
}

/// Where a browser's datagrams come from.
pub(crate) fn route_of(browser: &Browser) -> Route {
    Route {
        remote: browser.address,
        local: None,
    }
}
