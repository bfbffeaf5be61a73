//! [`Challenges`]: what visitors without a token do before they are let in, so that nobody comes a
//! thousand times for nothing.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::captcha::{Captcha, Unreachable};
use super::message::{ChallengeKind as Kind, ErrorCode, FromServer};
use super::prefixes::prefix;
use crate::access::{Crowding, Unproved, Work};
use crate::config::{self, ChallengeKind};
use crate::limits;
use crate::metrics::CHALLENGES;
use crate::private::Private;

pub use super::captcha::CaptchaError;

/// What is asked of whom. By default nobody is asked for anything.
#[derive(Default)]
pub struct Challenges(Option<Asking>);

struct Asking {
    config: config::Challenge,
    crowding: Mutex<Crowding<IpAddr>>,
    captcha: Option<Captcha>,
}

/// What one WebSocket was asked for, and how far it has come.
pub(super) struct Progress {
    network: Option<IpAddr>,
    stands: Stands,
    failures: u32,
}

enum Stands {
    Unasked,
    Asked(Challenge),
    Passed,
}

enum Challenge {
    Work(Work),
    Captcha { given: Instant },
}

impl Progress {
    /// Nothing was asked yet of one who comes from this address.
    pub(super) fn new(address: Option<IpAddr>) -> Self {
        Self {
            network: address.map(prefix),
            stands: Stands::Unasked,
            failures: 0,
        }
    }

    /// Whether so many answers were wrong that nobody listens any longer.
    pub(super) const fn is_given_up(&self) -> bool {
        self.failures >= limits::CHALLENGE_TRIES
    }
}

impl Challenges {
    /// By the configuration.
    ///
    /// # Errors
    /// It names a captcha that cannot be used.
    pub fn new(config: &config::Challenge) -> Result<Self, CaptchaError> {
        let captcha = match config.kind {
            ChallengeKind::None => return Ok(Self(None)),
            ChallengeKind::Work => None,
            ChallengeKind::Captcha => Some(Captcha::read(config)?),
        };
        let half_life = Duration::from_millis(config.half_life_ms);
        Ok(Self(Some(Asking {
            config: config.clone(),
            crowding: Mutex::new(Crowding::new(half_life, limits::ARRIVING_NETWORKS)),
            captcha,
        })))
    }

    /// Lets one by who has done what they were asked for, if anything.
    ///
    /// # Errors
    /// What they are told instead.
    #[expect(clippy::disallowed_methods, reason = "the driver's clock")]
    pub(super) async fn pass(
        &self,
        progress: &mut Progress,
        proof: Option<&Private<String>>,
    ) -> Result<(), Box<FromServer>> {
        let Self(Some(asking)) = self else {
            return Ok(());
        };
        let now = Instant::now();
        let asked = match &progress.stands {
            Stands::Passed => return Ok(()),
            Stands::Asked(challenge) if challenge.is_open(now) => challenge,
            Stands::Asked(_) => {
                count("late");
                return asking.ask(progress, now);
            }
            Stands::Unasked => return asking.ask(progress, now),
        };
        let Some(proof) = proof else {
            return Err(Box::new(asking.words(asked)));
        };
        match asking.check(asked, proof, now).await {
            Ok(true) => {
                count("passed");
                progress.stands = Stands::Passed;
                Ok(())
            }
            Ok(false) => {
                count("failed");
                progress.stands = Stands::Unasked;
                progress.failures += 1;
                Err(failed(None))
            }
            Err(Unreachable) => {
                count("unreachable");
                let wait = limits::CAPTCHA_DEADLINE.as_secs() * 1_000;
                Err(failed(Some(wait)))
            }
        }
    }
}

