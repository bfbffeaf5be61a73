//! [`News`]: what happens to a backend's legs and matches, in order and with numbers, so that whoever
//! was away can ask for what came meanwhile. What happens to legs that stayed with the server before is told
//! among it.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use utoipa::ToSchema;

use super::address_book::LegName;
use super::leg_state::Way;
use super::statistics::Statistics;
use crate::http::message::Category;
use crate::http::webhooks::Webhooks;
use crate::limits;

/// What happened, as it is sent.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub(super) struct Happened {
    /// The leg that it happened to: the last part of its `Location`; null for what is of the whole server.
    #[schema(required, example = "5f0c8a52c7d94e0b9a3f1d6e8b7c4a20")]
    leg: Option<String>,
    #[serde(flatten)]
    what: What,
}

/// What happened.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[schema(as = EventKind)]
pub(super) enum What {
    /// It is there, and connects.
    Opened {
        /// Who opened it, by the `sub` of their token.
        sub: Option<String>,
        /// Which way its media flows.
        direction: Way,
    },
    /// The leg can be matched, where its picture has passed.
    Connected,
    /// Nothing is heard of it; its match is over.
    Silent,
    /// Its picture has passed: it can be matched.
    Screened,
    /// It faces another leg.
    Matched {
        /// The name of the match.
        r#match: Option<String>,
    },
    /// The first picture of its partner is on its way to it.
    Picture {
        /// RTP timestamp from which on pictures are of this match.
        timestamp: u32,
    },
    /// It faces nobody any more, and not because the backend brought it into another match.
    Parted {
        /// The name of the match.
        r#match: Option<String>,
        /// Why.
        reason: Reason,
    },
    /// Its match is over, and so well it went.
    Quality {
        /// What it sent.
        sent: Option<Statistics>,
        /// What it received.
        received: Option<Statistics>,
    },
    /// What is seen in its picture has changed: what was at least as likely as not no longer is, or
    /// something else now is.
    Verdict {
        /// All that is seen, and how sure the models are of it, from 0 to 1.
        scores: BTreeMap<String, f64>,
    },
    /// Its visitor complains about the one whom it faces, or faced last.
    Reported {
        /// About what.
        category: Category,
    },
    /// Its visitor is warned.
    Warned {
        /// What was seen.
        label: String,
    },
    /// Its picture is stopped.
    Blocked {
        /// What was seen.
        label: String,
        /// The code by which its visitor may ask for another look.
        #[schema(required)]
        case: Option<String>,
    },
    /// Its picture passes again.
    Unblocked,
    /// The policy ends it.
    Ended {
        /// What was seen.
        label: String,
        /// The code by which its visitor may ask for another look.
        #[schema(required)]
        case: Option<String>,
        /// How long its visitor should stay away.
        retry_after_ms: u64,
    },
    /// It is over.
    Closed,
    /// The server has room for more legs, or no longer has.
    Capacity {
        /// Whether it has.
        state: OpennessWord,
        /// Visitors who are here now.
        online: usize,
    },
}

/// Whether somebody may come in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Openness)]
pub(super) enum OpennessWord {
    /// They may.
    Open,
    /// As many are here as the server can carry.
    Full,
    /// The server is about to end.
    Draining,
}

/// Why a leg faces nobody any more.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PartReason)]
pub(super) enum Reason {
    /// The other went into another match.
    Next,
    /// The other looks for nobody any more.
    Stopped,
    /// The other closed.
    Gone,
    /// The other fell silent.
    Lost,
    /// The backend or the policy ended it.
    Ended,
}

/// The names of all events, as a backend may ask for them.
pub(in crate::http) const WORDS: [&str; 16] = [
    "opened",
    "connected",
    "silent",
    "screened",
    "matched",
    "picture",
    "parted",
    "quality",
    "verdict",
    "reported",
    "warned",
    "blocked",
    "unblocked",
    "ended",
    "closed",
    "capacity",
];

