//! What the desk wants, carried out: a gate, a word to a visitor, the end of a stay.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::{error, info};

use super::chronicle::steps;
use super::oversight::{Oversight, Stops};
use super::request::{Message, Refusal, Ruled, Screening, Whose};
use super::switchboard::{Switchboard, leg_of, session_of};
use crate::classify::Judged;
use crate::classify::afterwards::{Afterword, Opined};
use crate::id::SessionId;
use crate::lobby;
use crate::media::{Command, Gate};
use crate::moderation::{AuditLine, DeviceKey, Input, Label, Outcome, Output, Policy, Verdict};
use crate::private::Private;
use crate::store::{Filing, Outside, Receipt};

impl<F: FnMut(Command)> Switchboard<F> {
    /// A picture was looked at, or could not be.
    pub(super) fn handle_judged(&mut self, judged: Judged, now: Instant) {
        let Judged { frame, verdict } = judged;
        let session = session_of(frame.leg);
        self.gauges
            .judged(now.saturating_duration_since(frame.taken));
        let taken = frame.taken;
        self.pulse.judged(session, taken, &verdict, now);
        self.looked_at(session, taken, &verdict, now);
        self.tell_backend(session, &verdict);
        self.album.add(session, frame, &verdict, now);
        self.tell_desk(
            Input::Judged {
                session,
                taken,
                verdict,
            },
            now,
        );
        self.give_up_stuck(now);
    }

    /// A service says more of a picture that was judged long ago, or is going to.
    pub(super) fn handle_afterword(&mut self, word: Afterword, now: Instant) {
        let Opined { frame, scores } = match word {
            Afterword::Said(opined) => opined,
            Afterword::Awaited(leg) => {
                let session = session_of(leg);
                return self.tell_desk(Input::Awaited { session }, now);
            }
        };
        let (session, taken) = (session_of(frame.leg), frame.taken);
        let verdict = Verdict::judged(scores.clone(), Arc::from(""), Duration::ZERO);
        let opined = Input::Opined {
            session,
            taken,
            scores,
        };
        self.tell_desk(opined, now);
        // Where a case begins by it, the picture belongs to it.
        let openings = self.oversight.iter().flat_map(Oversight::openings);
        let opens = openings.into_iter().any(|one| one.session == session);
        if opens && !frame.data.is_empty() {
            self.album.add(session, frame, &verdict, now);
        }
        self.give_up_stuck(now);
    }

    /// Whoever leads a session hears what is seen in it.
    fn tell_backend(&mut self, session: SessionId, verdict: &Verdict) {
        let is_led = self.register.stay(session).is_some_and(|stay| stay.is_led);
        if is_led && verdict.outcome == Outcome::Judged {
            self.tell(session, Message::Judged(verdict.scores.clone()));
        }
    }

    /// Carries a text to its reader, unless it is kept back: then its writer is told.
    pub(super) fn pass_on(&mut self, reader: SessionId, text: Private<String>, now: Instant) {
        let writer = self.register.partner_of(reader);
        let Some((writer, oversight)) = writer.zip(self.oversight.as_ref()) else {
            return self.tell(reader, Message::Notice(lobby::Notice::Chat(text)));
        };
        let scores = oversight.remarks.scores(text.reveal());
        let is_kept_back = oversight.keeps_back(&scores);
        match is_kept_back {
            true => self.tell(writer, Message::Refused(Refusal::KeptBack)),
            false => self.tell(reader, Message::Notice(lobby::Notice::Chat(text))),
        }
        if !scores.is_empty() {
            let session = writer;
            self.tell_desk(Input::Said { session, scores }, now);
        }
    }

    /// What is to be written down now.
    pub(super) fn lines_to_write(&mut self, now: Instant) -> Option<Vec<AuditLine>> {
        self.oversight.as_mut()?.lines(now)
    }

