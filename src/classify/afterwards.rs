//! [`Afterwards`]: pictures of which a service has said that it will say more later, and what it then says.
//! Until it does, the workers' word is enough; what it says late comes on top and lifts nothing.
//!
//! Kept of a picture is whose it is, when it was taken and the name that the service knows it by. The picture
//! is not.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use parking_lot::Mutex;
use tokio::sync::mpsc;

use super::judgement::Unfit;
use super::opinion::{LabelMap, signature};
use crate::id::LegId;
use crate::limits;
use crate::moderation::Score;
use crate::tap::Frame;

/// How far the service's clock may be from ours.
const LEEWAY: Duration = Duration::from_secs(5 * 60);

/// What a service says of a picture when it is long past.
#[derive(Clone, PartialEq, Debug)]
pub struct Opined {
    /// Whose picture it was.
    pub leg: LegId,
    /// When it was taken.
    pub taken: Instant,
    /// What is in it, in our words.
    pub scores: Vec<Score>,
}

/// Pictures that wait for a later word; cheap to clone, one memory for all clones.
#[derive(Clone)]
pub struct Afterwards(Arc<Inside>);

impl fmt::Debug for Afterwards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Afterwards")
    }
}

struct Inside {
    secret: Vec<u8>,
    labels: LabelMap,
    pending: Mutex<Pending>,
    said: mpsc::Sender<Opined>,
}

#[derive(Default)]
struct Pending {
    by_name: HashMap<String, (LegId, Instant)>,
    order: VecDeque<(Instant, String)>,
}

/// Why a later word is not heard.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unheard {
    /// It is not signed, or not now.
    #[error("it is not signed by the secret that both of us know, or not now")]
    Unsigned,
    /// No such picture waits for one.
    #[error("no such picture waits for a later word")]
    Unknown,
    /// It is no answer.
    #[error("it is no answer")]
    Unfit,
    /// Too much is said at once.
    #[error("too much is said at once; it may be said again")]
    Busy,
}

impl From<Unfit> for Unheard {
    fn from(_: Unfit) -> Self {
        Self::Unfit
    }
}

/// How a later word is signed: as the picture was.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// When, in seconds since 1970.
    pub seconds: u64,
    /// In hexadecimal digits.
    pub signature: &'a str,
}

impl Afterwards {
    /// Around the secret that requests are signed with, and what the service's words mean.
    pub(super) fn new(secret: Vec<u8>, labels: LabelMap, said: mpsc::Sender<Opined>) -> Self {
        Self(Arc::new(Inside {
            secret,
            labels,
            pending: Mutex::default(),
            said,
        }))
    }

    /// More is to come about a picture.
    pub(super) fn expect(&self, name: &str, frame: &Frame, now: Instant) {
        let mut pending = self.0.pending.lock();
        pending.forget(now);
        let known = (frame.leg, frame.taken);
        pending.by_name.insert(name.to_owned(), known);
        pending.order.push_back((now, name.to_owned()));
    }

    /// The service says more, once.
    ///
    /// # Errors
    /// It is not heard.
    pub fn say(
        &self,
        name: &str,
        signed: Signed<'_>,
        body: &[u8],
        (now, now_s): (Instant, u64),
    ) -> Result<(), Unheard> {
        let expected = signature(&self.0.secret, signed.seconds, name, body);
        let is_ours =
            verify_slices_are_equal(expected.as_bytes(), signed.signature.as_bytes()).is_ok();
        let is_now = now_s.abs_diff(signed.seconds) <= LEEWAY.as_secs();
        if !is_ours || !is_now {
            return Err(Unheard::Unsigned);
        }
        let scores = self.0.labels.scores(body)?;
        let mut pending = self.0.pending.lock();
        pending.forget(now);
        let (leg, taken) = *pending.by_name.get(name).ok_or(Unheard::Unknown)?;
        let opined = Opined { leg, taken, scores };
        self.0.said.try_send(opined).map_err(|_| Unheard::Busy)?;
        pending.by_name.remove(name);
        Ok(())
    }
}

