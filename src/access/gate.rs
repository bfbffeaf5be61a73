//! [`Gate`]: whether somebody may come in, with a token or without.

use std::sync::Arc;

use parking_lot::Mutex;

use super::spent::Spent;
use super::{Attributes, Claims, Flaw, Grant, Keyring};
use crate::age::{Age, AgeBand, Assurance};
use crate::config;
use crate::limits;
use crate::metrics;
use crate::private::Private;

/// With any of these a connection may be made.
pub const COMING_IN: [Grant; 4] = [Grant::Visit, Grant::Publish, Grant::Watch, Grant::Backend];

/// Whether somebody may come in; cheap to clone, one memory for all clones.
#[derive(Clone)]
pub struct Gate(Arc<Inside>);

struct Inside {
    guests: bool,
    demands: Vec<Age>,
    keyring: Keyring,
    spent: Mutex<Spent>,
}

/// What somebody who may come in comes in as.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pass {
    /// In which band of ages; none for a visitor who does not say to be of age.
    pub band: Option<AgeBand>,
    /// Who they are to the operator.
    pub subject: Option<Private<String>>,
    /// What they are matched by, in place of what they say themselves.
    pub attributes: Attributes,
    /// From when on it is worth nothing, in seconds since 1970; without a token never.
    pub ends_s: Option<u64>,
}

/// Whose request over HTTP is let in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Admitted {
    /// Who they are to the operator.
    pub subject: Option<Private<String>>,
    /// The band of ages of the legs that they open.
    pub band: AgeBand,
    /// Whether they are a service of the operator's, and nobody who only sends and receives.
    pub is_backend: bool,
}

impl Pass {
    /// Whether it is still worth something.
    pub fn holds_at(&self, now_s: u64) -> bool {
        self.ends_s.is_none_or(|ends_s| now_s < ends_s)
    }
}

/// Why somebody may not come in. What is wrong with a token stays with us.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    /// No token, or not a good one.
    #[error("the access token is missing or not good")]
    Unauthorized,
    /// A good one, for something else.
    #[error("the access token does not allow this")]
    Forbidden,
    /// A band that is not let in, or that somebody must be surer of.
    #[error("the age is not one that is let in, or not assured well enough")]
    AgeNotAssured,
}

impl Gate {
    /// A gate by the configuration, whose keys were read.
    pub fn new(config: &config::Access, keyring: Keyring) -> Self {
        Self(Arc::new(Inside {
            guests: config.guests,
            demands: config.least_assurance.iter().map(|one| one.0).collect(),
            keyring,
            spent: Mutex::default(),
        }))
    }

    /// Lets a visitor in, by what they say of their age themselves and by what a check has just found. A
    /// token for one use is used up by that, and by nothing less.
    ///
    /// # Errors
    /// The visitor may not come in.
    pub fn admit(
        &self,
        token: Option<&Private<String>>,
        (says_adult, checked): (bool, Option<Age>),
        now_s: u64,
    ) -> Result<Pass, Refusal> {
        let own_word = says_adult.then_some(Age {
            band: AgeBand::Adult,
            assurance: Assurance::SelfDeclared,
        });
        let Some(token) = token else {
            if !self.0.guests {
                return Err(refused("no_token", Refusal::Unauthorized));
            }
            return Ok(Pass {
                band: self.band_of(checked.or(own_word))?,
                subject: None,
                attributes: Attributes::default(),
                ends_s: None,
            });
        };
        let claims = self.read(token, Grant::Visit, now_s)?;
        let band = self.band_of(checked.or(claims.age).or(own_word))?;
        self.spend(&claims, now_s).map_err(flawed)?;
        Ok(Pass {
            band,
            subject: claims.sub,
            attributes: claims.attributes,
            ends_s: Some(claims.exp),
        })
    }

    /// Lets a backend in, or somebody who sends by its leave: who they are, and the band of ages of the
    /// legs that they open. Whose token does not say is of age by the word of whoever made it.
    ///
    /// # Errors
    /// The token does not allow it.
    pub fn admit_backend(
        &self,
        token: Option<&Private<String>>,
        grant: Grant,
        now_s: u64,
    ) -> Result<Admitted, Refusal> {
        let token = token.ok_or_else(|| refused("no_token", Refusal::Unauthorized))?;
        let claims = self.read(token, grant, now_s)?;
        let age = claims.age.unwrap_or(Age {
            band: AgeBand::Adult,
            assurance: Assurance::SelfDeclared,
        });
        let band = self.band_of(Some(age))?;
        self.spend(&claims, now_s).map_err(flawed)?;
        let band = band.ok_or_else(|| refused("age", Refusal::AgeNotAssured))?;
        let is_backend = claims.are_of_a_backend();
        Ok(Admitted {
            subject: claims.sub,
            band,
            is_backend,
        })
    }

    /// What the token says of somebody who will come in later, themselves or by a leg that is opened for
    /// them; nothing of a guest. A token for one use is not used up.
    ///
    /// # Errors
    /// They could not come in.
    pub fn recognize(
        &self,
        token: Option<&Private<String>>,
        now_s: u64,
    ) -> Result<Option<Claims>, Refusal> {
        match token {
            Some(token) => self.read_any(token, &COMING_IN, now_s).map(Some),
            None if self.0.guests => Ok(None),
            None => Err(refused("no_token", Refusal::Unauthorized)),
        }
    }

    /// What a token says that allows something now. One for one use is not used up.
    ///
    /// # Errors
    /// It is not good, or for something else.
    pub fn read(
        &self,
        token: &Private<String>,
        grant: Grant,
        now_s: u64,
    ) -> Result<Claims, Refusal> {
        self.read_any(token, &[grant], now_s)
    }

    fn read_any(
        &self,
        token: &Private<String>,
        grants: &[Grant],
        now_s: u64,
    ) -> Result<Claims, Refusal> {
        let claims = self.0.keyring.read(token.reveal()).map_err(flawed)?;
        claims.hold_at(now_s).map_err(flawed)?;
        if grants.iter().any(|grant| claims.allow(*grant)) {
            Ok(claims)
        } else {
            Err(refused("grant", Refusal::Forbidden))
        }
    }

    /// The band, if enough is known of it. Of one who says nothing the lobby has the last word.
    fn band_of(&self, age: Option<Age>) -> Result<Option<AgeBand>, Refusal> {
        let Some(age) = age else { return Ok(None) };
        let demand = self.0.demands.iter().find(|least| least.band == age.band);
        match demand {
            Some(least) if age.assurance >= least.assurance => Ok(Some(age.band)),
            Some(_) | None => Err(refused("age", Refusal::AgeNotAssured)),
        }
    }

    fn spend(&self, claims: &Claims, now_s: u64) -> Result<(), Flaw> {
        let Some(name) = &claims.jti else {
            return Ok(());
        };
        let ends_s = claims.exp.saturating_add(limits::TOKEN_LEEWAY.as_secs());
        self.0.spent.lock().spend(name, ends_s, now_s)
    }
}

impl Default for Gate {
    /// Lets guests in, and knows no key.
    fn default() -> Self {
        Self::new(&config::Access::default(), Keyring::default())
    }
}

#[cfg(test)]
#[path = "gate_tests.rs"]
mod tests;

fn flawed(flaw: Flaw) -> Refusal {
    refused(flaw.word(), Refusal::Unauthorized)
}

fn refused(reason: &'static str, refusal: Refusal) -> Refusal {
    metrics::ACCESS_REFUSED.counter_of(reason).increment(1);
    refusal
}
