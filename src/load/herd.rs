//! A thread that carries the media of simulated visitors: one socket each.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use mio::{Events, Poll, Token, Waker};
use tokio::sync::oneshot;

use super::bad_line::Badness;
use super::hello::Answer;
use super::member::Member;
use super::plan::Plan;
use super::server_process::{ThreadTime, own_thread_time};
use super::tally::{Tally, note};
use super::visitor::Visitor;
use super::wire::Wire;

/// What the thread is told.
pub(super) enum Word {
    /// A visitor has its answer.
    Come(Box<Visitor>, Answer),
    /// A visitor leaves, and may come again.
    Leave(u32),
    /// A visitor says Next.
    Next(u32),
    /// A visitor is told that it faces somebody.
    Matched(u32),
    /// A visitor is told that its picture, or its stay, is stopped.
    Stopped(u32),
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

struct Place {
    member: Member,
    wire: Wire,
    scheduled: Option<Instant>,
}

struct Herd {
    poll: Poll,
    words: Receiver<Word>,
    line: Badness,
    seed: u64,
    /// Whoever has left has none any more.
    places: Vec<Option<Place>>,
    /// Packets that those missed who have left.
    lost_before: [u64; 2],
    due: BinaryHeap<Reverse<(Instant, usize)>>,
    tally: Tally,
    /// Packets that were missing, and processor time used, when the last tally was told.
    lost: [i64; 2],
    spent: ThreadTime,
    room: Vec<u8>,
}

const WAKER: Token = Token(usize::MAX);
/// A visitor with nothing to do is looked at so often.
const PATIENCE: Duration = Duration::from_millis(100);

/// Starts the thread.
///
/// # Errors
/// When the system has no thread or no poll left.
pub(super) fn start(plan: &Plan) -> io::Result<(Door, JoinHandle<()>)> {
    let poll = Poll::new()?;
    let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
    let (sender, words) = channel();
    let herd = Herd {
        poll,
        words,
        line: plan.line,
        seed: plan.seed,
        places: Vec::new(),
        lost_before: [0; 2],
        due: BinaryHeap::new(),
        tally: Tally::default(),
        lost: [0; 2],
        spent: ThreadTime::default(),
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
                Word::Leave(number) => self.dismiss(number),
                Word::Next(number) => {
                    if let Some(visitor) = self.visitor(number) {
                        visitor.say_next(read_clock());
                    }
                }
                Word::Matched(number) => {
                    if let Some(visitor) = self.visitor(number) {
                        visitor.is_matched(read_clock());
                    }
                }
                Word::Stopped(number) => {
                    let now = read_clock();
                    let shown = self
                        .visitor(number)
                        .and_then(|visitor| visitor.is_stopped(now));
                    if let Some(shown) = shown {
                        note(&mut self.tally.card_to_stop, shown);
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

    fn visitor(&mut self, number: u32) -> Option<&mut Box<Visitor>> {
        let places = self.places.iter_mut().flatten();
        let mut visitors = places.map(|place| &mut place.member.visitor);
        visitors.find(|visitor| visitor.number() == number)
    }

    fn admit(&mut self, mut visitor: Box<Visitor>, answer: Answer) {
        // A visitor without a way to the server shows as one who never connects.
        let Some(server) = answer.candidates.first().copied() else {
            return;
        };
        let Ok(wire) = Wire::open(server) else { return };
        let at = self.places.len();
        let registered = wire.register(self.poll.registry(), Token(at));
        let (Ok(()), Ok(path)) = (registered, wire.path()) else {
            return;
        };
        let now = read_clock();
        visitor.take_answer(answer, path, now);
        self.places.push(Some(Place {
            member: Member::new(visitor, self.line, self.seed),
            wire,
            scheduled: None,
        }));
        self.after(at, now);
    }

    fn dismiss(&mut self, number: u32) {
        for place in &mut self.places {
            let is_theirs = |place: &mut Place| place.member.visitor.number() == number;
            if let Some(Place { member, .. }) = place.take_if(is_theirs) {
                let [all, pictures] = member.visitor.lost();
                self.lost_before[0] += all;
                self.lost_before[1] += pictures;
            }
        }
    }

    fn begin(&mut self) {
        let now = read_clock();
        for place in self.places.iter_mut().flatten() {
            place.member.visitor.reset(now);
        }
        self.lost_before = [0; 2];
        self.tally = Tally::default();
        self.lost = [0; 2];
        self.spent = own_thread_time();
    }

    fn slice(&mut self) -> Tally {
        let mut tally = std::mem::take(&mut self.tally);
        let places = self.places.iter().flatten();
        let lost = places.map(|place| place.member.visitor.lost());
        let [all, pictures] = lost.fold(self.lost_before, |[a, b], [c, d]| [a + c, b + d]);
        let lost = [all, pictures].map(|count: u64| i64::try_from(count).unwrap_or(i64::MAX));
        let spent = own_thread_time();
        tally.lost = lost[0] - self.lost[0];
        tally.picture_lost = lost[1] - self.lost[1];
        tally.processor = spent.processor.saturating_sub(self.spent.processor);
        tally.waiting = spent.waiting.saturating_sub(self.spent.waiting);
        (self.lost, self.spent) = (lost, spent);
        tally
    }

    fn receive(&mut self, at: usize) {
        let Some(Some(Place { member, wire, .. })) = self.places.get_mut(at) else {
            return;
        };
        let (now, tally) = (read_clock(), &mut self.tally);
        wire.receive(&mut self.room, |datagram| {
            member.receive(datagram, now, tally);
        });
        self.after(at, now);
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
            let Some(Some(place)) = self.places.get_mut(at) else {
                continue;
            };
            // An entry may be older than the visitor's newest schedule.
            if place.scheduled.take_if(|then| *then == due).is_some() {
                place.member.act(now, &mut self.tally);
                self.after(at, now);
            }
        }
    }

    /// Sends what a visitor wants sent, and notes when it wants to act.
    fn after(&mut self, at: usize, now: Instant) {
        let Some(Some(place)) = self.places.get_mut(at) else {
            return;
        };
        let out = place.member.out(now);
        if out.count() > 0 {
            place.wire.send(out);
            out.clear();
        }
        let Some(due) = place.member.due() else {
            return;
        };
        if place.scheduled.is_none_or(|then| due < then) {
            place.scheduled = Some(due);
            self.due.push(Reverse((due, at)));
        }
    }
}

/// The time of an event.
pub(super) fn read_clock() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "a driver is where time enters")]
    Instant::now()
}
