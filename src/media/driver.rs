//! One media thread: read a batch, step the shard, write a batch.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use mio::{Events, Poll, Token, Waker};
use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError as EventRefused;

use super::cadence::{Cadence, Wait};
use super::command::Event;
use super::counters::Counters;
use super::mail::Mail;
use super::overload::Overload;
use super::posting::Posting;
use super::shard::{Effects, Shard};
use super::socket::{Left, MediaSocket};
use crate::id::ShardIndex;
use crate::{limits, tap};

/// A way to a shard's inbox.
#[derive(Clone)]
pub(crate) struct Inbox {
    pub(crate) mail: SyncSender<Mail>,
    pub(crate) waker: Arc<Waker>,
}

/// Where a shard's counters go, once a second.
pub(crate) type Publish = Box<dyn FnMut(&Counters) + Send>;

/// Everything one media thread owns.
pub(crate) struct Driver {
    pub(crate) shard: Shard,
    pub(crate) socket: MediaSocket,
    pub(crate) poll: Poll,
    pub(crate) inbox: Receiver<Mail>,
    /// Of all shards, this one included.
    pub(crate) inboxes: Vec<Inbox>,
    pub(crate) events: Sender<Event>,
    /// Where tapped pictures go, where the tap is on.
    pub(crate) tap: Option<tap::Sender>,
    pub(crate) publish: Publish,
    pub(crate) cadence: Cadence,
    pub(crate) overload: Overload,
    pub(crate) is_running: Arc<AtomicBool>,
}

/// The socket's token; the waker has the other.
pub(crate) const SOCKET: Token = Token(0);
/// The waker's token.
pub(crate) const WAKER: Token = Token(1);

/// Batches and messages taken in one turn, so that neither keeps the other waiting.
const BATCHES_PER_TURN: usize = 8;
const MAIL_PER_TURN: usize = 1024;
const PUBLISH_EVERY: Duration = Duration::from_secs(1);

impl Driver {
    /// Runs until told to stop.
    pub(crate) fn run(mut self) {
        let mut events = Events::with_capacity(8);
        let mut posting = Posting::new();
        let mut fx = Effects::at(read_clock());
        let mut published = fx.now;
        let mut has_more = false;
        while self.is_running.load(Ordering::Relaxed) {
            self.wait(has_more, &mut events, &fx);
            has_more = self.take_mail(&mut fx);
            let left = self.take_datagrams(&mut fx, &mut posting);
            has_more |= left == Left::More;
            fx.now = read_clock();
            self.shard.handle_timeout(&mut fx);
            let age = match left {
                Left::Nothing => Duration::ZERO,
                Left::More => self.socket.age(wall_clock()),
            };
            if let Some(shed) = self.overload.turned(age, fx.now) {
                self.shard.shed(shed, fx.now);
            }
            self.carry_out(&mut fx, &mut posting);
            if fx.now.saturating_duration_since(published) >= PUBLISH_EVERY {
                published = fx.now;
                self.tell_load(&mut fx);
                (self.publish)(&self.shard.counters);
            }
        }
    }

    fn wait(&mut self, has_more: bool, events: &mut Events, fx: &Effects) {
        let before = read_clock();
        match self.cadence.next(has_more, self.patience(before, fx)) {
            Wait::Not => return,
            Wait::Rest(time) => rest(time),
            // An interrupted wait is a short one.
            Wait::Socket(time) => drop(self.poll.poll(events, Some(time))),
        }
        let after = read_clock();
        self.overload
            .waited(after.saturating_duration_since(before));
    }

    fn patience(&self, now: Instant, fx: &Effects) -> Duration {
        // What found no room is tried again soon.
        let most = if fx.mail.is_empty() && fx.events.is_empty() {
            PUBLISH_EVERY
        } else {
            Duration::from_millis(1)
        };
        self.shard
            .next_due()
            .map_or(most, |due| due.saturating_duration_since(now).min(most))
    }

