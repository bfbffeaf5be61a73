//! An operator's or a vendor's own service is asked as well, by HTTP: what it says comes beside what
//! the workers say.
//!
//! Only pictures that the workers have decoded and judged are sent: never what is no picture, and never
//! whose it is. If no answer comes in time, the verdict keeps the workers' scores, and says that it is
//! none, so that nobody passes by it. What it says minutes later comes by [`Afterwards`].

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::{Request, StatusCode, header};
use parking_lot::Mutex;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;
use tracing::warn;

use super::Judged;
use super::afterwards::{Afterwards, Afterword};
use super::judgement::Unfit;
use super::opinion::{LabelMap, MapError, signature, webp};
use crate::codec::VideoCodec;
use crate::config;
use crate::destination::{ConnectError, Connection, Destination, DestinationError};
use crate::limits::{CLASSIFY_ANSWERS, SERVICE_ANSWER_BYTES};
use crate::metrics::{CLASSIFY_ASKED, CLASSIFY_LATE, CLASSIFY_LOST, CLASSIFY_NONSENSE};
use crate::moderation::{Label, Outcome, Score};
use crate::tap::Frame;

/// How often it is looked which pictures were kept long enough.
const FORGET_EVERY: Duration = Duration::from_secs(30);

/// The service that is asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServiceSettings {
    /// Where pictures are posted: http or https.
    pub url: String,
    /// A file with the secret that requests are signed with.
    pub secret: PathBuf,
    /// Its words and ours, as `nudity=porn`.
    pub labels: Vec<String>,
    /// How long it may take.
    pub deadline: Duration,
    /// Pictures that it may have at the same time.
    pub at_once: usize,
}

impl ServiceSettings {
    /// The service that a configuration names, if it names one.
    pub fn of(config: &config::Classifier) -> Option<Self> {
        (!config.service_url.is_empty()).then(|| Self {
            url: config.service_url.clone(),
            secret: config.service_secret.clone(),
            labels: config.service_labels.clone(),
            deadline: Duration::from_millis(config.service_deadline_ms),
            at_once: config.service_at_once,
        })
    }
}

