//! [`Age`]: the band of ages that a visitor is in, and how sure somebody is of it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Ages that may meet each other. Two bands never do.
#[derive(
    Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize, ToSchema,
)]
pub enum AgeBand {
    /// Thirteen to fifteen.
    #[serde(rename = "13-15")]
    From13,
    /// Sixteen and seventeen.
    #[serde(rename = "16-17")]
    From16,
    /// Eighteen and over.
    #[serde(rename = "adult")]
    Adult,
}

impl AgeBand {
    /// Every band, the youngest first.
    pub const ALL: [Self; 3] = [Self::From13, Self::From16, Self::Adult];

    /// As it is written in a token and in the configuration.
    pub const fn word(self) -> &'static str {
        match self {
            Self::From13 => "13-15",
            Self::From16 => "16-17",
            Self::Adult => "adult",
        }
    }
}

/// How sure somebody is of a band; the later the surer.
#[derive(
    Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Assurance {
    /// The visitor says so.
    SelfDeclared,
    /// A program guessed it, from a face for instance.
    Estimated,
    /// A document, a bank or the like says so.
    Verified,
}

impl Assurance {
    /// Every kind, the least sure first.
    pub const ALL: [Self; 3] = [Self::SelfDeclared, Self::Estimated, Self::Verified];

    /// As it is written in a token and in the configuration.
    pub const fn word(self) -> &'static str {
        match self {
            Self::SelfDeclared => "self-declared",
            Self::Estimated => "estimated",
            Self::Verified => "verified",
        }
    }
}

/// The band of ages that a visitor is in, and how sure somebody is of it; or the least that is
/// asked of those in a band.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, ToSchema)]
pub struct Age {
    /// The band.
    pub band: AgeBand,
    /// How sure.
    pub assurance: Assurance,
}

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.band.word(), self.assurance.word())
    }
}

/// The text is no band with an assurance.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not a band of ages with its assurance, as adult=verified")]
pub struct NoAge;

impl FromStr for Age {
    type Err = NoAge;

    fn from_str(text: &str) -> Result<Self, NoAge> {
        let (band, assurance) = text.split_once('=').ok_or(NoAge)?;
        let band = AgeBand::ALL.into_iter().find(|one| one.word() == band);
        let assurance = Assurance::ALL
            .into_iter()
            .find(|one| one.word() == assurance);
        Ok(Self {
            band: band.ok_or(NoAge)?,
            assurance: assurance.ok_or(NoAge)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_written_as_it_is_read() {
        for band in AgeBand::ALL {
            for assurance in Assurance::ALL {
                let age = Age { band, assurance };
                assert_eq!(age.to_string().parse(), Ok(age));
                let json = serde_json::to_value(age).unwrap();
                assert_eq!(json["band"], band.word());
                assert_eq!(json["assurance"], assurance.word());
            }
        }
        for bad in [
            "",
            "adult",
            "adult=",
            "=verified",
            "Adult=verified",
            "adult=sure",
        ] {
            assert_eq!(bad.parse::<Age>(), Err(NoAge), "{bad:?}");
        }
    }

    #[test]
    fn the_surer_is_the_greater() {
        assert!(Assurance::SelfDeclared < Assurance::Estimated);
        assert!(Assurance::Estimated < Assurance::Verified);
    }
}
