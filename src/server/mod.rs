//! Builds every part, starts and stops them in order.
//!
//! 1. [`checkup`] looks at the machine for `visavis doctor`, and at STUN and TURN servers by [`passage`]; [`ports`] binds and reads what only the system can judge, [`rulebook`] reads the policy.
//! 2. [`Server::start`] starts those who look at pictures ([`lookout`]), the media plane, the control
//!    task on top of both, the keeping of evidence ([`custody`]), then the HTTP side.
//! 3. [`Server::run`] waits for [`signals`], or for a newer server ([`succession`]), and ends them the other way
//!    round. Meanwhile it hears of other servers on the same store ([`neighbours`]).

pub mod checkup;
pub mod core_dumps;
mod custody;
mod descriptors;
mod lookout;
mod neighbours;
mod passage;
mod ports;
pub mod rulebook;
mod signals;
mod succession;

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::time::Duration;

use metrics_exporter_prometheus::{BuildError, PrometheusHandle};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tracing::{debug, info, warn};

use crate::config::{ConfigError, Loaded};
use crate::control::{self, Casework};
use crate::http::console::{Console, Parts, Reload};
use crate::http::listener::{Listener, ListenerHandle};
use crate::http::webhooks::Webhooks;
use crate::http::{self, Handover, Readiness};
use crate::lobby::ByeReason;
use crate::media::{Plane, StartError, TcpDoor};
use crate::metrics;
use crate::store::Evidence;
use crate::traces::Flusher;
use lookout::{DeskBooks, Ledgers};
use signals::{Signal, Signals};
use succession::{Given, Successor, Tenure};

/// How long answers under way may take once nobody is left to wait for.
const LAST_ANSWERS: Duration = Duration::from_millis(500);

/// How often the recorder puts measurements in order; without it they pile up between two looks at
/// `/metrics`.
const UPKEEP: Duration = Duration::from_secs(5);

