//! The control task: waits for a request, a media event, a picture, a verdict, the disk or a
//! deadline, and feeds the [`Switchboard`].

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::sync::{mpsc, watch};
use tokio::time::sleep_until;
use tracing::error;

use super::device::Devices;
use super::handle::Handle;
use super::request::Request;
use super::switchboard::Switchboard;
use super::watch::{Eyes, Seen, Watch};
use crate::config;
use crate::limits;
use crate::lobby::Openness;
use crate::media::{Command, Event};

/// Starts the control task. `command` reaches the media plane and must not wait; `events` is what
/// the media plane tells. With `looking`, nobody is met whose picture was not looked at.
///
/// ```no_run
/// # async fn example() -> Result<(), visavis::media::StartError> {
/// use visavis::{config, control, media};
/// let config = config::Config::default();
/// let (plane, events) = media::Plane::start(&config.media, None)?;
/// let control = control::start(&config.lobby, move |command| plane.send(command), events, None);
/// assert_eq!(control.online(), 0);
/// # Ok(())
/// # }
/// ```
pub fn start<F>(
    config: &config::Lobby,
    command: F,
    events: mpsc::Receiver<Event>,
    looking: Option<Watch>,
) -> Handle
where
    F: FnMut(Command) + Send + 'static,
{
    let (requests, inbox) = mpsc::channel(limits::CONTROL_REQUESTS);
    let online = Arc::new(AtomicUsize::new(0));
    let mut switchboard = Switchboard::new(config, StdRng::from_os_rng(), command);
    let (desk, eyes) = looking.map(Watch::split).unzip();
    if let Some((desk, remarks, book)) = desk {
        let devices = Devices::new(book, StdRng::from_os_rng());
        switchboard = switchboard.with_desk(desk, remarks, devices);
    }
    let figures = switchboard.pulse.figures();
    let (openness, seen_openness) = watch::channel(Openness::default());
    let task = Task {
        switchboard,
        events,
        eyes,
        online: Arc::clone(&online),
        openness,
    };
    tokio::spawn(task.run(inbox));
    Handle {
        requests,
        online,
        next_socket: Arc::new(AtomicU64::new(0)),
        config: Arc::new(config.clone()),
        figures,
        openness: seen_openness,
    }
}

struct Task<F> {
    switchboard: Switchboard<F>,
    events: mpsc::Receiver<Event>,
    /// Whoever looks at pictures, if anybody does.
    eyes: Option<Eyes>,
    online: Arc<AtomicUsize>,
    openness: watch::Sender<Openness>,
}

impl<F: FnMut(Command)> Task<F> {
    async fn run(mut self, mut requests: mpsc::Receiver<Request>) {
        let mut media_lives = true;
        loop {
            let deadline = self.switchboard.next_deadline();
            // Without a deadline the branch is off, and the time does not matter.
            let timer = pin!(sleep_until(deadline.unwrap_or_else(now).into()));
            tokio::select! {
                request = requests.recv() => match request {
                    Some(request) => self.switchboard.handle_request(request, now()),
                    None => return,
                },
                event = self.events.recv(), if media_lives => match event {
                    Some(event) => self.switchboard.handle_event(event, now()),
                    None => {
                        if !self.switchboard.is_draining() {
                            error!("the media plane has ended: no new video");
                        }
                        media_lives = false;
                    }
                },
                seen = seen(&mut self.eyes) => match seen {
                    Seen::Judged(judged) => self.switchboard.handle_judged(judged, now()),
                    Seen::Afterword(word) => self.switchboard.handle_afterword(word, now()),
                    Seen::Written { on_disk, receipts } => {
                        self.switchboard.handle_receipts(receipts);
                        self.switchboard.handle_written(on_disk, now());
                    }
                    Seen::Late(receipts) => self.switchboard.handle_receipts(receipts),
                },
                () = timer, if deadline.is_some() => self.switchboard.handle_time(now()),
            }
            if let Some(eyes) = &mut self.eyes
                && let Some(lines) = self.switchboard.lines_to_write(now())
            {
                eyes.write(lines, self.switchboard.cases_to_open(now()));
            }
            self.online
                .store(self.switchboard.online(), Ordering::Relaxed);
            let openness = self.switchboard.openness();
            self.openness
                .send_if_modified(|before| std::mem::replace(before, openness) != openness);
        }
    }
}

/// What comes of looking; never, where nobody looks.
async fn seen(eyes: &mut Option<Eyes>) -> Seen {
    match eyes {
        Some(eyes) => eyes.next().await,
        None => std::future::pending().await,
    }
}

/// The clock of the runtime, which a test can stop.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
