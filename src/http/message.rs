//! Every signaling message, both ways, exactly as `docs/signaling.md` has it.

use serde::{Deserialize, Serialize, Serializer};

use crate::private::Private;

/// What a browser says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum FromBrowser {
    /// Begins a stay.
    Join {
        /// With pictures and sound, or by text only.
        mode: Mode,
        /// The SDP offer: required for video, forbidden for text.
        #[serde(
            default,
            skip_serializing_if = "Option::is_none",
            serialize_with = "maybe_wire"
        )]
        offer: Option<Private<String>>,
        /// The visitor's own statement of being of age.
        adult: bool,
        /// What the visitor would like to talk about.
        #[serde(default)]
        interests: Vec<String>,
        /// BCP 47 tags of what the visitor speaks.
        #[serde(default)]
        languages: Vec<String>,
        /// From the last `joined` that this browser was told.
        #[serde(
            default,
            skip_serializing_if = "Option::is_none",
            serialize_with = "maybe_wire"
        )]
        device: Option<Private<String>>,
        /// The access token.
        #[serde(
            default,
            skip_serializing_if = "Option::is_none",
            serialize_with = "maybe_wire"
        )]
        token: Option<Private<String>>,
        /// The answer to the last `challenge_required`.
        #[serde(
            default,
            skip_serializing_if = "Option::is_none",
            serialize_with = "maybe_wire"
        )]
        proof: Option<Private<String>>,
        /// The `check` of the last `age_check_required`.
        #[serde(
            default,
            skip_serializing_if = "Option::is_none",
            serialize_with = "maybe_wire"
        )]
        age_check: Option<Private<String>>,
    },
    /// Goes on with a stay on a new WebSocket.
    Resume {
        /// From the last `joined` or `resumed`.
        #[serde(serialize_with = "wire")]
        token: Private<String>,
        /// An SDP offer with new ICE credentials.
        #[serde(
            default,
            skip_serializing_if = "Option::is_none",
            serialize_with = "maybe_wire"
        )]
        offer: Option<Private<String>>,
    },
    /// A new offer on the same leg.
    Offer {
        /// The SDP.
        #[serde(serialize_with = "wire")]
        sdp: Private<String>,
    },
    /// Leaves whatever match there is and looks again.
    Next {},
    /// Leaves whatever match there is and does not look.
    Stop {},
    /// Changes the interests; none stops looking for them.
    Interests {
        /// The new words.
        interests: Vec<String>,
    },
    /// Writes to the partner.
    Chat {
        /// The words.
        #[serde(serialize_with = "wire")]
        text: Private<String>,
    },
    /// Tells the partner that something is being written.
    Typing {
        /// Whether it is.
        active: bool,
    },
    /// Complains about the partner, and never meets them again.
    Report {
        /// About what.
        category: Category,
        /// In the visitor's own words.
        #[serde(
            default,
            skip_serializing_if = "Option::is_none",
            serialize_with = "maybe_wire"
        )]
        note: Option<Private<String>>,
    },
    /// Ends the stay.
    Leave {},
}

