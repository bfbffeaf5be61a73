//! [`Verdict`]: what a classifier says of one picture, in [`Label`]s and [`Score`]s.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use crate::limits;

/// What may be seen in a picture, or be said of the looking itself: a word in `snake_case`.
///
/// ```
/// use visavis::moderation::Label;
/// assert_eq!(Label::new("weapons")?.as_str(), "weapons");
/// assert_eq!(Label::new("porn")?, Label::PORN);
/// assert!(Label::new("No Such Word").is_err());
/// # Ok::<(), visavis::moderation::BadLabel>(())
/// ```
#[derive(Clone)]
pub struct Label(Word);

/// The words that are built in cost nothing to name; an operator's own are shared.
#[derive(Clone)]
enum Word {
    BuiltIn(&'static str),
    Own(Arc<str>),
}

impl Label {
    /// The bundled model: sexual acts or parts, photographed.
    pub const PORN: Self = Self(Word::BuiltIn("porn"));
    /// The bundled model: the same, drawn.
    pub const HENTAI: Self = Self(Word::BuiltIn("hentai"));
    /// The bundled model: suggestive, not explicit.
    pub const SEXY: Self = Self(Word::BuiltIn("sexy"));
    /// The bundled model: a harmless drawing, and what it takes an empty picture for.
    pub const DRAWING: Self = Self(Word::BuiltIn("drawing"));
    /// The bundled model: none of these.
    pub const NEUTRAL: Self = Self(Word::BuiltIn("neutral"));
    /// The face detector finds nobody.
    pub const NO_FACE: Self = Self(Word::BuiltIn("no_face"));
    /// Black, flat or too dark: there is nothing to judge.
    pub const UNUSABLE: Self = Self(Word::BuiltIn("unusable"));
    /// The same picture again, or one that was played before.
    pub const FROZEN: Self = Self(Word::BuiltIn("frozen"));
    /// Near a picture on the list of hashes.
    pub const KNOWN_PICTURE: Self = Self(Word::BuiltIn("known_picture"));
    /// The picture cannot be decoded.
    pub const UNDECODABLE: Self = Self(Word::BuiltIn("undecodable"));
    /// Nobody has judged in time.
    pub const NO_VERDICT: Self = Self(Word::BuiltIn("no_verdict"));
    /// What others say: how credible their reports are together.
    pub const REPORTED: Self = Self(Word::BuiltIn("reported"));

    /// A label of that name.
    ///
    /// # Errors
    /// The word is empty, too long, or not in `snake_case`.
    pub fn new(word: &str) -> Result<Self, BadLabel> {
        let bytes = word.as_bytes();
        if bytes.len() > limits::LABEL_BYTES {
            return Err(BadLabel::TooLong);
        }
        let first = bytes.first().is_some_and(u8::is_ascii_lowercase);
        let snake = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
        if !first || !bytes.iter().all(snake) {
            return Err(BadLabel::NotSnakeCase);
        }
        Ok(Self(Word::Own(Arc::from(word))))
    }

    /// Whether it is said of what a visitor writes, and not of a picture.
    pub fn is_of_text(&self) -> bool {
        self.as_str().starts_with("text_")
    }

    /// Whether it is one of those that visavis gives itself.
    pub fn is_built_in(&self) -> bool {
        let own = [
            Self::PORN,
            Self::HENTAI,
            Self::SEXY,
            Self::DRAWING,
            Self::NEUTRAL,
            Self::NO_FACE,
            Self::UNUSABLE,
            Self::FROZEN,
            Self::KNOWN_PICTURE,
            Self::UNDECODABLE,
            Self::NO_VERDICT,
        ];
        own.contains(self)
            || self.is_of_text()
            || self.as_str().starts_with(Self::REPORTED.as_str())
    }

    /// The word itself.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Word::BuiltIn(word) => word,
            Word::Own(word) => word,
        }
    }
}

impl PartialEq for Label {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Label {}

impl Hash for Label {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl PartialOrd for Label {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Label {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

/// Why a word is no label.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadLabel {
    /// It does not begin with a small letter, or has more than small letters, digits and `_`.
    #[error("a label is written in snake_case")]
    NotSnakeCase,
    /// It is longer than the limit.
    #[error("a label has at most {} letters", limits::LABEL_BYTES)]
    TooLong,
}

/// How sure a classifier is of one label.
#[derive(Clone, PartialEq, Debug)]
pub struct Score {
    /// The label.
    pub label: Label,
    /// From 0 to 1, and finite.
    pub value: f32,
}

impl Score {
    /// A score, if the value is one.
    ///
    /// # Errors
    /// The value is not within 0 and 1.
    pub fn new(label: Label, value: f32) -> Result<Self, BadScore> {
        if (0.0..=1.0).contains(&value) {
            Ok(Self { label, value })
        } else {
            Err(BadScore)
        }
    }

