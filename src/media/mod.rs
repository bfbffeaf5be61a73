//! The media plane: strangers' RTP, routed between paired legs by media threads that share nothing.
//!
//! The walk of a packet:
//!
//! 1. [`driver`] reads a batch from its [`socket`] and steps its [`shard`] with each datagram; whoever
//!    has no UDP comes through the [`tcp_door`];
//! 2. [`directory`] says whose datagram it is: by address, for STUN by ICE name ([`foresight`] asks
//!    ahead for a whole batch);
//! 3. [`uplink`] decrypts it in place and counts it ([`arrivals`], [`losses`], [`reception`]);
//! 4. [`relay`] rewrites it with this match's constant offsets ([`stretch`], [`retransmission`]);
//! 5. [`downlink`] protects it and keeps a copy of the picture's packets ([`resend`], [`tape`]);
//! 6. [`datagrams`] holds the batch that [`driver`] writes, many with one system call ([`posting`]).
//!
//! Beside it: [`tapping`] copies pictures that are due; [`transport`] (ICE and [`dtls`]), [`offer`] and
//! [`answer`] (SDP) make a [`leg`] at the door; [`switching`] lets legs face each other and part,
//! beginning with a kept [`face`]; [`feedback`] carries RTCP across a match; [`muting`] keeps what a leg
//! sends from everybody, [`mod@onlooking`] shows it to one whom nobody notices;
//! [`quality`] says how well it goes; [`rounds`] is what happens by the clock ([`wheel`]); [`cadence`]
//! says when a thread reads again and [`overload`] what it keeps back when it cannot carry all;
//! [`containment`] keeps a broken leg from breaking others.
//!
//! [`Command`] and [`Event`] are the only door to the control plane, and [`Plane`] is its handle.

// Tests may panic; what reads a stranger's bytes may not.
#![cfg_attr(not(test), warn(clippy::indexing_slicing))]

mod answer;
mod arrivals;
mod cadence;
mod clock;
mod command;
mod containment;
mod counters;
mod datagrams;
mod directory;
mod doubts;
mod downlink;
mod driver;
mod dtls;
mod face;
mod feedback;
mod foresight;
mod leg;
mod losses;
mod mail;
mod muting;
mod offer;
mod onlooking;
mod overload;
mod plane;
mod playout;
mod posting;
mod publish;
mod quality;
mod reception;
mod relay;
mod resend;
mod retransmission;
mod rounds;
mod shard;
mod socket;
mod stretch;
mod switching;
mod tape;
mod tapping;
mod tcp_door;
mod transport;
mod uplink;
mod wheel;

pub use command::{Command, Ends, Event, Gate, Muted, OfferError, is_onlooking, onlooking};
pub use counters::{Counters, Drops};
pub use datagrams::{Datagrams, Route};
pub use dtls::Certificates;
pub use mail::Mail;
pub use overload::Shed;
pub use plane::{Plane, StartError};
pub use quality::{Hop, Quality};
pub use shard::{Effects, Settings, Shard};
pub use tcp_door::TcpDoor;
pub use transport::Identity;
