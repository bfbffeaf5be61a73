//! [`Oversight`]: lets what the moderation desk wants through only once it is written down, and
//! knows why each picture is stopped.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use crate::classify::remarks::Remarks;
use crate::id::SessionId;
use crate::media::Gate;
use crate::moderation::{AuditLine, Deed, Desk, Input, Label, Opening, Output, Policy, Score};

/// How long after a failure the same lines are written again.
const WRITE_AGAIN: Duration = Duration::from_secs(1);

/// The desk, and what waits for its lines.
#[derive(Debug)]
pub(super) struct Oversight {
    desk: Desk,
    /// What is said of texts.
    pub(super) remarks: Remarks,
    /// What the desk wants, in order; from the first line on it waits for the disk.
    wanted: VecDeque<Output>,
    writing: Writing,
    stops: HashMap<SessionId, Stops>,
}

/// How far the audit log is.
#[derive(Debug)]
enum Writing {
    /// There is nothing under way.
    Idle,
    /// So many of the lines that are wanted are on their way to the disk.
    UnderWay { lines: usize },
    /// The disk did not take them: they are tried again.
    Again { at: Instant },
}

/// Why a session's picture does not pass.
#[derive(Clone, Default, Debug)]
pub(super) struct Stops {
    /// By policy, for what was seen.
    pub(super) blurred: Option<Label>,
    /// Until the first picture has passed: the media plane shows nobody before, whatever happens.
    unscreened: bool,
    /// Until there is a fresh verdict.
    held: bool,
    /// Something is to be done about it that cannot be written down.
    unwritten: bool,
}

impl Stops {
    const fn gate(&self) -> Gate {
        if self.blurred.is_some() || self.unscreened || self.held || self.unwritten {
            Gate::Shut
        } else {
            Gate::Open
        }
    }
}

impl Oversight {
    pub(super) fn new(desk: Desk, remarks: Remarks) -> Self {
        Self {
            desk,
            remarks,
            wanted: VecDeque::new(),
            writing: Writing::Idle,
            stops: HashMap::new(),
        }
    }

    /// Tells the desk.
    pub(super) fn put(&mut self, input: Input, now: Instant) {
        if let Input::Left { session } = input {
            self.stops.remove(&session);
        }
        self.desk.handle(input, now);
        self.wanted.extend(std::iter::from_fn(|| self.desk.poll()));
    }

    /// Whether a text that this is said of is not to reach anybody.
    pub(super) fn keeps_back(&self, scores: &[Score]) -> bool {
        self.desk.keeps_back(scores).is_some()
    }

    /// Another policy is in force.
    pub(super) fn replace_policy(&mut self, policy: Policy, now: Instant) {
        self.desk.replace_policy(policy, now);
        self.wanted.extend(std::iter::from_fn(|| self.desk.poll()));
    }

    /// The next thing that may be done now. A picture that is to be held waits for no disk: the
    /// match may begin before that has answered.
    pub(super) fn next(&mut self) -> Option<Output> {
        match self.wanted.front()? {
            Output::Write(_) => self.next_hold(),
            _ => self.wanted.pop_front(),
        }
    }

    /// The first hold that waits, whose session is then released by nothing from before it.
    fn next_hold(&mut self) -> Option<Output> {
        let held = |output: &Output| match output {
            Output::Hold { session } => Some(*session),
            _ => None,
        };
        let at = self
            .wanted
            .iter()
            .position(|output| held(output).is_some())?;
        let hold = self.wanted.remove(at)?;
        let session = held(&hold)?;
        let mut place = 0;
        self.wanted.retain(|output| {
            let is_before = place < at;
            place += 1;
            !(is_before && matches!(output, Output::Release { session: of } if *of == session))
        });
        Some(hold)
    }

    /// The lines to write down now, if nothing is under way: all that are wanted.
    pub(super) fn lines(&mut self, now: Instant) -> Option<Vec<AuditLine>> {
        match self.writing {
            Writing::UnderWay { .. } => return None,
            Writing::Again { at } if at > now => return None,
            Writing::Idle | Writing::Again { .. } => {}
        }
        let lines: Vec<_> = self.wanted.iter().filter_map(line).cloned().collect();
        if lines.is_empty() {
            return None;
        }
        self.writing = Writing::UnderWay { lines: lines.len() };
        Some(lines)
    }

