//! `visavis worker`: looks at pictures for the server that has started it, and at nothing else; or goes
//! to servers of other machines, and starts such workers for them.

use std::io;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Subcommand};

use super::print;
use crate::classify::credentials::{self, Credentials};
use crate::classify::outpost::Outpost;
use crate::classify::service::{ServiceError, serve};
use crate::classify::{OWN_PROGRAM, confine};
use crate::config::Loaded;
use crate::logging;

/// Ends the command's help.
pub const AFTER_HELP: &str = "\
Examples:
  visavis worker certificates certs      an authority, and a certificate of it for either side
  visavis serve --classifier-listen 0.0.0.0:4433 --classifier-certificate certs/server.pem \\
    --classifier-key certs/server-key.pem --classifier-authority certs/authority.pem
  visavis worker --connect chat.example:4433 --certificate certs/worker.pem \\
    --key certs/worker-key.pem --authority certs/authority.pem

Without --connect it is a worker as a server starts it on its own machine: it speaks over standard
input and output, has no network, opens no file, and ends when its input does. With --connect it keeps
a connection to each server, comes back when one is lost, and starts --workers of the former for each.";

/// For whom it works.
#[derive(Args, Clone, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub struct WorkerArguments {
    #[command(subcommand)]
    command: Option<WorkerCommand>,
    /// Work for this server; as often as there are servers.
    #[arg(long, value_name = "HOST:PORT", requires_all = ["certificate", "key", "authority"])]
    connect: Vec<String>,
    /// This machine's certificate, a PEM file.
    #[arg(long, value_name = "FILE", requires = "connect")]
    certificate: Option<PathBuf>,
    /// The certificate's private key, a PEM file.
    #[arg(long, value_name = "FILE", requires = "connect")]
    key: Option<PathBuf>,
    /// Certificate of the authority that the servers' come from, a PEM file.
    #[arg(long, value_name = "FILE", requires = "connect")]
    authority: Option<PathBuf>,
    /// Processes for each server; one per core if not given.
    #[arg(long, requires = "connect", value_parser = clap::value_parser!(u16).range(1..=256))]
    workers: Option<u16>,
}

#[derive(Subcommand, Clone, Debug)]
enum WorkerCommand {
    /// Make a private authority, and with it a certificate for servers and one for worker machines.
    Certificates {
        /// Where to put the files; none is replaced.
        #[arg(value_name = "FOLDER")]
        folder: PathBuf,
    },
}

/// Looks until the input ends, or works for servers until it is told to end.
///
/// # Errors
/// The system does not let it be confined, the server asks for what cannot be done, or certificates
/// cannot be used.
pub fn worker(loaded: &Loaded, arguments: &WorkerArguments) -> anyhow::Result<()> {
    if let Some(WorkerCommand::Certificates { folder }) = &arguments.command {
        let paths = credentials::make(folder)?;
        let lines = paths.iter().map(|path| format!("{}\n", path.display()));
        return print(&lines.collect::<String>());
    }
    match (&arguments.certificate, &arguments.key, &arguments.authority) {
        (Some(certificate), Some(key), Some(authority)) => {
            let credentials = Credentials {
                certificate: certificate.clone(),
                key: key.clone(),
                authority: authority.clone(),
            };
            far(loaded, arguments, credentials)
        }
        _ => near(),
    }
}

/// For the server that has started it.
fn near() -> anyhow::Result<()> {
    confine::limit().context("confinement")?;
    let confine = || {
        confine::filter().map_err(|error| ServiceError::Refused(format!("confinement: {error}")))
    };
    Ok(serve(io::stdin().lock(), io::stdout(), confine)?)
}

/// For servers of other machines.
fn far(
    loaded: &Loaded,
    arguments: &WorkerArguments,
    credentials: Credentials,
) -> anyhow::Result<()> {
    logging::start(&loaded.config.log);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let cores = u16::try_from(cores).unwrap_or(u16::MAX);
    let outpost = Outpost {
        servers: arguments.connect.clone(),
        credentials,
        workers: arguments.workers.unwrap_or(cores),
        command: (OWN_PROGRAM.into(), vec!["worker".into()]),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("this machine's thread")?;
    Ok(runtime.block_on(outpost.work())?)
}
