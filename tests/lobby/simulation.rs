//! Thousands of random events from one seed, and what must hold whatever happens.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use visavis::age::AgeBand;
use visavis::codec::VideoCodec;
use visavis::config;
use visavis::id::{MatchId, SessionId};
use visavis::lobby::{Ask, Category, Complaint, Door, Input, LegNews, Output, Wish};
use visavis::private::Private;

use crate::hall::{Hall, video_door, wish};

const INTERESTS: [&str; 5] = ["chess", "music", "cats", "science", "films"];
const LANGUAGES: [&str; 4] = ["en", "fr", "de", "pt-BR"];

/// What the simulation knows of a session, from outside.
struct Known {
    /// None for text.
    video: Option<VideoCodec>,
    band: AgeBand,
    answered: bool,
    connected: bool,
    silent: bool,
    plugged: bool,
    looking: bool,
}

/// A world around a lobby: it makes things happen, and notes what must not.
struct World {
    hall: Hall,
    rng: StdRng,
    known: HashMap<SessionId, Known>,
    met: HashMap<[SessionId; 2], Instant>,
    blocked: HashSet<[SessionId; 2]>,
    match_ids: HashSet<MatchId>,
}

fn pair(one: SessionId, other: SessionId) -> [SessionId; 2] {
    [one.min(other), one.max(other)]
}

impl World {
    fn new(seed: u64) -> Self {
        let config = config::Lobby {
            max_sessions: 60,
            rematch_window_ms: 60_000,
            next_burst: 1_000_000,
            ..config::Lobby::default()
        };
        Self {
            hall: Hall::with(config, seed),
            rng: StdRng::seed_from_u64(seed),
            known: HashMap::new(),
            met: HashMap::new(),
            blocked: HashSet::new(),
            match_ids: HashSet::new(),
        }
    }

    fn step(&mut self) {
        match self.rng.random_range(0..100) {
            0..15 => self.join(),
            15..40 => self.leg_news(),
            40..50 => self.socket_news(),
            50..90 => self.ask(),
            _ => self.pass(),
        }
        self.check();
    }

    fn anybody(&mut self) -> Option<SessionId> {
        self.everybody().choose(&mut self.rng).copied()
    }

    /// In an order that one seed repeats.
    fn everybody(&self) -> Vec<SessionId> {
        let mut everybody: Vec<_> = self.known.keys().copied().collect();
        everybody.sort_unstable();
        everybody
    }

