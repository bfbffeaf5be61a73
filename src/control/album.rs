//! [`Album`]: the last pictures of each session, for a moment and in memory alone. Where a case
//! begins they are put into it; otherwise nobody ever sees them.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::codec::VideoCodec;
use crate::id::SessionId;
use crate::limits;
use crate::moderation::{Label, Opening, Outcome, Score, Verdict};
use crate::store::{Exhibit, Filing, Side};
use crate::tap::Frame;

/// The last pictures of each session.
#[derive(Debug)]
pub(super) struct Album {
    pictures: HashMap<SessionId, VecDeque<Snapshot>>,
    /// All of them in the order of coming, also those that are gone already.
    order: VecDeque<(u64, SessionId, Instant)>,
    next: u64,
    bytes: usize,
    most: Most,
}

/// How much is remembered, and for how long.
#[derive(Clone, Copy, Debug)]
struct Most {
    time: Duration,
    pictures: usize,
    bytes: usize,
}

#[derive(Debug)]
struct Snapshot {
    number: u64,
    taken: Instant,
    codec: VideoCodec,
    scores: Vec<Score>,
    picture: Bytes,
}

impl Album {
    /// Within the bounds of [`limits`].
    pub(super) fn new() -> Self {
        Self::within(Most {
            time: limits::ALBUM_TIME,
            pictures: limits::ALBUM_PICTURES,
            bytes: limits::ALBUM_BYTES,
        })
    }

    fn within(most: Most) -> Self {
        Self {
            pictures: HashMap::new(),
            order: VecDeque::new(),
            next: 0,
            bytes: 0,
            most,
        }
    }

    /// Remembers a picture that was looked at. What does not decode shows nobody anything.
    pub(super) fn add(
        &mut self,
        session: SessionId,
        frame: Frame,
        verdict: &Verdict,
        now: Instant,
    ) {
        self.forget_old(now);
        if verdict.outcome == Outcome::Undecodable {
            return;
        }
        let kept = self.pictures.get_mut(&session).into_iter().flatten();
        let is_same =
            |kept: &&mut Snapshot| kept.taken == frame.taken && kept.picture == frame.data;
        if let Some(snapshot) = kept.rev().find(is_same) {
            // Nobody had judged it in time, or there is more to say of it.
            snapshot
                .scores
                .retain(|score| score.label != Label::NO_VERDICT);
            snapshot.scores.extend(verdict.scores.iter().cloned());
            return;
        }
        let number = self.next;
        self.next += 1;
        self.bytes += frame.data.len();
        self.order.push_back((number, session, now));
        let kept = self.pictures.entry(session).or_default();
        kept.push_back(Snapshot {
            number,
            taken: frame.taken,
            codec: frame.codec,
            scores: verdict.scores.clone(),
            picture: frame.data,
        });
        if kept.len() > self.most.pictures
            && let Some(oldest) = kept.pop_front()
        {
            self.bytes -= oldest.picture.len();
        }
        while self.bytes > self.most.bytes && self.forget_oldest() {}
    }

    /// Forgets what was remembered long enough.
    pub(super) fn forget_old(&mut self, now: Instant) {
        while self.next_deadline().is_some_and(|due| due <= now) {
            self.forget_oldest();
        }
    }