/// Why the server cannot be started, or cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// A value that only the system can judge: a port in use, a file that is no certificate.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The recorder of metrics.
    #[error("the metrics cannot be recorded")]
    Metrics(#[from] BuildError),
    /// The media threads.
    #[error("the media plane cannot be started")]
    Media(#[source] StartError),
    /// SIGTERM or Ctrl-C cannot be listened for.
    #[error("signals cannot be heard")]
    Signals(#[source] io::Error),
    /// The HTTP side stopped by itself.
    #[error("the HTTP side stopped")]
    Http(#[source] io::Error),
    /// The server whose place this one is to take keeps it.
    #[error("the server that has the port does not give it up")]
    Succession(#[source] io::Error),
}

/// A started server.
pub struct Server {
    places: Places,
    drain: Duration,
    readiness: Readiness,
    plane: Plane,
    control: control::Handle,
    /// Where decisions are written down, if pictures are looked at.
    ledgers: Option<Ledgers>,
    /// What there is to see of cases, where that is kept.
    evidence: Option<Evidence>,
    /// Who is told what happens to a backend's legs.
    webhooks: Option<Webhooks>,
    /// Asked for at the console.
    reloads: mpsc::Receiver<Reload>,
    http: JoinHandle<io::Result<()>>,
    http_handle: ListenerHandle,
    signals: Signals,
    /// By which a newer server may ask for the place.
    tenure: Tenure,
    /// What it needs then.
    handover: Handover,
    /// Who is told how long everything takes, if anybody is.
    traces: Option<Flusher>,
}

/// Where a started server can be found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Places {
    /// The page.
    pub http: SocketAddr,
    /// The machine's own addresses, at which the page may be reached too; without loopback.
    pub machine: Vec<IpAddr>,
    /// Where browsers are told to send media.
    pub media: Vec<SocketAddr>,
}

impl Server {
    /// Starts every part. What the configuration got wrong is told before anything is started. With
    /// `takes_over` it takes the place of a server that runs, once it can answer.
    ///
    /// # Errors
    /// A port in use, a certificate that cannot be read, or the system refuses.
    pub async fn start(loaded: &Loaded, takes_over: bool) -> Result<Self, ServerError> {
        let config = &loaded.config;
        let machine = ports::own_addresses();
        let entrance = ports::entrance_of(loaded)?;
        let certificate = ports::certificate_of(loaded, &machine)?;
        let bound = bind(loaded, takes_over)?;
        ports::probe_media(loaded)?;
        let signals = Signals::listen().map_err(ServerError::Signals)?;

        descriptors::make_room(config.http.max_connections);
        let recorded = metrics::install()?;
        let traces = ports::start_traces(loaded)?;
        tokio::spawn(keep_up(recorded.clone()));
        let lookout = lookout::build(loaded)?;
        let (plane, events) = ports::start_media(loaded, lookout.tap)?;
        tokio::spawn(let_in_by_tcp(plane.take_door()));
        let media = plane.clone();
        let command = move |command| media.send(command);
        let control = control::start(&config.lobby, command, events, lookout.watch);
        let (asks, reloads) = mpsc::channel(1);
        let evidence = custody::open(loaded, lookout.books.as_ref()).await?;
        let console = lookout
            .books
            .zip(evidence.clone())
            .map(|(books, evidence)| {
                let reasons = config.moderation.reasons.clone();
                Console::new(desk(books, evidence, (control.clone(), asks), reasons))
            });
        let webhooks = lookout::webhooks(loaded)?;
        let readiness = Readiness::default();
        let (router, handover) = http::router(
            (control.clone(), plane.clone()),
            readiness.clone(),
            recorded,
            console,
            (entrance, webhooks.clone(), lookout.afterwards),
        );
        let (socket, tenure) = match bound {
            Some(bound) => bound,
            None => take_over(loaded, &handover).await?,
        };
        handover.deliver();
        let places = Places {
            http: socket.local_addr().map_err(ServerError::Http)?,
            machine,
            media: plane.candidates().to_vec(),
        };
        let listener = Listener::new(socket, certificate, &config.http);
        let http_handle = listener.handle();
        // Before the first answer: where it takes a place, somebody asks already.
        readiness.open();
        let http = tokio::spawn(listener.serve(router));
        warn_of_guests(config.access.guests, places.http);
        info!("started");
        Ok(Self {
            places,
            drain: config.server.drain(),
            readiness,
            plane,
            control,
            ledgers: lookout.ledgers,
            evidence,
            webhooks,
            reloads,
            http,
            http_handle,
            signals,
            tenure,
            handover,
            traces,
        })
    }

    /// Where it can be found.
    pub const fn places(&self) -> &Places {
        &self.places
    }

    /// Puts the policy and the list of known pictures in force that are in their files now, and gives
    /// the policy's version; a wrong one changes nothing, and what is wrong with a policy is given.
    async fn reload(&self, loaded: &Loaded) -> Result<String, String> {
        if let Some(ledgers) = &self.ledgers {
            ledgers.read_known_again(loaded);
        }
        match rulebook::load(loaded) {
            Ok(policy) => {
                let version = policy.version.to_string();
                info!(version, "another policy");
                self.control.replace_policy(policy).await;
                Ok(version)
            }
            Err(error) => {
                metrics::POLICIES_REFUSED.counter().increment(1);
                warn!("the policy stays as it was: {error}");
                Err(error.to_string())
            }
        }
    }

    /// Runs until SIGTERM, Ctrl-C or a newer server that takes its place, then lets matches end within the
    /// drain time. A second signal ends at once.
    ///
    /// # Errors
    /// The HTTP side stopped by itself.
    pub async fn run(mut self, loaded: &Loaded) -> Result<(), ServerError> {
        let successor = loop {
            tokio::select! {
                signal = self.signals.next() => match signal {
                    Signal::Stop => break None,
                    Signal::Reload => drop(self.reload(loaded).await),
                },
                successor = self.tenure.next() => break Some(successor),
                Some(asked) = self.reloads.recv() => {
                    // Whoever asked may be gone.
                    let _ = asked.send(self.reload(loaded).await);
                }
                ended = &mut self.http => return Err(ServerError::Http(why(ended))),
            }
        };
        let bye = if successor.is_some() {
            // It stays ready in the eyes of who asks on a connection of before: the newer one is.
            self.http_handle.stop_accepting();
            self.handover.begin().await;
            ByeReason::Moved
        } else {
            self.readiness.close();
            ByeReason::Shutdown
        };
        drop(self.tenure);
        let (nobody_is_left, left) = oneshot::channel();
        let handed_over = tokio::spawn(hand_over(successor, self.handover.clone(), left));
        info!(drain_ms = self.drain.as_millis(), ?bye, "draining");
        let impatient = async {
            while self.signals.next().await == Signal::Reload {}
            self.control.drain(Duration::ZERO, bye).await;
        };
        let patient = async {
            self.control.drain(self.drain, bye).await;
            if bye == ByeReason::Moved {
                // The newer server reaches one before this one by way of it.
                let _ = timeout(self.drain, self.handover.incumbent_is_gone()).await;
            }
        };
        tokio::select! {
            () = patient => {}
            () = impatient => info!("told to end at once"),
        }
        self.handover.all_is_told().await;
        drop(nobody_is_left);
        let _ = handed_over.await;
        self.http_handle.close(LAST_ANSWERS).await;
        let _ = self.http.await;
        if let Some(evidence) = &self.evidence {
            evidence.close().await;
        }
        let (plane, ledgers, webhooks) = (self.plane, self.ledgers, self.webhooks);
        let traces = self.traces;
        // They wait for their threads, which a thread of the runtime must not.
        let ends = move || {
            plane.shutdown();
            if let Some(ledgers) = ledgers {
                ledgers.close();
            }
            if let Some(webhooks) = webhooks {
                webhooks.close();
            }
            if let Some(traces) = traces {
                traces.close();
            }
        };
        let _ = tokio::task::spawn_blocking(ends).await;
        info!("ended");
        Ok(())
    }
}

/// The port of the HTTP side, and the right to it; none, where it is to be taken from a server that runs.
fn bind(loaded: &Loaded, takes_over: bool) -> Result<Option<(TcpListener, Tenure)>, ServerError> {
    if takes_over && succession::is_taken(loaded.config.http.listen) {
        return Ok(None);
    }
    let socket = ports::bind_http(loaded)?;
    let tenure = Tenure::begin(&socket).map_err(|error| ports::no_port(loaded, &error))?;
    Ok(Some((socket, tenure)))
}

/// The same of the server that runs; it may be gone meanwhile.
async fn take_over(
    loaded: &Loaded,
    handover: &Handover,
) -> Result<(TcpListener, Tenure), ServerError> {
    let given = succession::succeed(loaded.config.http.listen).await;
    let (socket, incumbent) = match given.map_err(ServerError::Succession)? {
        Some(Given { socket, incumbent }) => (socket, incumbent),
        None => (ports::bind_http(loaded)?, None),
    };
    if let Some(incumbent) = incumbent
        && let Err(error) = handover.follow(incumbent).await
    {
        warn!(%error, "the server before cannot be asked about its legs");
    }
    let tenure = Tenure::begin(&socket).map_err(ServerError::Succession)?;
    Ok((socket, tenure))
}

/// Leaves the place to a newer server, and answers it until nobody is left here.
async fn hand_over(
    successor: Option<Successor>,
    handover: Handover,
    nobody_is_left: oneshot::Receiver<()>,
) {
    let Some(successor) = successor else { return };
    match successor.leave_to().await {
        Ok(stream) => {
            let over = async { drop(nobody_is_left.await) };
            handover.serve(stream, over).await;
        }
        Err(error) => {
            debug!(%error, "the newer server is gone");
            handover.take_back();
        }
    }
}

/// What the console works on; what is kept for it is forgotten in time.
fn desk(
    books: DeskBooks,
    evidence: Evidence,
    (control, reloads): (control::Handle, mpsc::Sender<Reload>),
    reasons: Vec<String>,
) -> Parts {
    let (cases, audit) = (books.cases, books.audit.clone());
    tokio::spawn(neighbours::heed(books.kept_out.clone(), control.clone()));
    let casework = Casework::new(cases, audit, books.kept_out.clone(), control.clone())
        .with_evidence(evidence);
    tokio::spawn(custody::keep_time(casework.clone()));
    Parts {
        moderators: books.moderators,
        audit: books.audit,
        kept_out: books.kept_out,
        control,
        casework,
        reasons,
        reloads,
    }
}

/// Media by TCP, where the configuration has it.
async fn let_in_by_tcp(door: Option<TcpDoor>) {
    if let Some(door) = door
        && let Err(error) = door.run().await
    {
        warn!(%error, "no media over TCP");
    }
}

/// Others reach a server that asks nobody who they are.
fn warn_of_guests(guests: bool, http: SocketAddr) {
    if guests && !http.ip().is_loopback() {
        warn!("whoever reaches the server is let in without a token (access.guests)");
    }
}

async fn keep_up(recorded: PrometheusHandle) {
    let mut ticks = interval(UPKEEP);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        recorded.run_upkeep();
    }
}

fn why(ended: Result<io::Result<()>, tokio::task::JoinError>) -> io::Error {
    match ended {
        Ok(Ok(())) => io::Error::other("nobody asked for it"),
        Ok(Err(error)) => error,
        Err(error) => io::Error::other(error),
    }
}
