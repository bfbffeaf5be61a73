//! [`Wish`]: what a visitor wants, and its words made comparable.

use std::sync::Arc;

use super::door::{Common, Refusal};
use super::rules::Rules;
use crate::age::AgeBand;
use crate::direction::Direction;
use crate::limits;
use crate::private::Private;

/// What a visitor says at the door.
#[derive(Debug)]
pub struct Wish {
    /// With a leg or without.
    pub door: Door,
    /// The band of ages that they are in; none for one who does not say to be of age.
    pub band: Option<AgeBand>,
    /// What they would like to talk about.
    pub interests: Vec<String>,
    /// BCP 47 tags of what they speak.
    pub languages: Vec<String>,
}

/// Which of the doors: those who come by one never meet those who come by another.
#[derive(Debug)]
pub enum Door {
    /// Camera and microphone, with an SDP offer that the lobby hands on unread.
    Video {
        /// The offer.
        offer: Private<String>,
    },
    /// Camera and microphone, for matches that a backend decides on: see [`super::Lobby::pair`].
    Led {
        /// The offer.
        offer: Private<String>,
        /// Which way it goes: whoever only sends needs a player to see anybody.
        direction: Direction,
    },
    /// Text only.
    Text,
}

/// An interest: trimmed, single-spaced, in small letters.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(super) struct Interest(Arc<str>);

/// The language of a BCP 47 tag, without script, region and the rest: `fr-CA` meets `fr`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(super) struct Language(Arc<str>);

/// Reads interests as a visitor writes them.
///
/// # Errors
/// [`Refusal::BadInterests`] for too many, and for one that is empty, too long or unprintable.
pub(super) fn interests(words: &[String], rules: &Rules) -> Result<Vec<Interest>, Refusal> {
    if words.len() > rules.interests {
        return Err(Refusal::BadInterests);
    }
    let mut interests = Vec::with_capacity(words.len());
    for word in words {
        if word.chars().count() > rules.interest_chars || word.chars().any(char::is_control) {
            return Err(Refusal::BadInterests);
        }
        let word = word.trim_start_matches(['#', ' ']).to_lowercase();
        let word = word.split_whitespace().collect::<Vec<_>>().join(" ");
        if word.is_empty() {
            return Err(Refusal::BadInterests);
        }
        let interest = Interest(word.into());
        if !interests.contains(&interest) {
            interests.push(interest);
        }
    }
    Ok(interests)
}

/// Reads languages as a browser names them.
///
/// # Errors
/// [`Refusal::BadLanguages`] for too many, and for one that is not a tag (RFC 5646, 2.1).
pub(super) fn languages(tags: &[String], rules: &Rules) -> Result<Vec<Language>, Refusal> {
    if tags.len() > rules.languages {
        return Err(Refusal::BadLanguages);
    }
    let mut languages = Vec::with_capacity(tags.len());
    for tag in tags {
        let language = language(tag).ok_or(Refusal::BadLanguages)?;
        if !languages.contains(&language) {
            languages.push(language);
        }
    }
    Ok(languages)
}

fn language(tag: &str) -> Option<Language> {
    if tag.len() > limits::LANGUAGE_CHARS {
        return None;
    }
    let mut subtags = tag.split('-');
    let primary = subtags.next()?;
    let primary_fits =
        (2..=8).contains(&primary.len()) && primary.bytes().all(|byte| byte.is_ascii_alphabetic());
    let rest_fits = subtags.all(|subtag| {
        (1..=8).contains(&subtag.len()) && subtag.bytes().all(|byte| byte.is_ascii_alphanumeric())
    });
    (primary_fits && rest_fits).then(|| Language(primary.to_ascii_lowercase().into()))
}

/// What two lists of each kind have in common.
pub(super) fn common(interests: [&[Interest]; 2], languages: [&[Language]; 2]) -> Common {
    let [ours, theirs] = interests;
    let interests = ours.iter().filter(|word| theirs.contains(word));
    let [spoken, understood] = languages;
    let languages = spoken.iter().filter(|word| understood.contains(word));
    Common {
        interests: interests.map(|word| word.0.to_string()).collect(),
        languages: languages.map(|word| word.0.to_string()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    fn rules() -> Rules {
        Rules::from(&config::Lobby::default())
    }

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|&word| word.to_owned()).collect()
    }

    #[test]
    fn an_interest_is_the_same_however_it_is_spelled() {
        let spelled = interests(&words(&["Chess", " #chess", "Science  Fiction"]), &rules());
        let plain = interests(&words(&["chess", "science fiction"]), &rules());
        assert_eq!(spelled.unwrap(), plain.unwrap());
    }

    #[test]
    fn an_interest_that_says_nothing_is_refused() {
        for bad in ["", "  ", "#", "a\u{7}b"] {
            assert_eq!(
                interests(&words(&[bad]), &rules()),
                Err(Refusal::BadInterests),
                "{bad:?}"
            );
        }
    }

    #[test]
    fn interests_are_counted_in_characters_and_not_in_bytes() {
        let rules = rules();
        let as_long_as_allowed = "é".repeat(rules.interest_chars);
        assert!(interests(&[as_long_as_allowed], &rules).is_ok());
        let too_long = "é".repeat(rules.interest_chars + 1);
        assert_eq!(interests(&[too_long], &rules), Err(Refusal::BadInterests));
    }

    #[test]
    fn too_many_are_refused() {
        let rules = rules();
        let many: Vec<_> = (0..=rules.interests)
            .map(|number| number.to_string())
            .collect();
        assert_eq!(interests(&many, &rules), Err(Refusal::BadInterests));
        assert!(interests(&many[1..], &rules).is_ok());
        let many = vec!["en".to_owned(); rules.languages + 1];
        assert_eq!(languages(&many, &rules), Err(Refusal::BadLanguages));
        assert!(languages(&many[1..], &rules).is_ok());
    }

    #[test]
    fn a_language_is_known_without_its_region() {
        let read = languages(&words(&["fr-CA", "FR", "zh-Hant-TW"]), &rules()).unwrap();
        assert_eq!(read, [Language("fr".into()), Language("zh".into())]);
    }

    #[test]
    fn what_is_not_a_language_tag_is_refused() {
        for bad in ["", "e", "en_GB", "en-", "français", "1en", "abcdefghi"] {
            assert_eq!(
                languages(&words(&[bad]), &rules()),
                Err(Refusal::BadLanguages),
                "{bad:?}"
            );
        }
    }
}
