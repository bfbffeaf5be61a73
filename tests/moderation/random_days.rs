//! Thousands of random events from one seed, and what must hold whatever happens.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use visavis::category::Category;
use visavis::id::{LegId, MatchId, SessionId};
use visavis::moderation::{
    Actor, AuditLine, DEFAULT_POLICY, Deed, DeviceKey, Input, Label, Output, Policy, Ruling,
    Verdict,
};

use crate::trial::{Trial, policy, scored, version};

/// What the simulation knows of a session, from outside.
#[derive(Default)]
struct Known {
    connected: bool,
    passed: bool,
    blurred: bool,
    held: bool,
    over: bool,
    facing: Option<(MatchId, SessionId)>,
    /// When the newest picture was taken that a harmless verdict came of.
    harmless_at: Option<Instant>,
}

/// A world around a desk: it makes things happen, and notes what must not.
struct Days {
    trial: Trial,
    rng: StdRng,
    known: HashMap<SessionId, Known>,
    /// Pictures under way: whose, and when they were taken.
    pending: Vec<(SessionId, Instant)>,
    kept_out: HashMap<DeviceKey, Instant>,
    devices: HashMap<SessionId, DeviceKey>,
    /// The line that was written last, as long as nothing else was done.
    written: Option<AuditLine>,
    sessions: u64,
    matches: u64,
    seen: HashSet<Deed>,
}

impl Days {
    fn new(seed: u64) -> Self {
        Self {
            trial: Trial::of(DEFAULT_POLICY),
            rng: StdRng::seed_from_u64(seed),
            known: HashMap::new(),
            pending: Vec::new(),
            kept_out: HashMap::new(),
            devices: HashMap::new(),
            written: None,
            sessions: 0,
            matches: 0,
            seen: HashSet::new(),
        }
    }

    fn step(&mut self) {
        match self.rng.random_range(0..100) {
            0..8 => self.arrive(),
            8..14 => self.connect(),
            14..34 => self.take_picture(),
            34..54 => self.judge(),
            54..62 => self.face(),
            62..68 => self.part(),
            68..74 => self.report(),
            74..76 => self.leave(),
            76 => self.say_more(),
            77..79 => self.lift(),
            79 => self.replace_policy(),
            80..82 => self.order(),
            82 => self.look_on(),
            _ => self.pass(),
        }
    }

    fn put(&mut self, input: Input) {
        let outputs = self.trial.put(input);
        self.check(outputs);
    }

    fn anybody(&mut self, fits: impl Fn(&Known) -> bool) -> Option<SessionId> {
        let fitting = self.known.iter().filter(|(_, known)| fits(known));
        let mut sessions: Vec<_> = fitting.map(|(session, _)| *session).collect();
        sessions.sort_unstable();
        sessions.choose(&mut self.rng).copied()
    }

    fn arrive(&mut self) {
        if self.known.len() > 40 {
            return;
        }
        self.sessions += 1;
        let session = SessionId(self.sessions);
        let device = self
            .rng
            .random_bool(0.7)
            .then(|| DeviceKey([self.rng.random_range(0..30); 16]));
        self.known.insert(session, Known::default());
        if let Some(device) = device {
            self.devices.insert(session, device);
        }
        self.put(Input::Arrived {
            session,
            device,
            whence: None,
        });
        let kept_out = device.and_then(|device| self.kept_out.get(&device));
        let expected = kept_out.is_some_and(|until| *until > self.trial.now);
        assert_eq!(
            self.known[&session].over, expected,
            "kept out, and only then"
        );
    }

    fn connect(&mut self) {
        if let Some(session) = self.anybody(|known| !known.connected) {
            self.known.get_mut(&session).unwrap().connected = true;
            self.put(Input::Connected { session });
        }
    }

