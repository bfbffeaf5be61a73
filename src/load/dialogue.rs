//! One simulated visitor's conversation with the server.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;

use super::hello::Answer;
use super::herd::{Door, Word, read_clock};
use super::http_side::{HttpSide, Socket};
use super::visitor::{Recruiter, Visitor};
use crate::access::solve;
use crate::http::message::{ByeReason, Connection, FromBrowser, FromServer, Mode, Whose};
use crate::private::Private;

/// Where a run stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Phase {
    /// Visitors come in.
    Joining,
    /// All are in.
    Measuring,
    /// They leave.
    Over,
}

/// What is told of a visitor.
#[derive(Debug)]
pub(super) enum News {
    /// Its leg is connected, so long after it said `join`.
    Connected(Duration),
    /// It faces somebody for the first time.
    Met,
    /// A newer server has taken over, and it goes there.
    Moved,
    /// It showed what nobody should see, and was put out.
    PutOut,
    /// Its stay ended before it should, and why.
    Failed(String),
}

/// What a conversation needs beside its visitor.
#[derive(Clone)]
pub(super) struct Surroundings {
    pub(super) side: HttpSide,
    pub(super) recruiter: Recruiter,
    pub(super) phase: watch::Receiver<Phase>,
    pub(super) news: tokio::sync::mpsc::UnboundedSender<(u32, News)>,
    /// How often one of each pair says Next while it is measured; never if zero.
    pub(super) next_every: Duration,
}

/// How a conversation ends that goes well.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// The run is over.
    Over,
    /// It goes on with a newer server.
    Moved,
    /// It was put out, as it had to be.
    PutOut,
}

/// Joins, and stays until the run is over.
pub(super) async fn hold(number: u32, herd: Door, around: Surroundings) {
    let mut has_met = false;
    // Nobody listens any more when the run is over.
    let tell = |news| drop(around.news.send((number, news)));
    loop {
        match converse(number, &herd, &around, &mut has_met).await {
            Ok(End::Over) => return,
            Ok(End::Moved) => tell(News::Moved),
            Ok(End::PutOut) => {
                tell(News::PutOut);
                return herd.tell(Word::Leave(number));
            }
            Err(reason) => return tell(News::Failed(reason)),
        }
        herd.tell(Word::Leave(number));
    }
}

async fn converse(
    number: u32,
    herd: &Door,
    around: &Surroundings,
    has_met: &mut bool,
) -> Result<End, String> {
    let visitor = around.recruiter.visitor(number, read_clock());
    let visitor = visitor.map_err(|error| error.to_string())?;
    let asked = Instant::now();
    let mut socket = around.side.websocket().await?;
    let offer = visitor.offer();
    let join = |proof| FromBrowser::Join {
        device: None,
        token: around.side.token(),
        proof,
        age_check: None,
        mode: Mode::Video,
        offer: Some(Private::new(offer.clone())),
        adult: true,
        interests: Vec::new(),
        languages: Vec::new(),
    };
    say(&mut socket, &join(None)).await?;
    let mut stay = Stay {
        number,
        herd,
        visitor: Some(Box::new(visitor)),
        asked,
        has_met,
        faces_somebody: false,
        next_at: None,
    };
    let mut phase = around.phase.clone();
    if *phase.borrow_and_update() == Phase::Measuring {
        stay.plan_next(around.next_every);
    }
    loop {
        let next_at = stay.next_at;
        tokio::select! {
            message = socket.next() => match message {
                Some(Ok(Message::Text(text))) => match stay.hear(&text, around)? {
                    Heard::Nothing => {}
                    Heard::Challenge(challenge) => {
                        say(&mut socket, &join(Some(challenge.answer().await?))).await?;
                    }
                    Heard::Moved => return Ok(End::Moved),
                    Heard::PutOut => return Ok(End::PutOut),
                },
                Some(Ok(Message::Close(_))) | None => return Err("the server hung up".to_owned()),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.to_string()),
            },
            changed = phase.changed() => {
                let now = *phase.borrow_and_update();
                if changed.is_err() || now == Phase::Over {
                    say(&mut socket, &FromBrowser::Leave {}).await?;
                    return Ok(End::Over);
                }
                if now == Phase::Measuring {
                    stay.plan_next(around.next_every);
                }
            }
            () = sleep_until(next_at) => {
                stay.plan_next(around.next_every);
                if stay.faces_somebody {
                    stay.herd.tell(Word::Next(stay.number));
                    say(&mut socket, &FromBrowser::Next {}).await?;
                }
            }
        }
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

async fn say(socket: &mut Socket, message: &FromBrowser) -> Result<(), String> {
    let text = serde_json::to_string(message).map_err(|error| error.to_string())?;
    let sent = socket.send(Message::text(text)).await;
    sent.map_err(|error| error.to_string())
}

const CAPTCHA: &str =
    "the server asks for a captcha: start it with --challenge-kind=none for a test";

const AGE_CHECK: &str =
    "the server wants the age checked: bring --token with one that says adult=verified";

/// A proof of work that the server asks for.
struct Challenge {
    text: String,
    bits: u32,
}

impl Challenge {
    /// Does it, beside the conversations.
    async fn answer(self) -> Result<Private<String>, String> {
        let found = tokio::task::spawn_blocking(move || solve(&self.text, self.bits)).await;
        found.map(Private::new).map_err(|error| error.to_string())
    }
}

/// What follows from what the server says.
enum Heard {
    Nothing,
    Challenge(Challenge),
    /// A newer server has taken over.
    Moved,
    /// The stay of one who should be put out is ended.
    PutOut,
}

struct Stay<'a> {
    number: u32,
    /// The way to its media.
    herd: &'a Door,
    /// Until the answer is there.
    visitor: Option<Box<Visitor>>,
    asked: Instant,
    has_met: &'a mut bool,
    faces_somebody: bool,
    next_at: Option<Instant>,
}

