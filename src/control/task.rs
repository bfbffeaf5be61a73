//! The control task: waits for a request, a media event or a deadline, and feeds the
//! [`Switchboard`].

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::sync::mpsc;
use tokio::time::sleep_until;
use tracing::error;

use super::handle::Handle;
use super::request::Request;
use super::switchboard::Switchboard;
use crate::config;
use crate::limits;
use crate::media::{Command, Event};

/// Starts the control task. `command` reaches the media plane and must not wait; `events` is what
/// the media plane tells.
///
/// ```no_run
/// # async fn example() -> Result<(), visavis::media::StartError> {
/// use visavis::{config, control, media};
/// let config = config::Config::default();
/// let (plane, events) = media::Plane::start(&config.media, None)?;
/// let control = control::start(&config.lobby, move |command| plane.send(command), events);
/// assert_eq!(control.online(), 0);
/// # Ok(())
/// # }
/// ```
pub fn start<F>(config: &config::Lobby, command: F, events: mpsc::Receiver<Event>) -> Handle
where
    F: FnMut(Command) + Send + 'static,
{
    let (requests, inbox) = mpsc::channel(limits::CONTROL_REQUESTS);
    let online = Arc::new(AtomicUsize::new(0));
    let switchboard = Switchboard::new(config, StdRng::from_os_rng(), command);
    tokio::spawn(run(switchboard, inbox, events, Arc::clone(&online)));
    Handle {
        requests,
        online,
        next_socket: Arc::new(AtomicU64::new(0)),
        config: Arc::new(config.clone()),
    }
}

async fn run<F: FnMut(Command)>(
    mut switchboard: Switchboard<F>,
    mut requests: mpsc::Receiver<Request>,
    mut events: mpsc::Receiver<Event>,
    online: Arc<AtomicUsize>,
) {
    let mut media_lives = true;
    loop {
        let deadline = switchboard.next_deadline();
        // Without a deadline the branch is off, and the time does not matter.
        let timer = pin!(sleep_until(deadline.unwrap_or_else(now).into()));
        tokio::select! {
            request = requests.recv() => match request {
                Some(request) => switchboard.handle_request(request, now()),
                None => return,
            },
            event = events.recv(), if media_lives => match event {
                Some(event) => switchboard.handle_event(event, now()),
                None => {
                    if !switchboard.is_draining() {
                        error!("the media plane has ended: no new video");
                    }
                    media_lives = false;
                }
            },
            () = timer, if deadline.is_some() => switchboard.handle_time(now()),
        }
        online.store(switchboard.online(), Ordering::Relaxed);
    }
}

/// The clock of the runtime, which a test can stop.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
