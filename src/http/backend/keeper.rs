//! [`Keeper`]: holds the line of one leg that came over HTTP, from its offer to its end.

use serde::Serialize;
use tokio::sync::{mpsc, oneshot, watch};
use utoipa::ToSchema;

use super::Backend;
use super::address_book::{AddressBook, LegName};
use super::news::{News, Reason, What};
use super::statistics::Statistics;
use crate::control::{self, Line, Marks, Message, Screening, SocketId, Whose};
use crate::http::message::Category;
use crate::id::MatchId;
use crate::lobby::{self, Ask, Complaint, LeftReason, Notice, Wish};
use crate::media::OfferError;
use crate::moderation::{Actor, Label, Score};
use crate::private::Private;

/// Requests of one leg that wait for their turn.
const WAITING: usize = 4;

/// What is more likely than not.
const LIKELY: f32 = 0.5;

/// What a leg is asked for.
#[derive(Debug)]
pub(super) enum Asked {
    /// A new offer.
    Restart {
        /// The offer.
        offer: Private<String>,
        /// Told the answer.
        done: oneshot::Sender<Answer>,
    },
    /// To complain about its partner.
    Report {
        /// About what.
        category: Category,
        /// What is said.
        complaint: Complaint,
        /// Told whether it is taken.
        done: oneshot::Sender<Result<(), Unanswered>>,
    },
    /// The end.
    Close,
}

/// The answer to an offer, or why there is none.
pub(super) type Answer = Result<Private<String>, Unanswered>;

/// Why an offer is not answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Unanswered {
    /// The media plane does not take it.
    Offer(OfferError),
    /// The lobby does not.
    Lobby(lobby::Refusal),
    /// Nothing is moderated here.
    NotModerated,
    /// The leg is over.
    Over,
}

/// Where a leg stands.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct Standing {
    pub(super) connection: Connection,
    /// How far the look at its picture is; none where nobody looks.
    pub(super) screening: Option<Screening>,
    /// For what its picture is stopped.
    pub(super) blocked: Option<Label>,
    pub(super) match_id: Option<MatchId>,
}

/// Whether it is heard.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Connection {
    /// ICE and DTLS are under way.
    #[default]
    Connecting,
    /// It can be matched.
    Connected,
    /// Nothing is heard of it.
    Silent,
}

/// As what a leg comes.
#[derive(Debug)]
pub(super) enum Coming {
    /// As a session of its own, of somebody who may be known.
    Session(Wish, Marks),
    /// To receive for a session whose own leg only sends.
    Player {
        /// The line of that leg.
        publisher: SocketId,
        /// The offer.
        offer: Private<String>,
    },
    /// To see what a session sends.
    Onlooker {
        /// The line of the session.
        at: SocketId,
        /// The offer.
        offer: Private<String>,
        /// Who looks on.
        by: Actor,
    },
}

/// A leg that is open, as the rest of this side knows it.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) answer: Private<String>,
    pub(super) reach: Reach,
}

/// How to reach a keeper. Once nobody can any more, the leg is closed.
#[derive(Clone, Debug)]
pub(super) struct Reach {
    pub(super) socket: SocketId,
    pub(super) asked: mpsc::Sender<Asked>,
    pub(super) standing: watch::Receiver<Standing>,
}

/// One leg's line, and what hangs on it.
struct Keeper {
    line: Line,
    /// Whom to tell of it.
    name: LegName,
    address_book: AddressBook,
    /// The name of the match that it is in.
    in_match: Option<String>,
    /// Who is told; nobody of an onlooker.
    news: Option<News>,
    asked: mpsc::Receiver<Asked>,
    standing: watch::Sender<Standing>,
    /// Whoever waits for an answer.
    waiting: Option<oneshot::Sender<Answer>>,
    /// Whoever waits to hear that a complaint is taken.
    complaining: Option<(Category, oneshot::Sender<Result<(), Unanswered>>)>,
    /// What is at least as likely as not in its picture.
    seen: Vec<String>,
    /// What is to be told once the first offer is answered.
    opened: Option<What>,
}

/// The line is over.
struct Over;

