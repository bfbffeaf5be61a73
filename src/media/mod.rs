//! The media plane.

mod command;

pub use command::{Command, Event, Gate, OfferError};
