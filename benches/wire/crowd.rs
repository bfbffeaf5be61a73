//! Visitors in real time, all behind one socket: each has a loopback address of its own.

use std::io::IoSliceMut;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use quinn_udp::{BATCH_SIZE, RecvMeta, Transmit, UdpSocketState};
use tokio::sync::mpsc::Receiver;
use visavis::config;
use visavis::direction::Direction;
use visavis::id::{LegId, MatchId};
use visavis::limits;
use visavis::media::{Certificates, Command, Event, Plane};
use visavis::private::Private;
use visavis::rtp::Kind;
use visavis::srtp::{KeyPair, Outbound, Profile};

use crate::browser::Browser;
use crate::flow::{Flow, Shape};
use crate::makes::{CHROMIUM, Start};
use crate::processor::Account;

/// Bytes of a packet on the wire, its tag among them.
const PACKET: usize = 1100;
const TAG: usize = 16;
/// Packets under way at most in a flood: the relay has always something to do, and no buffer
/// overflows.
const WINDOW: u64 = 768;
/// After so long without an answer, what is under way is lost.
const LOST_AFTER: Duration = Duration::from_millis(50);
/// After so long without a packet, none is under way any more.
const QUIET: Duration = Duration::from_millis(5);
/// After so long without a keyframe that was shown, another is shown; so many at most.
const SHOW_AGAIN: Duration = Duration::from_millis(100);
const SHOWS: usize = 50;
/// Where the payload begins: behind the header and its extension.
const HEAD: usize = 16 + 4 * CHROMIUM.extension_words() as usize;
/// Packets of a sender whose time of sending is remembered.
const REMEMBERED: usize = 1024;
/// The visitors' addresses begin here; the two of a match are neighbours.
const FIRST_IP: u32 = 0x7f01_0100;

/// Who relays.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Bare,
    Shard,
}

impl Target {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::Shard => "shard",
        }
    }
}

/// One visitor after the handshake.
struct Visitor {
    outbound: Outbound,
    /// A packet before encryption; its numbers change.
    packet: Vec<u8>,
    index: u64,
    transport: u16,
    /// What the shard adds to this visitor's numbers on the way to the partner.
    shift: u16,
    sent_at: Vec<Instant>,
}

/// All visitors, and the shard that they are connected to.
pub(crate) struct Crowd {
    socket: UdpSocket,
    state: UdpSocketState,
    buffers: Vec<Vec<u8>>,
    metas: [RecvMeta; BATCH_SIZE],
    plane: Plane,
    targets: [(SocketAddr, Account); 2],
    /// By target: a visitor's numbers must not leap while the other is measured.
    visitors: [Vec<Visitor>; 2],
    turn: usize,
    /// Whether the shard may have kept pictures back: they go on with nothing but a keyframe.
    has_lost: bool,
    burst: Vec<u8>,
    began: Instant,
}

impl Crowd {
    /// So many matches, each after two real handshakes and its first keyframes.
    pub(crate) fn connect(matches: usize, bare: SocketAddr) -> Self {
        let config = config::Media {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            shards: 1,
            ..config::Media::default()
        };
        let (plane, mut events) = Plane::start(&config, None).unwrap();
        let shard = plane.candidates()[0];
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
        let state = UdpSocketState::new((&socket).into()).unwrap();
        state
            .set_recv_buffer_size((&socket).into(), limits::SOCKET_BUFFER_BYTES)
            .unwrap();
        let [bare_account, shard_account] = ["bare", "media-0"].map(Account::of_thread);
        let mut crowd = Self {
            socket,
            state,
            buffers: vec![vec![0; limits::RECEIVE_BYTES]; BATCH_SIZE],
            metas: [RecvMeta::default(); BATCH_SIZE],
            plane,
            targets: [(bare, bare_account), (shard, shard_account)],
            visitors: [Vec::new(), Vec::new()],
            turn: 0,
            has_lost: false,
            burst: vec![0; 6 * PACKET],
            began: Instant::now(),
        };
        let mut browsers = Vec::new();
        for n in 0..2 * matches {
            crowd.join(n, shard, &mut browsers, &mut events);
        }
        for n in 0..matches {
            let [a, b] = [2 * n, 2 * n + 1].map(|n| LegId(n as u64));
            crowd.plane.send(Command::Match {
                match_id: MatchId(n as u64),
                ends: [a.into(), b.into()],
            });
        }
        let shifts: Vec<u16> = (0..2 * matches)
            .map(|n| crowd.show_keyframe(n, &mut browsers))
            .collect();
        let visitors = browsers.into_iter().zip(shifts);
        let visitors: Vec<Visitor> = visitors.map(|(b, shift)| Visitor::new(b, shift)).collect();
        crowd.visitors = [visitors.iter().map(Visitor::double).collect(), visitors];
        crowd
    }

