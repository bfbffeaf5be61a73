//! A crowd of simulated visitors, who load a server through its public door.
//!
//! Each is a real WebRTC client: it joins by the signaling WebSocket, connects by ICE and DTLS, and
//! sends sound and picture under its own SRTP keys. What arrives is decrypted and checked.
//!
//! 1. [`plan`] says how many come, how fast, and what they send.
//! 2. [`crowd`] lets them in one by one, measures for a while, and lets them leave.
//! 3. [`dialogue`] is one visitor's conversation with the server, by [`http_side`] at its
//!    [`address`], of which [`trust`] asks a certificate where it is https.
//! 4. [`threads`] carry their media, each a [`herd`]: it reads and writes through [`wire`].
//! 5. [`member`] is a visitor behind its line, which may be a [`bad_line`].
//! 6. [`visitor`] is one visitor's media, a value: [`hello`] makes the offer and reads the answer,
//!    [`sending`] makes packets, pictures from a [`clip`], [`stamp`] is what they carry, and those that may be asked for again
//!    are [`kept`].
//! 7. [`receiving`] takes those that come: [`gaps`] are what it asks for, [`pictures`] tells when
//!    one is complete.
//! 8. [`tally`] is what was counted and [`samples`] the same over time, [`findings`] what is said of
//!    it, with [`meter`] and [`server_process`] for what it cost the server, and [`looks`] for how
//!    it looked at the pictures.
//! 9. [`report_page`] shows all of it as one page, with a [`plot`] for each figure.

pub mod address;
pub mod bad_line;
pub mod clip;
pub mod crowd;
mod dialogue;
pub mod findings;
mod gaps;
mod hello;
mod herd;
pub mod http_side;
mod kept;
pub mod looks;
mod member;
pub mod meter;
mod pictures;
pub mod plan;
mod plot;
mod receiving;
pub mod report_page;
pub mod samples;
mod sending;
pub mod server_process;
mod stamp;
pub mod tally;
mod threads;
pub mod trust;
mod visitor;
mod wire;

/// Why there are no findings.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Not `http://host:port`.
    #[error("the server's address must look like http://host:port or https://host:port, not `{0}`")]
    BadUrl(String),
    /// The thread that carries media, or its sockets.
    #[error("the crowd's media thread cannot be started")]
    Herd(#[source] std::io::Error),
    /// A bug there, told on standard error.
    #[error("the crowd's media thread has ended before its time")]
    HerdEnded,
    /// Nobody found a partner.
    #[error("not one pair met: {0}")]
    NobodyMet(String),
    /// There is nothing to judge the server's certificate by.
    #[error("this system's certificates cannot be read: {0}; --insecure does without")]
    NoTrust(String),
    /// The crypto backend makes no certificate.
    #[error("no certificate can be made")]
    NoCertificate,
}
