//! What a worker saw becomes a verdict: with what only the server knows, the leg's past and the
//! list of known pictures.

use std::sync::Arc;
use std::time::Duration;

use super::frozen::Recent;
use super::known::KnownPictures;
use super::looking::{Sight, sha256};
use super::model::Score as Said;
use super::pdq::Fingerprint;
use crate::id::LegId;
use crate::limits::SCORES;
use crate::moderation::{BadLabel, BadScore, Label, Outcome, Score, Verdict};

/// Makes verdicts.
#[derive(Debug)]
pub struct Judge {
    recent: Recent,
    known: Arc<KnownPictures>,
    pipeline: String,
    version: Arc<str>,
}

/// A worker says what no worker says: labels that are none, values that are no scores.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unfit;

impl From<BadLabel> for Unfit {
    fn from(_: BadLabel) -> Self {
        Self
    }
}

impl From<BadScore> for Unfit {
    fn from(_: BadScore) -> Self {
        Self
    }
}

impl Judge {
    /// For workers that look with this pipeline.
    pub fn new(pipeline: &str, known: Arc<KnownPictures>) -> Self {
        let version = version(pipeline, &known).into();
        Self {
            recent: Recent::default(),
            known,
            pipeline: pipeline.to_owned(),
            version,
        }
    }

    /// From now on these pictures are known, and no others.
    pub fn replace_known(&mut self, known: Arc<KnownPictures>) {
        self.version = version(&self.pipeline, &known).into();
        self.known = known;
    }

    /// Which models and hashes judge.
    pub fn version(&self) -> Arc<str> {
        Arc::clone(&self.version)
    }

    /// The verdict about a frame that a worker has looked at.
    ///
    /// # Errors
    /// What it says is none.
    pub fn verdict(&mut self, sight: Sight, leg: LegId, took: Duration) -> Result<Verdict, Unfit> {
        let version = self.version();
        Ok(match sight {
            Sight::Undecodable => Verdict::undecodable(version, took),
            Sight::Failed { .. } => Verdict::unavailable(version, took),
            Sight::Unusable => {
                Verdict::judged(vec![Score::certain(Label::UNUSABLE)], version, took)
            }
            Sight::Seen {
                fingerprint,
                quality,
                scores,
            } => {
                let mut judged = scores_of(scores)?;
                judged.extend(self.of_fingerprint(leg, fingerprint, quality));
                Verdict::judged(judged, version, took)
            }
        })
    }

    /// The verdict about a frame that no worker has looked at.
    pub fn without_sight(&self, outcome: Outcome, took: Duration) -> Verdict {
        let version = self.version();
        match outcome {
            Outcome::Undecodable => Verdict::undecodable(version, took),
            Outcome::Late => Verdict::late(version, took),
            Outcome::Unavailable | Outcome::Judged => Verdict::unavailable(version, took),
        }
    }

    fn of_fingerprint(&mut self, leg: LegId, fingerprint: Fingerprint, quality: u8) -> Vec<Score> {
        let frozen = self.recent.share(leg, fingerprint);
        let mut scores = vec![Score {
            label: Label::FROZEN,
            value: frozen,
        }];
        if self.known.has(&fingerprint, quality) {
            scores.push(Score::certain(Label::KNOWN_PICTURE));
        }
        scores
    }
}

fn scores_of(said: Vec<Said>) -> Result<Vec<Score>, Unfit> {
    if said.len() > SCORES {
        return Err(Unfit);
    }
    let score = |(label, value): Said| Ok(Score::new(Label::new(&label)?, value)?);
    said.into_iter().map(score).collect()
}

/// The pipeline, and the beginning of the hash of the list where there is one.
fn version(pipeline: &str, known: &KnownPictures) -> String {
    if known.is_empty() {
        return pipeline.to_owned();
    }
    let list: Vec<u8> = known.iter().flat_map(|fingerprint| fingerprint.0).collect();
    let hash = sha256(&list);
    format!("{pipeline} known@{}", hash.get(..8).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEG: LegId = LegId(1);

    fn seen(scores: &[(&str, f32)]) -> Sight {
        Sight::Seen {
            fingerprint: Fingerprint([0x0f; 32]),
            quality: 90,
            scores: scores
                .iter()
                .map(|(label, value)| ((*label).to_owned(), *value))
                .collect(),
        }
    }

    fn judge(list: &str) -> Judge {
        Judge::new("test", Arc::new(KnownPictures::parse(list).unwrap()))
    }

    #[test]
    fn a_seen_picture_has_the_models_scores_and_what_its_past_says() {
        let mut judge = judge("");
        let scores = [("porn", 0.25), ("no_face", 1.0)];
        for _ in 0..2 {
            judge.verdict(seen(&scores), LEG, Duration::ZERO).unwrap();
        }
        let verdict = judge.verdict(seen(&scores), LEG, Duration::ZERO).unwrap();
        assert_eq!(verdict.outcome, Outcome::Judged);
        let values = verdict.scores.iter().map(|s| (s.label.as_str(), s.value));
        assert_eq!(
            values.collect::<Vec<_>>(),
            [("porn", 0.25), ("no_face", 1.0), ("frozen", 0.25)]
        );
    }

    #[test]
    fn a_known_picture_is_named_and_the_version_names_the_list() {
        let mut with = judge(&"0f".repeat(32));
        let verdict = with.verdict(seen(&[]), LEG, Duration::ZERO).unwrap();
        assert_eq!(
            verdict.scores.last(),
            Some(&Score::certain(Label::KNOWN_PICTURE))
        );
        assert!(verdict.version.starts_with("test known@"));
        assert_eq!(&*judge("").version(), "test");
    }

    #[test]
    fn labels_and_values_that_are_none_are_refused() {
        for score in [("No Label", 0.5), ("porn", 1.5), ("porn", f32::NAN)] {
            assert!(
                judge("")
                    .verdict(seen(&[score]), LEG, Duration::ZERO)
                    .is_err()
            );
        }
        let many = vec![("porn", 0.5); SCORES + 1];
        assert!(judge("").verdict(seen(&many), LEG, Duration::ZERO).is_err());
    }

    #[test]
    fn what_was_not_seen_carries_its_own_label() {
        let mut judge = judge("");
        let unusable = judge.verdict(Sight::Unusable, LEG, Duration::ZERO).unwrap();
        assert_eq!(unusable.scores, [Score::certain(Label::UNUSABLE)]);
        let broken = judge
            .verdict(Sight::Undecodable, LEG, Duration::ZERO)
            .unwrap();
        assert_eq!(broken.outcome, Outcome::Undecodable);
        let failed = Sight::Failed {
            reason: "x".to_owned(),
        };
        let failed = judge.verdict(failed, LEG, Duration::ZERO).unwrap();
        assert_eq!(failed.outcome, Outcome::Unavailable);
        let late = judge.without_sight(Outcome::Late, Duration::ZERO);
        assert_eq!(late.scores, [Score::certain(Label::NO_VERDICT)]);
    }
}
