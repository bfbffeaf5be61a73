//! [`Plane`]: the control plane's handle on all media threads.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread::JoinHandle;
use std::time::Duration;

use mio::{Poll, Waker};
use parking_lot::Mutex;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use tokio::sync::mpsc::{Receiver, channel};

use super::cadence::Cadence;
use super::command::{Command, Event};
use super::driver::{Driver, Inbox, SOCKET, WAKER, read_clock, wall_clock};
use super::mail::Mail;
use super::overload::Overload;
use super::publish::publisher;
use super::shard::{Settings, Shard};
use super::socket::MediaSocket;
use super::tcp_door::TcpDoor;
use super::transport::Identity;
use crate::config;
use crate::id::ShardIndex;
use crate::limits;
use crate::tap::Tap;

/// All media threads of the process. Cheap to clone; nothing it does waits.
#[derive(Clone)]
pub struct Plane {
    shared: Arc<Shared>,
}

struct Shared {
    inboxes: Vec<Inbox>,
    is_running: Arc<AtomicBool>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    candidates: Vec<SocketAddr>,
    door: Mutex<Option<TcpDoor>>,
}

/// Why the media plane cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The media port is taken, or the address is not this machine's.
    #[error("cannot receive media on {address}")]
    Bind {
        /// The address of the configuration.
        address: SocketAddr,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// No address to tell browsers.
    #[error("this machine has no address to tell browsers: name one in media.advertise")]
    NoAddress,
    /// The system refuses a thread, a poll or a certificate.
    #[error("cannot start a media thread")]
    Thread(#[source] io::Error),
}

impl Plane {
    /// Binds the media port, for TCP as well, and starts one thread per shard. Events come out of the receiver, and
    /// pictures go into the tap, if there is one.
    ///
    /// # Errors
    /// [`StartError`] says what is in the way.
    pub fn start(
        config: &config::Media,
        tap: Option<Tap>,
    ) -> Result<(Self, Receiver<Event>), StartError> {
        let shards = match config.shards {
            // One core is left to everything else: who decides, who looks, and the kernel.
            0 => std::thread::available_parallelism().map_or(1, |cores| (cores.get() - 1).max(1)),
            shards => shards,
        }
        .min(limits::SHARDS);
        let (sockets, door) = bind(config, shards).map_err(|source| StartError::Bind {
            address: config.listen,
            source,
        })?;
        let local = sockets
            .first()
            .and_then(|socket| socket.local_address().ok());
        let candidates = candidates(local.unwrap_or(config.listen), &config.advertise);
        if candidates.is_empty() {
            return Err(StartError::NoAddress);
        }
        let desks = sockets
            .into_iter()
            .map(Desk::new)
            .collect::<io::Result<Vec<Desk>>>()
            .map_err(StartError::Thread)?;
        let settings = settings(config, shards, &candidates).map_err(StartError::Thread)?;
        let rates = tap.as_ref().map(|tap| tap.rates);
        let inboxes: Vec<Inbox> = desks.iter().map(|desk| desk.address.clone()).collect();
        let (events, receiver) = channel(limits::MEDIA_EVENTS);
        let is_running = Arc::new(AtomicBool::new(true));
        let mut threads = Vec::new();
        for (index, desk) in (0..).map(ShardIndex).zip(desks) {
            let settings = Settings {
                index,
                seed: rand::random(),
                tap: rates,
                ..settings.clone()
            };
            let driver = Driver {
                shard: Shard::new(settings, read_clock(), wall_clock()),
                socket: desk.socket,
                poll: desk.poll,
                inbox: desk.inbox,
                inboxes: inboxes.clone(),
                events: events.clone(),
                tap: tap.as_ref().map(|tap| tap.sender.clone()),
                publish: publisher(index),
                cadence: Cadence::new(Duration::from_micros(config.rest_us), read_clock()),
                overload: Overload::new(read_clock()),
                is_running: Arc::clone(&is_running),
            };
            let core = config.pin.then_some(usize::from(index.0));
            let thread = begin(driver, core).map_err(StartError::Thread)?;
            threads.push(thread);
        }
        let threads = Mutex::new(threads);
        let shared = Shared {
            inboxes,
            is_running,
            threads,
            candidates,
            door: Mutex::new(door),
        };
        Ok((
            Self {
                shared: Arc::new(shared),
            },
            receiver,
        ))
    }

    /// Where browsers are told to send their media.
    #[must_use]
    pub fn candidates(&self) -> &[SocketAddr] {
        &self.shared.candidates
    }

    /// The door for those who have no UDP, to be run by whoever takes it.
    pub fn take_door(&self) -> Option<TcpDoor> {
        self.shared.door.lock().take()
    }

    /// Hands a command to the shards it is for. Nothing waits: a command that finds no room, which
    /// takes more than [`limits::MAIL`] unread messages, is dropped and logged.
    pub fn send(&self, command: Command) {
        let shards = u16::try_from(self.shared.inboxes.len()).unwrap_or(1);
        for mail in Mail::for_command(command) {
            let Some(inbox) = self.shared.inboxes.get(usize::from(mail.birth(shards).0)) else {
                continue;
            };
            if let Err(refused) = inbox.mail.try_send(mail) {
                tracing::error!(%refused, "a media thread does not keep up: command dropped");
            }
            // A thread that cannot be woken finds its mail at its next turn.
            let _: io::Result<()> = inbox.waker.wake();
        }
    }

    /// Whether every media thread runs. One that has ended took its legs with it, and what arrives
    /// for it is lost.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        let threads = self.shared.threads.lock();
        !threads.is_empty() && !threads.iter().any(JoinHandle::is_finished)
    }

    /// Stops all media threads and waits for them: call it where waiting is allowed.
    pub fn shutdown(&self) {
        self.shared.is_running.store(false, Ordering::Relaxed);
        for inbox in &self.shared.inboxes {
            // A thread that cannot be woken sees the flag within a second.
            let _: io::Result<()> = inbox.waker.wake();
        }
        for thread in self.shared.threads.lock().drain(..) {
            if thread.join().is_err() {
                tracing::error!("a media thread had panicked");
            }
        }
    }
}