    pub(crate) fn stop(self) {
        self.plane.shutdown();
    }

    /// Keeps a window of packets under way, as fast as they are relayed.
    pub(crate) fn flood(&mut self, target: Target, shape: Shape, length: Duration) -> Flow {
        self.measure((target, shape), length, |under_way, _| under_way < WINDOW)
    }

    /// Sends at a steady rate, in packets per second.
    pub(crate) fn pace(
        &mut self,
        (target, shape): (Target, Shape),
        rate: f64,
        length: Duration,
    ) -> Flow {
        let pause = Duration::from_secs_f64(shape.packets() as f64 / rate);
        let mut due = Instant::now();
        self.measure((target, shape), length, |_, now| {
            let is_due = due <= now;
            if is_due {
                due += pause;
            }
            is_due
        })
    }

    /// Sends what is due, given how much is under way and when it is, and takes what comes out.
    fn measure(
        &mut self,
        (target, shape): (Target, Shape),
        length: Duration,
        mut is_due: impl FnMut(u64, Instant) -> bool,
    ) -> Flow {
        self.drain();
        self.recover(target);
        let own = Account::own();
        let before = (self.targets[target as usize].1.spent(), own.spent());
        let mut flow = Flow {
            sent: 0,
            received: 0,
            took: Duration::ZERO,
            cpu: Duration::ZERO,
            own_cpu: Duration::ZERO,
            latency_ns: Histogram::new(3).unwrap(),
        };
        let mut given_up = 0;
        let began = Instant::now();
        let mut heard = began;
        loop {
            let now = Instant::now();
            let is_over = now - began >= length;
            let mut room = BATCH_SIZE;
            while !is_over
                && room > 0
                && is_due(
                    flow.sent.saturating_sub(flow.received + given_up),
                    Instant::now(),
                )
            {
                self.send(target, shape);
                flow.sent += shape.packets() as u64;
                room -= 1;
            }
            if self.receive(target, &mut flow) {
                heard = now;
            } else if now - heard > LOST_AFTER {
                given_up = flow.lost();
            }
            if is_over && flow.received + given_up >= flow.sent {
                break;
            }
        }
        self.has_lost |= target == Target::Shard && flow.lost() > 0;
        flow.took = heard - began;
        flow.cpu = self.targets[target as usize].1.spent() - before.0;
        flow.own_cpu = own.spent() - before.1;
        flow
    }

    /// Everybody shows keyframes until their pictures go on, under other numbers.
    fn recover(&mut self, target: Target) {
        if target == Target::Bare || !std::mem::take(&mut self.has_lost) {
            return;
        }
        for n in 0..self.visitors[target as usize].len() {
            let shift = (0..SHOWS).find_map(|_| self.show_again(n));
            self.visitors[target as usize][n].shift =
                shift.expect("the shard lets a picture pass again when it is not overloaded");
        }
    }

