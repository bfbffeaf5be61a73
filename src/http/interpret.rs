//! Between the wire and control: what a [`FromBrowser`] asks for, and what a control [`Message`]
//! is as a [`FromServer`].

use std::time::Duration;

use super::message::{
    ByeReason, Category, Connection, ErrorCode, FromBrowser, FromServer, LeftReason, Limits, Mode,
    Screening, Standing, Whose,
};
use crate::config;
use crate::control::{self, Message, Refusal, Ticket};
use crate::id::MatchId;
use crate::lobby::{self, Ask, Common, Complaint, Door, Notice};
use crate::media::OfferError;
use crate::private::Private;

/// What a browser's message asks of control.
#[derive(Debug)]
pub(super) enum Wanted {
    /// To begin a stay.
    Join(Joining),
    /// To go on with one.
    Resume {
        /// The token.
        token: Private<String>,
        /// An offer with new ICE credentials.
        offer: Option<Private<String>>,
    },
    /// Something within one.
    Ask(Ask),
}

/// What somebody says who wants to come in.
#[derive(Debug)]
pub(super) struct Joining {
    /// With a leg or without.
    pub(super) door: Door,
    /// Their own statement of being of age.
    pub(super) adult: bool,
    /// What they would like to talk about.
    pub(super) interests: Vec<String>,
    /// What they speak.
    pub(super) languages: Vec<String>,
    /// The token of a browser that was here before.
    pub(super) device: Option<Private<String>>,
    /// The access token.
    pub(super) token: Option<Private<String>>,
    /// The answer to the last challenge.
    pub(super) proof: Option<Private<String>>,
    /// The check of their age that they went through.
    pub(super) age_check: Option<Private<String>>,
}

/// Reads a frame.
///
/// # Errors
/// [`ErrorCode::BadMessage`] if it is no message of the documentation.
pub(super) fn read(text: &str) -> Result<Wanted, ErrorCode> {
    let message = serde_json::from_str(text).map_err(|_| ErrorCode::BadMessage)?;
    let ask = match message {
        FromBrowser::Join {
            mode,
            offer,
            adult,
            interests,
            languages,
            device,
            token,
            proof,
            age_check,
        } => {
            let door = match (mode, offer) {
                (Mode::Video, Some(offer)) => Door::Video { offer },
                (Mode::Text, None) => Door::Text,
                (Mode::Video, None) | (Mode::Text, Some(_)) => return Err(ErrorCode::BadMessage),
            };
            return Ok(Wanted::Join(Joining {
                door,
                adult,
                interests,
                languages,
                device,
                token,
                proof,
                age_check,
            }));
        }
        FromBrowser::Resume { token, offer } => return Ok(Wanted::Resume { token, offer }),
        FromBrowser::Offer { sdp } => Ask::Restart(sdp),
        FromBrowser::Next {} => Ask::Next,
        FromBrowser::Stop {} => Ask::Stop,
        FromBrowser::Interests { interests } => Ask::Interests(interests),
        FromBrowser::Chat { text } => Ask::Chat(text),
        FromBrowser::Typing { active } => Ask::Typing { active },
        FromBrowser::Report { category, note } => Ask::Report(Complaint {
            category: category_of(category),
            note,
        }),
        FromBrowser::Leave {} => Ask::Leave,
    };
    Ok(Wanted::Ask(ask))
}

/// A control message as it goes on the wire; none for what is not the visitor's.
pub(super) fn write(message: Message, rules: &config::Lobby) -> Option<FromServer> {
    Some(match message {
        Message::Joined {
            ticket: Ticket { token, grace },
            online,
            device,
        } => FromServer::Joined {
            resume: token,
            grace_ms: ms(grace),
            online,
            limits: limits(rules),
            device,
        },
        Message::Resumed {
            ticket,
            online,
            standing,
        } => resumed(ticket, online, standing, rules),
        Message::Answer(sdp) => FromServer::Answer { sdp },
        Message::Notice(notice) => noticed(notice),
        Message::Picture {
            match_id,
            timestamp,
        } => FromServer::Picture {
            r#match: name(match_id),
            timestamp,
        },
        Message::Screening(state) => FromServer::Screening {
            state: screening(state),
        },
        Message::Warned(label) => FromServer::Warned {
            label: label.to_string(),
        },
        Message::Blocked {
            whose,
            blocked,
            label,
            case,
        } => FromServer::Blocked {
            whose: match whose {
                control::Whose::Own => Whose::Own,
                control::Whose::Partner => Whose::Partner,
            },
            blocked,
            label: label.map(|label| label.to_string()),
            case,
        },
        Message::Ended {
            label,
            retry_after,
            case,
        } => FromServer::Ended {
            label: label.to_string(),
            retry_after_ms: ms(retry_after),
            case,
        },
        Message::Refused(refusal) => FromServer::error(code_of(refusal), None),
        Message::Replaced => FromServer::Bye {
            reason: ByeReason::Replaced,
        },
        Message::Measured(_) | Message::Judged(_) => return None,
    })
}