    /// It is written down, or the disk did not take it.
    pub(super) fn handle_written(&mut self, is_on_disk: bool, now: Instant) {
        let Some(oversight) = &mut self.oversight else {
            return;
        };
        if is_on_disk {
            for deed in oversight.written() {
                self.gauges.decided(deed);
            }
            self.heed_desk(now);
            let recovered = self.oversight.as_mut().map(Oversight::recover);
            for (session, gate) in recovered.unwrap_or_default() {
                self.set_gate(session, gate);
            }
        } else {
            error!("the audit log takes no line: nothing is decided until it does");
            for (session, gate) in oversight.not_written(now) {
                self.set_gate(session, gate);
            }
        }
        self.give_up_stuck(now);
    }

    /// Puts an input to the desk, if there is one, and does what it wants.
    pub(super) fn tell_desk(&mut self, input: Input, now: Instant) {
        if let Some(oversight) = &mut self.oversight {
            oversight.put(input, now);
            self.heed_desk(now);
        }
    }

    /// Another policy is in force.
    pub(super) fn replace_policy(&mut self, policy: Policy, now: Instant) {
        if let Some(oversight) = &mut self.oversight {
            oversight.replace_policy(policy, now);
            self.heed_desk(now);
        }
    }

    /// What a person should look at, and is to be on disk with the lines.
    pub(super) fn cases_to_open(&mut self, now: Instant) -> Vec<Filing> {
        self.album.forget_old(now);
        let openings = self.oversight.iter().flat_map(Oversight::openings);
        openings
            .map(|opening| self.album.file(opening, now))
            .collect()
    }

    /// Cases are on disk: whoever they are about may ask for another look. Whose picture was stopped
    /// before hears of it now.
    pub(super) fn handle_receipts(&mut self, receipts: Vec<Receipt>) {
        for Receipt { session, code, .. } in receipts {
            let Some(stay) = self.register.stay(session) else {
                continue;
            };
            let is_news = stay.case.replace(code.clone()).as_ref() != Some(&code);
            let blurred = self.oversight.as_ref().and_then(|one| one.blurred(session));
            if let (true, Some(label)) = (is_news, blurred) {
                self.tell(session, blocked(Whose::Own, Some(label), Some(code)));
            }
        }
    }

    /// What a person has decided.
    pub(super) fn rule(&mut self, ruled: Ruled, now: Instant) {
        let Ruled {
            session,
            device,
            ruling,
            label,
            by,
        } = ruled;
        self.tell_desk(
            Input::Ruled {
                session,
                device,
                ruling,
                label,
                by,
            },
            now,
        );
    }

    /// A person lets a device in again.
    pub(super) fn readmit(&mut self, device: DeviceKey, now: Instant) {
        self.tell_desk(Input::Readmitted { device }, now);
    }

    /// Another server on the same store keeps a device out.
    pub(super) fn hear_of_kept_out(&mut self, outside: Outside, now: Instant) {
        let Outside {
            device,
            rest,
            label,
        } = outside;
        let kept_out = Input::KeptOut {
            device,
            label,
            rest,
        };
        self.tell_desk(kept_out, now);
    }

    /// Whether pictures are looked at.
    pub(super) const fn is_overseen(&self) -> bool {
        self.oversight.is_some()
    }

    /// Tells somebody whose match begins, or who comes back to it, which pictures are stopped.
    pub(super) fn tell_of_stops(&mut self, session: SessionId) {
        let Some(oversight) = &self.oversight else {
            return;
        };
        let own = oversight.blurred(session);
        let partner = self.register.partner_of(session);
        let theirs = partner.and_then(|partner| oversight.blurred(partner));
        if own.is_some() {
            let case = self.case_of(session);
            self.tell(session, blocked(Whose::Own, own, case));
        }
        if theirs.is_some() {
            self.tell(session, blocked(Whose::Partner, None, None));
        }
    }

    fn heed_desk(&mut self, now: Instant) {
        while let Some(output) = self.oversight.as_mut().and_then(Oversight::next) {
            self.do_for_desk(output, now);
        }
    }

