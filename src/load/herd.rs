//! The thread that carries the media of all simulated visitors: one socket each.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use mio::{Events, Poll, Token, Waker};
use tokio::sync::oneshot;

use super::hello::Answer;
use super::server_process::own_thread_time;
use super::tally::Tally;
use super::visitor::Visitor;
use super::wire::Wire;

/// What the thread is told.
pub(super) enum Word {
    /// A visitor has its answer.
    Come(Box<Visitor>, Answer),
    /// A visitor says Next.
    Next(u32),
    /// All are in: count anew.
    Begin,
    /// Tell what was counted since the last time.
    Tell(oneshot::Sender<Tally>),
    /// That is enough.
    End,
}

/// The way to the thread.
#[derive(Clone)]
pub(super) struct Door {
    words: Sender<Word>,
    waker: Arc<Waker>,
}

impl Door {
    /// Tells it something. A thread that has ended hears nothing.
    pub(super) fn tell(&self, word: Word) {
        if self.words.send(word).is_ok() {
            let _: io::Result<()> = self.waker.wake();
        }
    }

    /// What was counted since the last time. `None` if the thread has ended.
    pub(super) async fn tally(&self) -> Option<Tally> {
        let (sender, tally) = oneshot::channel();
        self.tell(Word::Tell(sender));
        tally.await.ok()
    }
}

struct Member {
    number: u32,
    visitor: Box<Visitor>,
    wire: Wire,
    scheduled: Option<Instant>,
}

struct Herd {
    poll: Poll,
    words: Receiver<Word>,
    members: Vec<Member>,
    due: BinaryHeap<Reverse<(Instant, usize)>>,
    tally: Tally,
    /// Packets that were missing, and processor time used, when the last tally was told.
    lost: i64,
    spent: Duration,
    room: Vec<u8>,
}

const WAKER: Token = Token(usize::MAX);
/// A visitor with nothing to do is looked at so often.
const PATIENCE: Duration = Duration::from_millis(100);

/// Starts the thread.
///
/// # Errors
/// When the system has no thread or no poll left.
pub(super) fn start() -> io::Result<(Door, JoinHandle<()>)> {
    let poll = Poll::new()?;
    let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
    let (sender, words) = channel();
    let herd = Herd {
        poll,
        words,
        members: Vec::new(),
        due: BinaryHeap::new(),
        tally: Tally::default(),
        lost: 0,
        spent: Duration::ZERO,
        room: vec![0; 65_535],
    };
    let thread = std::thread::Builder::new()
        .name("herd".to_owned())
        .spawn(move || herd.run())?;
    let door = Door {
        words: sender,
        waker,
    };
    Ok((door, thread))
}

impl Herd {
    fn run(mut self) {
        let mut events = Events::with_capacity(1024);
        loop {
            let now = read_clock();
            let next = self.due.peek().map(|Reverse((at, _))| *at);
            let timeout = next.map_or(PATIENCE, |at| at.saturating_duration_since(now));
            // An interrupted wait is a short one.
            let _: io::Result<()> = self.poll.poll(&mut events, Some(timeout.min(PATIENCE)));
            for event in &events {
                if event.token() != WAKER {
                    self.receive(event.token().0);
                }
            }
            if !self.take_words() {
                return;
            }
            self.act();
        }
    }

    fn take_words(&mut self) -> bool {
        while let Ok(word) = self.words.try_recv() {
            match word {
                Word::Come(visitor, answer) => self.admit(visitor, answer),
                Word::Next(number) => {
                    let found = self.members.iter_mut().find(|m| m.number == number);
                    if let Some(member) = found {
                        member.visitor.say_next(read_clock());
                    }
                }
                Word::Begin => self.begin(),
                Word::Tell(asker) => {
                    // Who has stopped waiting misses nothing.
                    let _ = asker.send(self.slice());
                }
                Word::End => return false,
            }
        }
        true
    }

    fn admit(&mut self, mut visitor: Box<Visitor>, answer: Answer) {
        // A visitor without a way to the server shows as one who never connects.
        let Some(server) = answer.candidates.first().copied() else {
            return;
        };
        let Ok(wire) = Wire::open(server) else { return };
        let at = self.members.len();
        let registered = wire.register(self.poll.registry(), Token(at));
        let (Ok(()), Ok(path)) = (registered, wire.path()) else {
            return;
        };
        visitor.take_answer(answer, path, read_clock());
        self.members.push(Member {
            number: visitor.number(),
            visitor,
            wire,
            scheduled: None,
        });
        self.after(at);
    }

    fn begin(&mut self) {
        for member in &mut self.members {
            member.visitor.reset();
        }
        self.tally = Tally::default();
        self.lost = 0;
        self.spent = own_thread_time().unwrap_or_default();
    }

    fn slice(&mut self) -> Tally {
        let mut tally = std::mem::take(&mut self.tally);
        let lost = self.members.iter().map(|member| member.visitor.lost());
        let lost = i64::try_from(lost.sum::<u64>()).unwrap_or(i64::MAX);
        let spent = own_thread_time().unwrap_or_default();
        tally.lost = lost - self.lost;
        tally.processor = spent.saturating_sub(self.spent);
        (self.lost, self.spent) = (lost, spent);
        tally
    }

    fn receive(&mut self, at: usize) {
        let Some(member) = self.members.get_mut(at) else {
            return;
        };
        let now = read_clock();
        let (visitor, tally) = (&mut member.visitor, &mut self.tally);
        let wire = &member.wire;
        wire.receive(&mut self.room, |datagram| {
            visitor.receive(datagram, now, tally);
        });
        self.after(at);
    }

    fn act(&mut self) {
        loop {
            let now = read_clock();
            let Some(Reverse((due, at))) = self.due.peek().copied() else {
                return;
            };
            if due > now {
                return;
            }
            self.due.pop();
            let Some(member) = self.members.get_mut(at) else {
                continue;
            };
            // An entry may be older than the visitor's newest schedule.
            if member.scheduled.take_if(|then| *then == due).is_some() {
                member.visitor.act(now, &mut self.tally);
                self.after(at);
            }
        }
    }

    /// Sends what a visitor wants sent, and notes when it wants to act.
    fn after(&mut self, at: usize) {
        let Some(member) = self.members.get_mut(at) else {
            return;
        };
        if member.visitor.out.count() > 0 {
            member.wire.send(&member.visitor.out);
            member.visitor.out.clear();
        }
        let Some(due) = member.visitor.due() else {
            return;
        };
        if member.scheduled.is_none_or(|then| due < then) {
            member.scheduled = Some(due);
            self.due.push(Reverse((due, at)));
        }
    }
}

/// The time of an event.
pub(super) fn read_clock() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "a driver is where time enters")]
    Instant::now()
}
