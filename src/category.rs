//! [`Category`]: what one visitor may complain about in another.

/// What a complaint is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Category {
    /// Nakedness or sex.
    Nudity,
    /// Somebody who seems to be under age.
    Minor,
    /// Harm, or the threat of it.
    Violence,
    /// Contempt for what somebody is.
    Hate,
    /// Advertising, bots, fraud.
    Spam,
    /// Anything else.
    Other,
}
