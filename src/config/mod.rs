//! The configuration: parsed to typed values before anything is started.
//!
//! 1. [`key_table`] is the table: every key with its variable, flag, meaning and bounds.
//! 2. [`load`] merges defaults, file, environment and flags; the later wins.
//! 3. [`check`](mod@check) refuses what no single key shows: combinations that cannot work.
//! 4. [`document`](mod@document) writes the whole back, for `config/visavis.toml` and `check-config`.
//!
//! What comes out is a [`Config`], and an [`Origin`] for every value in it.

mod access;
mod age_check;
mod challenge;
mod check;
mod collector;
mod document;
mod ice;
mod key_table;
mod kind;
mod merge;
mod origin;
mod problem;
mod sections;

pub use access::{Access, AgeDemand, KeyAlgorithm, KeyFile, OtherForm, PageOrigin};
pub use age_check::AgeCheck;
pub use challenge::{Challenge, ChallengeKind};
pub use check::check;
pub use collector::{CollectorUrl, Traces};
pub use document::{document, effective};
pub use ice::{Ice, IceTransport, IceUrl};
pub use key_table::{KEYS, Key};
pub use kind::Kind;
pub use merge::{Loaded, Sources, load};
pub use origin::Origin;
pub use problem::ConfigError;
pub use sections::{
    Cases, Classifier, Http, Listen, Lobby, Log, LogFormat, LogLevel, Media, Moderation, Server,
    Store, Tls, TlsSource, Webhooks,
};

/// Everything that can be configured.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Config {
    /// The HTTP side.
    pub http: Http,
    /// Its certificate.
    pub tls: Tls,
    /// Who is let in.
    pub access: Access,
    /// Where ages are checked that are not assured well enough.
    pub age_check: AgeCheck,
    /// What those without a token do first.
    pub challenge: Challenge,
    /// The media plane.
    pub media: Media,
    /// Servers by which visitors may find a way to it.
    pub ice: Ice,
    /// The lobby.
    pub lobby: Lobby,
    /// Moderation.
    pub moderation: Moderation,
    /// Workers of other machines.
    pub classifier: Classifier,
    /// Cases.
    pub cases: Cases,
    /// Where events are posted to.
    pub webhooks: Webhooks,
    /// What outlives the process.
    pub store: Store,
    /// The log.
    pub log: Log,
    /// Where traces go.
    pub traces: Traces,
    /// The life of the process.
    pub server: Server,
}