impl Pending {
    /// Those that nothing was said of in time, and the oldest of too many.
    fn forget(&mut self, now: Instant) {
        let is_over =
            |since: Instant| now.saturating_duration_since(since) >= limits::OPINION_PATIENCE;
        while let Some((since, _)) = self.order.front()
            && (is_over(*since) || self.order.len() >= limits::OPINIONS_AWAITED)
        {
            if let Some((_, name)) = self.order.pop_front() {
                self.by_name.remove(&name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::codec::VideoCodec;
    use crate::tap::{Occasion, any_instant};

    const SECRET: &[u8] = b"a secret of more than 16 bytes";
    const BODY: &[u8] = br#"{"labels": {"nudity": 0.9}}"#;
    const AT_S: u64 = 1_800_000_000;

    fn frame(leg: u64) -> Frame {
        Frame {
            leg: LegId(leg),
            occasion: Occasion::Routine,
            codec: VideoCodec::Vp8,
            taken: any_instant(),
            data: Bytes::new(),
        }
    }

    fn afterwards() -> (Afterwards, mpsc::Receiver<Opined>) {
        let labels = LabelMap::parse(&["nudity=porn".to_owned()]).unwrap();
        let (said, heard) = mpsc::channel(1);
        (Afterwards::new(SECRET.to_vec(), labels, said), heard)
    }

    fn say(it: &Afterwards, name: &str, body: &[u8], at: (Instant, u64)) -> Result<(), Unheard> {
        let signature = &signature(SECRET, AT_S, name, body);
        let seconds = AT_S;
        it.say(name, Signed { seconds, signature }, body, at)
    }

    #[test]
    fn what_is_said_later_is_of_the_picture_that_it_was_asked_about_and_is_said_once() {
        let ((it, mut heard), now) = (afterwards(), any_instant());
        let picture = frame(7);
        it.expect("a", &picture, now);
        assert_eq!(say(&it, "b", BODY, (now, AT_S)), Err(Unheard::Unknown));
        assert_eq!(say(&it, "a", b"rubbish", (now, AT_S)), Err(Unheard::Unfit));
        assert_eq!(say(&it, "a", BODY, (now, AT_S)), Ok(()));
        assert_eq!(say(&it, "a", BODY, (now, AT_S)), Err(Unheard::Unknown));
        let opined = heard.try_recv().unwrap();
        assert_eq!((opined.leg, opined.taken), (LegId(7), picture.taken));
        assert_eq!(opined.scores[0].label.as_str(), "porn");
    }

    #[test]
    fn what_is_not_signed_now_is_not_heard() {
        let ((it, _heard), now) = (afterwards(), any_instant());
        it.expect("a", &frame(7), now);
        for at_s in [AT_S - 301, AT_S + 301] {
            assert_eq!(say(&it, "a", BODY, (now, at_s)), Err(Unheard::Unsigned));
        }
        let signature = &signature(b"another secret of 16", AT_S, "a", BODY);
        let signed = Signed {
            seconds: AT_S,
            signature,
        };
        let said = it.say("a", signed, BODY, (now, AT_S));
        assert_eq!(said, Err(Unheard::Unsigned));
        assert_eq!(say(&it, "a", BODY, (now, AT_S + 300)), Ok(()));
    }

    #[test]
    fn pictures_are_forgotten_in_time_and_there_are_only_so_many() {
        let ((it, mut heard), now) = (afterwards(), any_instant());
        it.expect("a", &frame(1), now);
        let late = now + limits::OPINION_PATIENCE;
        assert_eq!(say(&it, "a", BODY, (late, AT_S)), Err(Unheard::Unknown));
        for number in 0..limits::OPINIONS_AWAITED + 5 {
            it.expect(&number.to_string(), &frame(1), now);
        }
        assert!(it.0.pending.lock().by_name.len() <= limits::OPINIONS_AWAITED);
        assert_eq!(say(&it, "0", BODY, (now, AT_S)), Err(Unheard::Unknown));
        let newest = (limits::OPINIONS_AWAITED + 4).to_string();
        assert_eq!(say(&it, &newest, BODY, (now, AT_S)), Ok(()));
        // Whoever listens is slow: it may be said again.
        let before = (limits::OPINIONS_AWAITED + 3).to_string();
        assert_eq!(say(&it, &before, BODY, (now, AT_S)), Err(Unheard::Busy));
        heard.try_recv().unwrap();
        assert_eq!(say(&it, &before, BODY, (now, AT_S)), Ok(()));
    }
}