    fn take_mail(&mut self, fx: &mut Effects) -> bool {
        fx.now = read_clock();
        for _ in 0..MAIL_PER_TURN {
            match self.inbox.try_recv() {
                Ok(mail) => self.shard.handle_mail(mail, fx),
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => return false,
            }
        }
        true
    }

    fn take_datagrams(&mut self, fx: &mut Effects, posting: &mut Posting) -> Left {
        let before = self.shard.counters.datagrams_in;
        let mut left = Left::More;
        for _ in 0..BATCHES_PER_TURN {
            fx.now = read_clock();
            left = self.socket.receive();
            let shard = &mut self.shard;
            shard.foresee(self.socket.routes());
            self.socket
                .each_datagram(|route, datagram| shard.handle_datagram(route, datagram, fx));
            self.write(fx, posting);
            if left == Left::Nothing {
                break;
            }
        }
        let came = self.shard.counters.datagrams_in - before;
        self.cadence
            .came(u32::try_from(came).unwrap_or(u32::MAX), fx.now);
        left
    }

    /// How busy this thread is, for the control plane: whoever comes is admitted by it.
    fn tell_load(&mut self, fx: &mut Effects) {
        let load_permille = self.overload.load_permille();
        self.shard.counters.load_permille = load_permille;
        fx.events.push_back(Event::Load {
            shard: self.shard.settings.index,
            load_permille,
        });
    }

    fn write(&mut self, fx: &mut Effects, posting: &mut Posting) {
        if fx.datagrams.is_empty() {
            return;
        }
        let counters = &mut self.shard.counters;
        for (_, datagram) in fx.datagrams.iter() {
            counters.datagrams_out += 1;
            counters.bytes_out += datagram.len() as u64;
        }
        counters.drops.failed += self.socket.send(&fx.datagrams, posting);
        fx.datagrams.clear();
    }

    /// Writes what is to be sent, posts what is for others, and tells what happened. Nothing here
    /// waits: what finds no room stays for the next turn, and what the network might have lost as
    /// well is dropped.
    fn carry_out(&mut self, fx: &mut Effects, posting: &mut Posting) {
        self.write(fx, posting);
        self.post(fx);
        for frame in fx.frames.drain(..) {
            if let Some(tap) = &self.tap {
                self.shard.counters.frames_dropped += tap.offer(frame);
            }
        }
        while let Some(event) = fx.events.pop_front() {
            if let Err(EventRefused::Full(event)) = self.events.try_send(event) {
                fx.events.push_front(event);
                break;
            }
        }
    }

    fn post(&mut self, fx: &mut Effects) {
        let mut kept = std::collections::VecDeque::new();
        let mut full: Vec<ShardIndex> = Vec::new();
        while let Some((to, mail)) = fx.mail.pop_front() {
            let Some(inbox) = self.inboxes.get(usize::from(to.0)) else {
                continue;
            };
            // Messages to one shard stay in order: behind one that waits, all wait.
            let refused = if full.contains(&to) {
                Some(mail)
            } else {
                match inbox.mail.try_send(mail) {
                    Ok(()) => {
                        // A shard that cannot be woken finds its mail at its next turn.
                        let _: std::io::Result<()> = inbox.waker.wake();
                        None
                    }
                    Err(TrySendError::Full(mail)) => {
                        full.push(to);
                        Some(mail)
                    }
                    Err(TrySendError::Disconnected(_)) => None,
                }
            };
            match refused {
                Some(mail) if mail.matter.is_expendable() || kept.len() >= limits::MAIL_KEPT => {
                    self.shard.counters.drops.mail += 1;
                }
                Some(mail) => kept.push_back((to, mail)),
                None => {}
            }
        }
        fx.mail = kept;
    }
}

#[expect(clippy::disallowed_methods, reason = "a driver is where time enters")]
pub(crate) fn read_clock() -> Instant {
    Instant::now()
}

/// Since 1970, as the kernel stamps what it receives.
#[expect(clippy::disallowed_methods, reason = "a driver is where time enters")]
pub(crate) fn wall_clock() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

#[expect(clippy::disallowed_methods, reason = "a driver is where time passes")]
fn rest(time: Duration) {
    std::thread::sleep(time);
}
