//! [`Switchboard`]: puts requests and media events to the lobby, and carries out what it wants.
//! The one place where a session, its leg and its WebSocket are all named.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::sync::oneshot;
use tracing::{debug, info};

use super::album::Album;
use super::capacity::Capacity;
use super::chronicle::steps;
use super::device::Devices;
use super::gauges::{Gauges, word};
use super::line::SocketId;
use super::oversight::Oversight;
use super::players::{self, Players, Role};
use super::pulse::Pulse;
use super::register::{Register, Told};
use super::request::{Marks, Message, Refusal, Request, Screening, Ticket};
use crate::classify::remarks::Remarks;
use crate::config;
use crate::direction::Direction;
use crate::id::{LegId, MatchId, SessionId};
use crate::lobby::{
    self, Ask, Complaint, Door, Input, LegNews, Lobby, Medium, Notice, Openness, Output, Standing,
    Wish,
};
use crate::media::{Certificates, Command, Event, OfferError};
use crate::moderation::{self, Desk};
use crate::private::Private;

/// The control plane without its clock and its channels.
pub(super) struct Switchboard<F> {
    pub(super) lobby: Lobby,
    pub(super) register: Register,
    pub(super) players: Players,
    /// For finding who sees whose first picture.
    pub(super) sessions_by_match: HashMap<MatchId, [SessionId; 2]>,
    pub(super) command: F,
    pub(super) gauges: Gauges,
    /// Where pictures are looked at.
    pub(super) oversight: Option<Oversight>,
    /// What was looked at last.
    pub(super) album: Album,
    pub(super) pulse: Pulse,
    capacity: Capacity,
    grace: Duration,
    retry_after: Duration,
    /// The media plane has no place for another leg, until one is closed.
    is_out_of_legs: bool,
    /// WebSockets that took no more, to be given up after what is being done.
    stuck: VecDeque<SocketId>,
    /// Those who want to know when nobody is left.
    askers: Vec<oneshot::Sender<()>>,
}

/// A session's one leg carries the session's number: each is made once, and for each other.
pub(super) const fn leg_of(session: SessionId) -> LegId {
    LegId(session.0)
}

pub(super) const fn session_of(leg: LegId) -> SessionId {
    SessionId(leg.0)
}

impl<F: FnMut(Command)> Switchboard<F> {
    /// `rng` makes the tokens: it must be seeded by the system.
    pub(super) fn new(config: &config::Lobby, mut rng: StdRng, command: F) -> Self {
        Self {
            lobby: Lobby::new(config, rng.random()),
            register: Register::new(StdRng::from_rng(&mut rng)),
            players: Players::default(),
            sessions_by_match: HashMap::new(),
            command,
            gauges: Gauges::new(),
            oversight: None,
            album: Album::new(),
            pulse: Pulse::new(),
            capacity: Capacity::new(config.full_at_load_percent),
            grace: Duration::from_millis(config.grace_ms),
            retry_after: Duration::from_millis(config.retry_after_ms),
            is_out_of_legs: false,
            stuck: VecDeque::new(),
            askers: Vec::new(),
        }
    }

    /// The same, with somebody who decides by policy what may be shown.
    pub(super) fn with_desk(mut self, desk: Desk, remarks: Remarks, devices: Devices) -> Self {
        self.lobby = self.lobby.with_screening();
        self.register = self.register.with_devices(devices);
        self.oversight = Some(Oversight::new(desk, remarks));
        self
    }

    /// A WebSocket, or the program, asks for something.
    pub(super) fn handle_request(&mut self, request: Request, now: Instant) {
        match request {
            Request::Connect {
                socket,
                outbox,
                hold,
            } => {
                self.register.connect(socket, outbox, hold);
            }
            Request::Join {
                socket,
                wish,
                marks,
            } => self.join(socket, wish, &marks, now),
            Request::Attend {
                socket,
                publisher,
                offer,
            } => self.attend(socket, publisher, offer, now),
            Request::LookOn {
                socket,
                at,
                offer,
                by,
            } => self.look_on(socket, at, (offer, by), now),
            Request::Resume {
                socket,
                token,
                offer,
            } => self.resume(socket, &token, offer, now),
            Request::Ask { socket, ask } => self.ask(socket, ask, now),
            Request::Disconnect { socket } => self.disconnect(socket, now),
            Request::Backend(demand) => self.serve(demand, now),
            Request::Replace { policy } => self.replace_policy(policy, now),
            Request::Readmit { device } => self.readmit(device, now),
            Request::Rule(ruled) => self.rule(ruled, now),
            Request::KeptOut { outside } => self.hear_of_kept_out(outside, now),
            Request::Drain { within, bye, done } => {
                self.askers.push(done);
                self.put(Input::Drain { within, bye }, now);
            }
        }
        self.give_up_stuck(now);
    }

