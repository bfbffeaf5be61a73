//! [`Desk`]: takes what happens, one input at a time, and says what is to be done about it.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use foldhash::fast::FixedState;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::audit_line::{Actor, AuditLine, Deed};
use super::carrying::Ruled;
use super::departed::Departed;
use super::devices::Devices;
use super::docket::{DeviceKey, Input, Output, Whence};
use super::dossier::{Dossier, Stage};
use super::networks::Networks;
use super::policy::{Policy, Screening};
use super::verdict::Label;
use super::vigilance::{self, Sampling};
use crate::alarm::Alarms;
use crate::config;
use crate::id::{LegId, SessionId};
use crate::limits;

/// Sessions by name. The names are ours, so that a fixed hash is safe, and one seed replays one run.
type Dossiers = HashMap<SessionId, Dossier, FixedState>;

/// Who decides what happens to a visitor.
#[derive(Debug)]
pub struct Desk {
    pub(super) policy: Policy,
    pub(super) sampling: Sampling,
    pub(super) dossiers: Dossiers,
    pub(super) departed: Departed,
    pub(super) devices: Devices,
    networks: Networks,
    alarms: Alarms,
    rng: StdRng,
    pub(super) outputs: VecDeque<Output>,
    /// The version of a classifier that did not look.
    no_version: Arc<str>,
}

impl Desk {
    /// An empty desk. The same seed and the same inputs give the same outputs.
    pub fn new(policy: Policy, config: &config::Moderation, seed: u64) -> Self {
        Self {
            policy,
            sampling: Sampling::from(config),
            dossiers: Dossiers::default(),
            departed: Departed::default(),
            devices: Devices::default(),
            networks: Networks::new(Duration::from_millis(config.network_out_ms)),
            alarms: Alarms::default(),
            rng: StdRng::seed_from_u64(seed),
            outputs: VecDeque::new(),
            no_version: Arc::from(""),
        }
    }

    /// Takes one input. Of what was due by `now`, a good part is done as well; the next deadline
    /// tells whether more is left.
    pub fn handle(&mut self, input: Input, now: Instant) {
        match input {
            Input::Arrived {
                session,
                device,
                whence,
            } => self.handle_arrived(session, device, whence, now),
            Input::Connected { session } => self.handle_connected(session, now),
            Input::Judged {
                session,
                taken,
                verdict,
            } => self.handle_judged(session, taken, &verdict, now),
            Input::Said { session, scores } => self.handle_said(session, scores, now),
            Input::Matched { match_id, sessions } => {
                for session in sessions {
                    self.handle_matched(session, match_id, now);
                }
            }
            Input::Parted { match_id, sessions } => {
                for session in sessions {
                    self.handle_parted(session, match_id, now);
                }
            }
            Input::Reported {
                by,
                about,
                category,
            } => self.handle_reported(by, about, category, now),
            Input::Lifted { session, by } => self.lift(session, (by, Deed::Unblur), now),
            Input::Readmitted { device } => self.readmit(device),
            Input::KeptOut {
                device,
                label,
                rest,
            } => self.hear_of_kept_out(device, &label, rest, now),
            Input::Ruled {
                session,
                device,
                ruling,
                label,
                by,
            } => {
                let ruled = Ruled {
                    session,
                    device,
                    ruling,
                    label,
                    by,
                };
                self.handle_ruled(ruled, now);
            }
            Input::Opined {
                session,
                taken,
                scores,
            } => self.handle_opined(session, taken, scores, now),
            Input::Onlooker { session, leg, by } => self.admit_onlooker(session, leg, by),
            Input::Unlooked { session, by, saw } => self.dismiss_onlooker(session, by, saw),
            Input::Awaited { session } => self.expect_more(session, now),
            Input::Left { session } => self.remove(session, now),
            Input::Tick => {}
        }
        for _ in 0..limits::ALARMS_AT_ONCE {
            let Some(session) = self.alarms.due(now) else {
                break;
            };
            self.handle_alarm(session, now);
        }
    }

