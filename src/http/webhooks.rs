//! [`Webhooks`]: what happens to a backend's legs, posted to URLs of its own, signed by
//! [`WebhookKeys`]: a task per target, one request at a time, in order.
//!
//! A target is believed by its status alone. Whatever else it does costs nobody but itself: each
//! attempt has a deadline, an answer's body is read up to a bound, and a redirect is a failure.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::{Request, Response, StatusCode, header};
use rand::Rng as _;
use serde_json::json;
use tokio::sync::{RwLock, watch};
use tokio::time::{sleep, timeout};
use tracing::{info, warn};
use utoipa::openapi::path::Operation;
use utoipa::openapi::{HttpMethod, Paths};

use super::backend::WORDS;
use super::webhook_keys::{self, WebhookKeys, WebhookKeysError};
use crate::config;
use crate::destination::{ConnectError, Connection, Destination, DestinationError};
use crate::limits::{
    WEBHOOK_ANSWER_BYTES, WEBHOOK_ANSWER_TIME, WEBHOOK_DEADLINE, WEBHOOK_LOOK_EVERY, WEBHOOK_REST,
    WEBHOOK_REST_MAX,
};
use crate::metrics::{WEBHOOKS_RETRIED, WEBHOOKS_SENT};
use crate::store::{AppendCause, OpenError, Outbox};

/// What is sent for a try: of no leg, and of a type that nothing else has.
const TEST: &str = r#"{"leg":null,"type":"test"}"#;

/// How long a server that gives its place to a newer one waits for answers of targets.
const LAST_WORD: Duration = Duration::from_secs(1);

/// Where events go; cheap to clone.
#[derive(Clone, Debug)]
pub struct Webhooks {
    outbox: Outbox,
    /// The events that are sent; all, if empty.
    events: Arc<[String]>,
    /// Whether this server takes what lies there to the targets.
    delivers: watch::Sender<bool>,
    /// Held by whoever is at it.
    at_work: Arc<RwLock<()>>,
}

