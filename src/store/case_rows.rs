//! What is read back of cases: [`CaseRow`] for a queue, [`CaseFile`] for whoever decides.

use std::time::Duration;

use crate::id::{CaseId, SessionId};
use crate::moderation::{CaseClass, DeviceKey, Label, Origin, Ruling, Standing, Status};

/// One case in a queue.
#[derive(Clone, PartialEq, Debug)]
pub struct CaseRow {
    /// Its name.
    pub id: CaseId,
    /// What the visitor whom it is about may ask with.
    pub code: String,
    /// The process that opened it: session numbers begin anew in each.
    pub run: u64,
    /// About whom.
    pub session: SessionId,
    /// Their device.
    pub device: Option<DeviceKey>,
    /// Who may see it.
    pub class: CaseClass,
    /// The worst that was seen or said.
    pub label: String,
    /// How sure somebody was of that.
    pub score: f32,
    /// How much it presses, from 1 to 5.
    pub severity: u8,
    /// What brought it about.
    pub origin: Origin,
    /// How far it has come.
    pub status: Status,
    /// What a machine has done; none if nothing.
    pub machine_action: Option<String>,
    /// The policy that decided; empty where none did.
    pub policy: String,
    /// The classifier that looked; empty where none did.
    pub version: String,
    /// How many complained.
    pub reports: u32,
    /// Since when, in milliseconds since 1970.
    pub opened_ms: u64,
    /// Who has it, and until when.
    pub lease: Option<Lease>,
    /// To whom it was handed.
    pub escalated_to: Option<String>,
    /// What the visitor says.
    pub appeal: Option<Appeal>,
    /// Whether it is kept beyond its time.
    pub legal_hold: bool,
    /// When its pictures are destroyed.
    pub expires_ms: u64,
    /// Who has decided it, the first first.
    pub deciders: Vec<String>,
    /// How many pictures there are.
    pub pictures: u32,
}

impl CaseRow {
    /// What says who may decide it.
    pub fn standing(&self) -> Standing {
        Standing {
            class: self.class,
            status: self.status,
            deciders: self.deciders.clone(),
        }
    }
}

/// Somebody has a case for a while: nobody else may decide it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lease {
    /// Who.
    pub by: String,
    /// Until when, in milliseconds since 1970.
    pub until_ms: u64,
}

/// What a visitor says about a case of theirs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Appeal {
    /// In their words.
    pub text: String,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
}

/// One case, whole.
#[derive(Clone, PartialEq, Debug)]
pub struct CaseFile {
    /// As in the queue.
    pub row: CaseRow,
    /// What was decided, the first first.
    pub decisions: Vec<Decided>,
    /// What there is to see.
    pub pictures: Vec<PictureRow>,
    /// Other cases about the same device, the newest first.
    pub history: Vec<CaseRow>,
}

/// What a decision means for the device, until it is on the list of who stays outside.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Owed {
    /// Whose.
    pub device: DeviceKey,
    /// What another decision or a machine has put there is taken off first.
    pub lifts: bool,
    /// For how long it stays outside.
    pub rest: Option<Duration>,
    /// Why.
    pub label: Label,
}

/// A decision, to be written down.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decision {
    /// What.
    pub ruling: Ruling,
    /// Of the operator's list.
    pub reason: String,
    /// In the person's words; may be empty.
    pub note: String,
}

/// A decision, as it was written down.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decided {
    /// Who.
    pub by: String,
    /// As what.
    pub role: String,
    /// What.
    pub action: String,
    /// For how long, where it lasts.
    pub lasts: Option<Duration>,
    /// Of the operator's list.
    pub reason: String,
    /// In the person's words.
    pub note: String,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
}

/// Whose picture stands in a case.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// Of whom the case is about.
    About,
    /// Of who complained, or faced them.
    Reporter,
}

impl Side {
    /// As it is written.
    pub const fn word(self) -> &'static str {
        match self {
            Self::About => "about",
            Self::Reporter => "reporter",
        }
    }
}

/// One picture of a case, without its bytes.
#[derive(Clone, PartialEq, Debug)]
pub struct PictureRow {
    /// Its number within the case.
    pub n: u32,
    /// Whose it is.
    pub whose: Side,
    /// When it was taken, in milliseconds since 1970.
    pub taken_ms: u64,
    /// How it is encoded: `vp8`, `vp9` or `h264`.
    pub codec: String,
    /// What the classifier said.
    pub scores: Vec<(String, f32)>,
}

/// What is open.
#[derive(Clone, PartialEq, Debug)]
pub struct Queue {
    /// The most pressing first, as many as are shown at once.
    pub cases: Vec<CaseRow>,
    /// How many there are.
    pub open: u64,
    /// When the oldest was opened, in milliseconds since 1970.
    pub oldest_ms: Option<u64>,
    /// What time it is, to tell ages by.
    pub now_ms: u64,
}

/// A case that is on disk.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Receipt {
    /// About whom.
    pub session: SessionId,
    /// Who complains, where somebody does.
    pub reporter: Option<SessionId>,
    /// The case.
    pub id: CaseId,
    /// What the visitor may ask with.
    pub code: String,
}