    /// The cases that follow the lines which are wanted.
    pub(super) fn openings(&self) -> Vec<Opening> {
        let opening = |output: &Output| match output {
            Output::OpenCase(opening) => Some(opening.clone()),
            _ => None,
        };
        self.wanted.iter().filter_map(opening).collect()
    }

    /// The lines are on disk: what followed them may be done. What they say.
    pub(super) fn written(&mut self) -> Vec<Deed> {
        let Writing::UnderWay { lines } = std::mem::replace(&mut self.writing, Writing::Idle)
        else {
            return Vec::new();
        };
        let mut written = Vec::with_capacity(lines);
        self.wanted.retain(|output| match line(output) {
            Some(line) if written.len() < lines => {
                written.push(line.deed);
                false
            }
            Some(_) | None => true,
        });
        written
    }

    /// The disk did not take the lines. Whose picture was to be stopped is shown to nobody until it
    /// does: that is no decision, only caution.
    pub(super) fn not_written(&mut self, now: Instant) -> Vec<(SessionId, Gate)> {
        self.writing = Writing::Again {
            at: now + WRITE_AGAIN,
        };
        let stopped: Vec<_> = self.wanted.iter().filter_map(to_be_stopped).collect();
        stopped
            .into_iter()
            .filter_map(|session| self.change(session, |stops| stops.unwritten = true))
            .collect()
    }

    /// What was decided is done: nobody is kept back any more for what could not be written down.
    pub(super) fn recover(&mut self) -> Vec<(SessionId, Gate)> {
        let kept = self.stops.iter().filter(|(_, stops)| stops.unwritten);
        let kept: Vec<_> = kept.map(|(session, _)| *session).collect();
        kept.into_iter()
            .filter_map(|session| self.change(session, |stops| stops.unwritten = false))
            .collect()
    }

    /// Changes why a picture is stopped: its gate, if that changes.
    pub(super) fn change(
        &mut self,
        session: SessionId,
        change: impl FnOnce(&mut Stops),
    ) -> Option<(SessionId, Gate)> {
        let stops = self.stops.entry(session).or_default();
        let before = stops.gate();
        change(stops);
        let gate = stops.gate();
        if gate == Gate::Open {
            self.stops.remove(&session);
        }
        (gate != before).then_some((session, gate))
    }

    /// For what a session's picture is stopped, if it is by policy.
    pub(super) fn blurred(&self, session: SessionId) -> Option<Label> {
        self.stops.get(&session)?.blurred.clone()
    }

    /// When there is something to do even if nobody says a word.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let again = match self.writing {
            Writing::Again { at } => Some(at),
            Writing::Idle | Writing::UnderWay { .. } => None,
        };
        [self.desk.next_deadline(), again]
            .into_iter()
            .flatten()
            .min()
    }

    /// Whether nothing is kept of anybody.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.desk.watched() == 0 && self.stops.is_empty()
    }
}

impl Stops {
    pub(super) fn blur(&mut self, label: Label) {
        self.blurred = Some(label);
    }

    pub(super) fn unblur(&mut self) {
        self.blurred = None;
    }

    pub(super) const fn screen(&mut self, pending: bool) {
        self.unscreened = pending;
    }

    pub(super) const fn hold(&mut self, held: bool) {
        self.held = held;
    }
}

const fn line(output: &Output) -> Option<&AuditLine> {
    match output {
        Output::Write(line) => Some(line),
        _ => None,
    }
}

fn to_be_stopped(output: &Output) -> Option<SessionId> {
    match output {
        Output::Blur { session, .. }
        | Output::End { session, .. }
        | Output::Ban { session, .. } => Some(*session),
        _ => None,
    }
}

#[cfg(test)]
#[path = "oversight_tests.rs"]
mod tests;
