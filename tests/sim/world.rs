//! A world of shards, browsers and networks in virtual time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};
use visavis::codec::VideoCodec;
use visavis::direction::Direction;
use visavis::id::{LegId, MatchId, ShardIndex};
use visavis::media::{Command, Effects, Ends, Event, Gate, Identity, Mail, Route, Settings, Shard};
use visavis::private::Private;
use visavis::tap::{Frame, Rates};

use crate::browser::{Browser, FRAME};
use crate::makes::{Make, Start, ntp_at};

/// How a network treats what crosses it.
#[derive(Clone, Copy)]
pub(crate) struct Network {
    pub(crate) delay: Duration,
    pub(crate) jitter: Duration,
    /// Of 1,000 datagrams, so many vanish.
    pub(crate) loss_permille: u32,
}

pub(crate) const CALM: Network = Network {
    delay: Duration::from_millis(5),
    jitter: Duration::ZERO,
    loss_permille: 0,
};

pub(crate) struct Visitor {
    pub(crate) browser: Browser,
    leg: LegId,
    /// Where the kernel sends what comes from the browser's address.
    lands_on: usize,
    up: Network,
    down: Network,
    talks: bool,
    next_sound: Instant,
    next_picture: Instant,
    next_reports: Instant,
    next_rtcp: Instant,
    /// Receiver side: what it has told its partner so far.
    pub(crate) feedback_count: u8,
    pub(crate) reported_to: Option<u64>,
    /// How many packets had come by then.
    pub(crate) reported_of: usize,
    highest_video: Option<u64>,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Arrival {
    ToServer {
        from: SocketAddr,
        shard: usize,
        bytes: Vec<u8>,
    },
    ToBrowser {
        to: SocketAddr,
        bytes: Vec<u8>,
    },
    Mail(usize, usize),
}

pub(crate) struct World {
    pub(crate) now: Instant,
    pub(crate) shards: Vec<Shard>,
    pub(crate) events: Vec<Event>,
    /// Whether nobody's picture may pass until a test says so.
    pub(crate) shuts_at_the_door: bool,
    /// What was tapped.
    pub(crate) frames: Vec<Frame>,
    visitors: Vec<Visitor>,
    air: BinaryHeap<Reverse<(Instant, u64, Arrival)>>,
    letters: Vec<Option<Mail>>,
    sent: u64,
    rng: SmallRng,
    next_match: u64,
    server: SocketAddr,
    /// Every datagram that left the server: to whom, and its bytes.
    pub(crate) wire: Vec<(SocketAddr, Vec<u8>)>,
}

impl World {
    /// A server with so many shards, and no visitors.
    pub(crate) fn new(shards: u16, seed: u64) -> Self {
        Self::tapped(shards, seed, None)
    }

