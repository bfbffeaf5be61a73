//! Merges the four sources of a configuration; the later wins: default, file, environment, flag.

use toml::Spanned;
use toml::Value;
use toml::de::{DeTable, DeValue};

use super::key_table::{KEYS, Key, VARIABLE_PREFIX};
use super::{Config, ConfigError, Origin, check};

/// What the program was told, as it was written.
#[derive(Clone, Default, Debug)]
pub struct Sources {
    /// The configuration file: its name and its text.
    pub file: Option<(String, String)>,
    /// Environment variables; those that do not begin with `VISAVIS_` are not looked at.
    pub variables: Vec<(String, String)>,
    /// Flags: the key's path and the text.
    pub flags: Vec<(&'static str, String)>,
}

/// A configuration, and where each value in it came from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Loaded {
    /// The values.
    pub config: Config,
    /// One per row of [`KEYS`].
    origins: Vec<Origin>,
}

/// Merges and checks. Nothing is opened or bound.
///
/// ```
/// use visavis::config::{Sources, load};
/// let file = Some(("visavis.toml".to_owned(), "[media]\nshards = 2".to_owned()));
/// let variables = vec![("VISAVIS_MEDIA_SHARDS".to_owned(), "3".to_owned())];
/// let loaded = load(&Sources { file, variables, flags: Vec::new() }).expect("both are right");
/// assert_eq!(loaded.config.media.shards, 3);
/// ```
///
/// # Errors
/// The first unknown key, wrong value or combination that cannot work.
pub fn load(sources: &Sources) -> Result<Loaded, ConfigError> {
    let mut loaded = Loaded::default();
    if let Some((name, text)) = &sources.file {
        loaded.merge_file(name, text)?;
    }
    for (variable, text) in &sources.variables {
        loaded.merge_variable(variable, text)?;
    }
    for (path, text) in &sources.flags {
        let key = Key::find(path).expect("flags are made from the table of keys");
        loaded.set(key, key.kind.value_of(text), Origin::Flag(key.flag()))?;
    }
    loaded.settle_listen();
    check(&loaded)?;
    Ok(loaded)
}

impl Default for Loaded {
    fn default() -> Self {
        Self {
            config: Config::default(),
            origins: vec![Origin::Default; KEYS.len()],
        }
    }
}

impl Loaded {
    /// Where the value of a key came from.
    pub fn origin(&self, path: &str) -> &Origin {
        let row = KEYS.iter().position(|key| key.path == path);
        row.and_then(|row| self.origins.get(row))
            .unwrap_or(&Origin::Default)
    }

    /// The error that a key's value is wrong.
    pub fn wrong(&self, path: &'static str, expected: impl Into<String>) -> ConfigError {
        let value = Key::find(path).map(|key| key.read(&self.config).to_string());
        ConfigError::WrongValue {
            key: path,
            value: value.unwrap_or_default(),
            origin: self.origin(path).clone(),
            expected: expected.into(),
        }
    }

    fn merge_file(&mut self, name: &str, text: &str) -> Result<(), ConfigError> {
        let root = DeTable::parse(text).map_err(|error| ConfigError::NotToml {
            name: name.to_owned(),
            line: line_of(text, error.span().map_or(0, |span| span.start)),
            reason: error.message().replace('\n', ", "),
        })?;
        let origin = |at: usize| Origin::File {
            name: name.to_owned(),
            line: line_of(text, at),
        };
        for (section, table) in root.get_ref() {
            let at = section.span().start;
            let section = section.get_ref();
            let Some(table) = table.get_ref().as_table() else {
                return Err(unknown(
                    section,
                    KEYS.iter().map(|key| key.path),
                    origin(at),
                ));
            };
            if !KEYS.iter().any(|key| key.section == section) {
                return Err(unknown(
                    section,
                    KEYS.iter().map(|key| key.section),
                    origin(at),
                ));
            }
            for (name, value) in table {
                let path = format!("{section}.{}", name.get_ref());
                let origin = origin(name.span().start);
                let Some(key) = Key::find(&path) else {
                    return Err(unknown(&path, KEYS.iter().map(|key| key.path), origin));
                };
                self.set(key, value_of(value), origin)?;
            }
        }
        Ok(())
    }

