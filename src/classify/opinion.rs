//! What is said to an operator's or a vendor's own service about a picture, and what its answer means.
//!
//! The picture goes as WebP, which needs no coding: 20 bytes make a file of a VP8 keyframe. The answer
//! is `{"labels": {"nudity": 0.97}}`, in the service's own words, which a table turns into ours.

use std::collections::BTreeMap;

use aws_lc_rs::hmac;
use serde::Deserialize;

use super::judgement::Unfit;
use crate::limits::SCORES;
use crate::moderation::{BadLabel, Label, Score};

/// Which of a service's words means which label. Words that are not in it are not heard.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct LabelMap(BTreeMap<String, Label>);

/// Why a table is wrong.
#[derive(Clone, PartialEq, Eq, thiserror::Error, Debug)]
pub enum MapError {
    /// There is nothing in it.
    #[error("at least one word of the service, as nudity=porn")]
    Empty,
    /// It has no `=`.
    #[error("written as nudity=porn, and not {0:?}")]
    Shape(String),
    /// What should be a label of ours is none.
    #[error("{word:?} cannot be a label: {source}")]
    Label {
        /// What was written.
        word: String,
        /// Why not.
        source: BadLabel,
    },
}

#[derive(Deserialize)]
struct Answer {
    labels: BTreeMap<String, f32>,
}

impl LabelMap {
    /// Reads entries of the form `nudity=porn`.
    ///
    /// # Errors
    /// The first that is wrong, or there is none.
    pub fn parse(entries: &[String]) -> Result<Self, MapError> {
        let mut map = BTreeMap::new();
        for entry in entries {
            let Some((theirs, ours)) = entry.split_once('=') else {
                return Err(MapError::Shape(entry.clone()));
            };
            let label = Label::new(ours.trim()).map_err(|source| MapError::Label {
                word: ours.to_owned(),
                source,
            })?;
            map.insert(theirs.trim().to_owned(), label);
        }
        match map.is_empty() {
            true => Err(MapError::Empty),
            false => Ok(Self(map)),
        }
    }

    /// The scores in an answer, in our words.
    ///
    /// # Errors
    /// It is no answer, or a value in it no score.
    pub fn scores(&self, body: &[u8]) -> Result<Vec<Score>, Unfit> {
        let answer: Answer = serde_json::from_slice(body).map_err(|_| Unfit)?;
        if answer.labels.len() > SCORES {
            return Err(Unfit);
        }
        let ours = |(word, value): (&String, &f32)| {
            let label = self.0.get(word)?.clone();
            Some(Score::new(label, *value).map_err(Unfit::from))
        };
        answer.labels.iter().filter_map(ours).collect()
    }
}

/// A VP8 keyframe as a WebP file.
pub fn webp(keyframe: &[u8]) -> Vec<u8> {
    let length = u32::try_from(keyframe.len()).unwrap_or(u32::MAX);
    // A chunk has an even length; its own does not count the last byte.
    let padding = length % 2;
    let whole = length.saturating_add(12 + padding);
    let mut file = Vec::with_capacity(keyframe.len() + 21);
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&whole.to_le_bytes());
    file.extend_from_slice(b"WEBPVP8 ");
    file.extend_from_slice(&length.to_le_bytes());
    file.extend_from_slice(keyframe);
    if padding == 1 {
        file.push(0);
    }
    file
}

/// What a request is signed with: HMAC-SHA-256 over the time in seconds since 1970, a full stop, the
/// idempotency key, a full stop and the body; in hexadecimal digits.
///
/// ```
/// use visavis::classify::opinion::signature;
/// let signed = signature(b"secret", 1_700_000_000, "abc", b"picture");
/// assert!(signed.starts_with("5d3887edfc23a751"));
/// ```
pub fn signature(secret: &[u8], seconds: u64, idempotency_key: &str, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let mut signing = hmac::Context::with_key(&key);
    signing.update(format!("{seconds}.{idempotency_key}.").as_bytes());
    signing.update(body);
    hex::encode(signing.sign())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(entries: &[&str]) -> Result<LabelMap, MapError> {
        let entries: Vec<_> = entries.iter().map(|entry| (*entry).to_owned()).collect();
        LabelMap::parse(&entries)
    }

    #[test]
    fn an_answer_is_read_in_our_words() {
        let map = map(&["nudity=porn", "gun = weapons"]).unwrap();
        let body = br#"{"id": 7, "labels": {"nudity": 0.5, "gun": 1, "dog": 0.9}}"#;
        let scores = map.scores(body).unwrap();
        let read: Vec<_> = scores
            .iter()
            .map(|score| (score.label.as_str(), score.value))
            .collect();
        assert_eq!(read, [("weapons", 1.0), ("porn", 0.5)]);
    }

    #[test]
    fn an_answer_that_is_none_is_refused() {
        let map = map(&["nudity=porn"]).unwrap();
        for body in ["", "[]", "{}", r#"{"labels": {"nudity": 2}}"#] {
            assert!(map.scores(body.as_bytes()).is_err(), "{body}");
        }
        assert_eq!(map.scores(br#"{"labels": {}}"#).unwrap(), []);
    }

    #[test]
    fn a_table_that_is_wrong_says_where() {
        assert_eq!(map(&[]).unwrap_err(), MapError::Empty);
        let shape = MapError::Shape("nudity".to_owned());
        assert_eq!(map(&["nudity"]).unwrap_err(), shape);
        assert!(matches!(map(&["a=B"]), Err(MapError::Label { .. })));
    }

    #[test]
    fn a_keyframe_becomes_a_file() {
        assert_eq!(webp(&[7]), b"RIFF\x0e\0\0\0WEBPVP8 \x01\0\0\0\x07\0"[..]);
        assert_eq!(webp(&[7, 7]).len(), 22);
    }
}