    /// The next thing to do, in order; none until there is another input.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When an [`Input::Tick`] is due, if nothing else comes before.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.alarms.earliest()
    }

    /// Another policy is in force from now on. What was decided stays; who was waiting for a
    /// verdict that is no longer demanded waits no longer.
    pub fn replace_policy(&mut self, policy: Policy, now: Instant) {
        self.policy = policy;
        let reason = format!("{} rows", self.policy.rows.len());
        self.outputs.push_back(Output::Write(AuditLine {
            actor: Actor::Policy {
                version: Arc::clone(&self.policy.version),
                shadow: self.policy.shadow,
            },
            session: None,
            label: Label::NEUTRAL,
            score: 0.0,
            version: self.no_version(),
            deed: Deed::Policy,
            reason,
        }));
        let mut sessions: Vec<_> = self.dossiers.keys().copied().collect();
        sessions.sort_unstable();
        for session in sessions {
            if let Some(dossier) = self.dossiers.get_mut(&session) {
                dossier.sights.forget_streaks();
            }
            self.demand_no_more(session);
            self.settle(session, now);
        }
    }

    /// A device stays outside for so long, also as was decided before this desk began; for a while so do new
    /// ones where it came from.
    pub fn keep_out(&mut self, device: DeviceKey, label: &Label, rest: Duration, now: Instant) {
        self.devices.greet(device, now);
        self.devices.keep_out(device, now + rest, label);
        if let Some(network) = self.devices.network_of(device) {
            self.networks.mark(network, rest, label, now);
        }
    }

    /// A person lets a device in again.
    fn readmit(&mut self, device: DeviceKey) {
        self.devices.readmit(device);
        if let Some(network) = self.devices.network_of(device) {
            self.networks.forgive(network);
        }
    }

    /// How many sessions it knows.
    pub fn watched(&self) -> usize {
        self.dossiers.len()
    }

    /// The policy that is in force.
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    fn handle_arrived(
        &mut self,
        session: SessionId,
        device: Option<DeviceKey>,
        whence: Option<Whence>,
        now: Instant,
    ) {
        let mut dossier = Dossier::new(device);
        let mut kept_out = None;
        if let Some(key) = device {
            let device = self.devices.greet(key, now);
            dossier.strikes = device.strikes.of_earlier_stays();
            dossier.repute = device.repute;
            device.network = whence.map(|whence| whence.network[0]).or(device.network);
            kept_out = device.kept_out(now).map(|rest| (rest, "device"));
        }
        if kept_out.is_none()
            && let Some(whence) = whence.filter(|whence| !whence.is_known)
        {
            let rest = self.networks.rest(whence.network, now);
            kept_out = rest.map(|rest| (rest, "network"));
        }
        if let Some(((rest, label), whose)) = kept_out {
            dossier.stage = Stage::Over;
            let reason = format!("its {whose} stays outside for {} s more", rest.as_secs());
            self.write_rule(session, &label, Deed::TurnAway, reason);
            self.outputs.push_back(Output::End {
                session,
                label,
                cool_down: Some(rest),
            });
        }
        self.dossiers.insert(session, dossier);
        self.settle(session, now);
    }

    /// A person lifts a blur.
    pub(super) fn lift(&mut self, session: SessionId, (by, deed): (Actor, Deed), now: Instant) {
        let Some(dossier) = self.dossiers.get_mut(&session) else {
            return;
        };
        let Some(blur) = dossier.blur.take() else {
            return;
        };
        dossier.sights.forget();
        dossier.strikes.forgive(&blur.label);
        self.outputs.push_back(Output::Write(AuditLine {
            actor: by,
            session: Some(session),
            label: blur.label,
            score: 0.0,
            version: self.no_version(),
            deed,
            reason: "lifted".to_owned(),
        }));
        self.outputs.push_back(Output::Unblur { session });
        self.settle(session, now);
    }

    /// Everything that is due for one session.
    fn handle_alarm(&mut self, session: SessionId, now: Instant) {
        self.end_screening(session, now);
        self.end_hold(session, now);
        self.look_again(session, now);
        self.miss_verdicts(session, now);
        if let Some(dossier) = self.dossiers.get_mut(&session) {
            let passes = dossier.sights.passes;
            let proved = dossier.reports.settle(passes, now);
            self.credit(proved);
        }
        self.settle(session, now);
    }

    /// Puts a session where it belongs after any change: how closely it is looked at, and when it
    /// is woken.
    pub(super) fn settle(&mut self, session: SessionId, now: Instant) {
        let Some(dossier) = self.dossiers.get_mut(&session) else {
            return;
        };
        let watch = vigilance::level(dossier, now);
        let level = watch.map(|watch| watch.level);
        if level != dossier.level {
            dossier.level = level;
            if let Some(level) = level {
                let every = self.sampling.every(level);
                self.outputs.push_back(Output::Watch { session, every });
            }
        }
        let told = match dossier.stage {
            Stage::Screening { since, told: false } => Some(since + self.policy.screening_deadline),
            Stage::Screening { told: true, .. }
            | Stage::Outside
            | Stage::Passed { .. }
            | Stage::Over => None,
        };
        let hold = match self.policy.screening {
            Screening::Open => dossier.held_since,
            Screening::Closed => None,
        };
        let deadline = [
            told,
            hold.map(|since| since + self.policy.screening_deadline),
            dossier.look_again,
            dossier.next_missed(&self.policy),
            watch.and_then(|watch| watch.until),
            dossier.reports.settles_at(),
        ];
        let deadline = match dossier.stage {
            Stage::Over => None,
            Stage::Outside | Stage::Screening { .. } | Stage::Passed { .. } => {
                deadline.into_iter().flatten().min()
            }
        };
        self.alarms.set(session, &mut dossier.alarm, deadline);
    }

    /// Every use is written down before there is anything to see.
    fn admit_onlooker(&mut self, session: SessionId, leg: LegId, by: Actor) {
        let reason = "sees what the session sends".to_owned();
        self.write_watch(session, by, Deed::Watch, reason);
        self.outputs.push_back(Output::Onlook { leg });
    }

    /// And so is its end.
    fn dismiss_onlooker(&mut self, session: SessionId, by: Actor, saw: Option<Duration>) {
        let reason = match saw {
            Some(saw) => format!("saw what the session sent, for {} s", saw.as_secs()),
            None => "saw nothing of the session".to_owned(),
        };
        self.write_watch(session, by, Deed::Unwatch, reason);
    }

    fn write_watch(&mut self, session: SessionId, by: Actor, deed: Deed, reason: String) {
        self.outputs.push_back(Output::Write(AuditLine {
            actor: by,
            session: Some(session),
            label: Label::NEUTRAL,
            score: 0.0,
            version: self.no_version(),
            deed,
            reason,
        }));
    }

    fn remove(&mut self, session: SessionId, now: Instant) {
        if let Some(mut dossier) = self.dossiers.remove(&session) {
            self.alarms.set(session, &mut dossier.alarm, None);
            self.departed.add(session, dossier, now);
        }
    }

    /// A line by the policy, about what no classifier said.
    pub(super) fn write_rule(
        &mut self,
        session: SessionId,
        label: &Label,
        deed: Deed,
        reason: String,
    ) {
        self.outputs.push_back(Output::Write(AuditLine {
            actor: Actor::Policy {
                version: Arc::clone(&self.policy.version),
                shadow: false,
            },
            session: Some(session),
            label: label.clone(),
            score: 1.0,
            version: self.no_version(),
            deed,
            reason,
        }));
    }

    pub(super) fn no_version(&self) -> Arc<str> {
        Arc::clone(&self.no_version)
    }

    /// When the tap is asked again: by chance, so that nobody can tell the moment.
    pub(super) fn chance_of_looking(&mut self) -> Duration {
        Duration::from_millis(self.rng.random_range(800..1_400))
    }
}
