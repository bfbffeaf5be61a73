//! What outlives a match. Today that is the audit log: append-only, each line sealed to the one
//! before by its hash.
//!
//! 1. [`audit`] takes lines without making anybody wait, and answers once they are on disk.
//! 2. [`ledger`] is the table, in SQLite; it appends all lines of a transaction or none.
//! 3. [`chain`] seals each line: a change, a gap or a swap in what is stored shows in [`verify`].

mod audit;
mod chain;
mod ledger;

pub use audit::{AUDIT_FILE, AppendError, AuditLog};
pub use chain::{Seal, Stored};
pub use ledger::{AppendCause, OpenError, Verified, VerifyError, verify};