/// What happened, as whoever hears of it is told.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Told {
    /// The event's name in the stream.
    pub(super) word: Cow<'static, str>,
    /// The event as JSON.
    pub(super) data: String,
}

/// One number and what happened then.
pub(super) type Numbered = (u64, Told);

/// The newest events; cheap to clone, one memory for all clones.
#[derive(Clone)]
pub(super) struct News(Arc<Inside>);

struct Inside {
    memory: Mutex<Memory>,
    /// The number of the newest.
    newest: watch::Sender<u64>,
    /// The number before the first.
    born: u64,
    /// The last number of whoever hears it here, once a newer server is there to be heard.
    last_here: watch::Sender<Option<u64>>,
    /// The last number of all, once nothing happens here any more.
    last: watch::Sender<Option<u64>>,
    /// Who else is told.
    webhooks: Option<Webhooks>,
    /// How many may still tell something.
    tellers: watch::Sender<usize>,
}

/// Somebody who may still tell something, until this is dropped.
pub(super) struct Teller(News);

impl Drop for Teller {
    fn drop(&mut self) {
        self.0.0.tellers.send_modify(|tellers| *tellers -= 1);
    }
}

#[derive(Default)]
struct Memory {
    /// The newest.
    events: VecDeque<Numbered>,
    /// A newer server tells the webhooks.
    is_handed_over: bool,
    /// It hears everything from there on.
    is_followed: bool,
}

/// What somebody who was away gets.
#[derive(PartialEq, Debug)]
pub(super) enum Caught {
    /// What came since.
    All(Vec<Numbered>),
    /// Something is forgotten: the number to go on from.
    Gap(u64),
}

impl News {
    /// The first number is the time, so that those of two runs are not mixed up.
    pub(super) fn new(now_s: u64, webhooks: Option<Webhooks>) -> Self {
        // Far more than a million events a second would be needed to reach those of the next run.
        let born = now_s << 20;
        Self(Arc::new(Inside {
            memory: Mutex::default(),
            newest: watch::channel(born).0,
            born,
            last_here: watch::Sender::new(None),
            last: watch::Sender::new(None),
            webhooks,
            tellers: watch::Sender::new(0),
        }))
    }

    /// Somebody is there who may tell something.
    pub(super) fn teller(&self) -> Teller {
        self.0.tellers.send_modify(|tellers| *tellers += 1);
        Teller(self.clone())
    }

    /// Waits until all have told the last of it.
    pub(super) async fn all_is_told(&self) {
        // This one holds a sender.
        let _ = self
            .0
            .tellers
            .subscribe()
            .wait_for(|tellers| *tellers == 0)
            .await;
    }

    /// Something happened to a leg, or to the whole server.
    pub(super) fn tell(&self, leg: Option<&LegName>, what: What) {
        let leg = leg.map(|leg| leg.reveal().to_owned());
        let word = what.word();
        // Plain structs: there is nothing in them that JSON cannot say.
        let Ok(data) = serde_json::to_string(&Happened { leg, what }) else {
            return;
        };
        self.pass_on(Told {
            word: Cow::Borrowed(word),
            data,
        });
    }

    /// The same, as the server before has said it.
    pub(super) fn pass_on(&self, told: Told) {
        let mut memory = self.0.memory.lock();
        let number = *self.0.newest.borrow() + 1;
        if memory.events.len() == limits::BACKEND_EVENTS {
            memory.events.pop_front();
        }
        // Within the lock, so that their order is the same everywhere.
        if !memory.is_handed_over {
            self.tell_webhooks(number, &told);
        }
        memory.events.push_back((number, told));
        self.0.newest.send_replace(number);
    }

    fn tell_webhooks(&self, number: u64, told: &Told) {
        if let Some(webhooks) = &self.0.webhooks {
            webhooks.tell(number, &told.word, told.data.clone());
        }
    }

