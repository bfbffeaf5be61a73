//! `visavis serve`: runs the server until it is told to stop.

use anyhow::Context;

use super::{print, welcome};
use crate::config::Loaded;
use crate::{logging, server};

/// Ends the command's help.
pub const AFTER_HELP: &str = "\
Examples:
  visavis serve --http-listen 127.0.0.1:9000 --media-listen 0.0.0.0:3479
  visavis serve --tls-cert chain.pem --tls-key key.pem --http-listen 0.0.0.0:443
  visavis serve --media-advertise 203.0.113.7     behind NAT: the address that browsers can reach
  visavis serve --take-over --media-listen 0.0.0.0:3479     instead of one that runs, without a gap

SIGTERM or Ctrl-C: no new visitors, the others are told, matches may go on for --server-drain-ms.
A second one ends at once. SIGHUP: policy and list of hashes are read again.";

/// How it starts.
#[derive(clap::Args, Clone, Default, Debug)]
pub struct ServeArguments {
    /// Take the place of the server that has the HTTP port, if one has: it keeps its matches until they end,
    /// and everybody else comes here. Needs another media port than that server's.
    #[arg(long)]
    take_over: bool,
}

/// Runs the server until it is told to stop.
///
/// # Errors
/// Something cannot be started, or fails while running.
pub fn serve(loaded: &Loaded, arguments: &ServeArguments) -> anyhow::Result<()> {
    logging::start(&loaded.config.log);
    server::core_dumps::forbid();
    let runtime = tokio::runtime::Runtime::new().context("the control plane's threads")?;
    runtime.block_on(async {
        let server = server::Server::start(loaded, arguments.take_over).await?;
        print(&welcome::text(loaded, server.places()))?;
        server.run(loaded).await?;
        Ok(())
    })
}
