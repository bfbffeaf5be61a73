//! [`Entrance`]: who may come in by a WebSocket: from whose page, and with which token.

use std::time::{SystemTime, UNIX_EPOCH};

use super::interpret::Joining;
use super::message::ErrorCode;
use super::origins::Origins;
use crate::access::{Gate, Keyring, Pass, Refusal};
use crate::config;
use crate::control::Marks;
use crate::lobby::Wish;
use crate::private::Private;

/// Who may come in; cheap to clone. By default everybody, from the server's own page.
#[derive(Clone, Default)]
pub struct Entrance {
    gate: Gate,
    origins: Origins,
}

/// With which token a WebSocket was let in: whoever is turned away for another reason may try again
/// on it, also with a token for one use.
#[derive(Default)]
pub(super) struct LetIn(Option<(Private<String>, Pass)>);

impl Entrance {
    /// By the configuration, whose keys were read.
    pub fn new(config: &config::Access, keyring: Keyring) -> Self {
        Self {
            gate: Gate::new(config, keyring),
            origins: Origins::new(&config.origins),
        }
    }

    /// Whose pages may speak with the server.
    pub(super) const fn origins(&self) -> &Origins {
        &self.origins
    }

    /// Lets somebody in who has said `join`, as what their token says.
    ///
    /// # Errors
    /// They may not come in.
    pub(super) fn admit(
        &self,
        joining: Joining,
        let_in: &mut LetIn,
    ) -> Result<(Wish, Marks), ErrorCode> {
        let pass = let_in.pass(self, joining.token, joining.adult)?;
        let attributes = pass.attributes;
        let wish = Wish {
            door: joining.door,
            band: pass.band,
            interests: attributes.interests.unwrap_or(joining.interests),
            languages: attributes.languages.unwrap_or(joining.languages),
        };
        let marks = Marks {
            device: joining.device,
            account: pass.subject,
        };
        Ok((wish, marks))
    }
}

impl LetIn {
    fn pass(
        &mut self,
        entrance: &Entrance,
        token: Option<Private<String>>,
        adult: bool,
    ) -> Result<Pass, ErrorCode> {
        let now_s = seconds();
        if let (Some(token), Some((before, pass))) = (&token, &self.0)
            && token == before
            && pass.holds_at(now_s)
        {
            return Ok(pass.clone());
        }
        let admitted = entrance.gate.admit(token.as_ref(), adult, now_s);
        let pass = admitted.map_err(code_of)?;
        self.0 = token.map(|token| (token, pass.clone()));
        Ok(pass)
    }
}

const fn code_of(refusal: Refusal) -> ErrorCode {
    match refusal {
        Refusal::Unauthorized => ErrorCode::Unauthorized,
        Refusal::Forbidden => ErrorCode::Forbidden,
        Refusal::AgeNotAssured => ErrorCode::AgeNotAssured,
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a token expires by the clock of those who make it"
)]
fn seconds() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
