//! visavis: a media relay for random one-to-one video chat, with moderation built in.
//!
//! Each visitor connects once, at the door. A [`lobby`] decides who meets whom, the [`media`] plane
//! rewrites one visitor's packets toward the other, and [`control`] is the one place where both are
//! known. `ARCHITECTURE.md` tells why; these walks tell how:
//!
//! - **A packet**: [`media`] from its socket to its socket, with [`rtp`] to read it and [`srtp`] to
//!   open and close it.
//! - **A signaling request**: [`http`] reads it from the WebSocket, [`control`] puts it to the
//!   [`lobby`], and what the lobby wants of the media plane goes out as a [`media::Command`]; the
//!   [`media::Event`] comes back by the same stairs.
//! - **A match**: the lobby pairs, [`media::Command::Match`] sends each leg's sending half to the
//!   shard where the other's packets arrive, [`media::Command::Part`] brings it back.
//! - **A verdict**: the desk of [`moderation`] decides by its [`moderation::Policy`], the line goes to
//!   the [`store`] first, then the action is done.
//! - **The program**: [`cli`] parses, [`config`] becomes values before any port is bound,
//!   [`server`] builds every part and ends them in order. [`load`] is the other side: a crowd of
//!   simulated visitors.

// The program.
pub mod cli;
pub mod load;
pub mod server;
pub mod top;

// The control plane.
pub mod classify;
pub mod control;
pub mod http;
pub mod lobby;
pub mod moderation;
pub mod store;

// The media plane.
pub mod media;
pub mod rtp;
pub mod srtp;
pub mod tap;

// What everybody stands on.
pub mod access;
pub mod age;
pub mod alarm;
pub mod calendar;
pub mod category;
pub mod codec;
pub mod config;
pub mod destination;
pub mod direction;
pub mod id;
pub mod limits;
pub mod logging;
pub mod metrics;
pub mod pace;
pub mod private;
pub mod traces;