impl Stay<'_> {
    fn hear(&mut self, text: &str, around: &Surroundings) -> Result<Heard, String> {
        let message = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let number = self.number;
        let tell = |news| {
            let _ = around.news.send((number, news));
        };
        match message {
            FromServer::Answer { sdp } => {
                let answer = Answer::read(sdp.reveal()).ok_or("an answer that cannot be read")?;
                if let Some(visitor) = self.visitor.take() {
                    self.herd.tell(Word::Come(visitor, answer));
                }
            }
            FromServer::Connection {
                state: Connection::Connected,
            } => tell(News::Connected(self.asked.elapsed())),
            FromServer::Matched { .. } => {
                self.faces_somebody = true;
                self.herd.tell(Word::Matched(number));
                if !std::mem::replace(self.has_met, true) {
                    tell(News::Met);
                }
            }
            FromServer::Waiting { .. } | FromServer::Left { .. } | FromServer::Idle { .. } => {
                self.faces_somebody = false;
            }
            FromServer::ChallengeRequired {
                text: Some(text),
                bits: Some(bits),
                ..
            } => return Ok(Heard::Challenge(Challenge { text, bits })),
            FromServer::Blocked {
                whose: Whose::Own,
                blocked: true,
                ..
            } => self.herd.tell(Word::Stopped(number)),
            FromServer::Ended { .. } if around.recruiter.is_unwanted(number) => {
                self.herd.tell(Word::Stopped(number));
                return Ok(Heard::PutOut);
            }
            FromServer::Ended { label, .. } => return Err(format!("put out for {label}")),
            FromServer::ChallengeRequired { .. } => return Err(CAPTCHA.to_owned()),
            FromServer::AgeCheckRequired { .. } => return Err(AGE_CHECK.to_owned()),
            FromServer::Error { message, .. } => return Err(message),
            FromServer::Bye {
                reason: ByeReason::Moved,
            } => return Ok(Heard::Moved),
            FromServer::Bye { reason } => return Err(format!("the stay ended: {reason:?}")),
            _ => {}
        }
        Ok(Heard::Nothing)
    }

    /// Both of a pair move on, in turn: were it only half of all, they could face each other, and
    /// then nobody new would be there to meet.
    fn plan_next(&mut self, every: Duration) {
        let each = every * 2;
        self.next_at = (!every.is_zero()).then(|| {
            let first = self.next_at.is_none();
            // At first each at another time.
            let share = f64::from(self.number % 97 + 1) / 97.0;
            let wait = if first { each.mul_f64(share) } else { each };
            Instant::now() + wait
        });
    }
}
