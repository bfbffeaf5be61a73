//! What a key takes: how its value is read from the text of a variable or flag, and how an error
//! says what would be right.

use toml::Value;

/// What a key takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// `true` or `false`.
    Switch,
    /// A whole number within bounds.
    Whole {
        /// What is counted.
        of: &'static str,
        /// The least.
        from: u64,
        /// The most.
        to: u64,
    },
    /// Text that its type understands; what that is, in words.
    Text(&'static str),
    /// A list of such texts; separated by commas in a variable or flag.
    List(&'static str),
}

impl Kind {
    /// The value that a variable or flag means, or the text itself where it means none: that is
    /// then refused, and shown, as it was written.
    pub(super) fn value_of(self, text: &str) -> Value {
        let written = || Value::String(text.to_owned());
        match self {
            Self::Switch => text.parse().map_or_else(|_| written(), Value::Boolean),
            Self::Whole { .. } => text.parse().map_or_else(|_| written(), Value::Integer),
            Self::Text(_) => written(),
            Self::List(_) => {
                let parts = text
                    .split(',')
                    .map(str::trim)
                    .filter(|part| !part.is_empty());
                Value::Array(parts.map(|part| Value::String(part.to_owned())).collect())
            }
        }
    }

    /// Whether a value has the right shape and size. Its type has the last word on texts.
    pub(super) fn admits(self, value: &Value) -> bool {
        match self {
            Self::Switch => value.is_bool(),
            Self::Whole { from, to, .. } => value
                .as_integer()
                .and_then(|number| u64::try_from(number).ok())
                .is_some_and(|number| (from..=to).contains(&number)),
            Self::Text(_) => value.is_str(),
            Self::List(_) => value
                .as_array()
                .is_some_and(|list| list.iter().all(Value::is_str)),
        }
    }

    /// What would be right, in words that follow "must be".
    pub fn expects(self) -> String {
        match self {
            Self::Switch => "true or false".to_owned(),
            Self::Whole { of, from, to } => format!("a whole number of {of} from {from} to {to}"),
            Self::Text(what) => what.to_owned(),
            Self::List(what) => format!("a list of {what}"),
        }
    }

    /// What stands for the value in a command's help.
    pub fn placeholder(self) -> &'static str {
        match self {
            Self::Switch => "BOOL",
            Self::Whole {
                of: "milliseconds", ..
            } => "MS",
            Self::Whole { .. } => "N",
            Self::Text(_) => "VALUE",
            Self::List(_) => "LIST",
        }
    }
}
