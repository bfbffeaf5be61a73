//! [`Afterwards`]: pictures of which a service has said that it will say more later, and what it then says.
//! Until it does, the workers' word is enough; what it says late comes on top and lifts nothing.
//!
//! Kept of a picture is whose it is, when it was taken and the name that the service knows it by; and for ten
//! minutes the picture itself, to be put into a case that the later word opens.

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

/// What there is to know of such pictures.
#[derive(Clone, Debug)]
pub enum Afterword {
    /// There will be a word about a picture of this leg's.
    Awaited(LegId),
    /// This is one.
    Said(Opined),
}

/// What a service says of a picture when it is long past.
#[derive(Clone, Debug)]
pub struct Opined {
    /// The picture; empty, if it was kept no longer.
    pub frame: Frame,
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
    said: mpsc::Sender<Afterword>,
}

#[derive(Default)]
struct Pending {
    by_name: HashMap<String, Frame>,
    order: VecDeque<(Instant, String)>,
    /// Those that are kept with their picture, and some that are gone already.
    pictured: VecDeque<(Instant, String)>,
    bytes: usize,
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
    pub(super) fn new(secret: Vec<u8>, labels: LabelMap, said: mpsc::Sender<Afterword>) -> Self {
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
        pending.bytes += frame.data.len();
        pending.by_name.insert(name.to_owned(), frame.clone());
        pending.order.push_back((now, name.to_owned()));
        pending.pictured.push_back((now, name.to_owned()));
        pending.forget_pictures(now);
        // Unheard, it is of no account once the visitor has left.
        let _ = self.0.said.try_send(Afterword::Awaited(frame.leg));
    }

    /// Forgets what is over.
    pub(super) fn forget(&self, now: Instant) {
        let mut pending = self.0.pending.lock();
        pending.forget(now);
        pending.forget_pictures(now);
    }

    /// Whether anybody else has a clone.
    pub(super) fn is_shared(&self) -> bool {
        Arc::strong_count(&self.0) > 1
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
        pending.forget_pictures(now);
        let frame = pending.by_name.get(name).ok_or(Unheard::Unknown)?.clone();
        let said = Afterword::Said(Opined { frame, scores });
        self.0.said.try_send(said).map_err(|_| Unheard::Busy)?;
        pending.remove(name);
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
                self.remove(&name);
            }
        }
    }

    /// The pictures that were kept long enough, and the oldest of too many bytes.
    fn forget_pictures(&mut self, now: Instant) {
        let is_over =
            |since: Instant| now.saturating_duration_since(since) >= limits::OPINION_PICTURE_TIME;
        while let Some((since, _)) = self.pictured.front()
            && (is_over(*since) || self.bytes > limits::OPINION_PICTURES_BYTES)
        {
            let picture = self.pictured.pop_front();
            if let Some(frame) = picture.and_then(|(_, name)| self.by_name.get_mut(&name)) {
                self.bytes -= std::mem::take(&mut frame.data).len();
            }
        }
    }

    fn remove(&mut self, name: &str) {
        if let Some(frame) = self.by_name.remove(name) {
            self.bytes -= frame.data.len();
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
            data: Bytes::from_static(b"picture"),
        }
    }

    fn afterwards() -> (Afterwards, mpsc::Receiver<Afterword>) {
        let labels = LabelMap::parse(&["nudity=porn".to_owned()]).unwrap();
        let (said, heard) = mpsc::channel(2);
        (Afterwards::new(SECRET.to_vec(), labels, said), heard)
    }

    fn said(heard: &mut mpsc::Receiver<Afterword>) -> Opined {
        match heard.try_recv() {
            Ok(Afterword::Said(opined)) => opined,
            other => panic!("{other:?}"),
        }
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
        assert!(matches!(heard.try_recv(), Ok(Afterword::Awaited(LegId(7)))));
        let opined = said(&mut heard);
        assert_eq!(opined.frame.leg, LegId(7));
        assert_eq!(opined.frame.taken, picture.taken);
        assert_eq!(opined.frame.data, picture.data);
        assert_eq!(opined.scores[0].label.as_str(), "porn");
        assert_eq!(it.0.pending.lock().bytes, 0);
    }

    #[test]
    fn the_picture_itself_is_forgotten_long_before_its_name() {
        let ((it, mut heard), now) = (afterwards(), any_instant());
        it.expect("a", &frame(7), now);
        assert!(heard.try_recv().is_ok());
        let late = now + limits::OPINION_PICTURE_TIME;
        assert_eq!(say(&it, "a", BODY, (late, AT_S)), Ok(()));
        assert!(said(&mut heard).frame.data.is_empty());
        let large = Frame {
            data: vec![0; limits::OPINION_PICTURES_BYTES / 4].into(),
            ..frame(7)
        };
        for number in 0..6 {
            it.expect(&number.to_string(), &large, now);
        }
        let pending = it.0.pending.lock();
        assert_eq!(pending.bytes, limits::OPINION_PICTURES_BYTES);
        let kept = |name: &str| !pending.by_name[name].data.is_empty();
        assert_eq!(["0", "1", "2", "5"].map(kept), [false, false, true, true]);
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
        while heard.try_recv().is_ok() {}
        it.expect("b", &frame(1), now);
        let newest = (limits::OPINIONS_AWAITED + 4).to_string();
        assert_eq!(say(&it, &newest, BODY, (now, AT_S)), Ok(()));
        // Whoever listens is slow: it may be said again.
        let before = (limits::OPINIONS_AWAITED + 3).to_string();
        assert_eq!(say(&it, &before, BODY, (now, AT_S)), Err(Unheard::Busy));
        heard.try_recv().unwrap();
        assert_eq!(say(&it, &before, BODY, (now, AT_S)), Ok(()));
    }
}