    /// Shows a keyframe of one packet. Answers by how much its number differs when it comes out.
    fn show_again(&mut self, n: usize) -> Option<u16> {
        let visitor = &mut self.visitors[Target::Shard as usize][n];
        let sent = visitor.index as u16;
        let plain = visitor.packet.clone();
        visitor.packet[1] |= 0x80;
        // It begins a picture, and the picture is a keyframe (RFC 7741, 4.2; RFC 6386, 9.1).
        visitor.packet[HEAD..HEAD + 2].copy_from_slice(&[0x10, 0]);
        let now = Instant::now();
        let timestamp = ((now - self.began).as_micros() * 9 / 100) as u32;
        let mut room = [0; PACKET];
        visitor.write(&mut room, timestamp, now);
        visitor.packet = plain;
        let transmit = Transmit {
            destination: self.targets[Target::Shard as usize].0,
            ecn: None,
            contents: &room,
            segment_size: None,
            src_ip: Some(ip_of(n)),
        };
        self.state
            .try_send((&self.socket).into(), &transmit)
            .unwrap();
        while now.elapsed() < SHOW_AGAIN {
            let count = self.receive_batch();
            for (buffer, meta) in self.buffers.iter().zip(&self.metas).take(count) {
                if index_of(meta) == n ^ 1 && Kind::of(&buffer[..meta.len]) == Kind::Rtp {
                    let sequence = u16::from_be_bytes([buffer[2], buffer[3]]);
                    return Some(sequence.wrapping_sub(sent));
                }
            }
        }
        None
    }

    /// One system call: what the next visitor in turn has to say.
    fn send(&mut self, target: Target, shape: Shape) {
        let visitors = &mut self.visitors[target as usize];
        self.turn = (self.turn + 1) % visitors.len();
        let now = Instant::now();
        let timestamp = ((now - self.began).as_micros() * 9 / 100) as u32;
        let visitor = &mut visitors[self.turn];
        let room = &mut self.burst[..shape.packets() * PACKET];
        for packet in room.chunks_mut(PACKET) {
            visitor.write(packet, timestamp, now);
        }
        let transmit = Transmit {
            destination: self.targets[target as usize].0,
            ecn: None,
            contents: room,
            segment_size: (room.len() > PACKET).then_some(PACKET),
            src_ip: Some(ip_of(self.turn)),
        };
        // What the kernel refuses is lost, and counted as such.
        let _: std::io::Result<()> = self.state.try_send((&self.socket).into(), &transmit);
    }

    /// Takes a batch. Answers whether there was one.
    fn receive(&mut self, target: Target, flow: &mut Flow) -> bool {
        let count = self.receive_batch();
        let now = Instant::now();
        for (buffer, meta) in self.buffers.iter().zip(&self.metas).take(count) {
            let sender = index_of(meta) ^ 1;
            for datagram in buffer[..meta.len].chunks(meta.stride) {
                if Kind::of(datagram) != Kind::Rtp {
                    continue;
                }
                let visitor = &self.visitors[target as usize][sender];
                let sequence = u16::from_be_bytes([datagram[2], datagram[3]]);
                let shift = match target {
                    Target::Bare => 0,
                    Target::Shard => visitor.shift,
                };
                let place = usize::from(sequence.wrapping_sub(shift)) % REMEMBERED;
                let latency = now.saturating_duration_since(visitor.sent_at[place]);
                flow.latency_ns.record(latency.as_nanos() as u64).unwrap();
                flow.received += 1;
            }
        }
        count > 0
    }

    /// Lets go by what is still under way from before.
    fn drain(&mut self) {
        let mut quiet = Instant::now();
        while quiet.elapsed() < QUIET {
            if self.receive_batch() > 0 {
                quiet = Instant::now();
            }
        }
    }

