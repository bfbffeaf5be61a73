//! Moderation: who decides what happens to a visitor, and by which rule. Knows no packet, no socket
//! and no clock: time comes in as an argument, chance as a seed, and effects go out as data.
//!
//! The walk of a verdict:
//! 1. A classifier says what it sees: [`verdict`]. The [`desk`] takes it, as everything that comes
//!    by the [`docket`], and finds the session's [`dossier`].
//! 2. [`judging`] looks which rows of the [`policy`] come true with it and does the strongest; what
//!    it does is written down first ([`audit_line`]), counts among the [`strikes`], and is
//!    remembered of the device ([`devices`]).
//! 3. [`screening`] opens the door, ends a hold and lifts a blur with a picture that passes.
//! 4. [`vigilance`] says how closely the session is looked at from now on.
//!
//! 5. What a service says of a picture minutes later counts for who is there ([`remarking`]) and for who
//!    has left ([`departed`]).
//!
//! Beside it, [`device_token`] lets a browser be known again, [`reporting`] weighs what visitors say of each other, [`policy_file`] reads a policy
//! and refuses it whole where it is wrong, and [`explain`] tells what a score would lead to.
//!
//! ```
//! use std::sync::Arc;
//! use std::time::{Duration, Instant};
//! use visavis::config;
//! use visavis::id::SessionId;
//! use visavis::moderation::{Desk, Input, Label, Output, Policy, Score, Verdict};
//!
//! let now = Instant::now();
//! let mut desk = Desk::new(Policy::default(), &config::Moderation::default(), 7);
//! let session = SessionId(1);
//! desk.handle(Input::Arrived { session, device: None, whence: None }, now);
//! desk.handle(Input::Connected { session }, now);
//! let harmless = vec![Score::certain(Label::NEUTRAL)];
//! let verdict = Verdict::judged(harmless, Arc::from("test"), Duration::ZERO);
//! desk.handle(Input::Judged { session, taken: now, verdict }, now);
//! let outputs: Vec<_> = std::iter::from_fn(|| desk.poll()).collect();
//! assert!(outputs.contains(&Output::Pass { session }));
//! ```
#![warn(clippy::wildcard_enum_match_arm)]

mod audit_line;
mod carrying;
mod case;
mod departed;
mod desk;
mod device_token;
mod devices;
mod docket;
mod dossier;
mod explain;
mod judging;
mod networks;
mod policy;
mod policy_file;
mod remarking;
mod reporting;
mod role;
mod ruling;
mod screening;
mod strikes;
mod verdict;
mod vigilance;

pub use audit_line::{Actor, AuditLine, Deed};
pub use case::{CaseClass, Opening, Origin, Status};
pub use desk::Desk;
pub use device_token::{BadToken, DEVICE_TOKEN_LIFE_S, DeviceId, DeviceTokens};
pub use docket::{DeviceKey, Input, NetworkKey, Output, Whence};
pub use policy::{Action, DEFAULT_POLICY, Policy, Row, Screening, When};
pub use policy_file::PolicyError;
pub use role::{Role, UnknownRole};
pub use ruling::{Escalation, Hindrance, LASTING, LONGEST_BAN, NoRuling, Ruling, Sequel, Standing};
pub use verdict::{BadLabel, BadScore, Label, Outcome, Score, Verdict};
