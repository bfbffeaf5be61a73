//! The command line: one file per command.
//!
//! 1. [`flags`] makes a flag of every key of the configuration.
//! 2. [`run`] parses, loads the configuration and calls the command.
//! 3. [`serve`] runs the server and [`welcome`] says where it is; [`check_config`] only shows what
//!    would be in force; [`explain_policy`] says what a score would lead to, [`audit_verify`] whether
//!    the audit log is whole; [`evaluate`](mod@evaluate) says how well the operator's own pictures are
//!    told apart, [`hashes`](mod@hashes) keeps the list of known ones;
//!    [`moderator`](mod@moderator) keeps the list of those who may decide;
//!    [`doctor`](mod@doctor) looks at the machine, [`health_check`] asks a running server, [`top`](mod@top) shows how it fares;
//!    [`openapi`](mod@openapi) prints the description of the HTTP API;
//!    [`token`](mod@token) makes access tokens, [`try_webhooks`] sends events for a try; [`load`](mod@load) lets a crowd of simulated visitors in;
//!    [`worker`](mod@worker) looks at pictures, for a server that has started it or for others.
//!
//! Exit codes: 0 done, 1 something failed while running, 2 the command line or the configuration
//! is wrong and nothing was started.

pub mod audit_verify;
pub mod check_config;
pub mod doctor;
pub mod evaluate;
pub mod explain_policy;
pub mod flags;
pub mod hashes;
pub mod health_check;
pub mod load;
pub mod moderator;
pub mod openapi;
pub mod serve;
pub mod token;
pub mod top;
pub mod try_webhooks;
pub mod welcome;
pub mod worker;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{CommandFactory, Parser, Subcommand};

use crate::config::{ConfigError, Loaded, Sources, load as load_config};
use flags::Flags;

const AFTER_HELP: &str = "\
Examples:
  visavis                                    the page on http://localhost:8080, media on UDP 3478
  visavis --self-signed                      the page by https, for other devices in the network
  visavis --config visavis.toml check-config what would be in force, and why

Every key of the configuration is a flag and a variable: media.listen in the file is --media-listen
and VISAVIS_MEDIA_LISTEN. A flag wins over a variable over the file over the default. The file
config/visavis.toml in the source shows every key.";

/// A media relay for random one-to-one video chat, with moderation built in.
#[derive(Parser, Debug)]
#[command(name = "visavis", version, after_help = AFTER_HELP, max_term_width = 100)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,

    /// Read the configuration from this file [env: VISAVIS_CONFIG]; without it no file is read.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,

    #[command(flatten)]
    flags: Flags,
}

#[derive(Subcommand, Clone, Debug)]
enum Command {
    /// Run the server; also what happens without a command.
    #[command(after_help = serve::AFTER_HELP)]
    Serve(serve::ServeArguments),
    /// Print the configuration that is in force and where each value came from; start nothing.
    #[command(after_help = check_config::AFTER_HELP)]
    CheckConfig,
    /// Say what the policy would do about a label with a score; start nothing.
    #[command(after_help = explain_policy::AFTER_HELP)]
    ExplainPolicy(explain_policy::ExplainArguments),
    /// Say how well your own labelled pictures are told apart; serve nothing.
    #[command(after_help = evaluate::AFTER_HELP)]
    Evaluate(evaluate::EvaluateArguments),
    /// Keep the list of known pictures: import, list, count.
    #[command(after_help = hashes::AFTER_HELP)]
    Hashes(hashes::HashesArguments),
    /// Look at the log of every decision.
    Audit(audit_verify::AuditArguments),
    /// Say who may decide at the desk: add, list, remove.
    #[command(after_help = moderator::AFTER_HELP)]
    Moderator(moderator::ModeratorArguments),
    /// Look at this machine and this configuration, and say what to change; start nothing.
    #[command(after_help = doctor::AFTER_HELP)]
    Doctor(doctor::DoctorArguments),
    /// Ask a running server whether new visitors are welcome.
    #[command(after_help = health_check::AFTER_HELP)]
    Health(health_check::HealthArguments),
    /// Print the description of the HTTP API (OpenAPI 3.1); start nothing.
    #[command(after_help = openapi::AFTER_HELP)]
    Openapi,
    /// Show how a running server fares, in the terminal.
    #[command(after_help = top::AFTER_HELP)]
    Top(top::TopArguments),
    /// Make access tokens, and say what is in them.
    #[command(after_help = token::AFTER_HELP)]
    Token(token::TokenArguments),
    /// Make a secret to sign events by, and try whether they arrive.
    #[command(after_help = try_webhooks::AFTER_HELP)]
    Webhooks(try_webhooks::WebhooksArguments),
    /// Load a server with simulated visitors, and say how it fared; serve nothing.
    #[command(after_help = load::AFTER_HELP)]
    Load(Box<load::LoadArguments>),
    /// Look at pictures: for the server that starts it, or for servers of other machines.
    #[command(after_help = worker::AFTER_HELP)]
    Worker(Box<worker::WorkerArguments>),
}

