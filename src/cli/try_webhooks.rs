//! `visavis webhooks`: a secret to sign events by, and a try whether they arrive.

use anyhow::{Context, bail};
use clap::{Args, Subcommand};

use super::print;
use crate::config::Loaded;
use crate::http::webhook_keys::new_secret;
use crate::http::webhooks::{Trial, Webhooks};

/// Ends the command's help.
pub const AFTER_HELP: &str = "\
Examples:
  visavis webhooks secret > webhooks.secret
  visavis --config visavis.toml webhooks test      posts {\"leg\":null,\"type\":\"test\"} to each of webhooks.urls

The signature is that of Standard Webhooks: docs/api.md has how to check it.";

/// What to do.
#[derive(Args, Clone, Debug)]
pub struct WebhooksArguments {
    #[command(subcommand)]
    command: WebhooksCommand,
}

#[derive(Subcommand, Clone, Debug)]
enum WebhooksCommand {
    /// Print a new secret.
    Secret,
    /// Post one signed event to each URL of the configuration, and say what it answers.
    Test,
}

/// Does what is asked.
///
/// # Errors
/// The configuration has no URL, its secret cannot be read, or a URL does not take the event.
pub fn webhooks(loaded: &Loaded, arguments: &WebhooksArguments) -> anyhow::Result<()> {
    match arguments.command {
        WebhooksCommand::Secret => print(&format!("{}\n", new_secret())),
        WebhooksCommand::Test => test(loaded),
    }
}

fn test(loaded: &Loaded) -> anyhow::Result<()> {
    let config = &loaded.config.webhooks;
    if config.urls.is_empty() {
        bail!("there is nobody to tell: webhooks.urls is empty");
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("a thread to post from")?;
    let trials = runtime.block_on(Webhooks::try_out(config))?;
    print(&trials.iter().map(line).collect::<String>())?;
    match trials.iter().filter(|one| one.failure.is_some()).count() {
        0 => Ok(()),
        _ => bail!("an event is taken by a status from 200 to 299 within 15 seconds"),
    }
}

fn line(trial: &Trial) -> String {
    match &trial.failure {
        None => format!("ok     {}\n", trial.url),
        Some(why) => format!("WRONG  {}  {why}\n", trial.url),
    }
}
