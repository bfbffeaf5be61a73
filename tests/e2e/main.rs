//! The built binary over loopback, with the `webrtc` crate and tungstenite at the other end.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod backend;
mod bad_input;
mod camera;
mod ciphers;
mod codings;
#[path = "../program/described.rs"]
mod described;
mod discretion;
mod ear;
mod handed_over;
mod ice_servers;
mod leg_client;
mod meeting;
mod nexts;
mod nowhere;
mod operator;
mod ordered;
mod pictures;
mod publishers;
mod repairs;
mod returns;
#[path = "../program/started.rs"]
mod started;
mod traced;
mod unrelated;
mod visitor;
mod websocket;