/// Binds the media port, and the same number of TCP where it is wanted. Any number will do where the
/// configuration names none, but it has to be free of both.
fn bind(config: &config::Media, shards: usize) -> io::Result<(Vec<MediaSocket>, Option<TcpDoor>)> {
    let mut tries = if config.listen.port() == 0 { 16 } else { 1 };
    loop {
        tries -= 1;
        let sockets = MediaSocket::bind(config.listen, shards)?;
        let first = sockets.first().filter(|_| config.tcp_connections > 0);
        let Some(first) = first else {
            return Ok((sockets, None));
        };
        match TcpDoor::bind(first.local_address()?, config.tcp_connections) {
            Ok(door) => return Ok((sockets, Some(door))),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && tries > 0 => {}
            Err(error) => return Err(error),
        }
    }
}

/// What one media thread waits at: its socket and its inbox, and the poll that watches both.
struct Desk {
    socket: MediaSocket,
    poll: Poll,
    inbox: std::sync::mpsc::Receiver<Mail>,
    address: Inbox,
}

impl Desk {
    fn new(socket: MediaSocket) -> io::Result<Self> {
        let poll = Poll::new()?;
        socket.register(poll.registry(), SOCKET)?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
        let (mail, inbox) = sync_channel(limits::MAIL);
        Ok(Self {
            socket,
            poll,
            inbox,
            address: Inbox { mail, waker },
        })
    }
}

/// A thread for a shard, on a core of its own if one is named.
fn begin(driver: Driver, core: Option<usize>) -> io::Result<JoinHandle<()>> {
    std::thread::Builder::new()
        .name(format!("media-{}", driver.shard.settings.index))
        .spawn(move || {
            if let Some(core) = core {
                stay_on(core);
            }
            driver.run();
        })
}

/// Keeps the calling thread on one core of those that the process may use.
fn stay_on(core: usize) {
    let place = sched_getaffinity(None).ok().and_then(|all| {
        let mut allowed = (0..CpuSet::MAX_CPU).filter(|core| all.is_set(*core));
        let core = allowed.nth(core)?;
        let mut one = CpuSet::new();
        one.set(core);
        sched_setaffinity(None, &one).ok()
    });
    if place.is_none() {
        tracing::warn!(core, "a media thread has no core of its own");
    }
}

/// What all shards are told alike.
fn settings(
    config: &config::Media,
    shards: usize,
    candidates: &[SocketAddr],
) -> io::Result<Settings> {
    let identity =
        Identity::generate().ok_or_else(|| io::Error::other("no certificate can be made"))?;
    Ok(Settings {
        index: ShardIndex(0),
        shards: u16::try_from(shards).unwrap_or(1),
        codecs: config.codecs.clone(),
        candidates: candidates.to_vec(),
        takes_tcp: config.tcp_connections > 0,
        max_legs: config.max_legs,
        silence: Duration::from_millis(config.silence_ms),
        close_after: Duration::from_millis(config.close_after_ms),
        tap: None,
        identity,
        seed: 0,
    })
}

/// Where browsers are told to send: the configured addresses, else the machine's own.
fn candidates(local: SocketAddr, advertise: &[IpAddr]) -> Vec<SocketAddr> {
    let port = local.port();
    let with_port = |ip: &IpAddr| SocketAddr::new(*ip, port);
    if !advertise.is_empty() {
        return advertise.iter().map(with_port).collect();
    }
    if !local.ip().is_unspecified() {
        return vec![local];
    }
    let mut own: Vec<IpAddr> = if_addrs::get_if_addrs()
        .unwrap_or_default()
        .into_iter()
        .map(|interface| interface.ip())
        .filter(|ip| is_usable(ip) && (ip.is_ipv4() || local.is_ipv6()))
        .collect();
    // Loopback last: it serves only a browser on this machine.
    own.sort_by_key(IpAddr::is_loopback);
    own.truncate(limits::CANDIDATES);
    own.iter().map(with_port).collect()
}

/// Link-local addresses need a zone that SDP cannot name.
fn is_usable(ip: &IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => !v4.is_link_local(),
        IpAddr::V6(v6) => !v6.is_unicast_link_local(),
    }
}
