//! Who looks at which frame, and what becomes of it: a state machine over the workers.
//!
//! Every frame that comes in goes out again as [`Judged`], by its deadline, whatever the workers do.
//! One that is looked at all the same, only later, goes out a second time: where every look is late,
//! they still say what there was to see, and of when.
//! A frame is tried once more when a worker dies of it, and no more when a second one does; after
//! that, nothing of its leg is tried for a while.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Judged;
use super::deaths::Deaths;
use super::judgement::{Judge, Unfit};
use super::known::KnownPictures;
use super::looking::Sight;
use super::protocol::{Request, encode};
use super::turns::{Job, Turns};
use crate::limits::{FAR_WORKERS, HANG_DEADLINES, WORKER_REST, WORKER_REST_MAX, WORKER_START};
use crate::moderation::Outcome;
use crate::tap::Frame;

/// Which worker: counts from zero.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WorkerIndex(pub usize);

/// Which process of a worker's place: a later one has a greater number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Debug)]
pub struct Life(pub u64);

/// What the supervisor is told.
#[derive(Debug)]
pub enum Input {
    /// Have this judged.
    Frame(Frame),
    /// A worker is ready.
    Ready(WorkerIndex, Life),
    /// A worker has seen a frame.
    Seen(WorkerIndex, Life, u64, Sight),
    /// A worker's process has ended.
    Gone(WorkerIndex, Life),
    /// The line to a worker is lost: nothing speaks against what it looked at.
    Lost(WorkerIndex, Life),
    /// Time has passed.
    Tick,
}

/// What is to be done.
#[derive(Debug)]
pub enum Output {
    /// Start a process in a worker's place.
    Start(WorkerIndex, Life),
    /// Have it look at a picture.
    Ask {
        /// By which worker.
        worker: WorkerIndex,
        /// In which of its lives.
        life: Life,
        /// The message to it.
        request: Vec<u8>,
    },
    /// End its process; [`Input::Gone`] follows.
    Kill(WorkerIndex, Life),
    /// It talks nonsense: end it, and its machine if that is another; [`Input::Gone`] follows.
    Dismiss(WorkerIndex, Life),
    /// A verdict.
    Answer(Judged),
    /// A frame that was late has been looked at after all.
    Belated(Judged),
}

/// Where a worker is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// A process of this server, started again when it is gone.
    Here,
    /// At the end of a line from another machine, which comes again by itself.
    Far,
}

/// What has been counted of the workers in one kind of place.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Tally {
    /// Workers that look, or could.
    pub up: u32,
    /// Frames that were given to one.
    pub asked: u64,
    /// Of these, frames that had to be answered without it.
    pub late: u64,
    /// Of these, frames that were taken back since it was gone.
    pub lost: u64,
}

/// What decides; see the module.
#[derive(Debug)]
pub struct Supervisor {
    workers: Vec<Worker>,
    turns: Turns,
    judge: Judge,
    deaths: Deaths,
    deadline: Duration,
    next_ticket: u64,
    here: Tally,
    far: Tally,
    outputs: VecDeque<Output>,
}

#[derive(Debug)]
struct Worker {
    place: Place,
    state: State,
    life: Life,
    /// Its last frame's: whoever has rested longest is next.
    last_ticket: u64,
    /// Deaths since its last verdict.
    deaths: u32,
    /// Whether it was told to end: what it still says is not heard.
    is_dying: bool,
}

#[derive(Debug)]
enum State {
    Resting {
        until: Instant,
    },
    Starting {
        until: Instant,
    },
    Idle,
    Busy(Task),
    /// The line to it is gone; another may take its place.
    Vacant,
}

#[derive(Debug)]
struct Task {
    ticket: u64,
    asked: Instant,
    job: Job,
    /// Whether it has been answered for being late.
    is_late: bool,
}