impl Asking {
    /// Counts whoever comes, and asks them for something if they are too many.
    fn ask(&self, progress: &mut Progress, now: Instant) -> Result<(), Box<FromServer>> {
        let crowd = progress
            .network
            .map(|network| self.crowding.lock().add(network, now));
        let Some(bits) = bits(&self.config, crowd) else {
            progress.stands = Stands::Passed;
            return Ok(());
        };
        count("asked");
        let challenge = match self.captcha {
            Some(_) => Challenge::Captcha { given: now },
            None => Challenge::Work(Work::new(rand::random(), bits, now)),
        };
        let words = self.words(&challenge);
        progress.stands = Stands::Asked(challenge);
        Err(Box::new(words))
    }

    async fn check(
        &self,
        challenge: &Challenge,
        proof: &Private<String>,
        now: Instant,
    ) -> Result<bool, Unreachable> {
        match (challenge, &self.captcha) {
            (Challenge::Work(work), _) => match work.check(proof.reveal(), now) {
                Ok(()) => Ok(true),
                Err(Unproved::Wrong | Unproved::Late) => Ok(false),
            },
            (Challenge::Captcha { .. }, Some(captcha)) => captcha.check(proof).await,
            (Challenge::Captcha { .. }, None) => Err(Unreachable),
        }
    }

    fn words(&self, challenge: &Challenge) -> FromServer {
        match challenge {
            Challenge::Work(work) => FromServer::ChallengeRequired {
                kind: Kind::Work,
                text: Some(work.text().to_owned()),
                bits: Some(work.bits()),
                site_key: None,
            },
            Challenge::Captcha { .. } => FromServer::ChallengeRequired {
                kind: Kind::Captcha,
                text: None,
                bits: None,
                site_key: self.captcha.as_ref().map(|one| one.site_key().to_owned()),
            },
        }
    }
}

impl Challenge {
    fn is_open(&self, now: Instant) -> bool {
        match self {
            Self::Work(work) => work.is_open(now),
            Self::Captcha { given } => {
                now.saturating_duration_since(*given) < limits::CHALLENGE_OPEN
            }
        }
    }
}

/// How much work is asked of one who comes from a network that so many have come from of late; none of
/// the first. Where the network is unknown, all the world may be behind one proxy.
fn bits(config: &config::Challenge, crowd: Option<f64>) -> Option<u32> {
    let free = f64::from(config.free_joins);
    let Some(crowd) = crowd else {
        return (config.free_joins == 0).then_some(config.least_bits);
    };
    let crowd = crowd.round();
    if crowd <= free {
        return None;
    }
    let times = crowd / free.max(1.0);
    let more = (1..32).take_while(|bit| times >= f64::from(1_u32 << bit));
    let more = u32::try_from(more.count()).unwrap_or(0);
    Some((config.least_bits + more).min(config.most_bits))
}

fn failed(retry_after_ms: Option<u64>) -> Box<FromServer> {
    Box::new(FromServer::error(
        ErrorCode::ChallengeFailed,
        retry_after_ms,
    ))
}

fn count(result: &'static str) {
    CHALLENGES.counter_of(result).increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(free_joins: u32) -> config::Challenge {
        config::Challenge {
            free_joins,
            ..config::Challenge::default()
        }
    }

    #[test]
    fn work_grows_with_the_crowd_and_ends_somewhere() {
        let of = |crowd| bits(&config(20), Some(crowd));
        let asked = [1.0, 20.0, 21.0, 39.0, 40.0, 80.0, 1e3, 1e9].map(of);
        let bits = [
            None,
            None,
            Some(16),
            Some(16),
            Some(17),
            Some(18),
            Some(21),
            Some(22),
        ];
        assert_eq!(asked, bits);
    }

    #[test]
    fn everybody_is_asked_where_nobody_is_free_and_else_nobody_whose_network_is_unknown() {
        assert_eq!(bits(&config(0), Some(1.0)), Some(16));
        assert_eq!(bits(&config(0), Some(2.0)), Some(17));
        assert_eq!(bits(&config(0), None), Some(16));
        assert_eq!(bits(&config(1), None), None);
    }
}