/// Opens a leg, which leaves the address book when it has ended, by whomever.
///
/// # Errors
/// The offer is not answered, and there is no leg.
pub(super) async fn open(
    backend: &Backend,
    name: &LegName,
    coming: Coming,
    opened: What,
) -> Result<Opened, Unanswered> {
    let line = backend.control.connect().await.ok_or(Unanswered::Over)?;
    let (asks, asked) = mpsc::channel(WAITING);
    let (standing, view) = watch::channel(Standing::default());
    let (done, answer) = oneshot::channel();
    let reach = Reach {
        socket: line.name(),
        asked: asks,
        standing: view,
    };
    let keeper = Keeper {
        line,
        name: name.clone(),
        address_book: backend.address_book.clone(),
        in_match: None,
        news: (!matches!(coming, Coming::Onlooker { .. })).then(|| backend.news.clone()),
        asked,
        standing,
        waiting: Some(done),
        complaining: None,
        seen: Vec::new(),
        opened: Some(opened),
    };
    // A task of its own: whoever asked may hang up before the answer, and the line must not dangle.
    let address_book = backend.address_book.clone();
    let teller = backend.news.teller();
    tokio::spawn(async move {
        let name = keeper.keep(coming).await;
        address_book.remove(&name);
        drop(teller);
    });
    let answer = answer.await.unwrap_or(Err(Unanswered::Over))?;
    Ok(Opened { answer, reach })
}

impl Keeper {
    async fn keep(mut self, coming: Coming) -> LegName {
        match coming {
            Coming::Session(wish, marks) => self.line.join(wish, marks).await,
            Coming::Player { publisher, offer } => self.line.attend(publisher, offer).await,
            Coming::Onlooker { at, offer, by } => self.line.look_on(at, offer, by).await,
        }
        let mut may_be_asked = true;
        loop {
            let is_busy = self.waiting.is_some() || self.complaining.is_some();
            let (inbox, held) = self.line.ears();
            let gone_on = tokio::select! {
                _ = &mut *held => Err(Over),
                message = inbox.recv() => match message {
                    Some(message) => self.hear(message),
                    None => Err(Over),
                },
                // One at a time, so that a refusal is known for what was asked.
                asked = self.asked.recv(), if may_be_asked && !is_busy => {
                    may_be_asked = matches!(asked, Some(Asked::Restart { .. } | Asked::Report { .. }));
                    self.ask(asked).await;
                    Ok(())
                }
            };
            if gone_on.is_err() {
                break;
            }
        }
        if self.is_open() {
            self.tell(What::Closed);
        }
        self.line.hang_up().await;
        self.name
    }

    async fn ask(&mut self, asked: Option<Asked>) {
        match asked {
            Some(Asked::Restart { offer, done }) => {
                self.waiting = Some(done);
                self.line.ask(Ask::Restart(offer)).await;
            }
            Some(Asked::Report {
                category,
                complaint,
                done,
            }) => {
                self.complaining = Some((category, done));
                self.line.ask(Ask::Report(complaint)).await;
            }
            Some(Asked::Close) | None => self.line.ask(Ask::Leave).await,
        }
    }

    fn hear(&mut self, message: Message) -> Result<(), Over> {
        match message {
            Message::Answer(answer) => return self.answer(Ok(answer)),
            Message::Refused(control::Refusal::Offer(error)) => {
                return self.answer(Err(Unanswered::Offer(error)));
            }
            Message::Notice(notice) => return self.note(notice),
            Message::Measured(measured) => self.tell(What::Quality {
                sent: measured.sends.as_deref().map(Statistics::of),
                received: measured.receives.as_deref().map(Statistics::of),
            }),
            Message::Judged(scores) => self.see(&scores),
            Message::Screening(screening) => {
                self.stands(|it| it.screening = Some(screening));
                if screening == Screening::Passed {
                    self.tell(What::Screened);
                }
            }
            Message::Blocked {
                whose: Whose::Own,
                label,
                case,
                ..
            } => {
                let blocked = label.as_ref().map(ToString::to_string);
                self.stands(|it| it.blocked = label);
                self.tell(blocked.map_or(What::Unblocked, |label| What::Blocked { label, case }));
            }
            Message::Warned(label) => self.tell(What::Warned {
                label: label.to_string(),
            }),
            Message::Ended {
                label,
                retry_after,
                case,
            } => self.tell(What::Ended {
                label: label.to_string(),
                case,
                retry_after_ms: u64::try_from(retry_after.as_millis()).unwrap_or(u64::MAX),
            }),
            Message::Refused(control::Refusal::NotModerated) => {
                return self.answer(Err(Unanswered::NotModerated));
            }
            // The publisher went while its player came.
            Message::Refused(control::Refusal::NotJoined) => {
                return self.answer(Err(Unanswered::Over));
            }
            Message::Replaced => return Err(Over),
            Message::Picture { timestamp, .. } => self.tell(What::Picture { timestamp }),
            Message::Joined { .. }
            | Message::Resumed { .. }
            | Message::Blocked { .. }
            | Message::Refused(_) => {}
        }
        Ok(())
    }

