//! Anything of a person (address, SDP, token, chat text) travels in a [`Private`], which never prints.

use std::fmt;

use serde::{Deserialize, Deserializer};

/// A value that `Debug` and `Display` show as `[private]`, so that no log can hold it.
///
/// ```
/// use visavis::private::Private;
/// let text = Private::new("hello".to_owned());
/// assert_eq!(format!("{text} {text:?}"), "[private] [private]");
/// assert_eq!(text.reveal(), "hello");
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Private<T>(T);

impl<T> Private<T> {
    /// Wraps what belongs to a person.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself, for the one place that needs it.
    pub const fn reveal(&self) -> &T {
        &self.0
    }

    /// Takes the value out.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> fmt::Debug for Private<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[private]")
    }
}

impl<T> fmt::Display for Private<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[private]")
    }
}

/// It can be read from the wire; writing it there takes a [`Private::reveal`].
impl<'de, T: Deserialize<'de>> Deserialize<'de> for Private<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self)
    }
}