/// What the server says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum FromServer {
    /// Something is to be done before the stay begins: then `join` comes again, with the proof.
    ChallengeRequired {
        /// What.
        kind: ChallengeKind,
        /// What the answer is written behind, of a proof of work.
        text: Option<String>,
        /// Zero bits that the hash of both begins with, of a proof of work.
        bits: Option<u32>,
        /// What the widget is told, of a captcha.
        site_key: Option<String>,
    },
    /// The visitor's age is to be checked elsewhere before the stay begins.
    AgeCheckRequired {
        /// The check's name, for the `join` to come.
        #[serde(serialize_with = "wire")]
        check: Private<String>,
        /// Where the visitor goes.
        #[serde(serialize_with = "wire")]
        url: Private<String>,
        /// How long that may take.
        wait_ms: u64,
    },
    /// It is checked, or it is too late for that: then `join` comes again.
    AgeChecked {},
    /// The stay has begun.
    Joined {
        /// Token for one `resume`.
        #[serde(serialize_with = "wire")]
        resume: Private<String>,
        /// How long it is good after the WebSocket is lost.
        grace_ms: u64,
        /// How many sessions there are.
        online: usize,
        /// What the server takes.
        limits: Limits,
        /// By which the browser is known when it comes again, to be brought with `join`.
        #[serde(
            default,
            skip_serializing_if = "Option::is_none",
            serialize_with = "maybe_wire"
        )]
        device: Option<Private<String>>,
    },
    /// The answer to the last offer.
    Answer {
        /// The SDP.
        #[serde(serialize_with = "wire")]
        sdp: Private<String>,
    },
    /// What the server hears of the visitor's leg.
    Connection {
        /// Whether it hears it.
        state: Connection,
    },
    /// Looking for a partner.
    Waiting {
        /// How many sessions there are.
        online: usize,
        /// How long it usually takes; unknown at first.
        usual_wait_ms: Option<u64>,
        /// Whether common interests are still insisted on.
        by_interests: bool,
    },
    /// A partner.
    Matched {
        /// The match's name.
        r#match: String,
        /// The interests in common.
        interests: Vec<String>,
        /// The languages in common.
        languages: Vec<String>,
        /// How many sessions there are.
        online: usize,
    },
    /// The first picture of the match is on its way.
    Picture {
        /// The match's name.
        r#match: String,
        /// RTP timestamp from which on pictures are of this match.
        timestamp: u32,
    },
    /// The partner writes.
    Chat {
        /// The words.
        #[serde(serialize_with = "wire")]
        text: Private<String>,
    },
    /// The partner is writing, or no longer is.
    Typing {
        /// Whether they are.
        active: bool,
    },
    /// The match is over, and not by this visitor's doing.
    Left {
        /// How it ended.
        reason: LeftReason,
        /// When the server looks again by itself.
        requeue_ms: u64,
    },
    /// Not looking.
    Idle {
        /// How many sessions there are.
        online: usize,
    },
    /// The report was taken.
    Reported {},
    /// The stay goes on.
    Resumed {
        /// Token for one `resume`; the last one is spent.
        #[serde(serialize_with = "wire")]
        resume: Private<String>,
        /// How long it is good after the WebSocket is lost.
        grace_ms: u64,
        /// How many sessions there are.
        online: usize,
        /// What the server takes.
        limits: Limits,
        /// Where the stay stands.
        state: Standing,
        /// The match's name, if matched.
        r#match: Option<String>,
        /// The interests in common, if matched.
        interests: Vec<String>,
        /// The languages in common, if matched.
        languages: Vec<String>,
    },
    /// Nobody meets a visitor whose picture has not been looked at.
    Screening {
        /// How far that is.
        state: Screening,
    },
    /// What is shown is against the rules; more of it has consequences.
    Warned {
        /// What was seen.
        label: String,
    },
    /// A picture is stopped, or passes again.
    Blocked {
        /// Whose picture.
        whose: Whose,
        /// Whether it is stopped.
        blocked: bool,
        /// What was seen; of a partner it is not told.
        label: Option<String>,
        /// The code of the case, to ask for another look with; of a partner it is not told.
        case: Option<String>,
    },
    /// The server ends the stay; `bye` follows.
    Ended {
        /// What was seen.
        label: String,
        /// When the visitor may come back.
        retry_after_ms: u64,
        /// The code of the case, to ask for another look with.
        case: Option<String>,
    },
    /// The server is shutting down.
    GoingAway {
        /// How long a match may go on.
        drain_ms: u64,
    },
    /// Something was not done.
    Error {
        /// What a program reads.
        code: ErrorCode,
        /// What a person reads.
        message: String,
        /// When it may be tried again, if waiting helps.
        retry_after_ms: Option<u64>,
    },
    /// The stay is over, or goes on elsewhere; the server closes after it.
    Bye {
        /// Why.
        reason: ByeReason,
    },
}

/// What is to be done before a stay begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChallengeKind {
    /// A proof of work.
    Work,
    /// A captcha.
    Captcha,
}

/// With pictures and sound, or by text only: the two never mix.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Camera and microphone.
    Video,
    /// No leg at all.
    Text,
}

/// What a report is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReportCategory)]
pub enum Category {
    /// Nakedness or sex.
    Nudity,
    /// Somebody who seems to be under age.
    Minor,
    /// Harm, or the threat of it.
    Violence,
    /// Contempt for what somebody is.
    Hate,
    /// Advertising, bots, fraud.
    Spam,
    /// Anything else.
    Other,
}

/// What the server takes, told at the start of a stay.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Characters in a chat message or a note.
    pub chat_chars: usize,
    /// Interests of one session.
    pub interests: usize,
    /// Characters in one interest.
    pub interest_chars: usize,
    /// Languages of one session.
    pub languages: usize,
}

