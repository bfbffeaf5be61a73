//! One simulated visitor's media: ICE controlling, DTLS client, SRTP, a voice and a picture. A
//! value: bytes and time in, bytes out.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};
use str0m::Candidate;
use str0m::crypto::dtls::{DtlsCert, DtlsInstance, DtlsOutput, DtlsVersion, SrtpProfile};
use str0m::crypto::{CryptoProvider, Fingerprint};
use str0m::ice::{IceAgent, IceAgentEvent, IceCreds, StunMessage, StunPacket};
use str0m::net::Protocol;

use super::LoadError;
use super::clip::{self, CARD};
use super::hello::{self, Answer};
use super::plan::{Plan, Voice};
use super::receiving::{Arrived, Incoming, PartOf, Reception, Taken};
use super::sending::{Batch, Press, Stream};
use super::tally::{Tally, note};
use crate::limits;
use crate::rtp::Kind;
use crate::rtp::rtcp::{self, Compound, Packet, ReportBlock};
use crate::srtp::{Inbound, KeyPair, Outbound, Profile};

/// What all visitors of a run share.
struct Papers {
    provider: CryptoProvider,
    certificate: DtlsCert,
    fingerprint: Fingerprint,
    /// When the run began: time zero of every stamp.
    began: Instant,
}

impl Papers {
    fn new(began: Instant) -> Result<Arc<Self>, LoadError> {
        let provider = str0m::crypto::from_feature_flags();
        let certificate = provider.dtls_provider.generate_certificate();
        let certificate = certificate.ok_or(LoadError::NoCertificate)?;
        let hash = provider.sha256_provider.sha256(&certificate.certificate);
        Ok(Arc::new(Self {
            fingerprint: Fingerprint {
                hash_func: "sha-256".to_owned(),
                bytes: hash.to_vec(),
            },
            provider,
            certificate,
            began,
        }))
    }
}

/// Makes the visitors of a run; cheap to clone.
#[derive(Clone)]
pub(super) struct Recruiter {
    papers: Arc<Papers>,
    habits: Habits,
    plan: Arc<Plan>,
}

impl Recruiter {
    /// For a run that began then.
    pub(super) fn new(plan: &Plan, began: Instant) -> Result<Self, LoadError> {
        Ok(Self {
            papers: Papers::new(began)?,
            habits: Habits::of(plan),
            plan: Arc::new(plan.clone()),
        })
    }

    /// One that comes now. Its clocks go at another moment than the others'.
    pub(super) fn visitor(&self, number: u32, now: Instant) -> Result<Visitor, LoadError> {
        let mut rng = SmallRng::seed_from_u64(self.plan.seed ^ u64::from(number));
        let phase = rng.random_range(Duration::ZERO..PICTURE_EVERY);
        let mut visitor = Visitor::new(number, &self.papers, self.habits, (now, phase))?;
        let half = self.plan.duration.div_f64(2.0);
        let is_unwanted = self.is_unwanted(number);
        visitor.card.after = is_unwanted.then(|| half.mul_f64(rng.random()));
        Ok(visitor)
    }

    /// Whether a visitor will show the test card.
    pub(super) fn is_unwanted(&self, number: u32) -> bool {
        self.plan.is_unwanted(number)
    }
}

/// When a visitor shows the test card.
#[derive(Default)]
struct Card {
    /// So long after it is measured; never if nothing.
    after: Option<Duration>,
    from: Option<Instant>,
    /// Since when it has, until that is stopped.
    since: Option<Instant>,
}

/// What a visitor sends, and how often.
#[derive(Clone, Copy)]
struct Habits {
    voice: Voice,
    /// Bytes of one picture; 0 for none.
    picture_bytes: usize,
    /// What was asked for is asked for again after this long.
    retry: Duration,
}

impl Habits {
    fn of(plan: &Plan) -> Self {
        let bytes = plan.video_bps / 8 / PICTURES_PER_SECOND;
        Self {
            voice: plan.audio,
            picture_bytes: usize::try_from(bytes).unwrap_or(0),
            // As far as the other visitor and back, and a moment to answer.
            retry: (plan.line.delay + plan.line.jitter) * 4 + ANSWERING,
        }
    }
}

