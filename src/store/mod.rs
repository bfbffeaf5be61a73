//! What outlives a match: the audit log, append-only and each line sealed to the one before by its
//! hash, and the devices that stay outside.
//!
//! 1. [`audit`] takes lines without making anybody wait, and answers once they are on disk.
//! 2. [`ledger`] is the table, in SQLite; it appends all lines of a transaction or none.
//! 3. [`chain`] seals each line: a change, a gap or a swap in what is stored shows in [`verify`].
//! 4. [`kept_out`] remembers who stays outside across a restart, and the secret of their tokens; [`elsewhere`]
//!    hears what another process on the same store decides about them.
//! 5. [`moderators`] are the people who may decide, each known by a token.
//! 6. [`audit_trail`] reads the log back for them, [`audit_tally`] counts in it, [`readmission`] lists
//!    who stays outside.
//! 7. [`cases`] is what people decide, [`case_table`] the tables, [`case_debts`] what a decision owes to [`kept_out`]. What there is to see comes with a
//!    [`Filing`]; [`evidence`] puts it away, sealed by the [`vault`], into the [`depot`].
//! 8. [`outbox`] keeps events until every webhook's target has them.
//!
//! All take their time of the [`wall_clock`], and forget by one that does not leap.

mod audit;
mod audit_tally;
mod audit_trail;
mod case_debts;
mod case_pictures;
mod case_reading;
mod case_rows;
mod case_table;
mod cases;
mod chain;
mod depot;
mod elsewhere;
mod evidence;
mod exhibits;
mod kept_out;
mod ledger;
mod moderators;
mod outbox;
mod readmission;
mod vault;
mod wall_clock;

pub use audit::{AUDIT_FILE, AppendError, AuditLog};
pub use audit_tally::Tally;
pub use audit_trail::{Search, Trail};
pub use case_rows::{
    Appeal, CaseFile, CaseRow, Decided, Decision, Lease, Owed, PictureRow, Queue, Receipt, Side,
};
pub use case_table::{Keeping, Leased, Taken};
pub use cases::{CASES_FILE, Cases};
pub use chain::{Seal, Stored};
pub use depot::{Depot, DepotError};
pub use elsewhere::{Elsewhere, News};
pub use evidence::{Evidence, EvidenceError, OpenPicture};
pub use exhibits::{Exhibit, Filing};
pub use kept_out::{DEVICES_FILE, KeptOut, Outside, SECRET_FILE, device_secret};
pub use ledger::{AppendCause, OpenError, Verified, VerifyError, verify};
pub use moderators::{MODERATORS_FILE, Moderator, ModeratorError, Moderators};
pub use outbox::{OUTBOX_FILE, Outbox, Parcel};
pub use readmission::{Ban, BanId, NoBanId};
pub use vault::{CaseKey, KeyFileError, SealError, Vault};

pub use crate::moderation::{Role, UnknownRole};