    fn receive_batch(&mut self) -> usize {
        let mut rest = self.buffers.iter_mut();
        let mut slices: [IoSliceMut<'_>; BATCH_SIZE] =
            std::array::from_fn(|_| IoSliceMut::new(rest.next().unwrap()));
        let socket = (&self.socket).into();
        let received = self.state.recv(socket, &mut slices, &mut self.metas);
        received.unwrap_or(0)
    }

    fn join(
        &mut self,
        n: usize,
        shard: SocketAddr,
        browsers: &mut Vec<Browser>,
        events: &mut Receiver<Event>,
    ) {
        let port = self.socket.local_addr().unwrap().port();
        let start = Start {
            sequence: 1,
            timestamp: 0,
            transport: 1,
            ntp: 0,
        };
        let address = SocketAddr::new(ip_of(n), port);
        let browser = Browser::new("wire", CHROMIUM, [address, shard], start, Instant::now());
        self.plane.send(Command::Open {
            leg: LegId(n as u64),
            offer: Private::new(browser.offer()),
            direction: Direction::SendRecv,
            certificates: Certificates::Ecdsa,
            codec: None,
        });
        browsers.push(browser);
        while !browsers[n].is_connected() {
            while let Ok(event) = events.try_recv() {
                if let Event::Answered { answer, .. } = event {
                    browsers[n].take_answer(answer.reveal(), Instant::now());
                }
            }
            browsers[n].handle_timeout(Instant::now());
            self.carry(browsers);
        }
    }

    /// Shows keyframes until the partner has one. Answers by how much the partner's numbers differ.
    fn show_keyframe(&mut self, n: usize, browsers: &mut [Browser]) -> u16 {
        loop {
            browsers[n].keyframe_wanted = true;
            browsers[n].show(2, Instant::now());
            let (sent, ..) = *browsers[n].sent_video.last().unwrap();
            let until = Instant::now() + Duration::from_millis(100);
            while Instant::now() < until {
                self.carry(browsers);
                let got = browsers[n ^ 1].track(1).last();
                if let Some(got) = got.filter(|got| got.marker) {
                    return got.sequence.wrapping_sub(sent);
                }
            }
        }
    }

    /// Carries datagrams between the browsers and the shard, both ways once.
    fn carry(&mut self, browsers: &mut [Browser]) {
        for (n, browser) in browsers.iter_mut().enumerate() {
            for datagram in browser.out.drain(..) {
                let transmit = Transmit {
                    destination: browser.server,
                    ecn: None,
                    contents: &datagram,
                    segment_size: None,
                    src_ip: Some(ip_of(n)),
                };
                let socket = (&self.socket).into();
                self.state.try_send(socket, &transmit).unwrap();
            }
        }
        let count = self.receive_batch();
        for (buffer, meta) in self.buffers.iter_mut().zip(&self.metas).take(count) {
            for datagram in buffer[..meta.len].chunks_mut(meta.stride) {
                browsers[index_of(meta)].receive(datagram, Instant::now());
            }
        }
    }
}

impl Visitor {
    fn new(mut browser: Browser, shift: u16) -> Self {
        let head = (browser.make.video, browser.video.ssrc, 0);
        let payload = vec![0; PACKET - TAG - HEAD];
        Self {
            packet: browser.build(head, 0, false, &payload),
            index: u64::from(browser.video.sequence),
            transport: browser.transport,
            outbound: browser.outbound.unwrap(),
            shift,
            sent_at: vec![Instant::now(); REMEMBERED],
        }
    }

    /// One who does the same work for a relay that looks at nothing, under keys of its own.
    fn double(&self) -> Self {
        let profile = Profile::AeadAes256Gcm;
        let keys = KeyPair::from_exporter(profile, &vec![7; profile.exporter_length()]).unwrap();
        Self {
            outbound: Outbound::new(&keys.client),
            packet: self.packet.clone(),
            index: self.index,
            transport: self.transport,
            shift: 0,
            sent_at: self.sent_at.clone(),
        }
    }

    /// Writes the next packet, encrypted.
    fn write(&mut self, room: &mut [u8], timestamp: u32, now: Instant) {
        let length = self.packet.len();
        room[..length].copy_from_slice(&self.packet);
        room[2..4].copy_from_slice(&(self.index as u16).to_be_bytes());
        room[4..8].copy_from_slice(&timestamp.to_be_bytes());
        room[17..19].copy_from_slice(&self.transport.to_be_bytes());
        self.outbound.protect_rtp(room, length, self.index).unwrap();
        self.sent_at[self.index as usize % REMEMBERED] = now;
        self.index += 1;
        self.transport = self.transport.wrapping_add(1);
    }
}

fn ip_of(visitor: usize) -> IpAddr {
    IpAddr::V4(Ipv4Addr::from_bits(FIRST_IP + visitor as u32))
}

/// Which visitor a datagram came to.
fn index_of(meta: &RecvMeta) -> usize {
    let Some(IpAddr::V4(ip)) = meta.dst_ip else {
        panic!("the kernel does not tell where a datagram came to");
    };
    (ip.to_bits() - FIRST_IP) as usize
}