const PICTURES_PER_SECOND: u64 = 30;
const VOICE_EVERY: Duration = Duration::from_millis(20);
const PICTURE_EVERY: Duration = Duration::from_nanos(1_000_000_000 / PICTURES_PER_SECOND);
const FEEDBACK_EVERY: Duration = Duration::from_millis(100);
const REPORTS_EVERY: Duration = Duration::from_secs(1);
const ANSWERING: Duration = Duration::from_millis(20);
/// A keyframe is asked for at most so often.
const KEYFRAME_ASKED_EVERY: Duration = Duration::from_millis(500);
/// Behind by more than this, a visitor drops what it should have sent, like a busy computer.
const BACKLOG: Duration = Duration::from_millis(200);

/// One visitor.
pub(super) struct Visitor {
    number: u32,
    papers: Arc<Papers>,
    habits: Habits,
    agent: IceAgent,
    dtls: Box<dyn DtlsInstance>,
    dtls_due: Option<Instant>,
    is_dtls_started: bool,
    /// Own and the server's address, once the answer is there.
    path: Option<[SocketAddr; 2]>,
    keys: Option<(Inbound, Outbound)>,
    audio: Stream,
    video: Stream,
    rtx: Stream,
    reception: Reception,
    transport: u16,
    next_voice: Instant,
    next_picture: Instant,
    next_feedback: Instant,
    next_reports: Instant,
    /// Somebody wants a keyframe of this visitor.
    is_keyframe_wanted: bool,
    /// Which picture of the clip was shown last.
    position: u16,
    card: Card,
    /// When this visitor may ask for a keyframe.
    may_ask_keyframe: Instant,
    /// Whose pictures it sees.
    partner: Option<u32>,
    /// When it said Next, until it sees somebody new.
    said_next: Option<Instant>,
    /// When it was told that it faces somebody.
    matched: Option<Instant>,
    pub(super) out: Batch,
}

impl Visitor {
    /// A visitor who has not connected yet. `phase` moves its clocks against the others'.
    fn new(
        number: u32,
        papers: &Arc<Papers>,
        habits: Habits,
        (now, phase): (Instant, Duration),
    ) -> Result<Self, LoadError> {
        let dtls = papers.provider.dtls_provider.new_dtls(
            &papers.certificate,
            now,
            DtlsVersion::Dtls12,
            None,
        );
        let mut dtls = dtls.map_err(|_| LoadError::NoCertificate)?;
        dtls.set_active(true);
        let mut agent = IceAgent::with_hmac(IceCreds::new(), papers.provider.sha1_hmac_provider);
        agent.set_controlling(true);
        let base = 1 + 4 * number;
        let first = now + phase;
        Ok(Self {
            number,
            papers: papers.clone(),
            habits,
            agent,
            dtls,
            dtls_due: None,
            is_dtls_started: false,
            path: None,
            keys: None,
            audio: Stream::new(base, hello::AUDIO),
            video: Stream::new(base + 1, hello::VIDEO).keeping(),
            rtx: Stream::new(base + 2, hello::RTX),
            reception: Reception::default(),
            transport: 1,
            next_voice: first,
            next_picture: first,
            next_feedback: first,
            next_reports: first,
            is_keyframe_wanted: true,
            position: 0,
            card: Card::default(),
            may_ask_keyframe: first,
            partner: None,
            said_next: None,
            matched: None,
            out: Batch::default(),
        })
    }

    /// Its number in the crowd.
    pub(super) const fn number(&self) -> u32 {
        self.number
    }

    /// The SDP for `join`.
    pub(super) fn offer(&self) -> String {
        let names = [self.audio.ssrc, self.video.ssrc, self.rtx.ssrc];
        hello::offer(
            self.agent.local_credentials(),
            &self.papers.fingerprint,
            names,
        )
    }

    /// Begins to connect, from its own address to the server's.
    pub(super) fn take_answer(&mut self, answer: Answer, path: [SocketAddr; 2], now: Instant) {
        let [own, server] = path.map(|address| Candidate::host(address, Protocol::Udp));
        if let (Ok(own), Ok(server)) = (own, server) {
            self.agent.add_local_candidate(own);
            self.agent.add_remote_candidate(server);
        }
        self.agent.set_remote_credentials(answer.credentials);
        self.reception.voice.ssrc = answer.audio;
        self.reception.picture.ssrc = answer.video;
        self.reception.resent.ssrc = answer.rtx.unwrap_or(0);
        self.path = Some(path);
        self.agent.handle_timeout(now);
        self.drain(now);
    }

