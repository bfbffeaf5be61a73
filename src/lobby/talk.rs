//! What two who face each other write, and what one says about the other.

use std::time::Instant;

use super::Lobby;
use super::door::{Complaint, Notice, Output, Refusal};
use super::session::Session;
use crate::id::SessionId;
use crate::private::Private;

impl Lobby {
    /// Carries words to the partner.
    pub(super) fn chat(
        &mut self,
        id: SessionId,
        text: Private<String>,
        now: Instant,
    ) -> Result<(), Refusal> {
        let (pace, limit) = (self.rules.chat, self.rules.chat_chars);
        let session = self.session(id)?;
        if !session.meters.chat.take(pace, now) {
            return Err(Refusal::TooFast);
        }
        if text.reveal().chars().count() > limit {
            return Err(Refusal::TextTooLong);
        }
        let partner = session.partner()?;
        self.tell(partner, Notice::Chat(text));
        Ok(())
    }

    /// Tells the partner that something is being written, or no longer is.
    pub(super) fn typing(
        &mut self,
        id: SessionId,
        active: bool,
        now: Instant,
    ) -> Result<(), Refusal> {
        let pace = self.rules.typing;
        let session = self.session(id)?;
        if !session.meters.typing.take(pace, now) {
            return Err(Refusal::TooFast);
        }
        let partner = session.partner()?;
        self.tell(partner, Notice::Typing { active });
        Ok(())
    }

    /// Takes a complaint about the partner of the match that is or was last, once, and keeps the
    /// two apart from then on.
    pub(super) fn report(&mut self, id: SessionId, complaint: Complaint) -> Result<(), Refusal> {
        let limit = self.rules.note_chars;
        let note = complaint.note.as_ref();
        if note.is_some_and(|note| note.reveal().chars().count() > limit) {
            return Err(Refusal::TextTooLong);
        }
        let session = self.session(id)?;
        let last = session.last_match.as_mut().filter(|last| !last.reported);
        let last = last.ok_or(Refusal::NoPartner)?;
        last.reported = true;
        let (about, match_id) = (last.partner, last.match_id);
        session.acquaintance.block(about);
        self.outputs.push_back(Output::Reported {
            session: id,
            about,
            match_id,
            complaint,
        });
        self.tell(id, Notice::Reported);
        Ok(())
    }

    fn session(&mut self, id: SessionId) -> Result<&mut Session, Refusal> {
        self.sessions.get_mut(&id).ok_or(Refusal::NotMatched)
    }
}