    /// As sure as can be.
    pub const fn certain(label: Label) -> Self {
        Self { label, value: 1.0 }
    }
}

/// Why a value is no score.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a score is from 0 to 1")]
pub struct BadScore;

/// What a classifier says of one picture.
#[derive(Clone, PartialEq, Debug)]
pub struct Verdict {
    /// What it is sure of, and how sure.
    pub scores: Vec<Score>,
    /// Which pipeline looked: its models and hashes.
    pub version: Arc<str>,
    /// Whether there is a judgement at all.
    pub outcome: Outcome,
    /// How long it took from the hand-over.
    pub took: Duration,
}

/// Whether a picture was judged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It was.
    Judged,
    /// It cannot be decoded; the scores say [`Label::UNDECODABLE`].
    Undecodable,
    /// Not by the deadline; the scores say [`Label::NO_VERDICT`].
    Late,
    /// There is nobody to judge it; the scores say [`Label::NO_VERDICT`].
    Unavailable,
}

impl Verdict {
    /// A picture was judged.
    pub const fn judged(scores: Vec<Score>, version: Arc<str>, took: Duration) -> Self {
        Self {
            scores,
            version,
            outcome: Outcome::Judged,
            took,
        }
    }

    /// A picture cannot be decoded.
    pub fn undecodable(version: Arc<str>, took: Duration) -> Self {
        Self {
            scores: vec![Score::certain(Label::UNDECODABLE)],
            version,
            outcome: Outcome::Undecodable,
            took,
        }
    }

    /// A picture is not judged by the deadline.
    pub fn late(version: Arc<str>, took: Duration) -> Self {
        Self {
            scores: vec![Score::certain(Label::NO_VERDICT)],
            version,
            outcome: Outcome::Late,
            took,
        }
    }

    /// There is nobody to judge a picture.
    pub fn unavailable(version: Arc<str>, took: Duration) -> Self {
        Self {
            outcome: Outcome::Unavailable,
            ..Self::late(version, took)
        }
    }

    /// How sure it is of a label: not at all where it does not speak of it.
    pub fn score_of(&self, label: &Label) -> f32 {
        self.scores
            .iter()
            .filter(|score| score.label == *label)
            .fold(0.0, |most, score| most.max(score.value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_a_short_word_in_snake_case() {
        for word in ["porn", "no_face", "class_2", "a"] {
            assert_eq!(Label::new(word).unwrap().as_str(), word);
        }
        for word in ["", "Porn", "no face", "2_class", "_x", "nö"] {
            assert_eq!(Label::new(word), Err(BadLabel::NotSnakeCase), "{word:?}");
        }
        let longest = "a".repeat(limits::LABEL_BYTES);
        assert!(Label::new(&longest).is_ok());
        assert_eq!(Label::new(&(longest + "a")), Err(BadLabel::TooLong));
    }

    #[test]
    fn a_label_is_the_same_however_it_was_made() {
        let own = Label::new("porn").unwrap();
        assert_eq!(own, Label::PORN);
        assert_eq!(own.cmp(&Label::PORN), Ordering::Equal);
        let set: std::collections::HashSet<_> = [own, Label::PORN].into_iter().collect();
        assert_eq!(set.len(), 1);
    }

    #[test]
    fn what_is_not_within_0_and_1_is_no_score() {
        for value in [0.0, 0.5, 1.0] {
            assert!(Score::new(Label::PORN, value).is_ok());
        }
        for value in [-0.1, 1.1, f32::NAN, f32::INFINITY] {
            assert_eq!(Score::new(Label::PORN, value), Err(BadScore));
        }
    }

    #[test]
    fn a_verdict_without_judgement_carries_its_label() {
        let version: Arc<str> = Arc::from("test");
        let late = Verdict::late(Arc::clone(&version), Duration::ZERO);
        assert!(late.score_of(&Label::NO_VERDICT) >= 1.0);
        assert!(late.score_of(&Label::UNDECODABLE) <= 0.0);
        let broken = Verdict::undecodable(version, Duration::ZERO);
        assert!(broken.score_of(&Label::UNDECODABLE) >= 1.0);
    }
}