    /// The visitor says Next.
    pub(super) fn say_next(&mut self, now: Instant) {
        self.said_next = Some(now);
        self.matched = None;
    }

    /// The visitor is told that it faces somebody.
    pub(super) const fn is_matched(&mut self, now: Instant) {
        self.matched = Some(now);
    }

    /// Begins to count anew.
    pub(super) fn reset(&mut self, now: Instant) {
        self.reception.reset();
        self.card.from = self.card.after.map(|after| now + after);
    }

    /// What the visitor shows is stopped: how long it showed the test card until then, if it did.
    pub(super) fn is_stopped(&mut self, now: Instant) -> Option<Duration> {
        let since = self.card.since.take()?;
        self.card.from = None;
        Some(now.saturating_duration_since(since))
    }

    /// Packets that are missing since it began to count: of all, and of pictures.
    pub(super) fn lost(&self) -> [u64; 2] {
        self.reception.lost()
    }

    /// When [`act`](Self::act) wants to be called.
    pub(super) fn due(&mut self) -> Option<Instant> {
        let control = [self.agent.poll_timeout(), self.dtls_due];
        let media = self.keys.is_some().then(|| {
            let own = self.next_feedback.min(self.next_reports);
            let own = own.min(self.next_voice).min(self.next_picture);
            self.reception.gaps.due().map_or(own, |ask| own.min(ask))
        });
        control.into_iter().flatten().chain(media).min()
    }

    /// Does what is due.
    pub(super) fn act(&mut self, now: Instant, tally: &mut Tally) {
        if self.agent.poll_timeout().is_some_and(|due| due <= now) {
            self.agent.handle_timeout(now);
        }
        if self.dtls_due.take_if(|due| *due <= now).is_some() {
            // A handshake that fails shows as a visitor who never connects.
            let _: Result<(), _> = self.dtls.handle_timeout(now);
        }
        self.drain(now);
        self.send_media(now, tally);
        self.send_control(now);
    }

    /// Takes a datagram from the server.
    pub(super) fn receive(&mut self, datagram: &mut [u8], now: Instant, tally: &mut Tally) {
        match Kind::of(datagram) {
            Kind::Rtp => return self.receive_rtp(datagram, now, tally),
            Kind::Rtcp => return self.receive_rtcp(datagram, now, tally),
            Kind::Dtls => {
                let _: Result<(), _> = self.dtls.handle_packet(datagram);
            }
            Kind::Stun => {
                if let (Ok(message), Some([own, server])) =
                    (StunMessage::parse(datagram), self.path)
                {
                    let packet = StunPacket {
                        proto: Protocol::Udp,
                        source: server,
                        destination: own,
                        message,
                    };
                    self.agent.handle_packet(now, packet);
                }
            }
            Kind::Unknown => tally.refused += 1,
        }
        self.drain(now);
    }

    fn send_media(&mut self, now: Instant, tally: &mut Tally) {
        let since = self.since_begin(now);
        let Some((_, outbound)) = &mut self.keys else {
            return;
        };
        let mut press = Press {
            outbound,
            transport: &mut self.transport,
            sender: self.number,
            now_us: u64::try_from(since.as_micros()).unwrap_or(0),
            out: &mut self.out,
        };
        let before = press.out.count();
        let speaks = is_due(&mut self.next_voice, VOICE_EVERY, now, tally);
        if speaks && self.habits.voice == Voice::Speaking {
            press.speak(&mut self.audio, media_clock(since, 48_000));
        }
        let shows = is_due(&mut self.next_picture, PICTURE_EVERY, now, tally);
        if shows && self.habits.picture_bytes > 0 {
            let is_wanted = std::mem::take(&mut self.is_keyframe_wanted);
            let is_card = self.card.from.is_some_and(|from| from <= now);
            if is_card && self.card.since.is_none() {
                self.card.since = Some(now);
                tally.cards_shown += 1;
            }
            self.position = match (is_card, is_wanted || self.position == CARD) {
                (true, _) => CARD,
                (false, true) => 0,
                (false, false) => clip::next(self.position),
            };
            let (timestamp, bytes) = (media_clock(since, 90_000), self.habits.picture_bytes);
            press.show(&mut self.video, timestamp, (self.position, bytes));
        }
        tally.sent += (press.out.count() - before) as u64;
    }

