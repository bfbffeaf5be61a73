//! [`Flaw`]: what is wrong with a token; [`BadKey`]: what is wrong with a key.

use crate::limits;

/// What is wrong with a token. Whoever brought it is never told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Flaw {
    /// It is too long, or no token at all.
    #[error("it is no token")]
    Malformed,
    /// It names no key, or one that we do not have.
    #[error("it names no key of this configuration")]
    UnknownKey,
    /// Signed by somebody else, by another algorithm, or not at all; or for somebody else.
    #[error("it is not signed for us by the key that it names")]
    Forged,
    /// Its time has passed.
    #[error("it has expired")]
    Expired,
    /// Its time has not come.
    #[error("it does not hold yet")]
    Early,
    /// It was for one use.
    #[error("it was used before")]
    Replayed,
    /// As many single-use tokens are remembered as there may be.
    #[error("too many single-use tokens are in use")]
    Crowded,
}

impl Flaw {
    /// As the metric names it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::UnknownKey => "unknown_key",
            Self::Forged => "forged",
            Self::Expired => "expired",
            Self::Early => "early",
            Self::Replayed => "replayed",
            Self::Crowded => "crowded",
        }
    }
}

/// Why a key cannot be used, in words that follow "must be".
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadKey {
    /// Guessed too easily.
    #[error("a secret of {} characters or more", limits::SECRET_BYTES)]
    ShortSecret,
    /// Not the public half of such a key.
    #[error("a public key of its algorithm in PEM (BEGIN PUBLIC KEY)")]
    NoPublicKey,
    /// Not the private half of such a key.
    #[error("a private key of its algorithm in PEM (BEGIN PRIVATE KEY, PKCS #8)")]
    NoPrivateKey,
    /// The system has no random numbers.
    #[error("a key that can sign on this machine")]
    CannotSign,
}