    fn merge_variable(&mut self, variable: &str, text: &str) -> Result<(), ConfigError> {
        if !is_ours(variable) {
            return Ok(());
        }
        let origin = Origin::Variable(variable.to_owned());
        let Some(key) = KEYS.iter().find(|key| key.variable() == variable) else {
            let nearest = nearest(variable, KEYS.iter().map(Key::variable));
            return Err(ConfigError::UnknownKey {
                key: variable.to_owned(),
                origin,
                nearest,
            });
        };
        self.set(key, key.kind.value_of(text), origin)
    }

    fn set(&mut self, key: &'static Key, value: Value, origin: Origin) -> Result<(), ConfigError> {
        let written = value.to_string();
        if !key.write(&mut self.config, value) {
            let expected = key.kind.expects();
            return Err(ConfigError::WrongValue {
                key: key.path,
                value: written,
                origin,
                expected,
            });
        }
        for (row, slot) in KEYS.iter().zip(&mut self.origins) {
            if row.path == key.path {
                *slot = origin.clone();
            }
        }
        Ok(())
    }

    /// A certificate of its own is made for trying the page from another device, which loopback
    /// would not let in.
    fn settle_listen(&mut self) {
        if self.config.tls.self_signed && *self.origin("http.listen") == Origin::Default {
            self.config
                .http
                .listen
                .set_ip(std::net::Ipv4Addr::UNSPECIFIED.into());
            for (row, slot) in KEYS.iter().zip(&mut self.origins) {
                if row.path == "http.listen" {
                    *slot = Origin::DefaultWith("tls.self_signed");
                }
            }
        }
    }
}

/// Whether a variable is meant for us. `VISAVIS_CONFIG` names the file. Kubernetes sets
/// `VISAVIS_SERVICE_*` and `VISAVIS_PORT*` in every container beside a service called visavis.
fn is_ours(variable: &str) -> bool {
    variable.strip_prefix(VARIABLE_PREFIX).is_some_and(|rest| {
        rest != "CONFIG" && !rest.starts_with("SERVICE_") && !rest.starts_with("PORT")
    })
}

fn unknown(
    written: &str,
    candidates: impl Iterator<Item = &'static str>,
    origin: Origin,
) -> ConfigError {
    let nearest = nearest(written, candidates.map(str::to_owned));
    ConfigError::UnknownKey {
        key: written.to_owned(),
        origin,
        nearest,
    }
}

fn nearest(written: &str, candidates: impl Iterator<Item = String>) -> String {
    // A key without its section is most like the key of that name, wherever it stands.
    let likeness = |candidate: &String| {
        let name = candidate.rsplit('.').next().unwrap_or_default();
        strsim::jaro_winkler(written, candidate).max(strsim::jaro_winkler(written, name))
    };
    candidates
        .max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
        .unwrap_or_default()
}

/// The line of a byte of a text, from 1.
fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

/// The value without its spans.
fn value_of(value: &Spanned<DeValue<'_>>) -> Value {
    match value.get_ref() {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Boolean(switch) => Value::Boolean(*switch),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or_else(
                |_| Value::String(number.as_str().to_owned()),
                Value::Integer,
            ),
        DeValue::Float(number) => Value::Float(number.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Datetime(moment) => Value::Datetime(*moment),
        DeValue::Array(list) => Value::Array(list.iter().map(value_of).collect()),
        DeValue::Table(table) => Value::Table(
            table
                .iter()
                .map(|(key, value)| (key.get_ref().to_string(), value_of(value)))
                .collect(),
        ),
    }
}