    fn do_for_desk(&mut self, output: Output, now: Instant) {
        match output {
            // They come out only to be written.
            Output::Write(_) | Output::OpenCase(_) => {}
            Output::Pass { session } => {
                self.screened(session, now);
                self.stop(session, |stops| stops.screen(false));
                self.tell(session, Message::Screening(Screening::Passed));
                self.put(lobby::Input::Screened { session }, now);
            }
            Output::Delay { session, .. } => {
                self.tell(session, Message::Screening(Screening::Overdue));
            }
            Output::Warn { session, label } => {
                self.acted(session, &label, now);
                info!(%session, %label, "warned");
                self.tell(session, Message::Warned(label));
            }
            Output::Blur { session, label } => {
                self.blur(session, label.clone());
                self.acted(session, &label, now);
            }
            Output::Unblur { session } => self.unblur(session),
            Output::Hold { session } => self.stop(session, |stops| stops.hold(true)),
            Output::Release { session } => self.stop(session, |stops| stops.hold(false)),
            Output::End {
                session,
                label,
                cool_down,
            } => self.end(session, label, cool_down, now),
            Output::Ban {
                session,
                label,
                lasts,
            } => self.end(session, label, Some(lasts), now),
            Output::KeepOut {
                device,
                label,
                lasts,
            } => {
                info!(%label, "a device of somebody who has left is kept out");
                self.register.keep_device_out(device, label, lasts);
            }
            Output::Watch { session, every } => (self.command)(Command::Watch {
                leg: leg_of(session),
                every,
            }),
            Output::Onlook { leg } => self.open_onlooker(leg),
            Output::Look { session } => (self.command)(Command::Look {
                leg: leg_of(session),
            }),
        }
    }

    fn screened(&mut self, session: SessionId, now: Instant) {
        let connected_at = self
            .register
            .stay(session)
            .and_then(|stay| stay.connected_at.take());
        if let Some(at) = connected_at {
            self.gauges.screened(now.saturating_duration_since(at));
            self.stepped(session, steps::SCREEN, at, now);
        }
    }

    fn blur(&mut self, session: SessionId, label: Label) {
        info!(%session, %label, "picture stopped");
        self.stop(session, |stops| stops.blur(label.clone()));
        let case = self.case_of(session);
        self.tell(session, blocked(Whose::Own, Some(label), case));
        if let Some(partner) = self.register.partner_of(session) {
            self.tell(partner, blocked(Whose::Partner, None, None));
        }
    }

    fn unblur(&mut self, session: SessionId) {
        info!(%session, "picture goes on");
        self.stop(session, Stops::unblur);
        self.tell(session, unblocked(Whose::Own));
        if let Some(partner) = self.register.partner_of(session) {
            self.tell(partner, unblocked(Whose::Partner));
        }
    }

    /// Nothing of a new leg is shown before its first picture has passed.
    pub(super) fn screen(&mut self, session: SessionId) {
        self.stop(session, |stops| stops.screen(true));
    }

    fn stop(&mut self, session: SessionId, change: impl FnOnce(&mut Stops)) {
        let changed = self
            .oversight
            .as_mut()
            .and_then(|oversight| oversight.change(session, change));
        if let Some((session, gate)) = changed {
            self.set_gate(session, gate);
        }
    }

    fn set_gate(&mut self, session: SessionId, gate: Gate) {
        let leg = leg_of(session);
        (self.command)(Command::Video { leg, gate });
    }

    /// The stay is over, and its token with it; the browser stays outside for a while.
    fn end(&mut self, session: SessionId, label: Label, outside: Option<Duration>, now: Instant) {
        info!(%session, %label, "ended by policy");
        self.acted(session, &label, now);
        if let Some(rest) = outside {
            self.register.keep_out(session, label.clone(), rest);
        }
        let case = self.case_of(session);
        self.tell(
            session,
            Message::Ended {
                label,
                retry_after: outside.unwrap_or_default(),
                case,
            },
        );
        self.put(lobby::Input::Dismiss { session }, now);
    }

    fn case_of(&mut self, session: SessionId) -> Option<String> {
        self.register.stay(session)?.case.clone()
    }
}

const fn blocked(whose: Whose, label: Option<Label>, case: Option<String>) -> Message {
    Message::Blocked {
        whose,
        blocked: true,
        label,
        case,
    }
}

const fn unblocked(whose: Whose) -> Message {
    Message::Blocked {
        whose,
        blocked: false,
        label: None,
        case: None,
    }
}
