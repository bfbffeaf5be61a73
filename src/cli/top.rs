//! `visavis top`: how a running server fares, in a terminal.

use std::io::{IsTerminal as _, stdout};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use clap::Args;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use ratatui::{DefaultTerminal, try_init, try_restore};
use tokio::runtime::Runtime;

use super::health_check::own_url;
use super::print;
use crate::config::Loaded;
use crate::load::http_side::HttpSide;
use crate::load::trust::Trust;
use crate::top::rows::rows;
use crate::top::{Link, Reading, Trend, View};

/// Ends the command's help.
pub const AFTER_HELP: &str = "\
Examples:
  visavis top                              the server of this configuration, on this machine
  visavis top http://10.0.0.5:8080         another machine's
  visavis top --once                       what is seen within a second, as text, for a script

Keys: q leaves, p pauses. What it shows comes from the server's /metrics; docs/operating.md says what
to look for.";

/// Whom to look at, and how.
#[derive(Args, Clone, Debug)]
pub struct TopArguments {
    /// Where the server is; without it http.listen of the configuration.
    url: Option<String>,
    /// How often to ask, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=60))]
    every: u64,
    /// Print one look as text and leave.
    #[arg(long)]
    once: bool,
}

/// A server that is looked at.
struct Lookout {
    url: String,
    side: HttpSide,
    runtime: Runtime,
    trend: Option<Trend>,
    /// Since when it does not answer.
    lost: Option<Instant>,
}

/// Looks until somebody leaves.
///
/// # Errors
/// Nothing of a visavis answers at first, or there is no terminal.
pub fn top(loaded: &Loaded, arguments: &TopArguments) -> anyhow::Result<()> {
    let mut lookout = Lookout::new(loaded, arguments.url.as_deref())?;
    let every = Duration::from_secs(arguments.every);
    lookout.ask_first()?;
    if arguments.once {
        let rest = async { tokio::time::sleep(every).await };
        lookout.runtime.block_on(rest);
        lookout.ask_first()?;
        let lines = lookout.trend.iter().flat_map(rows);
        let lines = lines.map(|row| format!("{:<10}{}\n", row.about, row.words));
        return print(&lines.collect::<String>());
    }
    if !stdout().is_terminal() {
        bail!("standard output is no terminal: say --once for one look as text");
    }
    // It is restored whatever happens: a panic does it, too.
    let mut terminal = try_init().context("the terminal")?;
    let looked = watch(&mut lookout, &mut terminal, every);
    try_restore().context("the terminal")?;
    looked
}

/// What somebody at the keyboard wants.
enum Wish {
    Leave,
    Pause,
    Nothing,
}

fn watch(
    lookout: &mut Lookout,
    terminal: &mut DefaultTerminal,
    every: Duration,
) -> anyhow::Result<()> {
    let mut is_paused = false;
    let mut due = now() + every;
    loop {
        lookout.draw(terminal, is_paused)?;
        if event::poll(due.saturating_duration_since(now())).context("the keyboard")? {
            match wish(&event::read().context("the keyboard")?) {
                Wish::Leave => return Ok(()),
                Wish::Pause => is_paused = !is_paused,
                Wish::Nothing => {}
            }
        }
        if due <= now() {
            due = now() + every;
            if !is_paused {
                lookout.ask();
            }
        }
    }
}

fn wish(event: &Event) -> Wish {
    let Event::Key(key) = event else {
        return Wish::Nothing;
    };
    let is_interrupt = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        _ if key.kind != KeyEventKind::Press => Wish::Nothing,
        KeyCode::Char('q') | KeyCode::Esc => Wish::Leave,
        KeyCode::Char('c') if is_interrupt => Wish::Leave,
        KeyCode::Char('p') => Wish::Pause,
        _ => Wish::Nothing,
    }
}

impl Lookout {
    fn new(loaded: &Loaded, url: Option<&str>) -> anyhow::Result<Self> {
        // What answers on this machine's own address is this machine, whatever its certificate says.
        let (url, trust) = match url {
            Some(url) => (url.trim_end_matches('/').to_owned(), Trust::System),
            None => (own_url(loaded), Trust::Anybody),
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("a thread to ask from")?;
        Ok(Self {
            side: HttpSide::of(&url, trust)?,
            url,
            runtime,
            trend: None,
            lost: None,
        })
    }

    /// Asks, where it matters whether there is an answer.
    fn ask_first(&mut self) -> anyhow::Result<()> {
        let url = &self.url;
        match self.runtime.block_on(self.side.get("/metrics")) {
            Some((200, text)) => match Reading::of(&text, now()) {
                reading if reading.is_empty() => bail!("{url}/metrics is not that of a visavis"),
                reading => self.take(reading),
            },
            Some((status, _)) => bail!("{url}/metrics says {status}"),
            None => bail!("nothing answers at {url}: is it running, and is that its address?"),
        }
        Ok(())
    }

    /// Asks. What was known stays while nothing answers.
    fn ask(&mut self) {
        let answer = self.runtime.block_on(self.side.get("/metrics"));
        let text = answer.and_then(|(status, text)| (status == 200).then_some(text));
        match text.map(|text| Reading::of(&text, now())) {
            Some(reading) if !reading.is_empty() => self.take(reading),
            Some(_) | None => self.lost = self.lost.or_else(|| Some(now())),
        }
    }

    fn take(&mut self, reading: Reading) {
        self.lost = None;
        match &mut self.trend {
            Some(trend) => trend.add(reading),
            None => self.trend = Some(Trend::begin(reading)),
        }
    }

    fn draw(&self, terminal: &mut DefaultTerminal, is_paused: bool) -> anyhow::Result<()> {
        let link = match (self.lost, &self.trend) {
            (Some(since), _) => Link::Lost(now().saturating_duration_since(since)),
            (None, Some(trend)) if trend.forwarded().next().is_some() => Link::Fine,
            (None, _) => Link::Beginning,
        };
        let view = View {
            url: &self.url,
            link: &link,
            trend: self.trend.as_ref(),
            is_paused,
        };
        let drawn = terminal.draw(|frame| frame.render_widget(view, frame.area()));
        drawn.map(|_| ()).context("the terminal")
    }
}

#[expect(clippy::disallowed_methods, reason = "the driver's clock")]
fn now() -> Instant {
    Instant::now()
}
