//! [`Register`]: which WebSocket carries which stay, and which token resumes it.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use rand::Rng;
use rand::rngs::StdRng;
use tokio::sync::{mpsc, oneshot};

use super::device::Devices;
use super::line::SocketId;
use super::request::{Marks, Message};
use crate::codec::VideoCodec;
use crate::id::SessionId;
use crate::lobby::Medium;
use crate::media::Quality;
use crate::moderation::{DeviceKey, Label, Whence};
use crate::private::Private;
use crate::traces::{self, Trail};

/// Who is connected, and how.
pub(super) struct Register {
    sockets: HashMap<SocketId, Socket>,
    stays: HashMap<SessionId, Stay>,
    sessions_by_token: HashMap<Private<String>, SessionId>,
    last_session: u64,
    /// Where browsers are known again.
    devices: Option<Devices>,
    /// Makes tokens, so it must not be guessed from outside.
    rng: StdRng,
}

/// One WebSocket.
#[derive(Debug)]
struct Socket {
    outbox: mpsc::Sender<Message>,
    /// Dropped with the socket, which tells the driver to let go.
    _hold: oneshot::Sender<()>,
    session: Option<SessionId>,
}

/// One stay, as far as control has to know it.
#[derive(Debug)]
pub(super) struct Stay {
    socket: Option<SocketId>,
    token: Option<Private<String>>,
    /// Who is told how long its steps take.
    pub(super) trail: Trail,
    /// Whether a backend leads it, and hears what is seen of it.
    pub(super) is_led: bool,
    /// Whether it has a leg.
    pub(super) medium: Medium,
    /// The picture coding of that, once it is known.
    pub(super) codec: Option<VideoCodec>,
    /// Until when its leg is not connected: when it was asked for.
    pub(super) asked_at: Option<Instant>,
    /// Until it sees somebody: when it said `next`.
    pub(super) next_at: Option<Instant>,
    /// Until its picture has passed: when its leg was connected.
    pub(super) connected_at: Option<Instant>,
    /// How well goes what it sends into the match that it is in, as of lately.
    pub(super) sends: Option<Box<Quality>>,
    /// Whom it faces.
    pub(super) partner: Option<SessionId>,
    /// The browser that it came with.
    pub(super) device: Option<DeviceKey>,
    /// Where it comes from.
    pub(super) whence: Option<Whence>,
    /// The code of the case about it, once there is one.
    pub(super) case: Option<String>,
    /// The token for that browser, until it is told.
    pub(super) device_token: Option<Private<String>>,
}

/// What happened to a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Told {
    /// It is on its way, or there is nobody to tell.
    Done,
    /// The WebSocket takes no more: it is to be given up.
    Stuck(SocketId),
}

impl Register {
    pub(super) fn new(rng: StdRng) -> Self {
        Self {
            devices: None,
            sockets: HashMap::new(),
            stays: HashMap::new(),
            sessions_by_token: HashMap::new(),
            last_session: 0,
            rng,
        }
    }

    /// The same, in which browsers are known again.
    pub(super) fn with_devices(mut self, devices: Devices) -> Self {
        self.devices = Some(devices);
        self
    }

    /// The browser of this session stays outside for so long.
    pub(super) fn keep_out(&self, session: SessionId, label: Label, rest: Duration) {
        let device = self.stays.get(&session).and_then(|stay| stay.device);
        if let Some(device) = device {
            self.keep_device_out(device, label, rest);
        }
    }

    /// The same, of a device whose session may be gone.
    pub(super) fn keep_device_out(&self, device: DeviceKey, label: Label, rest: Duration) {
        if let Some(devices) = &self.devices {
            devices.keep_out(device, label, rest);
        }
    }

    /// A WebSocket is there.
    pub(super) fn connect(
        &mut self,
        socket: SocketId,
        outbox: mpsc::Sender<Message>,
        hold: oneshot::Sender<()>,
    ) {
        let socket_entry = Socket {
            outbox,
            _hold: hold,
            session: None,
        };
        self.sockets.insert(socket, socket_entry);
    }

    /// A WebSocket is gone, or given up: the session that it carried.
    pub(super) fn disconnect(&mut self, socket: SocketId) -> Option<SessionId> {
        let session = self.sockets.remove(&socket)?.session?;
        if let Some(stay) = self.stays.get_mut(&session) {
            stay.socket = None;
        }
        Some(session)
    }

    /// The session that a WebSocket carries.
    pub(super) fn session_on(&self, socket: SocketId) -> Option<SessionId> {
        self.sockets.get(&socket)?.session
    }

