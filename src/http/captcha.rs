//! [`Captcha`]: the operator's captcha: its service is asked whether an answer of the widget's is good.
//! The shape is the one that reCAPTCHA, hCaptcha and Turnstile share. Nothing is told of the visitor.

use std::fs;
use std::io;
use std::path::PathBuf;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::{Request, StatusCode, header};
use serde::Deserialize;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tracing::warn;

use crate::config;
use crate::destination::{ConnectError, Destination, DestinationError};
use crate::limits;
use crate::private::Private;

/// A captcha's service.
pub(super) struct Captcha {
    destination: Destination,
    secret: Private<String>,
    site_key: String,
    places: Semaphore,
}

/// Why a captcha cannot be used.
#[derive(thiserror::Error, Debug)]
pub enum CaptchaError {
    /// Where its service is.
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
    /// There is nothing in it.
    #[error("{} is empty", .0.display())]
    Empty(PathBuf),
}

/// Why nothing was heard of an answer.
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
    #[error("its answer is cut off, too long or no verdict")]
    Body,
    #[error("it does not know the secret")]
    Secret,
    #[error("it takes too long")]
    Late,
    #[error("too many wait for it")]
    Crowded,
}

/// Nothing can be said of an answer now.
pub(super) struct Unreachable;

#[derive(Deserialize)]
struct Verdict {
    success: bool,
    #[serde(default, rename = "error-codes")]
    errors: Vec<String>,
}

impl Captcha {
    /// The one that the configuration names.
    ///
    /// # Errors
    /// It names none that could be asked.
    pub(super) fn read(config: &config::Challenge) -> Result<Self, CaptchaError> {
        let path = &config.captcha_secret;
        let secret = fs::read_to_string(path).map_err(|source| CaptchaError::Secret {
            path: path.clone(),
            source,
        })?;
        let secret = secret.trim();
        if secret.is_empty() {
            return Err(CaptchaError::Empty(path.clone()));
        }
        Ok(Self {
            destination: Destination::read(&config.captcha_url)?,
            secret: Private::new(secret.to_owned()),
            site_key: config.captcha_site_key.clone(),
            places: Semaphore::new(limits::CAPTCHA_AT_ONCE),
        })
    }

    /// What the widget is told.
    pub(super) fn site_key(&self) -> &str {
        &self.site_key
    }

    /// Whether an answer is good.
    ///
    /// # Errors
    /// Nobody can say: then nobody is let in by it.
    pub(super) async fn check(&self, answer: &Private<String>) -> Result<bool, Unreachable> {
        if answer.reveal().len() > limits::CAPTCHA_ANSWER_BYTES {
            return Ok(false);
        }
        let asked = match self.places.try_acquire() {
            Ok(_place) => timeout(limits::CAPTCHA_DEADLINE, self.ask(answer)).await,
            Err(_) => Ok(Err(AskError::Crowded)),
        };
        asked.unwrap_or(Err(AskError::Late)).map_err(|reason| {
            warn!(%reason, "the captcha's service does not say whether an answer is good");
            Unreachable
        })
    }

    async fn ask(&self, answer: &Private<String>) -> Result<bool, AskError> {
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("secret", self.secret.reveal())
            .append_pair("response", answer.reveal())
            .append_pair("sitekey", &self.site_key)
            .finish();
        let request = Request::post(self.destination.path())
            .header(header::HOST, self.destination.authority())
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "application/json")
            .body(Full::new(Bytes::from(form)))?;
        let mut connection = self.destination.connect().await?;
        let answer = connection.send_request(request).await?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), limits::CAPTCHA_VERDICT_BYTES);
        let body = body.collect().await.map_err(|_| AskError::Body)?.to_bytes();
        if status != StatusCode::OK {
            return Err(AskError::Status(status));
        }
        let verdict: Verdict = serde_json::from_slice(&body).map_err(|_| AskError::Body)?;
        if verdict.errors.iter().any(|code| code.contains("secret")) {
            return Err(AskError::Secret);
        }
        Ok(verdict.success)
    }
}