    /// When there is something to forget.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let (_, _, at) = self.order.front()?;
        Some(*at + self.most.time)
    }

    /// Takes the oldest one out; false if there is none.
    fn forget_oldest(&mut self) -> bool {
        let Some((number, session, _)) = self.order.pop_front() else {
            return false;
        };
        let Some(kept) = self.pictures.get_mut(&session) else {
            return true;
        };
        if let Some(oldest) = kept.pop_front_if(|oldest| oldest.number == number) {
            self.bytes -= oldest.picture.len();
        }
        if kept.is_empty() {
            self.pictures.remove(&session);
        }
        true
    }

    /// A case with what there is to see: of whom it is about, and of who complains.
    pub(super) fn file(&self, opening: Opening, now: Instant) -> Filing {
        let mut exhibits = self.exhibits(opening.session, Side::About, now);
        if let Some(reporter) = opening.reporter {
            exhibits.extend(self.exhibits(reporter, Side::Reporter, now));
        }
        Filing { opening, exhibits }
    }

    fn exhibits(&self, session: SessionId, whose: Side, now: Instant) -> Vec<Exhibit> {
        let kept = self.pictures.get(&session).into_iter().flatten();
        kept.map(|snapshot| Exhibit {
            whose,
            age: now.saturating_duration_since(snapshot.taken),
            codec: snapshot.codec,
            scores: snapshot.scores.clone(),
            picture: snapshot.picture.clone(),
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::id::LegId;
    use crate::moderation::{CaseClass, Origin};
    use crate::tap::{Occasion, any_instant};

    const SECOND: Duration = Duration::from_secs(1);

    fn album() -> Album {
        Album::within(Most {
            time: 10 * SECOND,
            pictures: 3,
            bytes: 100,
        })
    }

    fn frame(byte: u8, bytes: usize, taken: Instant) -> Frame {
        Frame {
            leg: LegId(1),
            occasion: Occasion::Routine,
            codec: VideoCodec::Vp8,
            taken,
            data: vec![byte; bytes].into(),
        }
    }

    fn verdict(outcome: Outcome) -> Verdict {
        Verdict {
            scores: vec![Score {
                label: Label::PORN,
                value: 0.25,
            }],
            version: Arc::from("m1"),
            outcome,
            took: Duration::ZERO,
        }
    }

    #[test]
    fn a_picture_that_is_judged_after_all_is_there_once_with_what_was_said_of_it() {
        let now = any_instant();
        let mut album = album();
        let mut late = verdict(Outcome::Late);
        late.scores = vec![Score::certain(Label::NO_VERDICT)];
        album.add(SessionId(1), frame(1, 10, now), &late, now);
        album.add(
            SessionId(1),
            frame(2, 10, now + SECOND),
            &late,
            now + SECOND,
        );
        let then = now + SECOND * 2;
        album.add(
            SessionId(1),
            frame(1, 10, now),
            &verdict(Outcome::Judged),
            then,
        );
        let exhibits = album.file(complaint(), then).exhibits;
        let said: Vec<_> = exhibits.iter().map(|one| &one.scores[..]).collect();
        let judged = verdict(Outcome::Judged).scores;
        assert_eq!(said, [&judged[..], &late.scores[..]]);
        assert_eq!(album.bytes, 20);
    }

    fn complaint() -> Opening {
        Opening {
            session: SessionId(1),
            device: None,
            class: CaseClass::Conduct,
            label: Label::REPORTED,
            score: 0.5,
            severity: 2,
            origin: Origin::Report,
            reporter: Some(SessionId(2)),
            done: None,
            lasts: None,
            policy: Arc::from(""),
            version: Arc::from(""),
        }
    }

    fn first_bytes(album: &Album, now: Instant) -> Vec<(Side, u8)> {
        let filing = album.file(complaint(), now);
        let exhibits = filing.exhibits.iter();
        exhibits.map(|one| (one.whose, one.picture[0])).collect()
    }

    #[test]
    fn a_case_gets_the_last_pictures_of_both_sides_and_of_nobody_else() {
        let (mut album, now) = (album(), any_instant());
        for (session, byte) in [(1, 1), (2, 2), (3, 3), (1, 4)] {
            let frame = frame(byte, 5, now);
            album.add(SessionId(session), frame, &verdict(Outcome::Judged), now);
        }
        let filing = album.file(complaint(), now + SECOND);
        assert_eq!(filing.exhibits[0].age, SECOND);
        assert_eq!(filing.exhibits[0].scores, verdict(Outcome::Judged).scores);
        assert_eq!(
            first_bytes(&album, now),
            [(Side::About, 1), (Side::About, 4), (Side::Reporter, 2)]
        );
    }

    #[test]
    fn it_is_bounded_by_count_by_bytes_and_by_time() {
        let (mut album, mut now) = (album(), any_instant());
        for byte in 1..=5 {
            let frame = frame(byte, 5, now);
            album.add(SessionId(1), frame, &verdict(Outcome::Judged), now);
            now += SECOND;
        }
        let about = |bytes: &[u8]| bytes.iter().map(|byte| (Side::About, *byte)).collect();
        let expected: Vec<_> = about(&[3, 4, 5]);
        assert_eq!(first_bytes(&album, now), expected);
        assert_eq!(album.bytes, 15);
        album.add(
            SessionId(2),
            frame(6, 90, now),
            &verdict(Outcome::Late),
            now,
        );
        assert_eq!(album.bytes, 100);
        assert_eq!(first_bytes(&album, now).len(), 3);
        album.forget_old(now + 9 * SECOND);
        assert_eq!(first_bytes(&album, now), [(Side::Reporter, 6)]);
        assert_eq!(album.next_deadline(), Some(now + 10 * SECOND));
        album.forget_old(now + 10 * SECOND);
        assert!(album.pictures.is_empty() && album.order.is_empty() && album.bytes == 0);
    }

    #[test]
    fn what_does_not_decode_is_not_remembered() {
        let (mut album, now) = (album(), any_instant());
        let nonsense = frame(1, 5, now);
        album.add(SessionId(1), nonsense, &verdict(Outcome::Undecodable), now);
        assert!(album.pictures.is_empty());
    }
}
