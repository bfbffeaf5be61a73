//! [`Devices`]: browsers that come again are known by their tokens, and who was sent away stays
//! outside.

use std::time::{Duration, Instant};

use rand::Rng;
use rand::rngs::StdRng;

use super::request::Marks;
use super::watch::DeviceBook;
use crate::moderation::{DeviceId, DeviceKey, Label, Whence};
use crate::private::Private;
use crate::store::Outside;

/// Knows browsers again.
pub(super) struct Devices {
    book: DeviceBook,
    rng: StdRng,
}

/// What is known of somebody who comes.
pub(super) struct Greeted {
    /// Their browser.
    pub(super) key: DeviceKey,
    /// What it brings the next time.
    pub(super) token: Private<String>,
    /// Where they come from.
    pub(super) whence: Option<Whence>,
}

impl Devices {
    /// `rng` must be seeded by the system: whoever guesses it is taken for somebody else.
    pub(super) const fn new(book: DeviceBook, rng: StdRng) -> Self {
        Self { book, rng }
    }

    /// Whose browser this is, by its token, and the token that it brings the next time. A browser
    /// that brings none, or none of ours, is its account's, so that another browser is no way
    /// around; without an account it is new.
    pub(super) fn greet(&mut self, marks: &Marks, now: Instant) -> Greeted {
        let now_s = self.book.seconds_at(now);
        let tokens = &self.book.tokens;
        let known = marks.device.as_ref();
        let known = known.and_then(|token| tokens.read(token, now_s).ok());
        let account = || marks.account.as_ref().map(|name| tokens.device_of(name));
        let device = known.or_else(account);
        let whence = marks.network.map(|network| Whence {
            network,
            is_known: device.is_some(),
        });
        let device = device.unwrap_or_else(|| DeviceId::new(self.rng.random()));
        Greeted {
            key: tokens.key_of(&device),
            token: tokens.mint(&device, now_s),
            whence,
        }
    }

    /// It stays outside, beyond the end of this process.
    pub(super) fn keep_out(&self, device: DeviceKey, label: Label, rest: Duration) {
        let outside = Outside {
            device,
            rest,
            label,
        };
        // The desk knows it meanwhile, and the writer says what goes wrong.
        drop(self.book.kept_out.keep(outside));
    }
}