/// Does what the command line says.
pub fn run(arguments: impl IntoIterator<Item = OsString>, variables: Variables) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) if !error.use_stderr() => return shown(&error),
        Err(error) => return refused(one_line(&error)),
    };
    match obey(&arguments, variables) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_about_configuration(&error) => refused(format!("{error:#}")),
        Err(error) => {
            complain(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Environment variables, in no order.
pub type Variables = Vec<(String, String)>;

/// The whole help text of the program and of each command, for its golden file.
pub fn help() -> String {
    let mut root = Arguments::command().term_width(100);
    root.build();
    let mut text = root.render_long_help().to_string();
    for command in root
        .get_subcommands_mut()
        .filter(|command| command.get_name() != "help")
    {
        text.push_str(&format!("\n-------- {}\n", command.get_name()));
        text.push_str(&command.render_long_help().to_string());
    }
    text
}

fn obey(arguments: &Arguments, variables: Variables) -> anyhow::Result<()> {
    let loaded = configuration(arguments, variables)?;
    let by_default = Command::Serve(serve::ServeArguments::default());
    match arguments.command.as_ref().unwrap_or(&by_default) {
        Command::Serve(arguments) => serve::serve(&loaded, arguments),
        Command::CheckConfig => check_config::check_config(&loaded),
        Command::ExplainPolicy(arguments) => explain_policy::explain_policy(&loaded, arguments),
        Command::Evaluate(arguments) => evaluate::evaluate(&loaded, arguments),
        Command::Hashes(arguments) => hashes::hashes(&loaded, arguments),
        Command::Audit(arguments) => audit_verify::audit(&loaded, arguments),
        Command::Moderator(arguments) => moderator::moderator(&loaded, arguments),
        Command::Doctor(arguments) => doctor::doctor(&loaded, arguments),
        Command::Health(arguments) => health_check::health(&loaded, arguments),
        Command::Openapi => openapi::openapi(),
        Command::Top(arguments) => top::top(&loaded, arguments),
        Command::Token(arguments) => token::token(&loaded, arguments),
        Command::Webhooks(arguments) => try_webhooks::webhooks(&loaded, arguments),
        Command::Load(arguments) => load::load(arguments),
        Command::Worker(arguments) => worker::worker(&loaded, arguments),
    }
}

fn configuration(arguments: &Arguments, variables: Variables) -> anyhow::Result<Loaded> {
    let named = variables.iter().find(|(name, _)| name == "VISAVIS_CONFIG");
    let path = arguments
        .config
        .as_deref()
        .or_else(|| named.map(|(_, path)| Path::new(path)));
    let file = path.map(read).transpose()?;
    let flags = arguments.flags.given().to_vec();
    Ok(load_config(&Sources {
        file,
        variables,
        flags,
    })?)
}

fn read(path: &Path) -> Result<(String, String), ConfigError> {
    let name = path.display().to_string();
    match std::fs::read_to_string(path) {
        Ok(text) => Ok((name, text)),
        Err(error) => Err(ConfigError::NoFile {
            name,
            reason: error.to_string(),
        }),
    }
}

fn is_about_configuration(error: &anyhow::Error) -> bool {
    error.is::<ConfigError>()
        || matches!(
            error.downcast_ref(),
            Some(crate::server::ServerError::Config(_))
        )
}

/// Writes text to standard output: the one door for what a command was asked to print.
fn print(text: &str) -> anyhow::Result<()> {
    let mut output = io::stdout().lock();
    output
        .write_all(text.as_bytes())
        .and_then(|()| output.flush())
        .context("standard output")
}

fn shown(help: &clap::Error) -> ExitCode {
    match print(&help.render().to_string()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn refused(message: String) -> ExitCode {
    complain(&message);
    ExitCode::from(2)
}

fn complain(message: &str) {
    // There is nobody left to tell when standard error is closed.
    let _ = writeln!(io::stderr().lock(), "visavis: {message}");
}

/// What clap says over several lines, in one, and without the usage that says nothing new.
fn one_line(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let told = text.split("\n\nUsage:").next().unwrap_or_default();
    let told = told.strip_prefix("error: ").unwrap_or(told);
    let mut parts: Vec<_> = told
        .lines()
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect();
    parts.retain(|part| !part.starts_with("For more information"));
    format!("{}; see visavis --help", parts.join("; "))
}