    fn send_control(&mut self, now: Instant) {
        if self.keys.is_none() {
            return;
        }
        let mut compound = Vec::new();
        if self.next_reports <= now {
            self.next_reports = now + REPORTS_EVERY;
            self.write_reports(now, &mut compound);
        }
        if self.next_feedback <= now {
            self.next_feedback = now + FEEDBACK_EVERY;
            let arrivals = &mut self.reception.arrivals;
            let (count, entries) = (arrivals.count, arrivals.take());
            let sources = (self.video.ssrc, self.reception.picture.ssrc);
            rtcp::write::transport_feedback(&mut compound, sources, count, &entries);
        }
        self.write_requests(now, &mut compound);
        if compound.is_empty() {
            return;
        }
        let length = compound.len();
        compound.resize(length + 40, 0);
        if let Some((_, outbound)) = &mut self.keys
            && let Ok(length) = outbound.protect_rtcp(&mut compound, length)
        {
            self.out.push(compound.get(..length).unwrap_or_default());
        }
    }

    /// Asks for what is missing.
    fn write_requests(&mut self, now: Instant, compound: &mut Vec<u8>) {
        let (own, theirs) = (self.video.ssrc, self.reception.picture.ssrc);
        let gaps = &mut self.reception.gaps;
        if gaps.due().is_some_and(|due| due <= now) {
            let wanted = gaps.ask(now, self.habits.retry);
            if !wanted.is_empty() {
                rtcp::write::nack(compound, own, theirs, &wanted);
            }
        }
        if gaps.is_beyond_mending && self.may_ask_keyframe <= now {
            gaps.is_beyond_mending = false;
            self.may_ask_keyframe = now + KEYFRAME_ASKED_EVERY;
            rtcp::write::pli(compound, own, theirs);
        }
    }

    fn write_reports(&self, now: Instant, compound: &mut Vec<u8>) {
        let since = self.since_begin(now);
        let fraction = (u64::from(since.subsec_nanos()) << 32) / 1_000_000_000;
        let ntp = ((3_900_000_000 + since.as_secs()) << 32) | fraction;
        let blocks: Vec<ReportBlock> = [&self.reception.voice, &self.reception.picture]
            .into_iter()
            .filter(|track: &&Incoming| track.highest > 0)
            .map(|track| ReportBlock {
                ssrc: track.ssrc,
                fraction_lost: 0,
                cumulative_lost: 0,
                highest_sequence: u32::try_from(track.highest & 0xffff_ffff).unwrap_or(0),
                jitter: 0,
                last_sr: 0,
                delay_since_last_sr: 0,
            })
            .collect();
        let audio = self.audio.report(ntp, media_clock(since, 48_000));
        rtcp::write::sender_report(compound, &audio, &blocks);
        let video = self.video.report(ntp, media_clock(since, 90_000));
        rtcp::write::sender_report(compound, &video, &[]);
        rtcp::write::sdes_cname(compound, self.audio.ssrc, "load");
    }

