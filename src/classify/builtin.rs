//! The built-in classifier: worker processes of this machine, started, watched and replaced, and those
//! of other machines that come.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use metrics::{Counter, Gauge, Histogram};
use tokio::sync::{mpsc, watch};
use tracing::{error, info, warn};

use super::attendant::{Attendant, Ending, Event, Events, Farewell};
use super::judgement::Judge;
use super::known::KnownPictures;
use super::listening::{Close, Line, listen};
use super::looking::Sight;
use super::protocol::{PROTOCOL, Reply};
use super::settings::Settings;
use super::starting::{StartError, Starting, known_pictures};
use super::supervisor::{Input, Life, Output, Place, Supervisor, WorkerIndex};
use super::{Classifier, Judged};
use crate::limits::{CLASSIFY_ANSWERS, CLASSIFY_INBOX, WORKER_EVENTS};
use crate::metrics::{
    CLASSIFY_ASKED, CLASSIFY_BELATED, CLASSIFY_FRAMES, CLASSIFY_LATE, CLASSIFY_LOST,
    CLASSIFY_NONSENSE, CLASSIFY_RESTARTS, CLASSIFY_TIME, CLASSIFY_WORKERS,
};
use crate::moderation::{Outcome, Verdict};
use crate::tap::Frame;

/// How long the driver sleeps when nothing is due.
const IDLE: Duration = Duration::from_secs(60);

/// The way to the workers. Once it is dropped, they end.
#[derive(Debug)]
pub struct Builtin {
    inbox: mpsc::Sender<Frame>,
    version: watch::Receiver<Arc<str>>,
    list: KnownList,
    far: Option<SocketAddr>,
    readiness: watch::Receiver<Readiness>,
}

/// The way to put another list of known pictures in force.
#[derive(Clone, Debug)]
pub struct KnownList(watch::Sender<Arc<KnownPictures>>);

impl KnownList {
    /// Reads a list, or takes the empty one; whoever judges has it from the next picture on. Gives
    /// how many hashes it has.
    ///
    /// # Errors
    /// The file is missing or wrong: the list before stays in force.
    pub fn read(&self, file: Option<&Path>) -> Result<usize, StartError> {
        let known = known_pictures(file)?;
        let hashes = known.len();
        self.0.send_replace(known);
        Ok(hashes)
    }
}

/// Whether anybody looks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Readiness {
    /// Nobody has said anything yet.
    Starting,
    /// A worker has been ready.
    Ready,
    /// A worker cannot do what the settings ask of it.
    Refused(String),
}

impl Builtin {
    /// Starts the workers on this runtime. Verdicts come out of the receiver, each by its frame's
    /// deadline, as long as somebody takes them; and of a frame that is looked at later, once more.
    ///
    /// # Errors
    /// A file that the settings name is missing or wrong.
    pub fn start(settings: &Settings) -> Result<(Self, mpsc::Receiver<Judged>), StartError> {
        let starting = Arc::new(Starting::read(settings)?);
        let known = known_pictures(settings.hash_list.as_deref())?;
        let judge = Judge::new(&starting.pipeline, known);
        let (far, lines) = match &settings.listening {
            Some(listening) => {
                let (bound, lines) = listen(listening)?;
                (Some(bound), lines)
            }
            None => (None, mpsc::channel(1).1),
        };
        let (version, versions) = watch::channel(judge.version());
        let (list, lists) = watch::channel(Arc::default());
        let (inbox, frames) = mpsc::channel(CLASSIFY_INBOX);
        let (answers, judged) = mpsc::channel(CLASSIFY_ANSWERS);
        let (ready, readiness) = watch::channel(Readiness::Starting);
        let driver = Driver {
            supervisor: Supervisor::new(settings.workers, settings.deadline, judge, now()),
            attendants: Vec::new(),
            starting,
            ready,
            lists,
            version,
            figures: Figures::new(),
        };
        tokio::spawn(driver.drive(frames, lines, answers));
        let handle = Self {
            inbox,
            version: versions,
            list: KnownList(list),
            far,
            readiness,
        };
        Ok((handle, judged))
    }

    /// Where worker machines come, if they may.
    pub const fn far(&self) -> Option<SocketAddr> {
        self.far
    }

    /// The list of known pictures, to be replaced.
    pub fn known_list(&self) -> KnownList {
        self.list.clone()
    }

    /// Waits until a worker is ready.
    ///
    /// # Errors
    /// Why none can be, in words.
    pub async fn ready(&self) -> Result<(), String> {
        let mut readiness = self.readiness.clone();
        let settled = readiness
            .wait_for(|readiness| *readiness != Readiness::Starting)
            .await;
        match settled.as_deref() {
            Ok(Readiness::Refused(reason)) => Err(reason.clone()),
            Ok(_) => Ok(()),
            Err(_) => Err("the classifier has ended".to_owned()),
        }
    }
}

