//! The tap: copies chosen keyframes of what a visitor sends, so that somebody can look at them.
//!
//! A [`Frame`] is one encoded picture.

mod frame;

pub use frame::{Frame, Occasion};
