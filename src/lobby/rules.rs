//! [`Rules`]: the lobby's configuration as durations and paces.

use std::time::Duration;

use crate::config;
use crate::pace::Pace;

/// What the lobby goes by.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    pub(super) sessions: usize,
    pub(super) retry_after: Duration,
    pub(super) rematch_window: Duration,
    pub(super) requeue: Duration,
    pub(super) grace: Duration,
    pub(super) interests_patience: Duration,
    pub(super) languages_patience: Duration,
    pub(super) waiting_every: Duration,
    pub(super) interests: usize,
    pub(super) interest_chars: usize,
    pub(super) languages: usize,
    pub(super) chat_chars: usize,
    pub(super) note_chars: usize,
    pub(super) chat: Pace,
    pub(super) typing: Pace,
    pub(super) other: Pace,
    /// Whether a picture is looked at before anybody meets its visitor.
    pub(super) screening: bool,
}

impl From<&config::Lobby> for Rules {
    fn from(config: &config::Lobby) -> Self {
        let pace = |burst, every_ms| Pace {
            burst,
            every: Duration::from_millis(every_ms),
        };
        Self {
            sessions: config.max_sessions,
            retry_after: Duration::from_millis(config.retry_after_ms),
            rematch_window: Duration::from_millis(config.rematch_window_ms),
            requeue: Duration::from_millis(config.requeue_ms),
            grace: Duration::from_millis(config.grace_ms),
            interests_patience: Duration::from_millis(config.interests_patience_ms),
            languages_patience: Duration::from_millis(config.languages_patience_ms),
            waiting_every: Duration::from_millis(config.waiting_every_ms),
            interests: config.max_interests,
            interest_chars: config.max_interest_chars,
            languages: config.max_languages,
            chat_chars: config.max_chat_chars,
            note_chars: config.max_note_chars,
            chat: pace(config.chat_burst, config.chat_every_ms),
            typing: pace(config.typing_burst, config.typing_every_ms),
            other: pace(config.next_burst, config.next_every_ms),
            screening: false,
        }
    }
}
