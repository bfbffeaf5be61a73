//! [`Hall`]: a lobby with a clock turned by hand, and a memory of what everybody was told.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use visavis::age::AgeBand;
use visavis::codec::VideoCodec;
use visavis::config;
use visavis::direction::Direction;
use visavis::id::{MatchId, SessionId};
use visavis::lobby::{
    Ask, Door, Input, LeftReason, LegNews, Lobby, Notice, Output, Refusal, Unpaired, Wish,
};
use visavis::private::Private;

/// A lobby, and what came of it.
pub(crate) struct Hall {
    pub(crate) lobby: Lobby,
    pub(crate) now: Instant,
    pub(crate) config: config::Lobby,
    last_session: u64,
    notices: HashMap<SessionId, Vec<Notice>>,
    words: HashMap<SessionId, Vec<String>>,
    partners: HashMap<SessionId, SessionId>,
    /// Everything but notices, since the last look.
    pub(crate) effects: Vec<Output>,
}

impl Hall {
    pub(crate) fn new() -> Self {
        Self::with(config::Lobby::default(), 7)
    }

    #[expect(clippy::disallowed_methods, reason = "virtual time begins somewhere")]
    pub(crate) fn with(config: config::Lobby, seed: u64) -> Self {
        Self {
            lobby: Lobby::new(&config, seed),
            now: Instant::now(),
            config,
            last_session: 0,
            notices: HashMap::new(),
            words: HashMap::new(),
            partners: HashMap::new(),
            effects: Vec::new(),
        }
    }

    pub(crate) fn handle(&mut self, input: Input) {
        self.lobby.handle(input, self.now);
        self.note_all();
    }

    fn note_all(&mut self) {
        while let Some(output) = self.lobby.poll() {
            self.note(output);
        }
    }

    fn note(&mut self, output: Output) {
        match output {
            Output::Tell { session, notice } => {
                self.hear(session, &in_a_word(&notice));
                self.notices.entry(session).or_default().push(notice);
                return;
            }
            Output::Joined { session, .. } => return self.hear(session, "joined"),
            Output::Resumed { session, .. } => self.hear(session, "resumed"),
            Output::MatchBegan {
                sessions: [one, other],
                ..
            } => {
                assert_eq!(self.partners.insert(one, other), None, "{one} faces two");
                assert_eq!(self.partners.insert(other, one), None, "{other} faces two");
            }
            Output::MatchEnded {
                sessions: [one, other],
                ..
            } => {
                assert_eq!(self.partners.remove(&one), Some(other));
                assert_eq!(self.partners.remove(&other), Some(one));
            }
            Output::Ended { session } => {
                assert_eq!(
                    self.partners.get(&session),
                    None,
                    "{session} ends in a match"
                );
            }
            _ => {}
        }
        self.effects.push(output);
    }