/// What the server hears of a leg.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Connection {
    /// It is there.
    Connected,
    /// Nothing was heard for a while.
    Silent,
}

/// How far the look at a visitor's picture is that comes before the first match.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Screening {
    /// Nothing is judged yet.
    Pending,
    /// It takes longer than it should; it goes on.
    Overdue,
    /// The visitor may be met.
    Passed,
}

/// Whose picture.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whose {
    /// The visitor's.
    Own,
    /// The partner's.
    Partner,
}

/// How a match ended for the one who did not end it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeftReason {
    /// The partner looks for somebody else.
    Next,
    /// The partner looks no longer.
    Stopped,
    /// The partner's stay is over.
    Gone,
    /// A leg fell silent or broke.
    Lost,
    /// The server ended it.
    Ended,
}

/// Where a resumed stay stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Not looking.
    Idle,
    /// Looking.
    Waiting,
    /// Facing a partner.
    Matched,
    /// Between a match and the next look.
    Left,
}

/// Why a conversation ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ByeReason {
    /// The visitor said `leave`.
    Left,
    /// The server is shutting down.
    Shutdown,
    /// A newer server has taken its place, at the same address: `join` there.
    Moved,
    /// The server ended the stay.
    Ended,
    /// The stay goes on on another WebSocket.
    Replaced,
}

macro_rules! error_codes {
    ($($name:ident = $word:literal: $sentence:literal,)*) => {
        /// The stable name of what went wrong; its sentence may change, it may not.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
        pub enum ErrorCode {
            $(
                #[doc = $sentence]
                #[serde(rename = $word)]
                $name,
            )*
        }

        impl ErrorCode {
            /// Every code, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The code as it is on the wire.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }

            /// The sentence that goes with the code.
            pub const fn sentence(self) -> &'static str {
                match self {
                    $(Self::$name => $sentence,)*
                }
            }
        }
    };
}

error_codes! {
    BadMessage = "bad_message": "The message is not one that this server knows.",
    NotJoined = "not_joined": "Join or resume comes first.",
    AlreadyJoined = "already_joined": "This WebSocket carries a stay already.",
    AdultsOnly = "adults_only": "This service is for adults only.",
    Unauthorized = "unauthorized": "The access token is missing or not good.",
    Forbidden = "forbidden": "The access token does not allow this.",
    AgeNotAssured = "age_not_assured": "The age is not one that is let in here, or not assured well enough.",
    ChallengeFailed = "challenge_failed": "The answer to the challenge is not right, or cannot be checked now.",
    BadOffer = "bad_offer": "The offer cannot be read, or does not send and receive audio and video.",
    NoCodec = "no_codec": "The offer has no audio or no video codec that this server speaks.",
    TextTooLong = "text_too_long": "The text is longer than the limit.",
    TextKeptBack = "text_kept_back": "The rules of this server keep this text back.",
    BadInterests = "bad_interests": "There are too many interests, or one is empty or too long.",
    BadLanguages = "bad_languages": "There are too many languages, or one is not a BCP 47 tag.",
    NotMatched = "not_matched": "There is no partner.",
    NoPartner = "no_partner": "There is nobody to report, or they are reported already.",
    NotConnected = "not_connected": "The media connection is not there yet; looking begins once it is.",
    TextOnly = "text_only": "A text-only stay has no media connection.",
    TooFast = "too_fast": "That was too fast.",
    Full = "full": "As many visitors are here as this server takes.",
    Draining = "draining": "The server is shutting down.",
    UnknownToken = "unknown_token": "The token is spent, has expired or was never given; join instead.",
    ConnectionFailed = "connection_failed": "The media connection could not be made or is gone.",
}

impl FromServer {
    /// The error message for a code.
    pub fn error(code: ErrorCode, retry_after_ms: Option<u64>) -> Self {
        Self::Error {
            code,
            message: code.sentence().to_owned(),
            retry_after_ms,
        }
    }
}

/// The wire is the one place where a visitor's words must show.
fn wire<S: Serializer>(value: &Private<String>, serializer: S) -> Result<S::Ok, S::Error> {
    value.reveal().serialize(serializer)
}

fn maybe_wire<S: Serializer>(
    value: &Option<Private<String>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    value.as_ref().map(Private::reveal).serialize(serializer)
}