    /// The media plane tells something.
    pub(super) fn handle_event(&mut self, event: Event, now: Instant) {
        if event.leg().is_some_and(players::is_player) {
            self.handle_player(event, now);
            return self.give_up_stuck(now);
        }
        match event {
            Event::Answered { leg, answer, video } => {
                let session = session_of(leg);
                if let Some(stay) = self.register.stay(session) {
                    stay.codec = Some(video);
                }
                self.put(Input::Answered { session, video }, now);
                self.tell(session, Message::Answer(answer));
            }
            Event::Refused { leg, reason } => self.refused(session_of(leg), reason, now),
            Event::Load {
                shard,
                load_permille,
            } => {
                if let Some(has_room) = self.capacity.note(shard, load_permille) {
                    info!(has_room, load_permille, "a media thread's load");
                    self.put(Input::Capacity { has_room }, now);
                }
            }
            Event::Quality {
                match_id,
                leg,
                to,
                quality,
                is_over,
            } => self.measured(match_id, [leg, to], quality, is_over),
            Event::Connected { leg } => self.leg_news(leg, LegNews::Connected, now),
            Event::Silent { leg } => self.leg_news(leg, LegNews::Silent, now),
            Event::Heard { leg } => self.leg_news(leg, LegNews::Heard, now),
            Event::Closed { leg } => {
                self.is_out_of_legs = false;
                self.leg_news(leg, LegNews::Closed, now);
            }
            Event::FirstPicture {
                match_id,
                leg,
                timestamp,
                after_ms,
            } => {
                debug!(%match_id, after_ms, "first picture");
                self.gauges.faced(after_ms);
                self.first_picture(match_id, session_of(leg), timestamp, now);
            }
        }
        self.give_up_stuck(now);
    }

    /// Time has passed.
    pub(super) fn handle_time(&mut self, now: Instant) {
        self.put(Input::Tick, now);
        self.tell_desk(moderation::Input::Tick, now);
        self.album.forget_old(now);
        self.pulse.count(now);
        self.give_up_stuck(now);
    }

