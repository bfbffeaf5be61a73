//! The lobby: who is here, who waits, who faces whom. A state machine that knows no packet and no
//! socket: time comes in as an argument, chance as a seed, and effects go out as data.
//!
//! A visitor's walk:
//! 1. [`admission`] lets a [`wish::Wish`] in, or says why not; a [`session`] begins.
//! 2. [`stay`] follows its leg and its WebSocket, and what it asks for: next, stop, leave.
//! 3. [`waiting`] keeps those who look, in queues by what they may insist on.
//! 4. [`matcher`] chooses a partner from the fronts of those queues.
//! 5. [`pairing`] begins the match and ends it, or [`led`] does; [`acquaintance`] remembers it.
//! 6. [`talk`] carries what the two write, and what one says about the other.
//! 7. [`drain`] ends it all.
//!
//! ```
//! use std::time::Instant;
//! use visavis::age::AgeBand;
//! use visavis::config;
//! use visavis::id::SessionId;
//! use visavis::lobby::{Door, Input, Lobby, Notice, Output, Wish};
//!
//! let now = Instant::now();
//! let mut lobby = Lobby::new(&config::Lobby::default(), 7);
//! for session in [SessionId(1), SessionId(2)] {
//!     let band = Some(AgeBand::Adult);
//!     let wish = Wish { door: Door::Text, band, interests: vec![], languages: vec![] };
//!     lobby.handle(Input::Join { session, wish }, now);
//! }
//! let outputs: Vec<_> = std::iter::from_fn(|| lobby.poll()).collect();
//! assert!(outputs.iter().any(|output| matches!(output, Output::MatchBegan { .. })));
//! ```
#![warn(clippy::wildcard_enum_match_arm)]

mod acquaintance;
mod admission;
mod door;
mod drain;
mod led;
mod matcher;
mod pairing;
mod rules;
mod session;
mod stay;
mod talk;
mod usual_wait;
mod waiting;
mod wish;

use std::collections::{HashMap, VecDeque};
use std::time::Instant;

use foldhash::fast::FixedState;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::alarm::Alarms;
pub use crate::category::Category;
use crate::config;
use crate::id::SessionId;
use crate::limits;
pub use admission::Openness;
pub use door::{
    Ask, ByeReason, Common, Complaint, Input, LeftReason, LegNews, Medium, Notice, Output, Refusal,
    Standing, Unpaired,
};
use drain::Drain;
use rules::Rules;
use session::Session;
use usual_wait::UsualWait;
use waiting::Waiting;
pub use wish::{Door, Wish};

/// Sessions by name. The names are ours, so that a fixed hash is safe, and one seed replays one run.
type Sessions = HashMap<SessionId, Session, FixedState>;

/// Who is here, who waits, who faces whom.
#[derive(Debug)]
pub struct Lobby {
    rules: Rules,
    sessions: Sessions,
    waiting: Waiting,
    alarms: Alarms,
    usual_video_wait: UsualWait,
    usual_text_wait: UsualWait,
    drain: Drain,
    /// Whether the media plane can carry one more pair.
    has_room: bool,
    /// Begins anywhere, so that the matches of two runs are not mixed up in a log.
    next_match: u64,
    rng: StdRng,
    outputs: VecDeque<Output>,
}

impl Lobby {
    /// An empty lobby. The same seed and the same inputs give the same outputs.
    pub fn new(config: &config::Lobby, seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        Self {
            rules: Rules::from(config),
            sessions: Sessions::default(),
            waiting: Waiting::default(),
            alarms: Alarms::default(),
            usual_video_wait: UsualWait::default(),
            usual_text_wait: UsualWait::default(),
            drain: Drain::default(),
            has_room: true,
            // They rise from anywhere, and never into the upper half: the media plane has that for itself.
            next_match: rng.random::<u64>() >> 2,
            rng,
            outputs: VecDeque::new(),
        }
    }

    /// The same lobby, in which nobody is met by video before [`Input::Screened`].
    #[must_use]
    pub const fn with_screening(mut self) -> Self {
        self.rules.screening = true;
        self
    }