    /// Lets time pass, and does what becomes due at its time.
    pub(crate) fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(deadline) = self.lobby.next_deadline().filter(|at| *at <= until) {
            assert!(
                deadline >= self.now,
                "a deadline in the past is never done with"
            );
            self.now = deadline;
            self.handle(Input::Tick);
            assert!(
                self.lobby.next_deadline() > Some(deadline) || self.lobby.next_deadline().is_none()
            );
        }
        self.now = until;
    }

    pub(crate) fn pass_ms(&mut self, ms: u64) {
        self.pass(Duration::from_millis(ms));
    }

    pub(crate) fn new_session(&mut self) -> SessionId {
        self.last_session += 1;
        SessionId(self.last_session)
    }

    pub(crate) fn join(&mut self, wish: Wish) -> SessionId {
        let session = self.new_session();
        self.handle(Input::Join { session, wish });
        session
    }

    /// Somebody who came by text.
    pub(crate) fn text(&mut self) -> SessionId {
        self.text_with(&[], &[])
    }

    pub(crate) fn text_with(&mut self, interests: &[&str], languages: &[&str]) -> SessionId {
        self.join(wish(Door::Text, interests, languages))
    }

    /// Somebody who came by video, and whose leg is connected.
    pub(crate) fn video(&mut self) -> SessionId {
        self.video_with(VideoCodec::Vp8)
    }

    pub(crate) fn video_with(&mut self, video: VideoCodec) -> SessionId {
        let session = self.join(wish(video_door(), &[], &[]));
        self.handle(Input::Answered { session, video });
        self.leg(session, LegNews::Connected);
        session
    }

    /// Somebody whom a backend leads, and whose leg is connected.
    pub(crate) fn led(&mut self) -> SessionId {
        let session = self.led_unconnected(VideoCodec::Vp8);
        self.leg(session, LegNews::Connected);
        session
    }

    pub(crate) fn led_unconnected(&mut self, video: VideoCodec) -> SessionId {
        self.led_to(Direction::SendRecv, video)
    }

    /// Somebody whom a backend leads, whose leg goes one way and is not connected yet.
    pub(crate) fn led_to(&mut self, direction: Direction, video: VideoCodec) -> SessionId {
        let offer = Private::new("an offer".to_owned());
        let session = self.join(wish(Door::Led { offer, direction }, &[], &[]));
        self.handle(Input::Answered { session, video });
        session
    }

    pub(crate) fn pair(&mut self, pair: [SessionId; 2]) -> Result<MatchId, Unpaired> {
        let paired = self.lobby.pair(pair, self.now);
        self.note_all();
        paired
    }

    pub(crate) fn unpair(&mut self, session: SessionId) -> bool {
        let parted = self.lobby.unpair(session, self.now);
        self.note_all();
        parted
    }

    /// Two who face each other by video.
    pub(crate) fn video_pair(&mut self) -> [SessionId; 2] {
        let pair = [self.video(), self.video()];
        assert_eq!(self.partner(pair[0]), Some(pair[1]));
        pair
    }

    /// Two who face each other by text.
    pub(crate) fn text_pair(&mut self) -> [SessionId; 2] {
        let pair = [self.text(), self.text()];
        assert_eq!(self.partner(pair[0]), Some(pair[1]));
        pair
    }

    /// Somebody new by video, who is matched with one who waits.
    pub(crate) fn video_pair_with(&mut self, waiting: SessionId) -> SessionId {
        let session = self.video();
        assert_eq!(self.partner(session), Some(waiting));
        session
    }

    /// Somebody new by text, who is matched with one who waits.
    pub(crate) fn text_pair_with(&mut self, waiting: SessionId) -> SessionId {
        let session = self.text();
        assert_eq!(self.partner(session), Some(waiting));
        session
    }

    pub(crate) fn leg(&mut self, session: SessionId, news: LegNews) {
        self.handle(Input::Leg { session, news });
    }

    pub(crate) fn player(&mut self, session: SessionId, news: LegNews) {
        self.handle(Input::Player { session, news });
    }

    pub(crate) fn ask(&mut self, session: SessionId, ask: Ask) {
        self.handle(Input::Ask { session, ask });
    }

    pub(crate) fn next(&mut self, session: SessionId) {
        self.ask(session, Ask::Next);
    }

    pub(crate) fn partner(&self, session: SessionId) -> Option<SessionId> {
        self.partners.get(&session).copied()
    }

    pub(crate) fn matches(&self) -> usize {
        self.partners.len() / 2
    }

    fn hear(&mut self, session: SessionId, word: &str) {
        self.words.entry(session).or_default().push(word.to_owned());
    }

    /// What a session was told since the last look.
    pub(crate) fn told(&mut self, session: SessionId) -> Vec<Notice> {
        self.words.remove(&session);
        self.notices.remove(&session).unwrap_or_default()
    }

    /// What a session was told since the last look, each in a word.
    pub(crate) fn heard(&mut self, session: SessionId) -> Vec<String> {
        self.notices.remove(&session);
        self.words.remove(&session).unwrap_or_default()
    }

    pub(crate) fn match_id(&self) -> MatchId {
        let mut ids = self.effects.iter().filter_map(|effect| match effect {
            Output::MatchBegan { match_id, .. } => Some(*match_id),
            _ => None,
        });
        ids.next_back().unwrap()
    }

    pub(crate) fn take_effects(&mut self) -> Vec<Output> {
        std::mem::take(&mut self.effects)
    }
}

pub(crate) fn video_door() -> Door {
    Door::Video {
        offer: Private::new("an offer".to_owned()),
    }
}

pub(crate) fn wish(door: Door, interests: &[&str], languages: &[&str]) -> Wish {
    let owned = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
    Wish {
        door,
        band: Some(AgeBand::Adult),
        interests: owned(interests),
        languages: owned(languages),
    }
}

pub(crate) fn in_a_word(notice: &Notice) -> String {
    match notice {
        Notice::Connected => "connected".to_owned(),
        Notice::Silent => "silent".to_owned(),
        Notice::Waiting {
            by_interests: true, ..
        } => "waiting by interests".to_owned(),
        Notice::Waiting { .. } => "waiting".to_owned(),
        Notice::Matched { .. } => "matched".to_owned(),
        Notice::Chat(text) => format!("chat {}", text.reveal()),
        Notice::Typing { active } => format!("typing {active}"),
        Notice::Left { reason, .. } => match reason {
            LeftReason::Next => "left next",
            LeftReason::Stopped => "left stopped",
            LeftReason::Gone => "left gone",
            LeftReason::Lost => "left lost",
            LeftReason::Ended => "left ended",
        }
        .to_owned(),
        Notice::Idle { .. } => "idle".to_owned(),
        Notice::Reported => "reported".to_owned(),
        Notice::GoingAway { .. } => "going away".to_owned(),
        Notice::Refused(Refusal::Full { .. }) => "refused: full".to_owned(),
        Notice::Refused(refusal) => format!("refused: {refusal:?}"),
        Notice::Bye(reason) => format!("bye {reason:?}").to_lowercase(),
    }
}
