//! [`Trial`]: a desk with a clock of its own, and short words for what happens to it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use visavis::config;
use visavis::id::{MatchId, SessionId};
use visavis::moderation::{
    AuditLine, Deed, Desk, DeviceKey, Input, Label, Output, Policy, Score, Verdict, Whence,
};

pub(crate) const ONE: SessionId = SessionId(1);
pub(crate) const TWO: SessionId = SessionId(2);
pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// A desk, what it said last, and what time it is.
pub(crate) struct Trial {
    pub(crate) desk: Desk,
    pub(crate) now: Instant,
    /// Everything the desk ever wanted.
    pub(crate) said: Vec<Output>,
}

impl Trial {
    /// A desk with the rows of a policy, whose head is the shortest possible.
    pub(crate) fn with(rows: &str) -> Self {
        Self::of(&policy(rows))
    }

    /// A desk with a whole policy.
    pub(crate) fn of(text: &str) -> Self {
        let policy = Policy::parse("test", text).unwrap();
        Self {
            desk: Desk::new(policy, &config::Moderation::default(), 7),
            now: beginning(),
            said: Vec::new(),
        }
    }

    /// Puts something to the desk; what it wants done.
    pub(crate) fn put(&mut self, input: Input) -> Vec<Output> {
        self.desk.handle(input, self.now);
        self.drain()
    }

    pub(crate) fn drain(&mut self) -> Vec<Output> {
        let outputs: Vec<_> = std::iter::from_fn(|| self.desk.poll()).collect();
        self.said.extend(outputs.iter().cloned());
        outputs
    }

    /// Time passes, and the desk is woken whenever it wants to be.
    pub(crate) fn pass(&mut self, time: Duration) -> Vec<Output> {
        let until = self.now + time;
        let mut outputs = Vec::new();
        let mut wakes = 0;
        while let Some(due) = self.desk.next_deadline().filter(|due| *due <= until) {
            wakes += 1;
            assert!(wakes < 100_000, "an alarm that never rests");
            self.now = self.now.max(due);
            outputs.extend(self.put(Input::Tick));
        }
        self.now = until;
        outputs
    }

    /// A session comes and its leg connects.
    pub(crate) fn connect(&mut self, session: SessionId) -> Vec<Output> {
        self.connect_device(session, None)
    }

    pub(crate) fn connect_device(
        &mut self,
        session: SessionId,
        device: Option<DeviceKey>,
    ) -> Vec<Output> {
        self.connect_from(session, device, None)
    }

    /// The same, of somebody whose network is known.
    pub(crate) fn connect_from(
        &mut self,
        session: SessionId,
        device: Option<DeviceKey>,
        whence: Option<Whence>,
    ) -> Vec<Output> {
        let mut outputs = self.put(Input::Arrived {
            session,
            device,
            whence,
        });
        outputs.extend(self.put(Input::Connected { session }));
        outputs
    }

    /// A session that has passed the door.
    pub(crate) fn admit(&mut self, session: SessionId) {
        self.connect(session);
        let outputs = self.see(session, &[]);
        assert!(outputs.contains(&Output::Pass { session }), "{outputs:?}");
    }

    /// A picture that is taken and judged now.
    pub(crate) fn see(&mut self, session: SessionId, scores: &[(&str, f32)]) -> Vec<Output> {
        let taken = self.now;
        self.see_late(session, taken, scores)
    }

    /// A picture that was taken then and is judged now.
    pub(crate) fn see_late(
        &mut self,
        session: SessionId,
        taken: Instant,
        scores: &[(&str, f32)],
    ) -> Vec<Output> {
        let verdict = Verdict::judged(scored(scores), version(), Duration::ZERO);
        self.put(Input::Judged {
            session,
            taken,
            verdict,
        })
    }

    /// A picture that was not judged.
    pub(crate) fn see_nothing(&mut self, session: SessionId, verdict: Verdict) -> Vec<Output> {
        let taken = self.now;
        self.put(Input::Judged {
            session,
            taken,
            verdict,
        })
    }

    /// Picture after picture, one each second; what the desk wanted.
    pub(crate) fn see_for(
        &mut self,
        session: SessionId,
        seconds: u32,
        scores: &[(&str, f32)],
    ) -> Vec<Output> {
        let mut outputs = Vec::new();
        for _ in 0..seconds {
            outputs.extend(self.pass(SECOND));
            outputs.extend(self.see(session, scores));
        }
        outputs
    }

    pub(crate) fn face(&mut self, number: u64, sessions: [SessionId; 2]) -> Vec<Output> {
        self.put(Input::Matched {
            match_id: MatchId(number),
            sessions,
        })
    }

    pub(crate) fn part(&mut self, number: u64, sessions: [SessionId; 2]) -> Vec<Output> {
        self.put(Input::Parted {
            match_id: MatchId(number),
            sessions,
        })
    }
}

#[expect(clippy::disallowed_methods, reason = "virtual time begins somewhere")]
pub(crate) fn beginning() -> Instant {
    // Far enough from the first moment of the machine for a test to look back.
    Instant::now() + Duration::from_secs(1_000_000)
}

/// A policy with these rows.
pub(crate) fn policy(rows: &str) -> String {
    format!("version = 'test 1'\n{rows}")
}

pub(crate) fn version() -> Arc<str> {
    Arc::from("model 1")
}

pub(crate) fn scored(scores: &[(&str, f32)]) -> Vec<Score> {
    let score = |(word, value): &(&str, f32)| Score::new(Label::new(word).unwrap(), *value);
    scores.iter().map(|pair| score(pair).unwrap()).collect()
}

/// What is written down among outputs.
pub(crate) fn deeds(outputs: &[Output]) -> Vec<Deed> {
    lines(outputs).iter().map(|line| line.deed).collect()
}

pub(crate) fn lines(outputs: &[Output]) -> Vec<&AuditLine> {
    fn line(output: &Output) -> Option<&AuditLine> {
        match output {
            Output::Write(line) => Some(line),
            _ => None,
        }
    }
    outputs.iter().filter_map(line).collect()
}

/// Outputs without what is said of looking: only what happens to somebody.
pub(crate) fn actions(outputs: &[Output]) -> Vec<Output> {
    let is_action = |output: &&Output| {
        !matches!(
            output,
            Output::Write(_) | Output::OpenCase(_) | Output::Watch { .. } | Output::Look { .. }
        )
    };
    outputs.iter().filter(is_action).cloned().collect()
}