impl Supervisor {
    /// Workers of this server that are to be started at once.
    pub fn new(workers: usize, deadline: Duration, judge: Judge, now: Instant) -> Self {
        let worker = |_| Worker::new(Place::Here, State::Resting { until: now });
        Self {
            workers: (0..workers).map(worker).collect(),
            turns: Turns::new(deadline),
            judge,
            deaths: Deaths::default(),
            deadline,
            next_ticket: 0,
            here: Tally::default(),
            far: Tally::default(),
            outputs: VecDeque::new(),
        }
    }

    /// A line to a worker elsewhere is there, which has to say that it is ready. `None` if there are
    /// too many.
    pub fn admit(&mut self, now: Instant) -> Option<(WorkerIndex, Life)> {
        let is_vacant = |worker: &Worker| matches!(worker.state, State::Vacant);
        let at = match self.workers.iter().position(is_vacant) {
            Some(at) => at,
            None if self.workers.len() < FAR_WORKERS => {
                self.workers.push(Worker::new(Place::Far, State::Vacant));
                self.workers.len() - 1
            }
            None => return None,
        };
        let worker = self.workers.get_mut(at)?;
        let until = now + WORKER_START;
        worker.state = State::Starting { until };
        worker.life.0 += 1;
        Some((WorkerIndex(at), worker.life))
    }

    /// What was counted of the workers in one kind of place.
    pub fn tally(&self, place: Place) -> Tally {
        let is_up = |worker: &&Worker| worker.place == place && worker.is_up();
        let up = self.workers.iter().filter(is_up).count();
        let counted = match place {
            Place::Here => self.here,
            Place::Far => self.far,
        };
        Tally {
            up: u32::try_from(up).unwrap_or(u32::MAX),
            ..counted
        }
    }

    /// Where a worker is.
    pub fn place_of(&self, at: WorkerIndex) -> Option<Place> {
        self.workers.get(at.0).map(|worker| worker.place)
    }

    fn count(&mut self, place: Place, count: impl FnOnce(&mut Tally)) {
        count(match place {
            Place::Here => &mut self.here,
            Place::Far => &mut self.far,
        });
    }

    /// Takes what happened.
    pub fn handle(&mut self, input: Input, now: Instant) {
        match input {
            Input::Frame(frame) => self.handle_frame(frame, now),
            Input::Ready(at, life) => self.handle_ready(at, life),
            Input::Seen(at, life, ticket, sight) => {
                self.handle_seen((at, life), ticket, sight, now);
            }
            Input::Gone(at, life) => self.handle_gone(at, life, now),
            Input::Lost(at, life) => self.handle_lost(at, life, now),
            Input::Tick => self.handle_tick(now),
        }
        self.hand_out(now);
    }

    /// From now on these pictures are known, and no others. Gives the version that judges then.
    pub fn replace_known(&mut self, known: Arc<KnownPictures>) -> Arc<str> {
        self.judge.replace_known(known);
        self.judge.version()
    }

    /// What is to be done, in order.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to say [`Input::Tick`].
    pub fn next_wake(&self) -> Option<Instant> {
        let due = |job: &Job| job.since + self.deadline;
        let hang = self.deadline * HANG_DEADLINES;
        let of_workers = self.workers.iter().flat_map(|worker| match &worker.state {
            State::Resting { until } => [Some(*until), None],
            State::Starting { until } => [Some(*until).filter(|_| !worker.is_dying), None],
            State::Busy(task) => {
                let hangs = Some(task.asked + hang).filter(|_| !worker.is_dying);
                [hangs, Some(due(&task.job)).filter(|_| !task.is_late)]
            }
            State::Idle | State::Vacant => [None, None],
        });
        of_workers.flatten().chain(self.turns.next_due()).min()
    }

    fn handle_frame(&mut self, frame: Frame, now: Instant) {
        let job = Job {
            frame,
            since: now,
            again: false,
        };
        if self.deaths.is_barred(job.frame.leg, now) {
            return self.answer(&job, Outcome::Undecodable, now);
        }
        if let Some(unseen) = self.turns.add(job) {
            self.answer(&unseen, Outcome::Unavailable, now);
        }
    }

