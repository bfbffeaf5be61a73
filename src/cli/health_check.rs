//! `visavis health`: asks a running server whether new visitors are welcome, for a container's health
//! check.

use anyhow::{Context, bail};
use clap::Args;

use super::print;
use crate::config::{Loaded, TlsSource};
use crate::load::http_side::HttpSide;
use crate::load::trust::Trust;

/// Ends the command's help.
pub const AFTER_HELP: &str = "\
Examples:
  visavis health                              the server of this configuration, on this machine
  visavis health http://10.0.0.5:8080         another machine's

Exit code 0 while new visitors are welcome, 1 while the server drains, or where nothing answers.";

/// Whom to ask.
#[derive(Args, Clone, Debug)]
pub struct HealthArguments {
    /// Where the server is; without it http.listen of the configuration.
    url: Option<String>,
}

/// Asks.
///
/// # Errors
/// Nothing answers in time, or something else than `ready`.
pub fn health(loaded: &Loaded, arguments: &HealthArguments) -> anyhow::Result<()> {
    // What answers on this machine's own address is this machine, whatever its certificate says.
    let (url, trust) = match &arguments.url {
        Some(url) => (url.trim_end_matches('/').to_owned(), Trust::System),
        None => (own_url(loaded), Trust::Anybody),
    };
    let side = HttpSide::of(&url, trust)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("a thread to ask from")?;
    match runtime.block_on(side.get("/readyz")) {
        Some((200, _)) => print("ready\n"),
        Some((status, said)) => bail!("{url}/readyz says {status}: {}", said.trim()),
        None => bail!("nothing answers at {url}"),
    }
}

/// Where the server of this configuration is, from this machine.
pub(super) fn own_url(loaded: &Loaded) -> String {
    let scheme = match loaded.config.tls.source() {
        TlsSource::Off => "http",
        TlsSource::Files { .. } | TlsSource::SelfSigned => "https",
    };
    let mut listen = loaded.config.http.listen;
    if listen.ip().is_unspecified() {
        listen.set_ip(match listen {
            std::net::SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            std::net::SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    format!("{scheme}://{listen}")
}