impl Classifier for Builtin {
    fn judge(&self, frame: Frame) -> Option<Judged> {
        let (mpsc::error::TrySendError::Full(frame) | mpsc::error::TrySendError::Closed(frame)) =
            self.inbox.try_send(frame).err()?;
        let verdict = Verdict::unavailable(self.version(), Duration::ZERO);
        CLASSIFY_FRAMES
            .counter_of(word(verdict.outcome))
            .increment(1);
        Some(Judged { frame, verdict })
    }

    fn version(&self) -> Arc<str> {
        Arc::clone(&self.version.borrow())
    }
}

/// Waits, tells the supervisor what happened, does what it says.
struct Driver {
    supervisor: Supervisor,
    attendants: Vec<(WorkerIndex, Attendant)>,
    starting: Arc<Starting>,
    ready: watch::Sender<Readiness>,
    lists: watch::Receiver<Arc<KnownPictures>>,
    version: watch::Sender<Arc<str>>,
    figures: Figures,
}

impl Driver {
    async fn drive(
        mut self,
        mut frames: mpsc::Receiver<Frame>,
        mut lines: mpsc::Receiver<Line>,
        answers: mpsc::Sender<Judged>,
    ) {
        let (events, mut happenings) = mpsc::channel(WORKER_EVENTS);
        let mut unsaid = VecDeque::new();
        self.step(Input::Tick, &events, &mut unsaid);
        loop {
            let wake = self.supervisor.next_wake();
            let wake = wake.unwrap_or_else(|| now() + IDLE);
            let input = tokio::select! {
                // As long as verdicts are not taken, no frame is: the inbox fills, and says so.
                frame = frames.recv(), if unsaid.len() < CLASSIFY_ANSWERS => match frame {
                    Some(frame) => Input::Frame(frame),
                    None => return,
                },
                Some((at, life, event)) = happenings.recv() => match self.heard(at, life, event) {
                    Some(input) => input,
                    None => continue,
                },
                permit = answers.reserve(), if !unsaid.is_empty() => {
                    match (permit, unsaid.pop_front()) {
                        (Ok(permit), Some(judged)) => permit.send(judged),
                        _ => return,
                    }
                    continue;
                }
                Some(line) = lines.recv() => {
                    self.admit(line, &events);
                    continue;
                }
                Ok(()) = self.lists.changed() => {
                    let known = Arc::clone(&self.lists.borrow_and_update());
                    self.version.send_replace(self.supervisor.replace_known(known));
                    continue;
                }
                () = tokio::time::sleep_until(wake.into()) => Input::Tick,
            };
            self.step(input, &events, &mut unsaid);
        }
    }

    fn step(&mut self, input: Input, events: &Events, unsaid: &mut VecDeque<Judged>) {
        self.supervisor.handle(input, now());
        while let Some(output) = self.supervisor.poll() {
            match output {
                Output::Start(at, life) => {
                    self.figures.started(life);
                    let starting = Arc::clone(&self.starting);
                    let attendant = Attendant::start(starting, at, life, events.clone());
                    self.attendants.retain(|(other, _)| *other != at);
                    self.attendants.push((at, attendant));
                }
                Output::Ask {
                    worker, request, ..
                } => {
                    if let Some(attendant) = self.attendant(worker) {
                        attendant.ask(request);
                    }
                }
                Output::Kill(at, _) => self.end(at, Ending::Kill),
                Output::Dismiss(at, _) => self.end(at, Ending::Dismiss),
                Output::Answer(judged) => {
                    self.figures.answered(&judged.verdict);
                    unsaid.push_back(judged);
                }
                Output::Belated(judged) => {
                    self.figures.belated(&judged.verdict);
                    unsaid.push_back(judged);
                }
            }
        }
        self.figures.tally(&self.supervisor);
    }

    fn admit(&mut self, line: Line, events: &Events) {
        let Some((at, life)) = self.supervisor.admit(now()) else {
            warn!("a worker machine is sent away: there are too many workers");
            return line.dismiss(Close::Full);
        };
        let starting = Arc::clone(&self.starting);
        let attendant = Attendant::over(line, starting, (at, life), events.clone());
        self.attendants.retain(|(other, _)| *other != at);
        self.attendants.push((at, attendant));
    }

    fn end(&mut self, at: WorkerIndex, ending: Ending) {
        if ending == Ending::Dismiss {
            self.figures.nonsense.increment(1);
            warn!(worker = at.0, "a worker says what no worker says");
        }
        if let Some(attendant) = self.attendant(at) {
            attendant.end(ending);
        }
    }

    fn attendant(&mut self, at: WorkerIndex) -> Option<&mut Attendant> {
        let mut attendants = self.attendants.iter_mut();
        attendants
            .find(|(other, _)| *other == at)
            .map(|(_, attendant)| attendant)
    }

