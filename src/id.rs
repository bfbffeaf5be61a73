//! Names for what visavis counts: one type per meaning, so that two numbers cannot be swapped.

use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:x}", self.0)
            }
        }
    };
}

id!(
    /// One visitor's nameless stay, from the door to leaving.
    SessionId
);
id!(
    /// A session's one WebRTC transport; lives across matches.
    LegId
);
id!(
    /// Two sessions facing each other, from pairing to Next. A later match has a greater one.
    MatchId
);
id!(
    /// What people decide about one session.
    CaseId
);

/// Which media thread: counts from zero.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ShardIndex(pub u16);

impl fmt::Display for ShardIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}