    /// A new stay on a WebSocket.
    pub(super) fn begin(
        &mut self,
        socket: SocketId,
        medium: Medium,
        marks: &Marks,
        now: Instant,
    ) -> SessionId {
        let known = self.devices.as_mut();
        let greeted = known.map(|devices| devices.greet(marks, now));
        let whence = greeted.as_ref().and_then(|greeted| greeted.whence);
        let greeted = greeted.map(|greeted| (greeted.key, greeted.token));
        let (device, device_token) = greeted.unzip();
        self.last_session += 1;
        let session = SessionId(self.last_session);
        let stay = Stay {
            socket: Some(socket),
            token: None,
            trail: traces::begin("stay", now),
            is_led: false,
            medium,
            codec: None,
            asked_at: Some(now),
            next_at: None,
            connected_at: None,
            sends: None,
            partner: None,
            device,
            whence,
            case: None,
            device_token,
        };
        self.stays.insert(session, stay);
        if let Some(socket) = self.sockets.get_mut(&socket) {
            socket.session = Some(session);
        }
        session
    }

    /// The stay that a token resumes, which is spent by that.
    pub(super) fn spend(&mut self, token: &Private<String>) -> Option<SessionId> {
        let session = self.sessions_by_token.remove(token)?;
        if let Some(stay) = self.stays.get_mut(&session) {
            stay.token = None;
        }
        Some(session)
    }

    /// Moves a stay to another WebSocket: the one that carried it, if it is still there.
    pub(super) fn replace(&mut self, session: SessionId, socket: SocketId) -> Option<SocketId> {
        if let Some(socket) = self.sockets.get_mut(&socket) {
            socket.session = Some(session);
        }
        let old = self.stays.get_mut(&session)?.socket.replace(socket)?;
        if let Some(old) = self.sockets.get_mut(&old) {
            old.session = None;
        }
        Some(old)
    }

    /// A new token for a stay, in place of any other.
    pub(super) fn new_token(&mut self, session: SessionId) -> Private<String> {
        // 192 random bits: guessing one is hopeless, and looking it up in a map is then safe.
        let random: [u8; 24] = self.rng.random();
        let token = Private::new(
            random
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect::<String>(),
        );
        if let Some(stay) = self.stays.get_mut(&session) {
            if let Some(old) = stay.token.replace(token.clone()) {
                self.sessions_by_token.remove(&old);
            }
            self.sessions_by_token.insert(token.clone(), session);
        }
        token
    }

    /// Two sessions face each other, or no longer do.
    pub(super) fn face(&mut self, [one, other]: [SessionId; 2], facing: bool) {
        for (session, partner) in [(one, other), (other, one)] {
            if let Some(stay) = self.stays.get_mut(&session) {
                stay.partner = facing.then_some(partner);
                stay.sends = None;
            }
        }
    }

    /// Whom a session faces.
    pub(super) fn partner_of(&self, session: SessionId) -> Option<SessionId> {
        self.stays.get(&session)?.partner
    }

    /// A stay.
    pub(super) fn stay(&mut self, session: SessionId) -> Option<&mut Stay> {
        self.stays.get_mut(&session)
    }

    /// Whether the visitor was told that the stay has begun.
    pub(super) fn has_joined(&self, session: SessionId) -> bool {
        self.stays
            .get(&session)
            .is_some_and(|stay| stay.token.is_some())
    }

    /// A stay is over; its WebSocket may begin another.
    pub(super) fn end(&mut self, session: SessionId) -> Option<Stay> {
        let stay = self.stays.remove(&session)?;
        if let Some(token) = &stay.token {
            self.sessions_by_token.remove(token);
        }
        if let Some(socket) = stay.socket.and_then(|socket| self.sockets.get_mut(&socket)) {
            socket.session = None;
        }
        Some(stay)
    }

    /// Tells a session, if it has a WebSocket.
    pub(super) fn tell(&mut self, session: SessionId, message: Message) -> Told {
        match self.stays.get(&session).and_then(|stay| stay.socket) {
            Some(socket) => self.tell_socket(socket, message),
            None => Told::Done,
        }
    }

    /// Tells a WebSocket.
    pub(super) fn tell_socket(&mut self, socket: SocketId, message: Message) -> Told {
        let Some(entry) = self.sockets.get(&socket) else {
            return Told::Done;
        };
        match entry.outbox.try_send(message) {
            Ok(()) => Told::Done,
            Err(_) => Told::Stuck(socket),
        }
    }

    /// Whether nothing is kept of anybody.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.sockets.is_empty() && self.stays.is_empty() && self.sessions_by_token.is_empty()
    }
}
