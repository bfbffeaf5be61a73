//! [`WebhookKeys`]: what events are signed by, and what comes signed is checked by, after the convention of
//! Standard Webhooks (standardwebhooks.com): an HMAC-SHA256 over id, time and body.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rand::Rng as _;

use crate::limits::WEBHOOK_SECRETS;

pub(super) const ID: &str = "webhook-id";
pub(super) const TIMESTAMP: &str = "webhook-timestamp";
pub(super) const SIGNATURE: &str = "webhook-signature";

/// What a secret begins with.
const PREFIX: &str = "whsec_";

/// What a signature begins with.
const VERSION: &str = "v1,";

/// How far the clock of one who signs may be from ours.
const LEEWAY: Duration = Duration::from_secs(5 * 60);

/// A new secret, for a file of them.
pub fn new_secret() -> String {
    let random: [u8; 32] = rand::rng().random();
    format!("{PREFIX}{}", STANDARD.encode(random))
}

/// One key for each secret, so that a secret can be changed while both are good; cheap to clone.
#[derive(Clone, Debug)]
pub struct WebhookKeys(Arc<[hmac::Key]>);

/// Why there are no keys.
#[derive(thiserror::Error, Debug)]
pub enum WebhookKeysError {
    /// The file.
    #[error("{}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why it cannot be read.
        #[source]
        source: io::Error,
    },
    /// What is in it.
    #[error(
        "{} has no line as whsec_ and the Base64 of 24 to 64 bytes, or more than two",
        .0.display()
    )]
    NoSecret(PathBuf),
}

impl WebhookKeys {
    /// Reads a file of secrets, one a line.
    ///
    /// # Errors
    /// There is no file, or something else in it.
    pub fn read(path: &Path) -> Result<Self, WebhookKeysError> {
        let text = fs::read_to_string(path).map_err(|source| WebhookKeysError::File {
            path: path.to_owned(),
            source,
        })?;
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let keys: Option<Vec<_>> = lines.map(read_key).collect();
        match keys {
            Some(keys) if (1..=WEBHOOK_SECRETS).contains(&keys.len()) => Ok(Self(keys.into())),
            _ => Err(WebhookKeysError::NoSecret(path.to_owned())),
        }
    }

    /// Of secrets that a test has made.
    #[cfg(test)]
    pub(super) fn of(secrets: &[String]) -> Self {
        let keys = secrets.iter().filter_map(|secret| read_key(secret));
        Self(keys.collect())
    }

    /// The signatures of a message, one by each key.
    pub(super) fn sign(&self, id: &str, seconds: u64, body: &str) -> String {
        let signed = format!("{id}.{seconds}.{body}");
        let one = |key| {
            let tag = hmac::sign(key, signed.as_bytes());
            format!("{VERSION}{}", STANDARD.encode(tag.as_ref()))
        };
        self.0.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    /// Whether a message was signed by one of the keys, a moment ago.
    pub(super) fn have_signed(&self, headers: &HeaderMap, body: &[u8], now_s: u64) -> bool {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let (Some(id), Some(time), Some(signatures)) = (text(ID), text(TIMESTAMP), text(SIGNATURE))
        else {
            return false;
        };
        let is_fresh = |seconds: u64| now_s.abs_diff(seconds) <= LEEWAY.as_secs();
        if !time.parse().is_ok_and(is_fresh) {
            return false;
        }
        let signed = [id.as_bytes(), time.as_bytes(), body].join(&b'.');
        let tags = signatures.split(' ').filter_map(|one| {
            let text = one.strip_prefix(VERSION)?;
            STANDARD.decode(text).ok()
        });
        tags.take(WEBHOOK_SECRETS * 2).any(|tag| {
            let fits = |key| hmac::verify(key, &signed, &tag).is_ok();
            self.0.iter().any(fits)
        })
    }
}

fn read_key(line: &str) -> Option<hmac::Key> {
    let bytes = STANDARD.decode(line.strip_prefix(PREFIX)?).ok()?;
    let is_good = (24..=64).contains(&bytes.len());
    is_good.then(|| hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the convention's own libraries.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const EXAMPLE_ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const BODY: &str = r#"{"test": 2432232314}"#;
    const AT_S: u64 = 1_614_265_330;
    const SIGNED: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    fn keys() -> WebhookKeys {
        WebhookKeys::of(&[SECRET.to_owned()])
    }

    fn headers(id: &str, time: &str, signature: &str) -> HeaderMap {
        let fields = [(ID, id), (TIMESTAMP, time), (SIGNATURE, signature)];
        let fields = fields.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        fields.into_iter().collect()
    }

    #[test]
    fn a_signature_is_that_of_the_convention() {
        assert_eq!(keys().sign(EXAMPLE_ID, AT_S, BODY), SIGNED);
    }

    #[test]
    fn what_was_signed_a_moment_ago_is_known_and_nothing_else() {
        let (keys, time) = (keys(), AT_S.to_string());
        let knows = |headers, body: &str, now_s| keys.have_signed(&headers, body.as_bytes(), now_s);
        let good = || headers(EXAMPLE_ID, &time, SIGNED);
        assert!(knows(good(), BODY, AT_S) && knows(good(), BODY, AT_S + 300));
        assert!(knows(
            headers(EXAMPLE_ID, &time, &format!("v1a,x v1,AAAA {SIGNED}")),
            BODY,
            AT_S
        ));
        assert!(!knows(good(), BODY, AT_S + 301) && !knows(good(), BODY, AT_S - 301));
        assert!(!knows(good(), r#"{"test": 2432232315}"#, AT_S));
        let later = (AT_S + 1).to_string();
        for bad in [
            headers("msg", &time, SIGNED),
            headers(EXAMPLE_ID, &later, SIGNED),
            headers(EXAMPLE_ID, "soon", SIGNED),
            headers(EXAMPLE_ID, &time, ""),
            headers(EXAMPLE_ID, &time, SIGNED.strip_prefix("v1,").unwrap()),
            HeaderMap::new(),
        ] {
            assert!(!knows(bad, BODY, AT_S));
        }
    }

    #[test]
    fn a_new_secret_is_read_and_is_no_other() {
        let secrets = [new_secret(), new_secret()];
        assert!(secrets.iter().all(|secret| read_key(secret).is_some()));
        assert_ne!(secrets[0], secrets[1]);
    }

    #[test]
    fn a_secret_is_long_enough_and_marked() {
        for bad in [
            "",
            "whsec_",
            "whsec_AAAA",
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        ] {
            assert!(read_key(bad).is_none(), "{bad}");
        }
    }
}
