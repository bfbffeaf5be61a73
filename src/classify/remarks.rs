//! [`Remarks`]: what is said of a text that one visitor writes to another: words and their disguises
//! by a list, and an operator's own patterns. It finds neither grooming nor coercion.

use regex::{Regex, RegexBuilder};
use rustrict::{Censor, Type};

use crate::limits;
use crate::moderation::{BadLabel, Label, Score};

/// The kinds of words that the list knows, and the labels they get.
const KINDS: [(Type, &str); 5] = [
    (Type::PROFANE, "text_profane"),
    (Type::OFFENSIVE, "text_offensive"),
    (Type::SEXUAL, "text_sexual"),
    (Type::MEAN, "text_mean"),
    (Type::SPAM, "text_spam"),
];

/// How bad a word is, the worst first, and the score it gets.
const DEGREES: [(Type, f32); 3] = [
    (Type::SEVERE, 0.9),
    (Type::MODERATE, 0.6),
    (Type::MILD, 0.3),
];

/// Judges texts.
#[derive(Clone, Default, Debug)]
pub struct Remarks {
    own: Vec<(Label, Regex)>,
}

/// Why a pattern cannot be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PatternError {
    /// It has no label.
    #[error("{0} has no label before an equals sign")]
    NoLabel(String),
    /// The label is none, or one for pictures.
    #[error("{0}: a label of texts begins with text_ and is written in snake_case")]
    BadLabel(String),
    /// The expression is none, or too large.
    #[error("{pattern}: {reason}")]
    BadPattern {
        /// The pattern.
        pattern: String,
        /// What is wrong, in one line.
        reason: String,
    },
}

impl Remarks {
    /// With an operator's own patterns, each as `LABEL=EXPRESSION` in the syntax of the crate
    /// `regex`, whatever the case of its letters. It takes time in proportion to the text, whatever
    /// the expression.
    ///
    /// ```
    /// use visavis::classify::remarks::Remarks;
    /// let own = Remarks::parse(&["text_elsewhere=(telegram|whats?app)".to_owned()]).unwrap();
    /// assert_eq!(own.scores("write me on WhatsApp")[0].label.as_str(), "text_elsewhere");
    /// assert!(Remarks::parse(&["porn=x".to_owned()]).is_err());
    /// ```
    ///
    /// # Errors
    /// The first pattern that is wrong.
    pub fn parse(patterns: &[String]) -> Result<Self, PatternError> {
        let own = patterns.iter().map(|pattern| read(pattern));
        Ok(Self {
            own: own.collect::<Result<_, _>>()?,
        })
    }

    /// What is said of a text; nothing where nothing is to be said.
    pub fn scores(&self, text: &str) -> Vec<Score> {
        let found = Censor::from_str(text).analyze();
        let listed = KINDS.iter().filter_map(|(kind, label)| {
            let degree = DEGREES.iter().find(|(degree, _)| found.is(*kind & *degree));
            let (_, value) = *degree?;
            let label = Label::new(label).ok()?;
            Some(Score { label, value })
        });
        let own = self
            .own
            .iter()
            .filter(|(_, pattern)| pattern.is_match(text));
        let own = own.map(|(label, _)| Score::certain(label.clone()));
        listed.chain(own).collect()
    }
}

fn read(pattern: &str) -> Result<(Label, Regex), PatternError> {
    let (label, expression) = pattern
        .split_once('=')
        .ok_or_else(|| PatternError::NoLabel(pattern.to_owned()))?;
    let label = Label::new(label.trim())
        .map_err(|_: BadLabel| PatternError::BadLabel(pattern.to_owned()))?;
    if !label.is_of_text() {
        return Err(PatternError::BadLabel(pattern.to_owned()));
    }
    let expression = RegexBuilder::new(expression)
        .case_insensitive(true)
        .size_limit(limits::PATTERN_BYTES)
        .build()
        .map_err(|error| PatternError::BadPattern {
            pattern: pattern.to_owned(),
            reason: error
                .to_string()
                .lines()
                .last()
                .unwrap_or_default()
                .to_owned(),
        })?;
    Ok((label, expression))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(text: &str) -> Vec<(String, f32)> {
        let scores = Remarks::default().scores(text);
        let scores = scores.into_iter();
        scores
            .map(|score| (score.label.to_string(), score.value))
            .collect()
    }

    #[test]
    fn ordinary_talk_is_said_nothing_of() {
        for text in [
            "hi, where are you from?",
            "Ich komme aus Köln und mag Musik",
            "j'aime bien le classique",
            "class assignment in Scunthorpe",
            "",
            "🙂🙂",
        ] {
            assert_eq!(labels(text), [], "{text}");
        }
    }

    #[test]
    fn disguises_are_seen_through() {
        for text in ["fuck you", "f u c k you", "FÚCK you", "fvck you"] {
            let found = labels(text);
            assert!(
                found.iter().any(|(label, _)| label == "text_profane"),
                "{text}: {found:?}"
            );
        }
    }

    #[test]
    fn a_worse_word_has_a_higher_score() {
        let score = |text: &str, label: &str| {
            let found = labels(text);
            let one = found.iter().find(|(name, _)| name == label);
            one.map_or(0.0, |(_, value)| *value)
        };
        assert!(score("crap", "text_profane") < score("fuck", "text_profane"));
    }

    #[test]
    fn a_pattern_that_is_none_is_told_with_its_reason() {
        let wrong = |pattern: &str| Remarks::parse(&[pattern.to_owned()]).unwrap_err();
        assert_eq!(wrong("x"), PatternError::NoLabel("x".to_owned()));
        assert_eq!(
            wrong("reported=x"),
            PatternError::BadLabel("reported=x".to_owned())
        );
        assert!(matches!(wrong("text_a=("), PatternError::BadPattern { .. }));
        let huge = format!("text_a={}", "\\w{100}{100}{100}");
        assert!(matches!(wrong(&huge), PatternError::BadPattern { .. }));
    }
}
