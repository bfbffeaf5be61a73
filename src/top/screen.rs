//! [`View`]: what there is to see, drawn.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph, RenderDirection, Sparkline, Widget};

use super::rows::rows;
use super::trend::Trend;
use crate::metrics;

/// Whether the server answers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Link {
    /// It has not been asked, or not twice.
    Beginning,
    /// It does.
    Fine,
    /// It does not, for so long.
    Lost(Duration),
}

/// What there is to see.
pub struct View<'a> {
    /// Whose.
    pub url: &'a str,
    /// Whether it answers.
    pub link: &'a Link,
    /// How it fares, once it has answered.
    pub trend: Option<&'a Trend>,
    /// Whether it stands still because somebody wants it to.
    pub is_paused: bool,
}

const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);
const DIM: Style = Style::new().add_modifier(Modifier::DIM);

/// Media threads that have a line at least, where there are more than fit.
const THREADS: u16 = 2;
/// The width of what a line is about.
const ABOUT: usize = 10;

impl Widget for View<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let [head, body, foot] = Layout::vertical([
            Constraint::Length(1),
            Constraint::Min(0),
            Constraint::Length(1),
        ])
        .areas(area);
        self.head().render(head, buffer);
        Line::styled("q leaves   p pauses", DIM).render(foot, buffer);
        if let Some(trend) = self.trend {
            draw(trend, body, buffer);
        }
    }
}

impl View<'_> {
    fn head(&self) -> Line<'_> {
        let state = match (self.link, self.is_paused) {
            (Link::Lost(time), _) => format!("no answer for {} s", time.as_secs()),
            (_, true) => "paused".to_owned(),
            (Link::Beginning, false) => "asking".to_owned(),
            (Link::Fine, false) => "answers".to_owned(),
        };
        Line::from(vec![
            Span::styled("visavis top  ", BOLD),
            Span::raw(self.url),
            Span::raw("  "),
            Span::styled(state, BOLD),
        ])
    }
}

/// Words come first where there is little room, then threads, then how it went.
fn draw(trend: &Trend, area: Rect, buffer: &mut Buffer) {
    let words = rows(trend);
    let threads = threads(trend);
    let lines = |length: usize| u16::try_from(length).unwrap_or(u16::MAX);
    let left = area.height.saturating_sub(lines(words.len()));
    let graph = match left.saturating_sub(THREADS) {
        0..3 => 0,
        room => room.min(8),
    };
    let bars = lines(threads.len()).min(left.saturating_sub(graph));
    let [graphs, bars, text] = Layout::vertical([
        Constraint::Length(graph),
        Constraint::Length(bars),
        Constraint::Min(0),
    ])
    .areas(area);
    let [left, right] =
        Layout::horizontal([Constraint::Fill(1), Constraint::Fill(1)]).areas(graphs);
    history("packets/s forwarded", trend.forwarded(), left, buffer);
    history("kbit/s in and out", trend.traffic(), right, buffer);
    for (row, (name, load)) in bars.rows().zip(threads) {
        thread(&name, load).render(row, buffer);
    }
    let line = |row: super::rows::Row| {
        let about = format!("{:<ABOUT$}", row.about);
        Line::from(vec![Span::styled(about, BOLD), Span::raw(row.words)])
    };
    Paragraph::new(words.into_iter().map(line).collect::<Vec<_>>()).render(text, buffer);
}

fn history(
    about: &str,
    rates: impl DoubleEndedIterator<Item = u64>,
    area: Rect,
    buffer: &mut Buffer,
) {
    let newest_first: Vec<u64> = rates.rev().collect();
    let shown = newest_first.iter().take(usize::from(area.width));
    let most = shown.copied().max().unwrap_or(0);
    let title = format!(" {about}, {most} at most ");
    Sparkline::default()
        .block(Block::bordered().title(title))
        .direction(RenderDirection::RightToLeft)
        .data(newest_first)
        .max(most.max(1))
        .render(area, buffer);
}

