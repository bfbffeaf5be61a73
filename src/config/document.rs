//! Writes a configuration as TOML: with the meaning of every key, or with the origin of every value.

use std::fmt::Write;

use super::key_table::KEYS;
use super::{Config, Loaded};

const HEAD: &str = "\
# Every key of visavis with its default. Give a file like this one with `--config FILE` or
# VISAVIS_CONFIG; without either no file is read. Any key may be left out.
# Precedence: flag (--media-listen), environment (VISAVIS_MEDIA_LISTEN), file, default.
";

/// `config/visavis.toml`: every key with its default and its meaning.
pub fn document() -> String {
    let config = Config::default();
    let mut text = HEAD.to_owned();
    let mut section = "";
    for key in KEYS {
        if key.section != section {
            section = key.section;
            let _ = write!(text, "\n[{section}]\n");
        }
        let _ = writeln!(
            text,
            "# {}\n{} = {}",
            key.meaning,
            key.name,
            key.read(&config)
        );
    }
    text
}

/// What `check-config` prints: every value that is in force and where it came from.
pub fn effective(loaded: &Loaded) -> String {
    let mut text = String::new();
    let mut section = "";
    for key in KEYS {
        if key.section != section {
            let gap = if section.is_empty() { "" } else { "\n" };
            section = key.section;
            let _ = writeln!(text, "{gap}[{section}]");
        }
        let assignment = format!("{} = {}", key.name, key.read(&loaded.config));
        let _ = writeln!(text, "{assignment:<40} # {}", loaded.origin(key.path));
    }
    text
}
