//! `visavis doctor`: what would stand in a service's way, and what to change.

use anyhow::{Context, bail};
use clap::Args;

use super::print;
use crate::config::Loaded;
use crate::load::http_side::HttpSide;
use crate::load::trust::Trust;
use crate::server::checkup::{Finding, State, examine};

/// Ends the command's help.
pub const AFTER_HELP: &str = "\
Examples:
  visavis --config /etc/visavis/visavis.toml doctor
  visavis doctor --url https://chat.example.org     the way that visitors come, too

Looks at ports, addresses, certificate, keys, policy, models, store, clock, open files, kernel buffers
and processors, and says what to change. Starts nothing. Run it as the account and on the machine of the server. Exit
code 1 if something does not work. Whether media gets through a firewall it cannot see: let one pair
in from elsewhere by `visavis load`.";

/// What else to look at.
#[derive(Args, Clone, Debug)]
pub struct DoctorArguments {
    /// Where visitors find the page, to look from outside as well.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

/// Looks at everything and says how it is.
///
/// # Errors
/// Something does not work.
pub fn doctor(loaded: &Loaded, arguments: &DoctorArguments) -> anyhow::Result<()> {
    let mut findings = examine(loaded);
    if let Some(url) = &arguments.url {
        findings.push(from_outside(url)?);
    }
    print(&findings.iter().map(line).collect::<String>())?;
    match findings
        .iter()
        .filter(|one| one.state == State::Wrong)
        .count()
    {
        0 => Ok(()),
        1 => bail!("one thing does not work"),
        several => bail!("{several} things do not work"),
    }
}

fn line(finding: &Finding) -> String {
    let mark = match finding.state {
        State::Fine => "ok",
        State::Doubtful => "look",
        State::Wrong => "WRONG",
    };
    format!("{mark:<5}  {:<14}  {}\n", finding.about, finding.words)
}

/// Name, certificate and proxy, as a browser meets them.
fn from_outside(url: &str) -> anyhow::Result<Finding> {
    let url = url.trim_end_matches('/');
    let side = HttpSide::of(url, Trust::System)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("a thread to look from")?;
    let (state, words) = match runtime.block_on(side.get("/v1/online")) {
        Some((200, _)) => (State::Fine, format!("{url} welcomes visitors")),
        Some((status, _)) => (State::Wrong, format!("{url}/v1/online says {status}")),
        None => {
            let words = "does not answer, or its certificate is known to nobody: see the name, the \
                         proxy and the firewall";
            (State::Wrong, format!("{url} {words}"))
        }
    };
    Ok(Finding {
        state,
        about: "from outside",
        words,
    })
}
