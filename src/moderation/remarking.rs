//! What is said beside the pictures as they come: by visitors to each other, and by a service of pictures that
//! are long past. Rows count the texts, and apart from them the service's later words, as they count pictures;
//! none of it opens a door or lifts a blur.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::desk::Desk;
use super::dossier::{Newest, Of, Stage};
use super::policy::Policy;
use super::verdict::{Label, Score, Verdict};
use crate::id::SessionId;

impl Desk {
    /// Something was written of which there is something to say.
    pub(super) fn handle_said(&mut self, session: SessionId, scores: Vec<Score>, now: Instant) {
        let Some(dossier) = self.dossiers.get_mut(&session) else {
            return;
        };
        if dossier.stage == Stage::Over {
            return;
        }
        let version: Arc<str> = Arc::from("");
        let verdict = Verdict::judged(scores, Arc::clone(&version), Duration::ZERO);
        let newest = Newest {
            taken: now,
            verdict: &verdict,
        };
        dossier.remarks.add(&self.policy, newest);
        let due = dossier.due_of_text(&self.policy, newest, now);
        self.decide(session, (Of::Texts, due), &version, now);
    }

    /// A service says more of a picture that was judged long ago.
    pub(super) fn handle_opined(
        &mut self,
        session: SessionId,
        taken: Instant,
        scores: Vec<Score>,
        now: Instant,
    ) {
        // Whoever has left comes back for this one word.
        let departed = self.departed.take(session, now);
        let has_left = departed.is_some();
        self.dossiers
            .extend(departed.map(|dossier| (session, dossier)));
        self.opine(session, (taken, scores), now);
        match self.dossiers.remove(&session) {
            Some(dossier) if has_left => self.departed.put_back(session, dossier),
            other => {
                self.dossiers
                    .extend(other.map(|dossier| (session, dossier)));
                self.settle(session, now);
            }
        }
    }

    fn opine(&mut self, session: SessionId, (taken, scores): (Instant, Vec<Score>), now: Instant) {
        let Some(dossier) = self.dossiers.get_mut(&session) else {
            return;
        };
        if dossier.connected_at().is_none() && !dossier.has_left {
            return;
        }
        let version: Arc<str> = Arc::from("service, later");
        let verdict = Verdict::judged(scores, Arc::clone(&version), Duration::ZERO);
        let newest = Newest {
            taken,
            verdict: &verdict,
        };
        dossier.opinions.add(&self.policy, newest);
        let due = dossier.due_of_opinion(&self.policy, newest);
        self.decide(session, (Of::Opinions, due), &version, now);
    }

    /// For what a text is not to reach anybody, if it is not: no word of that is written down before,
    /// as a text that waits for the disk would come too late in any case.
    pub fn keeps_back(&self, scores: &[Score]) -> Option<&Label> {
        self.policy.keeps_back(scores)
    }
}

impl Policy {
    fn keeps_back(&self, scores: &[Score]) -> Option<&Label> {
        let reached = |label: &Label| {
            let score = scores.iter().find(|score| score.label == *label);
            score.map_or(0.0, |score| score.value)
        };
        self.rows
            .iter()
            .filter(|row| row.label.is_of_text() && row.action.hides() && self.is_in_force(row))
            .find(|row| row.is_reached_by(reached(&row.label)) && reached(&row.label) > 0.0)
            .map(|row| &row.label)
    }
}