    /// A service says more of somebody's pictures, who may have left; or it is going to.
    fn say_more(&mut self) {
        let session = SessionId(self.rng.random_range(1..=self.sessions.max(1)));
        if self.rng.random_bool(0.5) {
            return self.put(Input::Awaited { session });
        }
        let label = ["porn", "known_picture", "neutral"].choose(&mut self.rng);
        let scores = scored(&[(label.unwrap(), 1.0)]);
        let taken = self.trial.now;
        self.put(Input::Opined {
            session,
            taken,
            scores,
        });
    }

    fn take_picture(&mut self) {
        if let Some(session) = self.anybody(|known| known.connected) {
            self.pending.push((session, self.trial.now));
        }
    }

    /// Verdicts come in any order, also about those who have left.
    fn judge(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        let place = self.rng.random_range(0..self.pending.len());
        let (session, taken) = self.pending.swap_remove(place);
        let bad = self.rng.random_bool(0.3);
        let verdict = match self.rng.random_range(0..10) {
            0 => Verdict::late(version(), Duration::from_secs(2)),
            1 => Verdict::undecodable(version(), Duration::ZERO),
            _ if bad => {
                let labels = [
                    "porn",
                    "hentai",
                    "sexy",
                    "no_face",
                    "unusable",
                    "known_picture",
                ];
                let label = labels.choose(&mut self.rng).unwrap();
                let value = self.rng.random_range(0.5..=1.0);
                Verdict::judged(scored(&[(label, value)]), version(), Duration::ZERO)
            }
            _ => Verdict::judged(scored(&[("neutral", 0.9)]), version(), Duration::ZERO),
        };
        if self.trial.desk.policy().opens_the_door(&verdict)
            && let Some(known) = self.known.get_mut(&session)
        {
            known.harmless_at = known.harmless_at.max(Some(taken));
        }
        self.put(Input::Judged {
            session,
            taken,
            verdict,
        });
    }

    fn face(&mut self) {
        let free = |known: &Known| known.passed && !known.over && known.facing.is_none();
        let (Some(one), Some(other)) = (self.anybody(free), self.anybody(free)) else {
            return;
        };
        if one == other {
            return;
        }
        self.matches += 1;
        let match_id = MatchId(self.matches);
        self.known.get_mut(&one).unwrap().facing = Some((match_id, other));
        self.known.get_mut(&other).unwrap().facing = Some((match_id, one));
        let sessions = [one, other];
        self.put(Input::Matched { match_id, sessions });
        self.check_fresh(sessions);
    }

    /// A picture without a young verdict is held, whoever's it is.
    fn check_fresh(&self, sessions: [SessionId; 2]) {
        let policy = self.trial.desk.policy();
        let (Some(fresh), false) = (policy.fresh, policy.shadow) else {
            return;
        };
        for session in sessions {
            let known = &self.known[&session];
            let harmless = known
                .harmless_at
                .is_some_and(|at| self.trial.now.duration_since(at) < fresh);
            assert_eq!(
                known.held, !harmless,
                "{session}: shown unseen, or held in vain"
            );
        }
    }

    fn part(&mut self) {
        if let Some(session) = self.anybody(|known| known.facing.is_some()) {
            self.part_from(session);
        }
    }

    fn part_from(&mut self, session: SessionId) {
        let Some((match_id, other)) = self.known.get_mut(&session).unwrap().facing.take() else {
            return;
        };
        self.known.get_mut(&other).unwrap().facing = None;
        let sessions = [session, other];
        self.put(Input::Parted { match_id, sessions });
        for session in sessions {
            assert!(!self.known[&session].held, "a hold outlives its match");
        }
    }

    fn report(&mut self) {
        let (Some(by), Some(about)) = (self.anybody(|_| true), self.anybody(|_| true)) else {
            return;
        };
        let categories = [Category::Nudity, Category::Minor, Category::Spam];
        let category = *categories.choose(&mut self.rng).unwrap();
        self.put(Input::Reported {
            by,
            about,
            category,
        });
    }