fn noticed(notice: Notice) -> FromServer {
    match notice {
        Notice::Connected => FromServer::Connection {
            state: Connection::Connected,
        },
        Notice::Silent => FromServer::Connection {
            state: Connection::Silent,
        },
        Notice::Waiting {
            online,
            usual_wait,
            by_interests,
        } => FromServer::Waiting {
            online,
            usual_wait_ms: usual_wait.map(ms),
            by_interests,
        },
        Notice::Matched {
            match_id,
            common,
            online,
        } => FromServer::Matched {
            r#match: name(match_id),
            interests: common.interests,
            languages: common.languages,
            online,
        },
        Notice::Chat(text) => FromServer::Chat { text },
        Notice::Typing { active } => FromServer::Typing { active },
        Notice::Left { reason, requeue } => FromServer::Left {
            reason: left_reason(reason),
            requeue_ms: ms(requeue),
        },
        Notice::Idle { online } => FromServer::Idle { online },
        Notice::Reported => FromServer::Reported {},
        Notice::GoingAway { drain } => FromServer::GoingAway {
            drain_ms: ms(drain),
        },
        Notice::Refused(refusal) => refused(refusal),
        Notice::Bye(reason) => FromServer::Bye {
            reason: bye_reason(reason),
        },
    }
}

fn resumed(
    ticket: Ticket,
    online: usize,
    standing: lobby::Standing,
    rules: &config::Lobby,
) -> FromServer {
    let (state, r#match, common) = match standing {
        lobby::Standing::Idle => (Standing::Idle, None, Common::default()),
        lobby::Standing::Waiting => (Standing::Waiting, None, Common::default()),
        lobby::Standing::Left => (Standing::Left, None, Common::default()),
        lobby::Standing::Matched { match_id, common } => {
            (Standing::Matched, Some(name(match_id)), common)
        }
    };
    FromServer::Resumed {
        resume: ticket.token,
        grace_ms: ms(ticket.grace),
        online,
        limits: limits(rules),
        state,
        r#match,
        interests: common.interests,
        languages: common.languages,
    }
}

fn refused(refusal: lobby::Refusal) -> FromServer {
    let code = match refusal {
        lobby::Refusal::AdultsOnly => ErrorCode::AdultsOnly,
        lobby::Refusal::TextTooLong => ErrorCode::TextTooLong,
        lobby::Refusal::BadInterests => ErrorCode::BadInterests,
        lobby::Refusal::BadLanguages => ErrorCode::BadLanguages,
        lobby::Refusal::NotMatched => ErrorCode::NotMatched,
        lobby::Refusal::NoPartner => ErrorCode::NoPartner,
        lobby::Refusal::NotConnected => ErrorCode::NotConnected,
        lobby::Refusal::TextOnly => ErrorCode::TextOnly,
        lobby::Refusal::TooFast => ErrorCode::TooFast,
        lobby::Refusal::Full { retry_after } => {
            return FromServer::error(ErrorCode::Full, Some(ms(retry_after)));
        }
        lobby::Refusal::Draining => ErrorCode::Draining,
        lobby::Refusal::ConnectionFailed => ErrorCode::ConnectionFailed,
    };
    FromServer::error(code, None)
}

const fn code_of(refusal: Refusal) -> ErrorCode {
    match refusal {
        Refusal::NotJoined => ErrorCode::NotJoined,
        Refusal::AlreadyJoined => ErrorCode::AlreadyJoined,
        Refusal::UnknownToken => ErrorCode::UnknownToken,
        Refusal::KeptBack => ErrorCode::TextKeptBack,
        Refusal::Offer(OfferError::Malformed) => ErrorCode::BadOffer,
        Refusal::Offer(OfferError::NoAudio | OfferError::NoVideo) => ErrorCode::NoCodec,
        // Nobody looks on by a WebSocket.
        Refusal::NotModerated | Refusal::Offer(OfferError::NoLeg) => ErrorCode::ConnectionFailed,
        Refusal::Offer(OfferError::Full) => ErrorCode::Full,
    }
}

/// As the lobby knows it.
pub(super) const fn category_of(category: Category) -> lobby::Category {
    match category {
        Category::Nudity => lobby::Category::Nudity,
        Category::Minor => lobby::Category::Minor,
        Category::Violence => lobby::Category::Violence,
        Category::Hate => lobby::Category::Hate,
        Category::Spam => lobby::Category::Spam,
        Category::Other => lobby::Category::Other,
    }
}

const fn left_reason(reason: lobby::LeftReason) -> LeftReason {
    match reason {
        lobby::LeftReason::Next => LeftReason::Next,
        lobby::LeftReason::Stopped => LeftReason::Stopped,
        lobby::LeftReason::Gone => LeftReason::Gone,
        lobby::LeftReason::Lost => LeftReason::Lost,
        lobby::LeftReason::Ended => LeftReason::Ended,
    }
}

const fn screening(state: control::Screening) -> Screening {
    match state {
        control::Screening::Pending => Screening::Pending,
        control::Screening::Overdue => Screening::Overdue,
        control::Screening::Passed => Screening::Passed,
    }
}

const fn bye_reason(reason: lobby::ByeReason) -> ByeReason {
    match reason {
        lobby::ByeReason::Left => ByeReason::Left,
        lobby::ByeReason::Shutdown => ByeReason::Shutdown,
        lobby::ByeReason::Moved => ByeReason::Moved,
        lobby::ByeReason::Ended => ByeReason::Ended,
    }
}

const fn limits(rules: &config::Lobby) -> Limits {
    Limits {
        chat_chars: rules.max_chat_chars,
        interests: rules.max_interests,
        interest_chars: rules.max_interest_chars,
        languages: rules.max_languages,
    }
}

fn name(match_id: MatchId) -> String {
    match_id.to_string()
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