    fn some_of(&mut self, words: &[&'static str]) -> Vec<&'static str> {
        let count = self.rng.random_range(0..3);
        words
            .choose_multiple(&mut self.rng, count)
            .copied()
            .collect()
    }

    fn join(&mut self) {
        let by_video = self.rng.random_bool(0.7);
        let door = if by_video { video_door() } else { Door::Text };
        let (interests, languages) = (self.some_of(&INTERESTS), self.some_of(&LANGUAGES));
        let band = match self.rng.random_range(0..10) {
            0 => AgeBand::From13,
            1..3 => AgeBand::From16,
            _ => AgeBand::Adult,
        };
        let session = self.hall.new_session();
        let known = Known {
            video: by_video.then(|| {
                if self.rng.random_bool(0.8) {
                    VideoCodec::Vp8
                } else {
                    VideoCodec::H264
                }
            }),
            band,
            answered: !by_video,
            connected: !by_video,
            silent: false,
            plugged: true,
            looking: true,
        };
        self.known.insert(session, known);
        self.hall.handle(Input::Join {
            session,
            wish: Wish {
                band: Some(band),
                ..wish(door, &interests, &languages)
            },
        });
    }

    fn leg_news(&mut self) {
        let Some(session) = self.anybody() else {
            return;
        };
        let known = self.known.get_mut(&session).unwrap();
        let Some(video) = known.video else { return };
        let input = if !known.answered {
            known.answered = true;
            if self.rng.random_bool(0.1) {
                Input::Unanswered { session }
            } else {
                Input::Answered { session, video }
            }
        } else if !known.connected {
            known.connected = true;
            Input::Leg {
                session,
                news: LegNews::Connected,
            }
        } else if known.silent {
            known.silent = false;
            Input::Leg {
                session,
                news: LegNews::Heard,
            }
        } else if self.rng.random_bool(0.1) {
            Input::Leg {
                session,
                news: LegNews::Closed,
            }
        } else if self.rng.random_bool(0.3) {
            known.silent = true;
            Input::Leg {
                session,
                news: LegNews::Silent,
            }
        } else {
            return;
        };
        self.hall.handle(input);
    }

    fn socket_news(&mut self) {
        let Some(session) = self.anybody() else {
            return;
        };
        let known = self.known.get_mut(&session).unwrap();
        if !known.answered {
            return;
        }
        known.plugged = !known.plugged;
        if known.plugged {
            self.hall.handle(Input::Resume {
                session,
                offer: None,
            });
        } else {
            self.hall.handle(Input::Unplugged { session });
        }
    }

    fn ask(&mut self) {
        let Some(session) = self.anybody() else {
            return;
        };
        let known = self.known.get_mut(&session).unwrap();
        if !known.plugged || !known.answered {
            return;
        }
        let ask = match self.rng.random_range(0..100) {
            0..50 => Ask::Next,
            50..60 => Ask::Stop,
            60..75 => Ask::Interests(
                INTERESTS
                    .choose_multiple(&mut self.rng, 2)
                    .map(|&word| word.to_owned())
                    .collect(),
            ),
            75..85 => Ask::Chat(Private::new("hello".to_owned())),
            85..90 => Ask::Typing { active: true },
            90..95 => Ask::Report(Complaint {
                category: Category::Other,
                note: None,
            }),
            _ => Ask::Leave,
        };
        match ask {
            Ask::Next => known.looking = true,
            Ask::Stop => known.looking = false,
            _ => {}
        }
        self.hall.handle(Input::Ask { session, ask });
    }

    fn pass(&mut self) {
        let ms = self.rng.random_range(0..5_000);
        self.hall.pass_ms(ms);
    }

    /// What must hold after each step.
    fn check(&mut self) {
        for effect in self.hall.take_effects() {
            match effect {
                Output::MatchBegan {
                    match_id,
                    sessions: [one, other],
                    ..
                } => {
                    self.check_match(match_id, one, other);
                }
                Output::MatchEnded {
                    sessions: [one, other],
                    ..
                } => {
                    self.met.insert(pair(one, other), self.hall.now);
                }
                Output::Reported { session, about, .. } => {
                    self.blocked.insert(pair(session, about));
                }
                Output::Ended { session } => {
                    self.known.remove(&session).unwrap();
                }
                _ => {}
            }
        }
        assert_eq!(self.hall.lobby.online(), self.known.len());
    }

    fn check_match(&mut self, match_id: MatchId, one: SessionId, other: SessionId) {
        assert!(self.match_ids.insert(match_id), "a match is named once");
        assert_ne!(one, other, "nobody is matched with themselves");
        for session in [one, other] {
            // It may be gone again by now, in the same step; what is known is still there.
            let known = &self.known[&session];
            assert!(
                known.connected && known.plugged && known.looking,
                "{session} is not looking"
            );
        }
        assert_eq!(
            self.known[&one].video, self.known[&other].video,
            "modes and codecs never mix"
        );
        assert_eq!(
            self.known[&one].band, self.known[&other].band,
            "bands of ages never meet"
        );
        assert!(
            !self.blocked.contains(&pair(one, other)),
            "{one} and {other} are blocked"
        );
        if let Some(met) = self.met.get(&pair(one, other)) {
            let window = Duration::from_millis(self.hall.config.rematch_window_ms);
            assert!(
                self.hall.now.duration_since(*met) >= window,
                "{one} and {other} met just now"
            );
        }
    }

    /// Everybody comes back to life, and all have patience: whoever can be matched is.
    fn settle(&mut self) {
        for session in self.everybody() {
            let Some(known) = self.known.get_mut(&session) else {
                continue;
            };
            if !known.plugged {
                known.plugged = true;
                self.hall.handle(Input::Resume {
                    session,
                    offer: None,
                });
            }
            if known.silent {
                known.silent = false;
                self.hall.handle(Input::Leg {
                    session,
                    news: LegNews::Heard,
                });
            }
            self.check();
        }
        self.hall.pass_ms(self.hall.config.rematch_window_ms * 2);
        self.check();
    }

    fn left_over(&self) -> Vec<SessionId> {
        let alone = |session: &SessionId| self.hall.partner(*session).is_none();
        let looking = self
            .known
            .iter()
            .filter(|(_, known)| known.looking && known.connected);
        looking.map(|(session, _)| *session).filter(alone).collect()
    }

    fn check_all_are_served(&self) {
        let left_over = self.left_over();
        for (index, &one) in left_over.iter().enumerate() {
            for &other in &left_over[index + 1..] {
                let could_meet = self.known[&one].video == self.known[&other].video
                    && self.known[&one].band == self.known[&other].band
                    && !self.blocked.contains(&pair(one, other));
                assert!(!could_meet, "{one} and {other} wait for each other");
            }
        }
    }

    fn all_leave(&mut self) {
        for session in self.everybody() {
            self.hall.ask(session, Ask::Leave);
        }
        self.check();
    }
}

#[test]
fn whatever_happens_the_lobby_keeps_its_word() {
    let mut matches = 0;
    for seed in 0..30 {
        let mut world = World::new(seed);
        for _ in 0..2_000 {
            world.step();
        }
        world.settle();
        world.check_all_are_served();
        world.all_leave();
        assert_eq!(world.hall.lobby.online(), 0, "seed {seed}");
        assert_eq!(
            world.hall.lobby.next_deadline(),
            None,
            "seed {seed}: nothing is kept"
        );
        matches += world.match_ids.len();
    }
    assert!(
        matches > 3_000,
        "there were only {matches} matches: the simulation proves nothing"
    );
}