/// The media threads and how busy each is, as a share.
fn threads(trend: &Trend) -> Vec<(String, f64)> {
    let loads = trend.newest().by_label(&metrics::MEDIA_LOAD);
    let mut threads: Vec<_> = loads
        .map(|(name, load)| (name.to_owned(), load.min(1.0)))
        .collect();
    // By number, where they are numbers.
    threads.sort_by_key(|(name, _)| name.parse::<u64>().unwrap_or(u64::MAX));
    threads
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of twenty"
)]
fn thread(name: &str, load: f64) -> Line<'static> {
    const WIDTH: usize = 40;
    let full = (load * WIDTH as f64).round() as usize;
    let full = full.min(WIDTH);
    Line::from(vec![
        Span::styled(format!("{:<ABOUT$}", format!("thread {name}")), BOLD),
        Span::raw("█".repeat(full)),
        Span::styled("·".repeat(WIDTH - full), DIM),
        Span::raw(format!(" {:>3.0} % busy", load * 100.0)),
    ])
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "a test needs some instant to begin with"
)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::top::Reading;

    const SECOND: Duration = Duration::from_secs(1);

    fn text(number: u32) -> String {
        format!(
            "visavis_sessions 1224\nvisavis_waiting 4\nvisavis_matches 610\nvisavis_legs 1220\n\
             visavis_joins_total {joins}\nvisavis_media_packets_forwarded_total {forwarded}\n\
             visavis_media_bytes_in_total {bytes}\nvisavis_media_bytes_out_total {bytes}\n\
             visavis_media_load_ratio{{shard=\"1\"}} 0.25\nvisavis_media_load_ratio{{shard=\"0\"}} 0.61\n\
             visavis_verdicts_total{{label=\"neutral\"}} {verdicts}\nvisavis_cases_open{{class=\"conduct\"}} 3\n\
             visavis_cases_oldest_seconds{{class=\"conduct\"}} 240\nprocess_cpu_seconds_total {cpu}\n\
             visavis_next_seconds_count {joins}\nvisavis_next_seconds_sum {next}\n\
             process_resident_memory_bytes 44000000\n",
            joins = number * 4,
            forwarded = number * 34_000,
            bytes = number * 25_000_000,
            verdicts = number * 20,
            cpu = f64::from(number) * 0.2,
            next = f64::from(number) * 0.16,
        )
    }

    fn fared(readings: u32) -> Trend {
        let now = Instant::now();
        let mut trend = Trend::begin(Reading::of(&text(0), now));
        for number in 1..readings {
            trend.add(Reading::of(&text(number), now + SECOND * number));
        }
        trend
    }

    fn drawn(trend: Option<&Trend>, link: &Link, [width, height]: [u16; 2]) -> Vec<String> {
        let area = Rect::new(0, 0, width, height);
        let mut buffer = Buffer::empty(area);
        let view = View {
            url: "http://127.0.0.1:8080",
            link,
            trend,
            is_paused: false,
        };
        view.render(area, &mut buffer);
        let line = |y| {
            let cells = (0..width).map(|x| buffer[(x, y)].symbol());
            cells.collect::<String>().trim_end().to_owned()
        };
        (0..height).map(line).collect()
    }

    #[test]
    fn a_small_terminal_shows_everything() {
        let lines = drawn(Some(&fared(3)), &Link::Fine, [80, 24]);
        for (line, begins) in [
            (0, "visavis top  http://127.0.0.1:8080  answers"),
            (1, "┌ packets/s forwarded, 34000 at most ─"),
            (8, "thread 0  ████████████████████████"),
            (
                9,
                "thread 1  ██████████······························  25 % busy",
            ),
            (
                10,
                "visitors  1224 here, 4 look, 610 matches, 1220 legs; 4.0/s come, 0/s pairs meet",
            ),
            (11, "times     Next to picture 40 ms"),
            (
                12,
                "media     34000/s forwarded, 200.0 Mbit/s in, 200.0 out, 0 by TCP",
            ),
            (17, "verdicts  neutral 20/s"),
            (19, "cases     3 conduct, the oldest 4 min"),
            (
                22,
                "process   20 % of a core, 44 MB, 5.9 µs for each packet forwarded",
            ),
            (23, "q leaves   p pauses"),
        ] {
            assert!(lines[line].starts_with(begins), "{line}: {lines:#?}");
        }
    }

    #[test]
    fn a_large_terminal_shows_how_it_went() {
        let lines = drawn(Some(&fared(90)), &Link::Fine, [160, 50]);
        assert_eq!(lines[2].matches('█').count(), 2 * 78, "{lines:#?}");
        assert!(lines.iter().any(|line| line.starts_with("process")));
    }

    #[test]
    fn what_does_not_answer_is_said_to_and_what_was_known_stays() {
        let lines = drawn(Some(&fared(3)), &Link::Lost(SECOND * 7), [80, 24]);
        assert!(lines[0].ends_with("no answer for 7 s"), "{}", lines[0]);
        assert!(lines[10].starts_with("visitors  1224 here"));
        let lines = drawn(None, &Link::Beginning, [80, 24]);
        assert!(lines[0].ends_with("asking"));
    }

    #[test]
    fn no_terminal_is_too_small() {
        let trend = fared(3);
        for size in [[0, 0], [1, 1], [20, 3], [80, 1], [1, 80], [500, 200]] {
            drawn(Some(&trend), &Link::Fine, size);
        }
    }
}