/// Why a service cannot be asked.
#[derive(thiserror::Error, Debug)]
pub enum ServiceSetError {
    /// Where it is.
    #[error(transparent)]
    Destination(#[from] DestinationError),
    /// The secret.
    #[error("{}", path.display())]
    Secret {
        /// Its file.
        path: PathBuf,
        /// Why it cannot be read.
        #[source]
        source: io::Error,
    },
    /// There is too little in it.
    #[error("{} has fewer than 16 bytes", .0.display())]
    Short(PathBuf),
    /// The table of words.
    #[error(transparent)]
    Labels(#[from] MapError),
}

/// Why it gave no answer.
#[derive(thiserror::Error, Debug)]
enum AskError {
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error("its connection broke: {0}")]
    Http(#[from] hyper::Error),
    #[error("a request that cannot be made: {0}")]
    Request(#[from] hyper::http::Error),
    #[error("it answers {0}")]
    Status(StatusCode),
    #[error("its answer is cut off, or too long")]
    Body,
    #[error("its answer is none")]
    Unfit,
}

impl From<Unfit> for AskError {
    fn from(_: Unfit) -> Self {
        Self::Unfit
    }
}

/// A service that is asked.
struct Service {
    destination: Destination,
    secret: Vec<u8>,
    labels: LabelMap,
    deadline: Duration,
    /// Connections that wait for a request.
    idle: Mutex<Vec<Connection>>,
    at_once: Arc<Semaphore>,
    /// What it will say more of.
    afterwards: Afterwards,
}

/// A service that is asked, and what comes of it.
#[derive(Debug)]
pub struct Asked {
    /// All verdicts, each once.
    pub judged: mpsc::Receiver<Judged>,
    /// What it says of pictures that are long past.
    pub afterwords: mpsc::Receiver<Afterword>,
    /// Where it says so.
    pub afterwards: Afterwards,
}

/// Has a service asked about everything that was judged. Gives all verdicts on, each once.
///
/// # Errors
/// What the settings name is missing or wrong.
pub fn ask_as_well(
    settings: &ServiceSettings,
    mut judged: mpsc::Receiver<Judged>,
) -> Result<Asked, ServiceSetError> {
    let (said, afterwords) = mpsc::channel(CLASSIFY_ANSWERS);
    let service = Arc::new(Service::new(settings, said)?);
    let afterwards = service.afterwards.clone();
    tokio::spawn(keep_time(afterwards.clone()));
    let (answers, answered) = mpsc::channel(CLASSIFY_ANSWERS);
    tokio::spawn(async move {
        while let Some(judged) = judged.recv().await {
            let (service, answers) = (Arc::clone(&service), answers.clone());
            let Ok(place) = Arc::clone(&service.at_once).try_acquire_owned() else {
                let given = without(judged, Outcome::Unavailable);
                if answers.send(given).await.is_err() {
                    return;
                }
                continue;
            };
            tokio::spawn(async move {
                let given = service.complete(judged).await;
                // Nobody listens any more once the server ends.
                let _ = answers.send(given).await;
                drop(place);
            });
        }
    });
    Ok(Asked {
        judged: answered,
        afterwords,
        afterwards,
    })
}

/// Forgets pictures in time, also where nothing happens, as long as anybody knows of them.
async fn keep_time(afterwards: Afterwards) {
    let mut ticks = tokio::time::interval(FORGET_EVERY);
    while afterwards.is_shared() {
        afterwards.forget(ticks.tick().await.into_std());
    }
}

/// The verdict keeps its scores, and does not count as one.
fn without(mut judged: Judged, outcome: Outcome) -> Judged {
    if judged.verdict.outcome == Outcome::Judged {
        judged.verdict.outcome = outcome;
        judged
            .verdict
            .scores
            .push(Score::certain(Label::NO_VERDICT));
    }
    judged
}

impl Service {
    fn new(
        settings: &ServiceSettings,
        said: mpsc::Sender<Afterword>,
    ) -> Result<Self, ServiceSetError> {
        let destination = Destination::read(&settings.url)?;
        let path = &settings.secret;
        let secret = fs::read(path).map_err(|source| ServiceSetError::Secret {
            path: path.clone(),
            source,
        })?;
        let secret = secret.trim_ascii_end().to_vec();
        if secret.len() < 16 {
            return Err(ServiceSetError::Short(path.clone()));
        }
        let labels = LabelMap::parse(&settings.labels)?;
        Ok(Self {
            afterwards: Afterwards::new(secret.clone(), labels.clone(), said),
            destination,
            secret,
            labels,
            deadline: settings.deadline,
            idle: Mutex::default(),
            at_once: Arc::new(Semaphore::new(settings.at_once)),
        })
    }

    /// The verdict with what the service says.
    async fn complete(&self, mut judged: Judged) -> Judged {
        if judged.verdict.outcome != Outcome::Judged {
            return judged;
        }
        // What it cannot be shown as it is, it is not shown.
        if judged.frame.codec != VideoCodec::Vp8 {
            return without(judged, Outcome::Unavailable);
        }
        CLASSIFY_ASKED.counter_of("service").increment(1);
        let begun = now();
        let asked = timeout(self.deadline, self.ask(&judged.frame)).await;
        judged.verdict.took += now().saturating_duration_since(begun);
        match asked {
            // The workers' word is enough until then.
            Ok(Ok(None)) => judged,
            Ok(Ok(Some(scores))) => {
                judged.verdict.scores.extend(scores);
                judged.verdict.version = format!("{} service", judged.verdict.version).into();
                judged
            }
            Ok(Err(reason)) => {
                warn!(%reason, "the service gives no answer");
                match reason {
                    AskError::Unfit => CLASSIFY_NONSENSE.counter().increment(1),
                    _ => CLASSIFY_LOST.counter_of("service").increment(1),
                }
                without(judged, Outcome::Unavailable)
            }
            Err(_) => {
                CLASSIFY_LATE.counter_of("service").increment(1);
                without(judged, Outcome::Late)
            }
        }
    }

    /// Asks, once more if a connection that had waited was closed. None where it says more later.
    async fn ask(&self, frame: &Frame) -> Result<Option<Vec<Score>>, AskError> {
        let body = Bytes::from(webp(&frame.data));
        let key = hex::encode(rand::random::<[u8; 16]>());
        let waiting = self.idle.lock().pop();
        if let Some(connection) = waiting
            && let Ok(answer) = self.post(connection, &key, body.clone()).await
        {
            return self.read(&key, frame, answer);
        }
        let connection = self.destination.connect().await?;
        let answer = self.post(connection, &key, body).await?;
        self.read(&key, frame, answer)
    }

    fn read(
        &self,
        key: &str,
        frame: &Frame,
        answer: Option<Bytes>,
    ) -> Result<Option<Vec<Score>>, AskError> {
        let Some(answer) = answer else {
            self.afterwards.expect(key, frame, now());
            return Ok(None);
        };
        Ok(Some(self.labels.scores(&answer)?))
    }

    async fn post(
        &self,
        mut connection: Connection,
        key: &str,
        body: Bytes,
    ) -> Result<Option<Bytes>, AskError> {
        let seconds = seconds();
        let signed = signature(&self.secret, seconds, key, &body);
        let request = Request::post(self.destination.path())
            .header(header::HOST, self.destination.authority())
            .header(header::CONTENT_TYPE, "image/webp")
            .header("idempotency-key", key)
            .header("visavis-timestamp", seconds)
            .header("visavis-signature", signed)
            .body(Full::new(body))?;
        connection.ready().await?;
        let answer = connection.send_request(request).await?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), SERVICE_ANSWER_BYTES);
        let body = body.collect().await.map_err(|_| AskError::Body)?.to_bytes();
        self.idle.lock().push(connection);
        match status {
            StatusCode::OK => Ok(Some(body)),
            StatusCode::ACCEPTED => Ok(None),
            status => Err(AskError::Status(status)),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the driver's clock")]
fn now() -> Instant {
    Instant::now()
}

/// Since 1970.
#[expect(clippy::disallowed_methods, reason = "the driver's clock")]
fn seconds() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