    fn leave(&mut self) {
        let gone = self.anybody(|known| known.over);
        let Some(session) = gone.or_else(|| self.anybody(|_| true)) else {
            return;
        };
        self.part_from(session);
        self.put(Input::Left { session });
        self.known.remove(&session);
    }

    fn lift(&mut self) {
        if let Some(session) = self.anybody(|known| known.blurred) {
            let by = Actor::Person("ann".into());
            self.put(Input::Lifted { session, by });
        }
    }

    /// A service of the operator's decides by itself.
    fn order(&mut self) {
        let Some(session) = self.anybody(|known| !known.over) else {
            return;
        };
        let lasts = Duration::from_secs(90);
        let rulings = [
            Ruling::Warn,
            Ruling::Blur,
            Ruling::Unblur,
            Ruling::End,
            Ruling::Cooldown(lasts),
        ];
        let ruling = *rulings.choose(&mut self.rng).unwrap();
        self.put(Input::Ruled {
            session: Some(session),
            device: self.devices.get(&session).copied(),
            ruling,
            label: Label::PORN,
            by: Actor::Backend("watcher".into()),
        });
    }

    fn look_on(&mut self) {
        if let Some(session) = self.anybody(|_| true) {
            let by = Actor::Backend("watcher".into());
            let leg = LegId(session.0);
            self.put(Input::Onlooker { session, leg, by });
        }
    }

    fn replace_policy(&mut self) {
        let rows = "[[row]]\nlabel = 'porn'\nthreshold = 0.7\nhits = 2\nof = 4\naction = 'blur'\n\
                    [[row]]\nlabel = 'hentai'\nthreshold = 0.7\naction = 'ban'\nban_ms = 90000\n";
        let head = [
            "shadow = true\n",
            "screening = 'open'\n",
            "fresh_ms = 0\n",
            "",
        ];
        let head = head.choose(&mut self.rng).unwrap();
        let text = if self.rng.random_bool(0.5) {
            DEFAULT_POLICY.to_owned()
        } else {
            policy(&format!("{head}{rows}"))
        };
        let now = self.trial.now;
        self.trial
            .desk
            .replace_policy(Policy::parse("random", &text).unwrap(), now);
        let outputs = self.trial.drain();
        self.check(outputs);
    }

    fn pass(&mut self) {
        let time = Duration::from_millis(self.rng.random_range(0..4_000));
        let outputs = self.trial.pass(time);
        self.check(outputs);
        let deadline = self.trial.desk.next_deadline();
        assert!(
            deadline.is_none_or(|at| at > self.trial.now),
            "something is overdue"
        );
    }

    fn check(&mut self, outputs: Vec<Output>) {
        for output in outputs {
            self.check_one(output);
        }
    }