    fn handle_ready(&mut self, at: WorkerIndex, life: Life) {
        match self.alive(at, life) {
            Some(worker) if worker.is_dying => {}
            Some(worker) if matches!(worker.state, State::Starting { .. }) => {
                worker.state = State::Idle;
            }
            // It was ready already.
            Some(_) => self.dismiss(at),
            None => {}
        }
    }

    fn handle_seen(
        &mut self,
        (at, life): (WorkerIndex, Life),
        ticket: u64,
        sight: Sight,
        now: Instant,
    ) {
        let Some(worker) = self.alive(at, life).filter(|worker| !worker.is_dying) else {
            return;
        };
        let task = match std::mem::replace(&mut worker.state, State::Idle) {
            State::Busy(task) if task.ticket == ticket => task,
            // An answer that nobody asked for.
            other => {
                worker.state = other;
                return self.dismiss(at);
            }
        };
        worker.deaths = 0;
        self.turns.learn(now.saturating_duration_since(task.asked));
        let Task { job, is_late, .. } = task;
        if job.again {
            self.deaths.absolve(job.frame.leg);
        }
        let took = now.saturating_duration_since(job.since);
        match self.judge.verdict(sight, job.frame.leg, took) {
            Ok(verdict) => {
                let frame = job.frame;
                let says = verdict.outcome != Outcome::Unavailable;
                let judged = Judged { frame, verdict };
                match is_late {
                    false => self.outputs.push_back(Output::Answer(judged)),
                    true if says => self.outputs.push_back(Output::Belated(judged)),
                    true => {}
                }
            }
            Err(Unfit) => {
                if !is_late {
                    self.answer(&job, Outcome::Unavailable, now);
                }
                self.dismiss(at);
            }
        }
    }

    fn handle_gone(&mut self, at: WorkerIndex, life: Life, now: Instant) {
        let Some(worker) = self.alive(at, life) else {
            return;
        };
        let place = worker.place;
        let rest = match worker.deaths {
            0 => Duration::ZERO,
            deaths => (WORKER_REST * 2_u32.saturating_pow(deaths.min(16) - 1)).min(WORKER_REST_MAX),
        };
        worker.deaths += 1;
        worker.is_dying = false;
        let until = now + rest;
        let next = match place {
            Place::Here => State::Resting { until },
            Place::Far => State::Vacant,
        };
        if let State::Busy(task) = std::mem::replace(&mut worker.state, next) {
            self.deaths.add(task.job.frame.leg, now);
            if !task.is_late {
                self.count(place, |tally| tally.lost += 1);
                self.try_again(task.job, now);
            }
        }
        self.start_rested(now);
    }

    /// What it looked at is anybody's turn again, as if it had never been begun.
    fn handle_lost(&mut self, at: WorkerIndex, life: Life, now: Instant) {
        let Some(worker) = self.alive(at, life) else {
            return;
        };
        let place = worker.place;
        if place == Place::Here {
            return self.handle_gone(at, life, now);
        }
        worker.is_dying = false;
        let state = std::mem::replace(&mut worker.state, State::Vacant);
        if let State::Busy(task) = state
            && !task.is_late
        {
            self.count(place, |tally| tally.lost += 1);
            self.turns.put_back(task.job);
        }
    }

    /// Once more, if it was the first time and there is time.
    fn try_again(&mut self, mut job: Job, now: Instant) {
        if job.again || self.deaths.is_barred(job.frame.leg, now) {
            return self.answer(&job, Outcome::Undecodable, now);
        }
        job.again = true;
        self.turns.put_back(job);
    }

    fn handle_tick(&mut self, now: Instant) {
        self.answer_late(now);
        let hang = self.deadline * HANG_DEADLINES;
        for at in (0..self.workers.len()).map(WorkerIndex) {
            let Some(worker) = self.workers.get_mut(at.0) else {
                continue;
            };
            match &worker.state {
                State::Starting { until } if *until <= now => self.kill(at),
                State::Busy(task) if task.asked + hang <= now => self.kill(at),
                State::Resting { .. }
                | State::Starting { .. }
                | State::Idle
                | State::Busy(_)
                | State::Vacant => {}
            }
        }
        self.start_rested(now);
    }

