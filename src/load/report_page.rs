//! A run as one page that needs nothing else: figures over time, findings and options.

use std::fmt::Write as _;

use super::findings::{Findings, Spread};
use super::plan::Plan;
use super::plot::{Line, Plot, Shape};
use super::samples::Sample;

const STYLE: &str = include_str!("report.css");

/// The page, as HTML.
pub fn page(plan: &Plan, findings: &Findings, samples: &[Sample]) -> String {
    let mut html = String::with_capacity(64 * 1024);
    let version = env!("CARGO_PKG_VERSION");
    let _ = write!(
        html,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" \
         content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>visavis load: {pairs} pairs</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <header><h1>{pairs} pairs for {seconds:.0} seconds</h1>\n\
         <p>visavis load {version}, against {url}</p></header>\n",
        pairs = plan.pairs,
        seconds = findings.measured_seconds,
        url = escaped(&plan.url),
    );
    let rows = findings.rows();
    for (_, warning) in rows.iter().filter(|(name, _)| *name == "WARNING") {
        let warning = escaped(warning);
        let _ = writeln!(html, "<p class=\"alarm\" role=\"alert\">{warning}</p>");
    }
    html.push_str("<main>\n<h2>Over time</h2>\n<div class=\"figures\">\n");
    for plot in plots(samples).iter().filter(|plot| plot.has_values()) {
        html.push_str(&plot.draw());
    }
    html.push_str("</div>\n<div class=\"tables\">\n");
    table(&mut html, "Findings", &rows);
    table(&mut html, "Options", &plan.rows());
    html.push_str("</div>\n</main>\n</body>\n</html>\n");
    html
}

fn table(html: &mut String, title: &str, rows: &[(&str, String)]) {
    let _ = write!(html, "<section><h2>{title}</h2>\n<table>\n");
    for (name, value) in rows {
        let (name, value) = (escaped(name), escaped(value));
        let _ = writeln!(
            html,
            "<tr><th scope=\"row\">{name}</th><td>{value}</td></tr>"
        );
    }
    html.push_str("</table></section>\n");
}

fn plots(samples: &[Sample]) -> Vec<Plot> {
    let line = |name, of: &dyn Fn(&Sample) -> Option<f64>| Line {
        name,
        shape: Shape::Line,
        points: samples.iter().map(|s| (s.at_seconds, of(s))).collect(),
    };
    let latency = |of: fn(&Spread) -> f64| move |s: &Sample| s.added_latency_ms.as_ref().map(of);
    let next = |name, of: fn(&Spread) -> f64| Line {
        shape: Shape::Dots,
        ..line(name, &|s| s.next_to_first_frame_ms.as_ref().map(of))
    };
    let plot = |title, unit, lines| Plot { title, unit, lines };
    vec![
        plot(
            "Packets",
            "per second",
            vec![
                line("sent", &|s| Some(s.sent_per_second)),
                line("received", &|s| Some(s.received_per_second)),
            ],
        ),
        plot(
            "Loss",
            "%",
            vec![line("lost", &|s| Some(100.0 * s.loss_ratio))],
        ),
        plot(
            "Added latency",
            "ms",
            vec![
                line("p50", &latency(|spread| spread.p50)),
                line("p95", &latency(|spread| spread.p95)),
                line("p99", &latency(|spread| spread.p99)),
            ],
        ),
        plot(
            "Next to first picture",
            "ms",
            vec![
                next("p50", |spread| spread.p50),
                next("max", |spread| spread.max),
            ],
        ),
        plot(
            "Processor",
            "cores",
            vec![
                line("server", &|s| s.server_cores),
                line("this crowd", &|s| Some(s.own_cores)),
            ],
        ),
        plot(
            "Server memory",
            "MiB",
            vec![line("resident", &|s| {
                s.server_rss_bytes.map(|bytes| bytes / 1024.0 / 1024.0)
            })],
        ),
    ]
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_typed_stays_text() {
        assert_eq!(
            escaped("http://a/?b&c=\"<script>\""),
            "http://a/?b&amp;c=&quot;&lt;script&gt;&quot;"
        );
    }

    #[test]
    fn a_figure_without_values_is_left_out() {
        let shown: Vec<bool> = plots(&[]).iter().map(Plot::has_values).collect();
        assert_eq!(shown, [false; 6]);
    }
}
