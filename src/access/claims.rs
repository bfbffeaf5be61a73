//! [`Claims`]: what an access token says (RFC 7519, 4).

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Flaw;
use crate::age::Age;
use crate::limits;
use crate::private::Private;

/// This service, as a token names it.
const US: &str = "visavis";

/// What a token says. Fields that are not ours are passed over.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Claims {
    /// Who, in a name that means something to the operator alone.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "maybe_wire"
    )]
    pub sub: Option<Private<String>>,
    /// What its holder may do: the words of [`Grant`].
    #[serde(default)]
    pub grants: Vec<String>,
    /// In which band of ages they are, and who says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age: Option<Age>,
    /// What they are matched by, in place of what they say themselves.
    #[serde(default, skip_serializing_if = "Attributes::is_none")]
    pub attributes: Attributes,
    /// Until when it holds, in seconds since 1970.
    #[serde(deserialize_with = "seconds")]
    pub exp: u64,
    /// From when on.
    #[serde(
        default,
        deserialize_with = "maybe_seconds",
        skip_serializing_if = "Option::is_none"
    )]
    pub nbf: Option<u64>,
    /// When it was made.
    #[serde(
        default,
        deserialize_with = "maybe_seconds",
        skip_serializing_if = "Option::is_none"
    )]
    pub iat: Option<u64>,
    /// For which services, where the same key signs for several (RFC 7519, 4.1.3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aud: Option<Audience>,
    /// A name of its own: the token is good for one use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
}

/// One service or several.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Audience {
    /// One.
    One(String),
    /// Any of these.
    Several(Vec<String>),
}

/// What somebody is matched by.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Attributes {
    /// What they would like to talk about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interests: Option<Vec<String>>,
    /// BCP 47 tags of what they speak.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub languages: Option<Vec<String>>,
}

impl Attributes {
    fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// Something that a token allows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Grant {
    /// To come in by the door and be matched.
    Visit,
    /// To send sound and picture over HTTP.
    Publish,
    /// To see what a leg sends without facing it.
    Watch,
    /// To make matches, as an operator's own backend.
    Backend,
    /// To act on whoever sends by a leg, as a moderation of the operator's own.
    Moderate,
    /// All that the others allow.
    Admin,
}

impl Grant {
    /// Every grant.
    pub const ALL: [Self; 6] = [
        Self::Visit,
        Self::Publish,
        Self::Watch,
        Self::Backend,
        Self::Moderate,
        Self::Admin,
    ];

    /// As it is written in a token.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Visit => "visit",
            Self::Publish => "publish",
            Self::Watch => "watch",
            Self::Backend => "backend",
            Self::Moderate => "moderate",
            Self::Admin => "admin",
        }
    }
}

impl Claims {
    /// Whether they hold at a time, which the two clocks may see a little differently.
    ///
    /// # Errors
    /// They do not hold yet, or no longer.
    pub fn hold_at(&self, now_s: u64) -> Result<(), Flaw> {
        let leeway = limits::TOKEN_LEEWAY.as_secs();
        if now_s >= self.exp.saturating_add(leeway) {
            return Err(Flaw::Expired);
        }
        let latest = now_s.saturating_add(leeway);
        let begins = [self.nbf, self.iat].into_iter().flatten().max();
        if begins.is_some_and(|begins| begins > latest) {
            return Err(Flaw::Early);
        }
        Ok(())
    }

    /// Whether they are for this service, or do not say for which.
    pub(super) fn are_for_us(&self) -> bool {
        match &self.aud {
            None => true,
            Some(Audience::One(name)) => name == US,
            Some(Audience::Several(names)) => names.iter().any(|name| name == US),
        }
    }

    /// Whether their holder is a service of the operator's, and nobody who only sends and receives.
    pub fn are_of_a_backend(&self) -> bool {
        self.allow(Grant::Backend) || self.allow(Grant::Moderate)
    }

    /// Whether they allow something.
    pub fn allow(&self, grant: Grant) -> bool {
        let is_enough = |word: &String| word == grant.word() || word == Grant::Admin.word();
        self.grants.iter().any(is_enough)
    }
}

/// A date of a token may have a fraction (RFC 7519, 2), which is of no account here.
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let number = serde_json::Number::deserialize(deserializer)?;
    let fraction = || number.as_f64().filter(|seconds| *seconds >= 0.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float is clamped to what the integer holds"
    )]
    number
        .as_u64()
        .or_else(|| fraction().map(|seconds| seconds as u64))
        .ok_or_else(|| serde::de::Error::custom("not a date after 1970"))
}

fn maybe_seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    seconds(deserializer).map(Some)
}

fn maybe_wire<S: Serializer>(
    value: &Option<Private<String>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    value.as_ref().map(Private::reveal).serialize(serializer)
}