    fn check_one(&mut self, output: Output) {
        let now = self.trial.now;
        let written = self.written.take();
        let wrote = |session: SessionId, deeds: &[Deed]| {
            let line = written.as_ref().expect("written down first");
            assert_eq!(line.session, Some(session));
            assert!(deeds.contains(&line.deed), "{line:?}");
            let tried = matches!(line.actor, Actor::Policy { shadow: true, .. });
            assert!(!tried, "what is only tried is not done");
        };
        match output {
            Output::Write(line) => {
                self.seen.insert(line.deed);
                self.written = Some(line);
            }
            Output::OpenCase(case) => self.written = Some(line_before(written, case.session)),
            Output::Pass { session } => {
                let unseen = written.is_some_and(|line| line.deed == Deed::Allow);
                let shadow = self.trial.desk.policy().shadow;
                let known = self.known.get_mut(&session).unwrap();
                assert!(!known.passed && !known.over && known.connected);
                let reason = known.harmless_at.is_some() || unseen || shadow;
                assert!(
                    reason || self.seen.contains(&Deed::Policy),
                    "nobody has looked"
                );
                known.passed = true;
            }
            Output::Warn { session, .. } => {
                wrote(session, &[Deed::Warn]);
                assert!(!self.known[&session].over);
            }
            Output::Blur { session, .. } => {
                wrote(session, &[Deed::Blur]);
                let known = self.known.get_mut(&session).unwrap();
                assert!(!known.blurred && !known.over);
                known.blurred = true;
            }
            Output::Unblur { session } => {
                wrote(session, &[Deed::Unblur]);
                let known = self.known.get_mut(&session).unwrap();
                assert!(known.blurred);
                known.blurred = false;
            }
            Output::End {
                session, cool_down, ..
            } => {
                wrote(session, &[Deed::End, Deed::Cooldown, Deed::TurnAway]);
                self.ended(session, cool_down, now);
            }
            Output::Ban { session, lasts, .. } => {
                wrote(session, &[Deed::Ban]);
                self.ended(session, Some(lasts), now);
            }
            Output::KeepOut { device, lasts, .. } => self.keeps_out(written, device, lasts),
            Output::Hold { session } => {
                let known = self.known.get_mut(&session).unwrap();
                assert!(known.facing.is_some() && !known.held && !known.over);
                known.held = true;
            }
            Output::Release { session } => {
                let known = self.known.get_mut(&session).unwrap();
                assert!(known.held);
                known.held = false;
            }
            Output::Onlook { leg } => wrote(SessionId(leg.0), &[Deed::Watch]),
            Output::Delay { session, .. } => assert!(!self.known[&session].passed),
            Output::Look { session } | Output::Watch { session, .. } => {
                assert!(self.known.contains_key(&session));
            }
        }
    }

    /// A device of somebody who has left.
    fn keeps_out(&mut self, written: Option<AuditLine>, device: DeviceKey, lasts: Duration) {
        let line = written.expect("written down first");
        let session = line.session.unwrap();
        assert!(!self.known.contains_key(&session), "who is here is ended");
        assert_eq!(self.devices[&session], device);
        assert!(matches!(line.deed, Deed::Cooldown | Deed::Ban));
        let now = self.trial.now;
        let until = self.kept_out.entry(device).or_insert(now);
        *until = (*until).max(now + lasts);
    }

    fn ended(&mut self, session: SessionId, outside: Option<Duration>, now: Instant) {
        let known = self.known.get_mut(&session).unwrap();
        assert!(!known.over, "ended twice");
        (known.over, known.held) = (true, false);
        if let (Some(device), Some(outside)) = (self.devices.get(&session), outside) {
            let until = self.kept_out.entry(*device).or_insert(now);
            *until = (*until).max(now + outside);
        }
    }
}

/// The line that a case about a session follows.
fn line_before(written: Option<AuditLine>, session: SessionId) -> AuditLine {
    let line = written.expect("a case follows its line");
    assert_eq!(line.session, Some(session));
    line
}

#[test]
fn whatever_happens_it_is_written_down_before_it_is_done() {
    let mut seen = HashSet::new();
    for seed in 0..30 {
        let mut days = Days::new(seed);
        for _ in 0..4_000 {
            days.step();
        }
        seen.extend(days.seen);
    }
    // So that silence cannot pass for safety.
    for deed in [
        Deed::Allow,
        Deed::Warn,
        Deed::Blur,
        Deed::Unblur,
        Deed::Cooldown,
        Deed::Ban,
        Deed::TurnAway,
        Deed::Review,
        Deed::Report,
        Deed::Policy,
        Deed::Watch,
        Deed::End,
    ] {
        assert!(seen.contains(&deed), "{deed:?} never happened");
    }
}

#[test]
fn one_seed_replays_one_run() {
    let run = |seed| {
        let mut days = Days::new(seed);
        let start = days.trial.now;
        for _ in 0..2_000 {
            days.step();
        }
        (days.trial.said, days.trial.now - start)
    };
    assert_eq!(run(5), run(5));
    assert_ne!(run(5), run(6));
}