    /// When [`Switchboard::handle_time`] is due.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let desk = self.oversight.as_ref().and_then(Oversight::next_deadline);
        let (album, pulse) = (self.album.next_deadline(), self.pulse.next_deadline());
        [self.lobby.next_deadline(), desk, album, pulse]
            .into_iter()
            .flatten()
            .min()
    }

    /// How many sessions there are.
    pub(super) fn online(&self) -> usize {
        self.lobby.online()
    }

    /// Whether somebody may come in by video.
    pub(super) fn openness(&self) -> Openness {
        match self.lobby.openness() {
            Openness::Open if self.is_out_of_legs => Openness::Full,
            openness => openness,
        }
    }

    /// Whether the server is going away.
    pub(super) fn is_draining(&self) -> bool {
        self.lobby.is_draining()
    }

    fn join(&mut self, socket: SocketId, wish: Wish, marks: &Marks, now: Instant) {
        if self.register.session_on(socket).is_some() {
            return self.refuse(socket, Refusal::AlreadyJoined);
        }
        let medium = match wish.door {
            Door::Video { .. } | Door::Led { .. } => Medium::Video,
            Door::Text => Medium::Text,
        };
        let session = self.register.begin(socket, medium, marks, now);
        if let Some(stay) = self.register.stay(session) {
            stay.is_led = matches!(wish.door, Door::Led { .. });
        }
        self.put(Input::Join { session, wish }, now);
    }

    fn resume(
        &mut self,
        socket: SocketId,
        token: &Private<String>,
        offer: Option<Private<String>>,
        now: Instant,
    ) {
        if self.register.session_on(socket).is_some() {
            return self.refuse(socket, Refusal::AlreadyJoined);
        }
        let Some(session) = self.register.spend(token) else {
            return self.refuse(socket, Refusal::UnknownToken);
        };
        if let Some(old) = self.register.replace(session, socket) {
            self.tell_socket(old, Message::Replaced);
        }
        self.put(Input::Resume { session, offer }, now);
    }

    fn ask(&mut self, socket: SocketId, ask: Ask, now: Instant) {
        if let Some(player) = self.players.on(socket) {
            return self.ask_player(player, ask, now);
        }
        let Some(session) = self.register.session_on(socket) else {
            return self.refuse(socket, Refusal::NotJoined);
        };
        if !self.register.has_joined(session) {
            return self.refuse(socket, Refusal::NotJoined);
        }
        if matches!(ask, Ask::Next)
            && let Some(stay) = self.register.stay(session)
        {
            stay.next_at = Some(now);
        }
        self.put(Input::Ask { session, ask }, now);
    }

    fn disconnect(&mut self, socket: SocketId, now: Instant) {
        if let Some(player) = self.players.on(socket) {
            self.end_player(player, now);
        }
        let Some(session) = self.register.disconnect(socket) else {
            return;
        };
        let input = if self.register.has_joined(session) {
            Input::Unplugged { session }
        } else {
            // Nobody holds a token for it.
            Input::Unanswered { session }
        };
        self.put(input, now);
    }

    /// An offer is not answered: no stay begins, or it goes on as it was.
    fn refused(&mut self, session: SessionId, reason: OfferError, now: Instant) {
        self.is_out_of_legs |= reason == OfferError::Full;
        self.tell(session, self.unanswered(reason));
        if !self.register.has_joined(session) {
            self.put(Input::Unanswered { session }, now);
        }
    }

    /// What is said of an offer that is not answered.
    pub(super) const fn unanswered(&self, reason: OfferError) -> Message {
        match reason {
            OfferError::Full => {
                let retry_after = self.retry_after;
                Message::Notice(Notice::Refused(lobby::Refusal::Full { retry_after }))
            }
            OfferError::Malformed
            | OfferError::NoAudio
            | OfferError::NoVideo
            | OfferError::NoLeg => Message::Refused(Refusal::Offer(reason)),
        }
    }

    fn leg_news(&mut self, leg: LegId, news: LegNews, now: Instant) {
        let session = session_of(leg);
        let asked_at = self
            .register
            .stay(session)
            .and_then(|stay| stay.asked_at.take_if(|_| news == LegNews::Connected));
        let is_first = asked_at.is_some();
        if let Some(asked_at) = asked_at {
            self.gauges
                .connected(now.saturating_duration_since(asked_at));
            self.stepped(session, steps::CONNECT, asked_at, now);
        }
        self.put(Input::Leg { session, news }, now);
        if news == LegNews::Closed {
            self.pulse.left(session, now);
        }
        if news == LegNews::Connected && self.is_overseen() {
            if is_first {
                if let Some(stay) = self.register.stay(session) {
                    stay.connected_at = Some(now);
                }
                self.tell(session, Message::Screening(Screening::Pending));
            }
            self.pulse.connected(session, now);
            self.tell_desk(moderation::Input::Connected { session }, now);
        }
    }

    /// Puts an input to the lobby and carries out what it wants.
    pub(super) fn put(&mut self, input: Input, now: Instant) {
        self.lobby.handle(input, now);
        self.heed_lobby(now);
    }

    pub(super) fn heed_lobby(&mut self, now: Instant) {
        while let Some(output) = self.lobby.poll() {
            self.carry_out(output, now);
        }
        self.gauges.set(&self.lobby, self.sessions_by_match.len());
    }

    fn open(
        &mut self,
        session: SessionId,
        offer: Private<String>,
        (direction, is_led): (Direction, bool),
    ) {
        (self.command)(Command::Open {
            leg: leg_of(session),
            offer,
            direction,
            certificates: match is_led {
                true => Certificates::Any,
                false => Certificates::Ecdsa,
            },
            codec: None,
        });
        self.screen(session);
    }

    fn carry_out(&mut self, output: Output, now: Instant) {
        match output {
            Output::Tell {
                session,
                notice: Notice::Chat(text),
            } => self.pass_on(session, text, now),
            Output::Tell { session, notice } => self.notify(session, notice),
            Output::Joined { session, online } => self.joined(session, online, now),
            Output::Resumed {
                session,
                online,
                standing,
            } => self.resumed(session, online, standing),
            Output::Open {
                session,
                offer,
                direction,
                is_led,
            } => self.open(session, offer, (direction, is_led)),
            Output::Restart { session, offer } => {
                (self.command)(Command::Restart {
                    leg: leg_of(session),
                    offer,
                });
            }
            Output::MatchBegan {
                match_id,
                sessions,
                medium,
                waited,
            } => {
                self.register.face(sessions, true);
                // Before the media plane hears of it: whose picture is to be held is held from the
                // start.
                self.tell_desk(moderation::Input::Matched { match_id, sessions }, now);
                self.waited(sessions, waited, now);
                self.match_began(match_id, sessions, medium, waited);
            }
            Output::MatchEnded {
                match_id,
                sessions,
                medium,
                reason,
                lasted,
            } => {
                self.faced_each_other((match_id, sessions), (medium, reason), lasted, now);
                self.match_ended(match_id, sessions, medium, now);
            }
            Output::Reported {
                session,
                about,
                match_id,
                complaint,
            } => {
                self.reported(session, about, match_id, &complaint);
                let (by, category) = (session, complaint.category);
                let reported = moderation::Input::Reported {
                    by,
                    about,
                    category,
                };
                self.tell_desk(reported, now);
            }
            Output::Ended { session } => self.ended(session, now),
            Output::Drained => self.drained(),
        }
    }

    fn notify(&mut self, session: SessionId, notice: Notice) {
        let begins = matches!(notice, Notice::Matched { .. });
        self.tell(session, Message::Notice(notice));
        if begins {
            self.tell_of_stops(session);
        }
    }

    fn resumed(&mut self, session: SessionId, online: usize, standing: Standing) {
        let ticket = self.ticket(session);
        info!(%session, "resumed");
        self.tell(
            session,
            Message::Resumed {
                ticket,
                online,
                standing,
            },
        );
        self.tell_of_stops(session);
    }

    fn joined(&mut self, session: SessionId, online: usize, now: Instant) {
        let ticket = self.ticket(session);
        self.gauges.joins.increment(1);
        info!(%session, "joined");
        let Some(stay) = self.register.stay(session) else {
            return;
        };
        let (key, whence) = (stay.device, stay.whence);
        let device = stay.device_token.take();
        self.tell(
            session,
            Message::Joined {
                ticket,
                online,
                device,
            },
        );
        let arrived = moderation::Input::Arrived {
            session,
            device: key,
            whence,
        };
        self.tell_desk(arrived, now);
    }

    fn drained(&mut self) {
        for asker in self.askers.drain(..) {
            // Whoever asked may no longer care.
            let _ = asker.send(());
        }
    }

    fn reported(
        &self,
        session: SessionId,
        about: SessionId,
        match_id: MatchId,
        complaint: &Complaint,
    ) {
        let category = word(complaint.category);
        info!(%match_id, by = %session, %about, category, "reported");
        self.gauges.reported(complaint.category);
    }

    fn ended(&mut self, session: SessionId, now: Instant) {
        let joined = self.register.has_joined(session);
        let Some(stay) = self.register.end(session) else {
            return;
        };
        if joined {
            info!(%session, "ended");
        }
        if stay.medium == Medium::Video {
            (self.command)(Command::Close {
                leg: leg_of(session),
            });
        }
        for role in [Role::Player, Role::Onlooker] {
            if let Some(player) = self.players.of_role(session, role) {
                self.end_player(player, now);
            }
        }
        self.pulse.left(session, now);
        self.tell_desk(moderation::Input::Left { session }, now);
    }

    fn ticket(&mut self, session: SessionId) -> Ticket {
        Ticket {
            token: self.register.new_token(session),
            grace: self.grace,
        }
    }

    pub(super) fn refuse(&mut self, socket: SocketId, refusal: Refusal) {
        self.tell_socket(socket, Message::Refused(refusal));
    }

    pub(super) fn tell(&mut self, session: SessionId, message: Message) {
        if let Told::Stuck(socket) = self.register.tell(session, message) {
            self.stuck.push_back(socket);
        }
    }

    pub(super) fn tell_socket(&mut self, socket: SocketId, message: Message) {
        if let Told::Stuck(socket) = self.register.tell_socket(socket, message) {
            self.stuck.push_back(socket);
        }
    }

    /// A WebSocket that takes no more counts as lost: its visitor may resume on another.
    pub(super) fn give_up_stuck(&mut self, now: Instant) {
        while let Some(socket) = self.stuck.pop_front() {
            debug!("a WebSocket is too slow");
            self.disconnect(socket, now);
        }
    }
}

#[cfg(test)]
#[path = "switchboard_tests.rs"]
mod tests;