    /// The same, with a tap.
    pub(crate) fn tapped(shards: u16, seed: u64, tap: Option<Rates>) -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "the run's one real time: where it begins"
        )]
        let now = Instant::now();
        let server = SocketAddr::from(([203, 0, 113, 1], 3478));
        let identity = Identity::generate().unwrap();
        let shards = (0..shards)
            .map(|index| {
                let settings = Settings {
                    index: ShardIndex(index),
                    shards,
                    codecs: vec![VideoCodec::Vp8],
                    candidates: vec![server],
                    takes_tcp: false,
                    max_legs: 100,
                    silence: Duration::from_secs(6),
                    close_after: Duration::from_secs(30),
                    tap,
                    identity: identity.clone(),
                    seed: seed + u64::from(index),
                };
                Shard::new(settings, now, Duration::from_secs(1_700_000_000))
            })
            .collect();
        Self {
            now,
            shards,
            events: Vec::new(),
            shuts_at_the_door: false,
            frames: Vec::new(),
            visitors: Vec::new(),
            air: BinaryHeap::new(),
            letters: Vec::new(),
            sent: 0,
            rng: SmallRng::seed_from_u64(seed),
            next_match: 1,
            server,
            wire: Vec::new(),
        }
    }

    /// A visitor comes to the door; what it sends lands on the given shard.
    pub(crate) fn join(&mut self, name: &'static str, make: Make, lands_on: usize) -> usize {
        let n = self.visitors.len();
        let start = Start {
            sequence: self.rng.random(),
            timestamp: self.rng.random(),
            transport: self.rng.random(),
            ntp: ntp_at(7 * n as u64),
        };
        self.join_with(name, make, lands_on, start)
    }

    /// The same, with numbers that begin where the test wants.
    pub(crate) fn join_with(
        &mut self,
        name: &'static str,
        make: Make,
        lands_on: usize,
        start: Start,
    ) -> usize {
        self.join_to(Direction::SendRecv, name, make, (lands_on, start))
    }

    /// The same, with a leg that goes one way.
    pub(crate) fn join_to(
        &mut self,
        direction: Direction,
        name: &'static str,
        make: Make,
        (lands_on, start): (usize, Start),
    ) -> usize {
        let n = self.visitors.len();
        let address = SocketAddr::from(([198, 51, 100, 10 + n as u8], 40_000 + n as u16));
        let mut browser = Browser::new(name, make, [address, self.server], start, self.now);
        browser.direction = direction;
        let leg = LegId(n as u64 + 1);
        let offer = Private::new(browser.offer());
        self.visitors.push(Visitor {
            browser,
            leg,
            lands_on,
            up: CALM,
            down: CALM,
            talks: true,
            next_sound: self.now,
            next_picture: self.now,
            next_reports: self.now + Duration::from_millis(500),
            next_rtcp: self.now,
            feedback_count: 0,
            reported_to: None,
            reported_of: 0,
            highest_video: None,
        });
        self.command(Command::Open {
            leg,
            offer,
            direction,
            certificates: visavis::media::Certificates::Ecdsa,
            codec: None,
        });
        if self.shuts_at_the_door {
            let gate = Gate::Shut;
            self.command(Command::Video { leg, gate });
        }
        self.run_for(Duration::from_secs(1));
        assert!(
            self.visitors[n].browser.is_connected(),
            "{name} is connected"
        );
        n
    }

    pub(crate) fn browser(&mut self, visitor: usize) -> &mut Browser {
        &mut self.visitors[visitor].browser
    }

    pub(crate) fn visitor(&self, visitor: usize) -> &Browser {
        &self.visitors[visitor].browser
    }

    pub(crate) fn leg(&self, visitor: usize) -> LegId {
        self.visitors[visitor].leg
    }

    pub(crate) fn networks(&mut self, visitor: usize, up: Network, down: Network) {
        self.visitors[visitor].up = up;
        self.visitors[visitor].down = down;
    }

    /// Whether a visitor's camera, microphone and RTCP run.
    pub(crate) fn talks(&mut self, visitor: usize, talks: bool) {
        self.visitors[visitor].talks = talks;
    }

    /// The browser comes back by another address that lands on another shard.
    pub(crate) fn roam(&mut self, visitor: usize, lands_on: usize) {
        let v = &mut self.visitors[visitor];
        v.lands_on = lands_on;
        let mut address = v.browser.address;
        address.set_port(address.port() + 1000);
        v.browser.restart_ice(address);
        let (leg, offer) = (v.leg, Private::new(v.browser.offer()));
        self.command(Command::Restart { leg, offer });
    }

    pub(crate) fn face(&mut self, a: usize, b: usize) -> MatchId {
        let match_id = self.face_ends([a, b].map(|n| [n, n]));
        for v in [a, b] {
            self.visitors[v].reported_to = None;
            self.visitors[v].reported_of = self.visitors[v].browser.got.len();
            self.visitors[v].highest_video = None;
        }
        match_id
    }

    /// The same, of sessions that may send by one leg and receive by another, in this order.
    pub(crate) fn face_ends(&mut self, sessions: [[usize; 2]; 2]) -> MatchId {
        let match_id = MatchId(self.next_match);
        self.next_match += 1;
        let ends = sessions.map(|session| self.ends(session));
        self.command(Command::Match { match_id, ends });
        match_id
    }

    pub(crate) fn part_ends(&mut self, match_id: MatchId, sessions: [[usize; 2]; 2]) {
        let ends = sessions.map(|session| self.ends(session));
        self.command(Command::Part { match_id, ends });
    }

    fn ends(&self, [sends, receives]: [usize; 2]) -> Ends {
        Ends {
            sends: self.leg(sends),
            receives: self.leg(receives),
        }
    }

    pub(crate) fn part(&mut self, match_id: MatchId, a: usize, b: usize) {
        self.part_ends(match_id, [a, b].map(|n| [n, n]));
    }

    pub(crate) fn command(&mut self, command: Command) {
        let shards = self.shards.len() as u16;
        for mail in Mail::for_command(command) {
            let birth = mail.birth(shards);
            self.post(usize::from(birth.0), mail, Duration::ZERO);
        }
    }

    /// Throws a datagram at the server from anywhere.
    pub(crate) fn throw(&mut self, from: SocketAddr, shard: usize, bytes: Vec<u8>) {
        self.put(Duration::ZERO, Arrival::ToServer { from, shard, bytes });
    }

    pub(crate) fn run_for(&mut self, time: Duration) {
        let end = self.now + time;
        while self.step(end) {}
        self.now = end;
    }

    fn step(&mut self, end: Instant) -> bool {
        let network = self.air.peek().map(|Reverse((at, ..))| *at);
        let timers = self.shards.iter().filter_map(Shard::next_due).min();
        let browsers = self.visitors.iter_mut().map(Visitor::due).min();
        let next = [network, timers, browsers].into_iter().flatten().min();
        let Some(next) = next.filter(|at| *at < end) else {
            return false;
        };
        self.now = self.now.max(next);
        if network.is_some_and(|at| at <= self.now) {
            let Reverse((.., arrival)) = self.air.pop().unwrap();
            self.arrive(arrival);
        }
        for index in 0..self.shards.len() {
            if self.shards[index]
                .next_due()
                .is_some_and(|due| due <= self.now)
            {
                let mut fx = Effects::at(self.now);
                self.shards[index].handle_timeout(&mut fx);
                self.carry_out(index, fx);
            }
        }
        for n in 0..self.visitors.len() {
            if self.visitors[n].due() <= self.now {
                self.visitors[n].act(self.now);
                self.collect(n);
            }
        }
        true
    }

    fn arrive(&mut self, arrival: Arrival) {
        match arrival {
            Arrival::ToServer {
                from,
                shard,
                mut bytes,
            } => {
                let mut fx = Effects::at(self.now);
                let route = Route {
                    remote: from,
                    local: None,
                };
                self.shards[shard].handle_datagram(route, &mut bytes, &mut fx);
                self.carry_out(shard, fx);
            }
            Arrival::ToBrowser { to, mut bytes } => {
                let found = self.visitors.iter().position(|v| v.browser.address == to);
                if let Some(n) = found {
                    self.visitors[n].browser.receive(&mut bytes, self.now);
                    self.collect(n);
                }
            }
            Arrival::Mail(shard, letter) => {
                let mail = self.letters[letter].take().unwrap();
                let mut fx = Effects::at(self.now);
                self.shards[shard].handle_mail(mail, &mut fx);
                self.carry_out(shard, fx);
            }
        }
    }

    /// Puts what a browser wants sent on its way up.
    fn collect(&mut self, n: usize) {
        let visitor = &mut self.visitors[n];
        let (from, shard, up) = (visitor.browser.address, visitor.lands_on, visitor.up);
        for bytes in std::mem::take(&mut visitor.browser.out) {
            if let Some(delay) = self.crossing(up) {
                self.put(delay, Arrival::ToServer { from, shard, bytes });
            }
        }
    }

    fn carry_out(&mut self, shard: usize, mut fx: Effects) {
        let batch: Vec<_> = fx
            .datagrams
            .iter()
            .map(|(route, bytes)| (route.remote, bytes.to_vec()))
            .collect();
        for (to, bytes) in batch {
            let down = self
                .visitors
                .iter()
                .find(|v| v.browser.address == to)
                .map_or(CALM, |v| v.down);
            self.wire.push((to, bytes.clone()));
            if let Some(delay) = self.crossing(down) {
                self.put(delay, Arrival::ToBrowser { to, bytes });
            }
        }
        for (to, mail) in fx.mail.drain(..) {
            assert_ne!(
                usize::from(to.0),
                shard,
                "a shard writes no letters to itself"
            );
            self.post(usize::from(to.0), mail, Duration::from_micros(50));
        }
        self.frames.extend(fx.frames.drain(..));
        for event in fx.events.drain(..) {
            if let Event::Answered { leg, answer, .. } = &event {
                let now = self.now;
                let n = self.visitors.iter().position(|v| v.leg == *leg).unwrap();
                self.visitors[n].browser.take_answer(answer.reveal(), now);
            }
            self.events.push(event);
        }
        for n in 0..self.visitors.len() {
            self.collect(n);
        }
    }

    fn post(&mut self, shard: usize, mail: Mail, delay: Duration) {
        self.letters.push(Some(mail));
        let letter = self.letters.len() - 1;
        self.put(delay, Arrival::Mail(shard, letter));
    }

    fn crossing(&mut self, network: Network) -> Option<Duration> {
        if self.rng.random_range(0..1000) < network.loss_permille {
            return None;
        }
        let jitter = network.jitter.as_micros() as u64;
        let extra = if jitter == 0 {
            0
        } else {
            self.rng.random_range(0..jitter)
        };
        Some(network.delay + Duration::from_micros(extra))
    }

    fn put(&mut self, delay: Duration, arrival: Arrival) {
        self.sent += 1;
        self.air
            .push(Reverse((self.now + delay, self.sent, arrival)));
    }
}

impl Visitor {
    fn due(&mut self) -> Instant {
        let mut due = self.browser.due().unwrap_or(self.next_sound);
        if self.browser.is_connected() && self.talks {
            due = due.min(self.next_sound).min(self.next_picture);
            due = due.min(self.next_reports).min(self.next_rtcp);
        }
        due
    }

    /// What a browser does by itself: sound, pictures, sender reports, and feedback about what it hears.
    fn act(&mut self, now: Instant) {
        self.browser.handle_timeout(now);
        if !self.browser.is_connected() || !self.talks {
            self.next_sound = self.next_sound.max(now);
            return;
        }
        if self.next_sound <= now {
            self.next_sound = now + Duration::from_millis(20);
            let text = format!("voice of {}", self.browser.name);
            self.browser.speak(text.as_bytes(), now);
        }
        if self.next_picture <= now {
            self.next_picture = now + FRAME;
            self.browser.show(4, now);
        }
        if self.next_reports <= now {
            self.next_reports = now + Duration::from_millis(500);
            self.browser.send_reports(now);
        }
        if self.next_rtcp <= now {
            self.next_rtcp = now + Duration::from_millis(50);
            self.give_feedback(now);
        }
    }
}