    /// Takes one input. Of what was due by `now`, a good part is done as well; the next deadline
    /// tells whether more is left.
    pub fn handle(&mut self, input: Input, now: Instant) {
        match input {
            Input::Join { session, wish } => self.handle_join(session, wish, now),
            Input::Answered { session, video } => self.handle_answered(session, video),
            Input::Unanswered { session } => self.remove(session),
            Input::Leg { session, news } => self.handle_leg(session, news, now),
            Input::Player { session, news } => self.handle_player(session, news, now),
            Input::Ask { session, ask } => self.handle_ask(session, ask, now),
            Input::Unplugged { session } => self.handle_unplugged(session, now),
            Input::Resume { session, offer } => self.handle_resume(session, offer, now),
            Input::Screened { session } => self.handle_screened(session, now),
            Input::Capacity { has_room } => self.has_room = has_room,
            Input::Dismiss { session } => {
                self.end(session, LeftReason::Ended, ByeReason::Ended, now);
            }
            Input::Drain { within, bye } => self.handle_drain(within, bye, now),
            Input::Tick => {}
        }
        for _ in 0..limits::ALARMS_AT_ONCE {
            let Some(session) = self.alarms.due(now) else {
                break;
            };
            self.handle_alarm(session, now);
        }
        self.end_drain(now);
    }

    /// The next thing to do, in order; none until there is another input.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When an [`Input::Tick`] is due, if nothing else comes before.
    pub fn next_deadline(&self) -> Option<Instant> {
        [self.alarms.earliest(), self.drain.deadline()]
            .into_iter()
            .flatten()
            .min()
    }

    /// How many sessions there are.
    pub fn online(&self) -> usize {
        self.sessions.len()
    }

    /// How many can be matched now.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Whether nobody is let in any more.
    pub fn is_draining(&self) -> bool {
        self.drain.begun()
    }

    fn tell(&mut self, session: SessionId, notice: Notice) {
        self.outputs.push_back(Output::Tell { session, notice });
    }

    /// Puts a session where it belongs after any change: in the queues, and among the alarms.
    fn settle(&mut self, id: SessionId, now: Instant) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        let wanted = if self.drain.begun() {
            None
        } else {
            session.wanted_place(&self.rules, now)
        };
        self.waiting.place(id, session, wanted);
        let deadline = session.deadline();
        self.alarms.set(id, &mut session.alarm, deadline);
    }

    /// Forgets a session that faces nobody.
    fn remove(&mut self, id: SessionId) {
        let Some(mut session) = self.sessions.remove(&id) else {
            return;
        };
        self.waiting.place(id, &mut session, None);
        self.alarms.set(id, &mut session.alarm, None);
        self.outputs.push_back(Output::Ended { session: id });
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "virtual time begins somewhere")]
mod tests {
    use super::*;
    use crate::age::AgeBand;

    #[test]
    fn nothing_is_kept_of_those_who_have_left() {
        let now = Instant::now();
        let mut lobby = Lobby::new(&config::Lobby::default(), 7);
        let words = |number: u64| vec![format!("{}", number % 7), format!("only {number}")];
        for number in 0..100 {
            let languages = vec!["fr".to_owned()];
            let wish = Wish {
                door: Door::Text,
                band: Some(AgeBand::Adult),
                interests: words(number),
                languages,
            };
            lobby.handle(
                Input::Join {
                    session: SessionId(number),
                    wish,
                },
                now,
            );
        }
        assert!(!lobby.waiting.is_empty());
        for number in 0..100 {
            let session = SessionId(number);
            lobby.handle(
                Input::Ask {
                    session,
                    ask: Ask::Interests(words(number + 1)),
                },
                now,
            );
            lobby.handle(
                Input::Ask {
                    session,
                    ask: Ask::Leave,
                },
                now,
            );
        }
        assert!(lobby.waiting.is_empty());
        assert!(lobby.sessions.is_empty());
        assert_eq!(lobby.next_deadline(), None);
    }
}
