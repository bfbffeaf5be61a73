//! Reads the policy that the configuration names.

use std::error::Error as _;
use std::fs;

use crate::classify::own_models;
use crate::config::{ConfigError, Loaded};
use crate::moderation::Policy;

const KEY: &str = "moderation.policy";

/// The policy of the configuration: its file, or the built-in one.
///
/// # Errors
/// The file cannot be read, or the policy in it is wrong: then with its line and the reason.
pub fn load(loaded: &Loaded) -> Result<Policy, ConfigError> {
    let policy = read(loaded)?;
    let file = &loaded.config.classifier.models;
    let own = own_models((!file.as_os_str().is_empty()).then_some(file.as_path()));
    let own = own.map_err(|error| {
        let cause = error.source().map(|cause| format!(": {cause}"));
        let expected = format!(
            "a file without a mistake: {error}{}",
            cause.unwrap_or_default()
        );
        loaded.wrong("classifier.models", expected)
    })?;
    let path = loaded.config.moderation.policy.display().to_string();
    policy
        .spare_faces(&path, &own.of_age)
        .map_err(|error| loaded.wrong(KEY, format!("a policy without a mistake: {error}")))?;
    Ok(policy)
}

fn read(loaded: &Loaded) -> Result<Policy, ConfigError> {
    let path = &loaded.config.moderation.policy;
    if path.as_os_str().is_empty() {
        return Ok(Policy::default());
    }
    let text = fs::read_to_string(path)
        .map_err(|error| loaded.wrong(KEY, format!("a file that can be read: {error}")))?;
    let name = path.display().to_string();
    Policy::parse(&name, &text)
        .map_err(|error| loaded.wrong(KEY, format!("a policy without a mistake: {error}")))
}