/// Why no webhook can be sent.
#[derive(thiserror::Error, Debug)]
pub enum WebhookError {
    /// A target.
    #[error(transparent)]
    Target(#[from] DestinationError),
    /// What they are signed by.
    #[error(transparent)]
    Secret(#[from] WebhookKeysError),
    /// An event that never happens.
    #[error("{0} is no event; there are {words}", words = WORDS.join(", "))]
    NoEvent(String),
    /// The store.
    #[error(transparent)]
    Store(#[from] OpenError),
}

/// One URL, and what waits for it.
struct Target {
    url: Arc<str>,
    outbox: Outbox,
    delivers: watch::Receiver<bool>,
    at_work: Arc<RwLock<()>>,
    post: Post,
}

/// How events get there.
struct Post {
    destination: Destination,
    keys: WebhookKeys,
    idle: Option<Connection>,
}

/// What came of an event that was sent for a try.
#[derive(Debug)]
pub struct Trial {
    /// Where.
    pub url: String,
    /// Why it was not taken, if it was not.
    pub failure: Option<String>,
}

/// Why an attempt failed.
#[derive(thiserror::Error, Debug)]
enum Failure {
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error("its connection broke: {0}")]
    Http(#[from] hyper::Error),
    #[error("a request that cannot be made: {0}")]
    Request(#[from] hyper::http::Error),
    #[error("it answers {0}")]
    Status(StatusCode),
    #[error("it gives no answer in time")]
    Late,
}

impl Webhooks {
    /// Opens the store and starts a task for each target, which rests until it is told to
    /// [`deliver`](Self::deliver); none, where the configuration names none.
    ///
    /// # Errors
    /// A URL, the secret or the store's folder is wrong.
    pub fn start(config: &config::Webhooks, folder: &Path) -> Result<Option<Self>, WebhookError> {
        if config.urls.is_empty() {
            return Ok(None);
        }
        let is_known = |event: &&String| WORDS.contains(&event.as_str());
        if let Some(unknown) = config.events.iter().find(|event| !is_known(event)) {
            return Err(WebhookError::NoEvent(unknown.clone()));
        }
        let keys = WebhookKeys::read(&config.secret)?;
        let mut destinations: Vec<(Arc<str>, Destination)> = Vec::new();
        for url in &config.urls {
            destinations.push((Arc::from(url.as_str()), Destination::read(url)?));
        }
        let urls: Vec<_> = destinations
            .iter()
            .map(|(url, _)| Arc::clone(url))
            .collect();
        let keep = Duration::from_secs(config.keep_hours * 60 * 60);
        let outbox = Outbox::open(folder, &urls, keep)?;
        let (delivers, at_work) = (watch::Sender::new(false), Arc::<RwLock<()>>::default());
        for (url, destination) in destinations {
            let target = Target {
                url,
                outbox: outbox.clone(),
                delivers: delivers.subscribe(),
                at_work: Arc::clone(&at_work),
                post: Post {
                    destination,
                    keys: keys.clone(),
                    idle: None,
                },
            };
            tokio::spawn(target.run());
        }
        Ok(Some(Self {
            outbox,
            events: config.events.clone().into(),
            delivers,
            at_work,
        }))
    }

    /// Sends every target one event that says `test`, signed as all are, and keeps nothing of it.
    ///
    /// # Errors
    /// A URL or the secret is wrong.
    pub async fn try_out(config: &config::Webhooks) -> Result<Vec<Trial>, WebhookError> {
        let keys = WebhookKeys::read(&config.secret)?;
        let mut trials = Vec::new();
        for url in &config.urls {
            let mut post = Post {
                destination: Destination::read(url)?,
                keys: keys.clone(),
                idle: None,
            };
            let number = seconds() << 20;
            let sent = timeout(WEBHOOK_DEADLINE, post.send(number, TEST)).await;
            let failure = sent.unwrap_or(Err(Failure::Late)).err();
            trials.push(Trial {
                url: url.clone(),
                failure: failure.map(|failure| failure.to_string()),
            });
        }
        Ok(trials)
    }

    /// Something happened. Never waits.
    pub fn tell(&self, number: u64, word: &str, body: String) {
        if self.events.is_empty() || self.events.iter().any(|event| event == word) {
            self.outbox.add(number, body);
        }
    }

    /// From now on another server on the same store takes everything to the targets; what was told until now is
    /// on disk for it.
    pub async fn rest(&self) {
        self.delivers.send_replace(false);
        let settled = async {
            let _at_work = self.at_work.write().await;
            self.outbox.settle().await
        };
        // Whoever does not answer meanwhile gets it from both; what the disk does not take is counted.
        let _ = timeout(LAST_WORD, settled).await;
    }

    /// Takes everything to the targets, also what another server on the same store has left for them.
    pub fn deliver(&self) {
        self.delivers.send_replace(true);
    }

    /// Waits until everything so far is on disk: from a thread that may wait.
    pub fn close(&self) {
        self.outbox.close();
    }
}

impl Target {
    async fn run(mut self) {
        let mut newest = self.outbox.newest();
        let mut failures = 0;
        let at_work = Arc::clone(&self.at_work);
        while self.delivers.wait_for(|delivers| *delivers).await.is_ok() {
            let at_work = at_work.read().await;
            if !*self.delivers.borrow() {
                continue;
            }
            newest.mark_unchanged();
            let parcel = match self.outbox.next(&self.url).await {
                Ok(Some(parcel)) => parcel,
                Ok(None) => {
                    drop(at_work);
                    // The store gives up what is too old when it is asked.
                    let woken = async {
                        tokio::select! {
                            _ = newest.changed() => {}
                            _ = self.delivers.changed() => {}
                        }
                    };
                    let _ = timeout(WEBHOOK_LOOK_EVERY, woken).await;
                    continue;
                }
                Err(AppendCause::Closed) => return,
                Err(_) => {
                    drop(at_work);
                    sleep(WEBHOOK_LOOK_EVERY).await;
                    continue;
                }
            };
            let send = self.post.send(parcel.number, &parcel.body);
            let attempt = timeout(WEBHOOK_DEADLINE, send).await;
            let host = self.post.destination.host();
            match attempt.unwrap_or(Err(Failure::Late)) {
                Ok(()) => {
                    failures = 0;
                    WEBHOOKS_SENT.counter().increment(1);
                    // If that cannot be written it is sent again: at least once.
                    let _ = self.outbox.pass(&self.url, parcel.sequence).await;
                }
                Err(Failure::Status(StatusCode::GONE)) => {
                    warn!(host, "a webhook's target is gone: it is told nothing more");
                    let _ = self.outbox.forget(&self.url).await;
                    return;
                }
                Err(reason) => {
                    if failures == 0 {
                        warn!(host, %reason, "a webhook's target does not take an event");
                    } else {
                        info!(host, %reason, failures, "nor does it now");
                    }
                    failures += 1;
                    self.post.idle = None;
                    WEBHOOKS_RETRIED.counter().increment(1);
                    drop(at_work);
                    sleep(rest(failures)).await;
                }
            }
        }
    }
}

impl Post {
    /// Sends, once more if a connection that had waited was closed.
    async fn send(&mut self, number: u64, body: &str) -> Result<(), Failure> {
        if let Some(connection) = self.idle.take() {
            match self.send_by(connection, number, body).await {
                Err(Failure::Http(_)) => {}
                answered => return answered,
            }
        }
        let connection = self.destination.connect().await?;
        self.send_by(connection, number, body).await
    }

    async fn send_by(
        &mut self,
        mut connection: Connection,
        number: u64,
        body: &str,
    ) -> Result<(), Failure> {
        let (id, seconds) = (number.to_string(), seconds());
        let request = Request::post(self.destination.path())
            .header(header::HOST, self.destination.authority())
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, "visavis")
            .header(webhook_keys::ID, &id)
            .header(webhook_keys::TIMESTAMP, seconds)
            .header(webhook_keys::SIGNATURE, self.keys.sign(&id, seconds, body))
            .body(Full::new(Bytes::from(body.to_owned())))?;
        connection.ready().await?;
        let answer = connection.send_request(request).await?;
        let status = answer.status();
        if !status.is_success() {
            return Err(Failure::Status(status));
        }
        if is_read_to_the_end(answer).await {
            self.idle = Some(connection);
        }
        Ok(())
    }
}

/// What is posted, for the API's description.
pub(super) fn described() -> Paths {
    let header = |name, description| {
        json!({
            "name": name, "in": "header", "required": true, "description": description,
            "schema": { "type": "string" },
        })
    };
    let operation = json!({
        "tags": ["Events"],
        "operationId": "postEvent",
        "summary": "Hear what happens without a stream",
        "description": "The events of `GET /v1/events`, posted to each URL of `webhooks.urls`, in order, one \
            at a time, at least once, after the convention of Standard Webhooks. After a failure the same \
            event comes again, later and later, until `webhooks.keep_hours` are over.",
        "parameters": [
            header(webhook_keys::ID, "The event's number: one that comes twice has it twice"),
            header(webhook_keys::TIMESTAMP, "When this attempt was made, in seconds since 1970"),
            header(webhook_keys::SIGNATURE, "`v1,` and the Base64 of HMAC-SHA256 over `ID.TIMESTAMP.BODY`; two, \
                separated by a space, while a secret is being changed"),
        ],
        "requestBody": { "required": true, "content": { "application/json": {
            "schema": { "$ref": "#/components/schemas/Event" },
        } } },
        "responses": {
            "2XX": { "description": "The event is taken, if this comes within 15 seconds." },
            "410": { "description": "Nothing more is wanted until the server is started again." },
            "default": { "description": "The event comes again later." },
        },
    });
    let operation: Operation = serde_json::from_value(operation).unwrap_or_default();
    let mut paths = Paths::new();
    paths.add_path_operation("event", vec![HttpMethod::Post], operation);
    paths
}

/// Whether a connection is good for another request.
async fn is_read_to_the_end(answer: Response<hyper::body::Incoming>) -> bool {
    let body = Limited::new(answer.into_body(), WEBHOOK_ANSWER_BYTES).collect();
    matches!(timeout(WEBHOOK_ANSWER_TIME, body).await, Ok(Ok(_)))
}

/// Twice as long each time, and never at the same moment as others.
fn rest(failures: u32) -> Duration {
    let doubled = WEBHOOK_REST.saturating_mul(1_u32 << (failures - 1).min(16));
    let share = rand::rng().random_range(0.5..=1.0);
    doubled.min(WEBHOOK_REST_MAX).mul_f64(share)
}

/// Since 1970.
#[expect(clippy::disallowed_methods, reason = "the driver's clock")]
fn seconds() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_rests_longer_each_time_and_never_too_long() {
        for failures in 1..100 {
            let rest = rest(failures);
            let most = WEBHOOK_REST.saturating_mul(1 << (failures - 1).min(16));
            assert!(rest <= most.min(WEBHOOK_REST_MAX), "{failures}");
            assert!(rest >= most.min(WEBHOOK_REST_MAX) / 2, "{failures}");
        }
    }
}
