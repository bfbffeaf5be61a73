//! visavis: a media relay for random one-to-one video chat, with moderation built in.

pub mod cli;
pub mod codec;
pub mod config;
pub mod control;
pub mod http;
pub mod id;
pub mod limits;
pub mod lobby;
pub mod logging;
pub mod media;
pub mod metrics;
pub mod private;
pub mod rtp;
pub mod server;
pub mod srtp;