    fn note(&mut self, notice: Notice) -> Result<(), Over> {
        match notice {
            Notice::Connected => {
                self.stands(|it| it.connection = Connection::Connected);
                self.tell(What::Connected);
            }
            Notice::Silent => {
                self.stands(|it| it.connection = Connection::Silent);
                self.tell(What::Silent);
            }
            Notice::Matched { match_id, .. } => {
                self.stands(|it| it.match_id = Some(match_id));
                let name = self.address_book.name_of(&self.name, match_id);
                self.in_match = name.map(|name| name.to_string());
                let r#match = self.in_match.clone();
                self.tell(What::Matched { r#match });
            }
            Notice::Left { reason, .. } => {
                self.stands(|it| it.match_id = None);
                let reason = Reason::from(reason);
                let r#match = self.in_match.take();
                self.tell(What::Parted { r#match, reason });
            }
            Notice::Refused(refusal) if self.complaining.is_some() => {
                self.complained(Err(Unanswered::Lobby(refusal)));
            }
            Notice::Reported => self.complained(Ok(())),
            Notice::Refused(refusal) => return self.answer(Err(Unanswered::Lobby(refusal))),
            Notice::Bye(_) => return Err(Over),
            Notice::Waiting { .. }
            | Notice::Chat(_)
            | Notice::Typing { .. }
            | Notice::Idle { .. }
            | Notice::GoingAway { .. } => {}
        }
        Ok(())
    }

    /// Pictures come every few seconds: it is told when something else is likely in them.
    fn see(&mut self, scores: &[Score]) {
        let likely = scores.iter().filter(|score| score.value >= LIKELY);
        let mut seen: Vec<_> = likely.map(|score| score.label.to_string()).collect();
        seen.sort();
        if seen != self.seen {
            self.seen = seen;
            let hundredths = |value: f32| (f64::from(value) * 100.0).round() / 100.0;
            let scores = scores
                .iter()
                .map(|score| (score.label.to_string(), hundredths(score.value)));
            let scores = scores.collect();
            self.tell(What::Verdict { scores });
        }
    }

    /// Nothing more comes of a first offer that is refused, or whose answer nobody waits for.
    fn answer(&mut self, answer: Answer) -> Result<(), Over> {
        let is_good = answer.is_ok();
        let waiting = self.waiting.take();
        let is_heard = waiting.is_some_and(|waiting| waiting.send(answer).is_ok());
        if is_good
            && is_heard
            && let Some(opened) = self.opened.take()
        {
            self.tell(opened);
        }
        if self.is_open() { Ok(()) } else { Err(Over) }
    }

    /// Whoever complained hears of it, if they still want to.
    fn complained(&mut self, answer: Result<(), Unanswered>) {
        let Some((category, done)) = self.complaining.take() else {
            return;
        };
        if answer.is_ok() {
            self.tell(What::Reported { category });
        }
        let _ = done.send(answer);
    }

    const fn is_open(&self) -> bool {
        self.opened.is_none()
    }

    fn tell(&self, what: What) {
        if let Some(news) = &self.news {
            news.tell(Some(&self.name), what);
        }
    }

    fn stands(&self, change: impl FnOnce(&mut Standing)) {
        self.standing.send_modify(change);
    }
}

impl From<LeftReason> for Reason {
    fn from(reason: LeftReason) -> Self {
        match reason {
            LeftReason::Next => Self::Next,
            LeftReason::Stopped => Self::Stopped,
            LeftReason::Gone => Self::Gone,
            LeftReason::Lost => Self::Lost,
            LeftReason::Ended => Self::Ended,
        }
    }
}