    /// What an event means to the supervisor.
    fn heard(&mut self, at: WorkerIndex, life: Life, event: Event) -> Option<Input> {
        let worker = at.0;
        match event {
            Event::Says(Reply::Ready { protocol, pipeline })
                if protocol == PROTOCOL && pipeline == self.starting.pipeline =>
            {
                info!(worker, %pipeline, "a worker looks");
                self.ready.send_replace(Readiness::Ready);
                Some(Input::Ready(at, life))
            }
            Event::Says(Reply::Ready { protocol, pipeline }) => {
                let pipeline: String = pipeline.chars().take(200).collect();
                self.refused(
                    worker,
                    format!("it looks with {pipeline:?} by protocol {protocol}"),
                );
                self.attendant(at)?.end(Ending::Dismiss);
                None
            }
            Event::Says(Reply::Refused { reason }) => {
                self.refused(worker, reason);
                self.attendant(at)?.end(Ending::Dismiss);
                None
            }
            Event::Says(Reply::Seen { ticket, sight }) => {
                if let Sight::Failed { reason } = &sight {
                    let reason: String = reason.chars().take(200).collect();
                    warn!(worker, ?reason, "a model failed at a picture");
                }
                Some(Input::Seen(at, life, ticket, sight))
            }
            Event::Gone(farewell) => {
                match &farewell {
                    Farewell::Unstarted(_) => error!(worker, %farewell, "no worker"),
                    _ => warn!(worker, %farewell, "a worker is gone"),
                }
                match farewell {
                    Farewell::Lost(_) => return Some(Input::Lost(at, life)),
                    Farewell::Rubbish(_) => self.figures.nonsense.increment(1),
                    _ => {}
                }
                Some(Input::Gone(at, life))
            }
        }
    }

    fn refused(&self, worker: usize, reason: String) {
        error!(worker, ?reason, "a worker cannot do what is asked of it");
        // Another machine may be of another version, while those here do what they should.
        if self.supervisor.place_of(WorkerIndex(worker)) == Some(Place::Here) {
            self.ready.send_replace(Readiness::Refused(reason));
        }
    }
}

/// What is counted.
struct Figures {
    judged: Counter,
    undecodable: Counter,
    late: Counter,
    belated: Counter,
    unavailable: Counter,
    restarts: Counter,
    nonsense: Counter,
    time: Histogram,
    places: [(Place, PlaceFigures); 2],
}

/// What is counted of the workers in one kind of place.
struct PlaceFigures {
    up: Gauge,
    asked: Counter,
    late: Counter,
    lost: Counter,
}

impl PlaceFigures {
    fn of(place: &'static str) -> Self {
        Self {
            up: CLASSIFY_WORKERS.gauge_of(place.to_owned()),
            asked: CLASSIFY_ASKED.counter_of(place),
            late: CLASSIFY_LATE.counter_of(place),
            lost: CLASSIFY_LOST.counter_of(place),
        }
    }
}

impl Figures {
    fn new() -> Self {
        let of = |outcome| CLASSIFY_FRAMES.counter_of(word(outcome));
        Self {
            judged: of(Outcome::Judged),
            undecodable: of(Outcome::Undecodable),
            late: of(Outcome::Late),
            belated: CLASSIFY_BELATED.counter(),
            unavailable: of(Outcome::Unavailable),
            restarts: CLASSIFY_RESTARTS.counter(),
            nonsense: CLASSIFY_NONSENSE.counter(),
            time: CLASSIFY_TIME.histogram(),
            places: [
                (Place::Here, PlaceFigures::of("here")),
                (Place::Far, PlaceFigures::of("far")),
            ],
        }
    }

    fn tally(&self, supervisor: &Supervisor) {
        for (place, figures) in &self.places {
            let tally = supervisor.tally(*place);
            figures.up.set(f64::from(tally.up));
            figures.asked.absolute(tally.asked);
            figures.late.absolute(tally.late);
            figures.lost.absolute(tally.lost);
        }
    }

    fn started(&self, life: Life) {
        if life > Life(1) {
            self.restarts.increment(1);
        }
    }

    fn answered(&self, verdict: &Verdict) {
        let counter = match verdict.outcome {
            Outcome::Judged => &self.judged,
            Outcome::Undecodable => &self.undecodable,
            Outcome::Late => &self.late,
            Outcome::Unavailable => &self.unavailable,
        };
        counter.increment(1);
        self.timed(verdict);
    }

    /// It was counted as late.
    fn belated(&self, verdict: &Verdict) {
        self.belated.increment(1);
        self.timed(verdict);
    }

    fn timed(&self, verdict: &Verdict) {
        if verdict.outcome == Outcome::Judged {
            self.time.record(verdict.took.as_secs_f64());
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the driver's clock")]
fn now() -> Instant {
    Instant::now()
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Judged => "judged",
        Outcome::Undecodable => "undecodable",
        Outcome::Late => "late",
        Outcome::Unavailable => "unavailable",
    }
}
