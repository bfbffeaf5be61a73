//! [`ConfigError`]: each one is one line that names the key, the value, where it came from and what
//! would be right.

use super::Origin;

/// Why a configuration is refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("--config {name} must be a file that can be read: {reason}")]
    NoFile {
        /// The file.
        name: String,
        /// What the system says.
        reason: String,
    },
    /// The file is not TOML.
    #[error("{name}, line {line} is not TOML: {reason}")]
    NotToml {
        /// The file.
        name: String,
        /// The line, from 1.
        line: usize,
        /// What the parser says, in one line.
        reason: String,
    },
    /// A key that does not exist.
    #[error("{key} ({origin}) is not a key; did you mean {nearest}?")]
    UnknownKey {
        /// The key or variable as it was written.
        key: String,
        /// Where.
        origin: Origin,
        /// The most similar one that exists.
        nearest: String,
    },
    /// A value that the key does not take, alone or together with the others.
    #[error("{key} = {value} ({origin}) must be {expected}")]
    WrongValue {
        /// The key.
        key: &'static str,
        /// The value as it was written.
        value: String,
        /// Where.
        origin: Origin,
        /// What would be right.
        expected: String,
    },
}
