//! Who looks at a picture: a frame goes in, a verdict comes out by a deadline, whatever happens.
//!
//! On the server:
//! 1. [`Builtin`] takes a frame ([`builtin`]), and [`supervisor`] chooses the worker that looks,
//!    whose turn it is ([`turns`]), and what becomes of a frame that none looks at, or dies of
//!    ([`deaths`]).
//! 2. [`attendant`] speaks to one worker process, in the words of [`protocol`]; it begins with what
//!    [`starting`] has read from files.
//!    Worker machines come by a network ([`listening`], [`credentials`]): the words are the same.
//! 3. [`judgement`] makes a verdict of what was seen, of the leg's past ([`frozen`]) and of the list
//!    of [`known`] pictures.
//!
//! 4. A service of the operator's own may be asked as well: [`vendor`] posts the picture, [`opinion`]
//!    reads what it says, and [`afterwards`] what it says minutes later.
//!
//! In the worker, which may die without harm:
//! 1. [`confine`] gives up files, network and priority before the first byte is read.
//! 2. [`service`] reads a request and has it done: [`looking`].
//! 3. [`outline`] reads how large the picture claims to be, [`decode`] makes it a [`picture`],
//!    [`pdq`] takes its fingerprint, [`unusable`] tells whether it shows anything, and each
//!    [`model`](mod@model) says what.
//!
//! On a worker machine, [`outpost`] goes to servers and starts a worker for every line to it.
//!
//! An operator's own models are described in a file, which [`model_file`] reads.
//!
//! What visitors write is read by [`remarks`], here and at once.
//!
//! For an operator's own pictures ([`still`]) and lists ([`imported`]), [`look_here`] looks without a
//! worker and [`evaluation`] compares what is said with what should have been.

pub mod afterwards;
mod attendant;
pub mod builtin;
pub mod confine;
pub mod credentials;
mod deaths;
pub mod decode;
pub mod evaluation;
pub mod frozen;
pub mod imported;
pub mod judgement;
pub mod known;
pub mod listening;
pub mod looking;
pub mod model;
pub mod model_file;
pub mod opinion;
pub mod outline;
pub mod outpost;
pub mod pdq;
pub mod picture;
pub mod protocol;
pub mod remarks;
pub mod service;
pub mod settings;
mod starting;
pub mod still;
pub mod supervisor;
mod turns;
pub mod unusable;
pub mod vendor;

use std::sync::Arc;

use crate::moderation::Verdict;
use crate::tap::Frame;

pub use builtin::{Builtin, KnownList};
pub use settings::Settings;
pub use starting::{OWN_PROGRAM, StartError, look_here, own_models};

/// A frame and what was said of it.
#[derive(Debug)]
pub struct Judged {
    /// The frame.
    pub frame: Frame,
    /// The verdict.
    pub verdict: Verdict,
}

/// Whoever looks at frames.
pub trait Classifier: Send + Sync {
    /// Takes a frame and never waits. Its verdict comes later, elsewhere; or at once, from here, if
    /// there is no room for one more.
    #[must_use = "a verdict that comes at once comes nowhere else"]
    fn judge(&self, frame: Frame) -> Option<Judged>;

    /// Which models and hashes judge.
    fn version(&self) -> Arc<str>;
}
