//! The control plane: one task that owns the lobby and speaks to the media plane and to every
//! visitor's WebSocket.
//!
//! The walk of a request:
//! 1. A WebSocket holds a [`mod@line`]; what its visitor says goes through it as a [`Request`].
//! 2. The [`task`] takes one request, media event or deadline at a time.
//! 3. The [`switchboard`] puts it to the lobby, and carries out what the lobby wants: a media
//!    [`Command`], a [`Message`] to a visitor, a line in the log and a number in [`gauges`].
//! 4. The [`register`] knows which WebSocket carries which stay, and which token resumes it.

mod gauges;
mod handle;
mod line;
mod register;
mod request;
mod switchboard;
mod task;

pub use handle::Handle;
pub use line::{Line, SocketId};
pub use request::{Message, Refusal, Request, Ticket};
pub use task::start;

#[cfg(doc)]
use crate::media::Command;