    /// Something happened of which nobody can be told: whoever hears this goes on behind a gap.
    pub(super) fn skip(&self) {
        let mut memory = self.0.memory.lock();
        memory.events.clear();
        self.0.newest.send_modify(|newest| *newest += 1);
    }

    /// From now on a newer server tells everything: whoever hears it here has heard it all, and what comes
    /// after this number is for that server.
    pub(super) async fn hand_over(&self) {
        {
            let mut memory = self.0.memory.lock();
            memory.is_handed_over = true;
            self.0.last_here.send_replace(Some(*self.0.newest.borrow()));
        }
        if let Some(webhooks) = &self.0.webhooks {
            webhooks.rest().await;
        }
    }

    /// A newer server hears everything: after what number; none, if there is to be no such server.
    pub(super) fn follow(&self) -> Option<u64> {
        self.0.memory.lock().is_followed = true;
        *self.0.last_here.borrow()
    }

    /// The newer server is gone: the webhooks are told from here, also what it never asked for.
    pub(super) fn take_back(&self) {
        let mut memory = self.0.memory.lock();
        memory.is_handed_over = false;
        if let Some(last_here) = *self.0.last_here.borrow()
            && !memory.is_followed
        {
            let missed = memory.events.iter().filter(|(of, _)| *of > last_here);
            missed.for_each(|(number, told)| self.tell_webhooks(*number, told));
        }
        drop(memory);
        self.deliver();
    }

    /// What waits for the webhooks is delivered from here.
    pub(super) fn deliver(&self) {
        if let Some(webhooks) = &self.0.webhooks {
            webhooks.deliver();
        }
    }

    /// Nothing happens here any more.
    pub(super) fn end(&self) {
        self.0.last.send_replace(Some(*self.0.newest.borrow()));
    }

    /// Up to which number it is heard here, once that is known.
    pub(super) fn last_here(&self) -> watch::Receiver<Option<u64>> {
        self.0.last_here.subscribe()
    }

    /// The last number of all, once that is known.
    pub(super) fn last(&self) -> watch::Receiver<Option<u64>> {
        self.0.last.subscribe()
    }

    /// Wakes whoever waits for more.
    pub(super) fn newest(&self) -> watch::Receiver<u64> {
        self.0.newest.subscribe()
    }

    /// What came after a number.
    pub(super) fn since(&self, number: u64) -> Caught {
        let events = &self.0.memory.lock().events;
        let newest = *self.0.newest.borrow();
        let oldest = events.front().map_or(newest + 1, |(number, _)| *number);
        // All from the first on is still here, if that is still here.
        let is_known = (self.0.born..=newest).contains(&number) && number + 1 >= oldest;
        if !is_known {
            return Caught::Gap(newest);
        }
        let missed = events.iter().filter(|(of, _)| *of > number);
        Caught::All(missed.cloned().collect())
    }
}

