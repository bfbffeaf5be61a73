//! The control plane: one task that owns the lobby and speaks to the media plane and to every
//! visitor's WebSocket.
//!
//! The walk of a request:
//! 1. A WebSocket holds a [`mod@line`]; what its visitor says goes through it as a [`Request`].
//! 2. The [`task`] takes one request, media event or deadline at a time.
//! 3. The [`switchboard`] puts it to the lobby, and carries out what the lobby wants: a media
//!    [`Command`], a [`Message`] to a visitor, a line in the log and a number in [`gauges`]; of a match,
//!    in [`matched`].
//! 4. The [`register`] knows which WebSocket carries which stay, and which token resumes it; where a
//!    session receives by a leg of its own, that is one of the [`players`], beside the [`onlookers`].
//! 5. What a backend wants of sessions of its own is in [`orders`].
//!
//! The walk of a picture, where pictures are looked at:
//! 1. [`watch`] hands it to the classifier and brings back the verdict.
//! 2. The switchboard puts that, and whatever else happens to a stay, to the moderation desk.
//! 3. [`oversight`] keeps back what the desk wants until the audit log has it on disk.
//! 4. [`conduct`] does it: a gate, a word to the visitor, the end of a stay. By [`device`] tokens a
//!    browser is known when it comes again.
//!
//! [`pulse`] measures how closely everybody is looked at, and how soon something is done; [`chronicle`] tells
//! each step of a stay as a trace.
//!
//! Where a person should look, [`oversight`] has a case put on disk behind the lines, with the last
//! pictures out of the [`album`]; [`casework`] is what people do with it, and brings what they decide back to the task,
//! also where a crash came between ([`settling`]).

mod album;
mod capacity;
mod casework;
mod chronicle;
mod conduct;
mod device;
mod gauges;
mod handle;
mod line;
mod matched;
mod onlookers;
mod orders;
mod oversight;
mod players;
mod pulse;
mod register;
mod request;
mod settling;
mod switchboard;
mod task;
mod watch;

pub use casework::{CaseNews, Casework, CaseworkError, Exported};
pub use handle::Handle;
pub use line::{Line, SocketId};
pub use pulse::{COVERED_FOR, LookFigures, Spread};
pub use request::{
    Begun, Demand, Marks, Measured, Message, Order, Refusal, Request, Ruled, Screening, Ticket,
    Unordered, Whose,
};
pub use task::start;
pub use watch::{DeviceBook, Watch};

#[cfg(doc)]
use crate::media::Command;