    fn since_begin(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.papers.began)
    }

    fn receive_rtp(&mut self, packet: &mut [u8], now: Instant, tally: &mut Tally) {
        let since = self.since_begin(now);
        let Some((inbound, _)) = &self.keys else {
            tally.refused += 1;
            return;
        };
        match self.reception.take(inbound, packet, (now, since)) {
            Taken::Refused => tally.refused += 1,
            Taken::Corrupt => tally.corrupt += 1,
            Taken::Nothing => {}
            // Nobody is ever shown to themselves.
            Taken::Packet(Arrived { stamp, .. }) if stamp.sender == self.number => {
                tally.corrupt += 1;
            }
            Taken::Packet(arrived) => {
                tally.received += 1;
                tally.picture_packets += u64::from(arrived.part_of != PartOf::Voice);
                tally.repaired += u64::from(arrived.is_repair);
                let sent = Duration::from_micros(arrived.stamp.sent_us);
                note(&mut tally.latency, since.saturating_sub(sent));
                if arrived.part_of == PartOf::WholePicture {
                    tally.cards_seen += u64::from(arrived.stamp.position == CARD);
                    self.seen(arrived.stamp.sender, now, tally);
                }
            }
        }
    }

    /// A whole picture of somebody.
    fn seen(&mut self, sender: u32, now: Instant, tally: &mut Tally) {
        tally.pictures += 1;
        if self.partner.replace(sender) != Some(sender)
            && let Some(then) = self.said_next.take()
        {
            let waited = now.saturating_duration_since(then);
            note(&mut tally.next_to_picture, waited);
            // A picture may overtake the word of it.
            let matched = self.matched.take().unwrap_or(now);
            let waited = now.saturating_duration_since(matched);
            note(&mut tally.match_to_picture, waited);
        }
    }

    fn receive_rtcp(&mut self, packet: &mut [u8], now: Instant, tally: &mut Tally) {
        let length = self
            .keys
            .as_mut()
            .and_then(|(inbound, _)| inbound.unprotect_rtcp(packet).ok());
        let Some(length) = length else {
            tally.refused += 1;
            return;
        };
        let plain = packet.get(..length).unwrap_or_default();
        let mut wanted: Vec<u16> = Vec::new();
        for part in Compound::parse(plain).map_while(Result::ok) {
            match part {
                Packet::Pli { media, .. } => self.is_keyframe_wanted |= media == self.video.ssrc,
                Packet::Nack(nack) if nack.media == self.video.ssrc => wanted.extend(nack.lost()),
                _ => {}
            }
        }
        wanted.truncate(limits::NACK_SEQUENCES);
        self.resend(&wanted, now);
    }

    fn resend(&mut self, wanted: &[u16], now: Instant) {
        let since = self.since_begin(now);
        let Some((_, outbound)) = &mut self.keys else {
            return;
        };
        let mut press = Press {
            outbound,
            transport: &mut self.transport,
            sender: self.number,
            now_us: u64::try_from(since.as_micros()).unwrap_or(0),
            out: &mut self.out,
        };
        for sequence in wanted {
            press.resend(&self.video, &mut self.rtx, *sequence);
        }
    }

    /// Carries out what ICE and DTLS want.
    fn drain(&mut self, now: Instant) {
        while let Some(event) = self.agent.poll_event() {
            if matches!(event, IceAgentEvent::NominatedSend { .. }) && !self.is_dtls_started {
                self.is_dtls_started = true;
                let _: Result<(), _> = self.dtls.handle_timeout(now);
            }
        }
        while let Some(transmit) = self.agent.poll_transmit() {
            self.out.push(&transmit.contents);
        }
        let mut room = [0; 2000];
        while self.is_dtls_started {
            match self.dtls.poll_output(&mut room) {
                DtlsOutput::Packet(packet) => self.out.push(packet),
                DtlsOutput::Timeout(due) => {
                    self.dtls_due = (due > now).then_some(due);
                    return;
                }
                DtlsOutput::KeyingMaterial(material, profile) => {
                    self.keys = keys(material.as_ref(), profile);
                }
                _ => {}
            }
        }
    }
}

fn keys(material: &[u8], profile: SrtpProfile) -> Option<(Inbound, Outbound)> {
    let profile = match profile {
        SrtpProfile::AEAD_AES_256_GCM => Profile::AeadAes256Gcm,
        SrtpProfile::AEAD_AES_128_GCM => Profile::AeadAes128Gcm,
        _ => Profile::Aes128CmSha1_80,
    };
    let keys = KeyPair::from_exporter(profile, material)?;
    Some((Inbound::new(&keys.server), Outbound::new(&keys.client)))
}

/// Whether it is time; if so the next time is set, and how late it is noted.
fn is_due(next: &mut Instant, every: Duration, now: Instant, tally: &mut Tally) -> bool {
    if *next > now {
        return false;
    }
    let late = now.saturating_duration_since(*next);
    note(&mut tally.lateness, late);
    *next = if late > BACKLOG { now } else { *next } + every;
    true
}

fn media_clock(since: Duration, rate: u128) -> u32 {
    let ticks = since.as_micros() * rate / 1_000_000;
    u32::try_from(ticks & u128::from(u32::MAX)).unwrap_or(0)
}