impl What {
    /// As the event's name in the stream.
    pub(super) const fn word(&self) -> &'static str {
        match self {
            Self::Opened { .. } => "opened",
            Self::Connected => "connected",
            Self::Silent => "silent",
            Self::Screened => "screened",
            Self::Matched { .. } => "matched",
            Self::Picture { .. } => "picture",
            Self::Parted { .. } => "parted",
            Self::Quality { .. } => "quality",
            Self::Verdict { .. } => "verdict",
            Self::Reported { .. } => "reported",
            Self::Warned { .. } => "warned",
            Self::Blocked { .. } => "blocked",
            Self::Unblocked => "unblocked",
            Self::Ended { .. } => "ended",
            Self::Closed => "closed",
            Self::Capacity { .. } => "capacity",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::Quality;

    fn numbers(caught: Caught) -> Vec<u64> {
        let Caught::All(events) = caught else {
            panic!("something is forgotten");
        };
        events.into_iter().map(|(number, _)| number).collect()
    }

    #[test]
    fn every_event_can_be_asked_for_by_its_name() {
        let label = || "porn".to_owned();
        let all = [
            What::Opened {
                sub: None,
                direction: Way::SendRecv,
            },
            What::Connected,
            What::Silent,
            What::Screened,
            What::Matched { r#match: None },
            What::Picture { timestamp: 0 },
            What::Parted {
                r#match: None,
                reason: Reason::Next,
            },
            What::Quality {
                sent: Some(Statistics::of(&Quality::default())),
                received: None,
            },
            What::Verdict {
                scores: BTreeMap::new(),
            },
            What::Reported {
                category: Category::Spam,
            },
            What::Warned { label: label() },
            What::Blocked {
                label: label(),
                case: None,
            },
            What::Unblocked,
            What::Ended {
                label: label(),
                case: None,
                retry_after_ms: 0,
            },
            What::Closed,
            What::Capacity {
                state: OpennessWord::Full,
                online: 7,
            },
        ];
        assert_eq!(all.each_ref().map(What::word), WORDS);
    }

    #[tokio::test]
    async fn all_is_told_once_everybody_who_may_tell_has_ended() {
        let news = News::new(8, None);
        news.all_is_told().await;
        let [one, other] = [news.teller(), news.teller()];
        drop(one);
        let waits = tokio::spawn({
            let news = news.clone();
            async move { news.all_is_told().await }
        });
        tokio::task::yield_now().await;
        assert!(!waits.is_finished());
        drop(other);
        waits.await.unwrap();
    }

    #[test]
    fn who_was_away_gets_what_came_meanwhile() {
        let news = News::new(1, None);
        let leg = LegName::new();
        let begin = *news.newest().borrow();
        for _ in 0..3 {
            news.tell(Some(&leg), What::Connected);
        }
        assert_eq!(
            numbers(news.since(begin)),
            [begin + 1, begin + 2, begin + 3]
        );
        assert_eq!(numbers(news.since(begin + 2)), [begin + 3]);
        assert_eq!(numbers(news.since(begin + 3)), [0; 0]);
    }

    #[test]
    fn what_is_forgotten_is_said_to_be() {
        let news = News::new(1, None);
        let leg = LegName::new();
        let begin = *news.newest().borrow();
        for _ in 0..=limits::BACKEND_EVENTS {
            news.tell(Some(&leg), What::Closed);
        }
        let newest = *news.newest().borrow();
        assert_eq!(news.since(begin), Caught::Gap(newest));
        assert_eq!(numbers(news.since(begin + 1)).len(), limits::BACKEND_EVENTS);
        // Numbers of another run, and of none.
        for stranger in [0, newest + 1, u64::MAX] {
            assert_eq!(news.since(stranger), Caught::Gap(newest), "{stranger}");
        }
    }

    #[test]
    fn who_misses_something_of_the_server_before_is_told() {
        let news = News::new(1, None);
        let leg = LegName::new();
        news.tell(Some(&leg), What::Connected);
        let newest = *news.newest().borrow();
        news.skip();
        assert_eq!(news.since(newest), Caught::Gap(newest + 1));
        news.pass_on(Told {
            word: "closed".into(),
            data: "{}".to_owned(),
        });
        assert_eq!(numbers(news.since(newest + 1)), [newest + 2]);
    }

    #[test]
    fn an_event_is_a_flat_object() {
        let leg = LegName::from_outside("a".to_owned());
        let news = News::new(1, None);
        news.tell(
            Some(&leg),
            What::Parted {
                r#match: Some("it".to_owned()),
                reason: Reason::Lost,
            },
        );
        let Caught::All(events) = news.since(1 << 20) else {
            panic!("nothing is forgotten");
        };
        assert_eq!(events[0].1.word, "parted");
        assert_eq!(
            &*events[0].1.data,
            r#"{"leg":"a","type":"parted","match":"it","reason":"lost"}"#
        );
    }
}