    fn answer_late(&mut self, now: Instant) {
        let is_due = |job: &Job| job.since + self.deadline <= now;
        let outcome = match self.workers.iter().any(Worker::is_up) {
            true => Outcome::Late,
            false => Outcome::Unavailable,
        };
        let mut late = Vec::new();
        for worker in &mut self.workers {
            if let State::Busy(task) = &mut worker.state
                && !task.is_late
                && is_due(&task.job)
            {
                task.is_late = true;
                late.push((task.job.clone(), Outcome::Late));
                match worker.place {
                    Place::Here => self.here.late += 1,
                    Place::Far => self.far.late += 1,
                }
            }
        }
        let due = self.turns.take_late(now);
        late.extend(due.into_iter().map(|job| (job, outcome)));
        for (job, outcome) in late {
            self.answer(&job, outcome, now);
        }
    }

    fn start_rested(&mut self, now: Instant) {
        for (at, worker) in self.workers.iter_mut().enumerate() {
            if matches!(worker.state, State::Resting { until } if until <= now) {
                worker.life.0 += 1;
                worker.state = State::Starting {
                    until: now + WORKER_START,
                };
                let start = Output::Start(WorkerIndex(at), worker.life);
                self.outputs.push_back(start);
            }
        }
    }

    /// Gives every idle worker the frame whose turn it is, whoever has rested longest first.
    fn hand_out(&mut self, now: Instant) {
        let is_idle = |worker: &Worker| !worker.is_dying && matches!(worker.state, State::Idle);
        loop {
            let idle = self.workers.iter_mut().enumerate();
            let idle = idle.filter(|(_, worker)| is_idle(worker));
            let Some((at, worker)) = idle.min_by_key(|(_, worker)| worker.last_ticket) else {
                return;
            };
            let Some(job) = self.turns.take_next(now) else {
                return;
            };
            self.next_ticket += 1;
            let ticket = self.next_ticket;
            let codec = job.frame.codec;
            self.outputs.push_back(Output::Ask {
                worker: WorkerIndex(at),
                life: worker.life,
                request: encode(&Request::Look { ticket, codec }, &job.frame.data),
            });
            worker.last_ticket = ticket;
            worker.state = State::Busy(Task {
                ticket,
                asked: now,
                job,
                is_late: false,
            });
            let place = worker.place;
            self.count(place, |tally| tally.asked += 1);
        }
    }

    fn answer(&mut self, job: &Job, outcome: Outcome, now: Instant) {
        let took = now.saturating_duration_since(job.since);
        let verdict = self.judge.without_sight(outcome, took);
        let frame = job.frame.clone();
        self.outputs
            .push_back(Output::Answer(Judged { frame, verdict }));
    }

    /// Ends a worker's process. What it had under way is answered or tried again once it is gone.
    fn kill(&mut self, at: WorkerIndex) {
        let Some(worker) = self.workers.get_mut(at.0) else {
            return;
        };
        if !worker.is_dying {
            worker.is_dying = true;
            self.outputs.push_back(Output::Kill(at, worker.life));
        }
    }

    /// As [`kill`](Self::kill), for what no worker says.
    fn dismiss(&mut self, at: WorkerIndex) {
        let Some(worker) = self.workers.get_mut(at.0) else {
            return;
        };
        if !worker.is_dying {
            worker.is_dying = true;
            self.outputs.push_back(Output::Dismiss(at, worker.life));
        }
    }

    /// The worker, if this is the life it has.
    fn alive(&mut self, at: WorkerIndex, life: Life) -> Option<&mut Worker> {
        self.workers
            .get_mut(at.0)
            .filter(|worker| worker.life == life)
    }
}

impl Worker {
    const fn new(place: Place, state: State) -> Self {
        Self {
            place,
            state,
            life: Life(0),
            last_ticket: 0,
            deaths: 0,
            is_dying: false,
        }
    }

    /// Whether it looks, or could.
    const fn is_up(&self) -> bool {
        !self.is_dying && matches!(self.state, State::Idle | State::Busy(_))
    }
}
