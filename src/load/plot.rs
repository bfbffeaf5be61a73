//! One figure over time, drawn as SVG. Colours are classes, so that the page's style can follow a
//! light or dark scheme; a plotting library would write them into each line.

use std::fmt::Write as _;

/// One figure.
pub(super) struct Plot {
    pub(super) title: &'static str,
    /// Of the vertical axis.
    pub(super) unit: &'static str,
    pub(super) lines: Vec<Line>,
}

/// One value over time.
pub(super) struct Line {
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    /// Seconds and value, in order; `None` where there was nothing to measure.
    pub(super) points: Vec<(f64, Option<f64>)>,
}

/// How a value is drawn.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// From second to second.
    Line,
    /// Each by itself: what happens now and then.
    Dots,
}

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 220.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 26.0;
/// So few points are marked, so that a pointer finds each one's value.
const MARKED: usize = 150;

impl Plot {
    /// Whether there is anything to draw.
    pub(super) fn has_values(&self) -> bool {
        self.values().next().is_some()
    }

    /// The figure with its title and legend.
    pub(super) fn draw(&self) -> String {
        let (end, top) = (self.end(), round_up(self.values().fold(0.0, f64::max)));
        let mut svg = String::new();
        let title = self.title;
        let _ = write!(
            svg,
            "<figure>\n<figcaption><h3>{title}</h3><p class=\"legend\"><span>{}</span>",
            self.unit
        );
        for (number, line) in self.lines.iter().enumerate() {
            let _ = write!(svg, " <span class=\"key k{number}\">{}</span>", line.name);
        }
        let _ = write!(
            svg,
            "</p></figcaption>\n<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
             aria-label=\"{title} over {end:.0} seconds, from 0 to {} {}\">\n",
            short(top),
            self.unit
        );
        let frame = Frame { end, top };
        frame.axes(&mut svg);
        for (number, line) in self.lines.iter().enumerate() {
            frame.line(&mut svg, number, line, self.unit);
        }
        svg.push_str("</svg>\n</figure>\n");
        svg
    }

    fn values(&self) -> impl Iterator<Item = f64> {
        let points = self.lines.iter().flat_map(|line| &line.points);
        points.filter_map(|(_, value)| *value)
    }

    fn end(&self) -> f64 {
        let points = self.lines.iter().flat_map(|line| &line.points);
        points.map(|(at, _)| *at).fold(1.0, f64::max)
    }
}

/// The figure's area: from 0 to `end` seconds, from 0 to `top`.
struct Frame {
    end: f64,
    top: f64,
}

impl Frame {
    fn x(&self, seconds: f64) -> f64 {
        LEFT + seconds / self.end * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, value: f64) -> f64 {
        HEIGHT - BOTTOM - value / self.top * (HEIGHT - TOP - BOTTOM)
    }

    fn axes(&self, svg: &mut String) {
        for step in 0..=4_u8 {
            let value = self.top * f64::from(step) / 4.0;
            let (y, label) = (self.y(value), short(value));
            let _ = writeln!(
                svg,
                "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{:.1}\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>",
                WIDTH - RIGHT,
                LEFT - 6.0,
                y + 4.0
            );
        }
        let step = round_up(self.end / 8.0).max(1.0);
        let mut seconds = 0.0;
        while seconds <= self.end {
            let label = short(seconds);
            let _ = writeln!(
                svg,
                "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{label} s</text>",
                self.x(seconds),
                HEIGHT - 8.0
            );
            seconds += step;
        }
    }

    fn line(&self, svg: &mut String, number: usize, line: &Line, unit: &str) {
        if line.shape == Shape::Line {
            let mut path = String::new();
            let mut pen = 'M';
            for (at, value) in &line.points {
                pen = match value {
                    Some(value) => {
                        let (x, y) = (self.x(*at), self.y(*value));
                        let _ = write!(path, "{pen}{x:.1} {y:.1}");
                        'L'
                    }
                    None => 'M',
                };
            }
            let _ = writeln!(svg, "<path class=\"line k{number}\" d=\"{path}\"/>");
        }
        if line.shape == Shape::Line && line.points.len() > MARKED {
            return;
        }
        for (at, value) in &line.points {
            let Some(value) = value else { continue };
            let _ = writeln!(
                svg,
                "<circle class=\"k{number}\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"2.5\">\
                 <title>{} at {at:.0} s: {} {unit}</title></circle>",
                self.x(*at),
                self.y(*value),
                line.name,
                short(*value)
            );
        }
    }
}

/// The next of 1, 2, 5, 10, 20, 50, ..
fn round_up(value: f64) -> f64 {
    if value <= 0.0 {
        return 1.0;
    }
    let decade = 10_f64.powf(value.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * decade);
    let fits = steps.into_iter().find(|step| *step >= value * (1.0 - 1e-9));
    fits.unwrap_or(10.0 * decade)
}

/// A number in three digits or so: 0.25, 12.5, 340, 12k, 3.5M.
fn short(value: f64) -> String {
    let (value, sign) = match value.abs() {
        size if size >= 1e6 => (value / 1e6, "M"),
        size if size >= 1e4 => (value / 1e3, "k"),
        _ => (value, ""),
    };
    let text = match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    };
    let text = match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => &text,
    };
    format!("{text}{sign}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot(points: Vec<(f64, Option<f64>)>, shape: Shape) -> Plot {
        Plot {
            title: "Packets",
            unit: "per second",
            lines: vec![Line {
                name: "sent",
                shape,
                points,
            }],
        }
    }

    #[test]
    fn a_line_breaks_where_nothing_was_measured() {
        let points = [Some(0.0), None, Some(10.0), Some(5.0)];
        let points = points.into_iter().zip(1_u8..);
        let points = points.map(|(value, at)| (f64::from(at), value)).collect();
        let drawn = plot(points, Shape::Line).draw();
        // From the lower edge to the upper one, which is the next round number.
        assert!(
            drawn.contains("d=\"M199.0 194.0M485.0 10.0L628.0 102.0\""),
            "{drawn}"
        );
        assert_eq!(drawn.matches("<circle").count(), 3);
        assert!(drawn.contains("sent at 3 s: 10 per second"), "{drawn}");
    }

    #[test]
    fn what_happens_now_and_then_is_not_joined() {
        let drawn = plot(vec![(1.0, Some(3.0)), (9.0, Some(4.0))], Shape::Dots).draw();
        assert!(!drawn.contains("class=\"line"), "{drawn}");
        assert_eq!(drawn.matches("<circle").count(), 2);
        assert!(!plot(vec![(1.0, None)], Shape::Dots).has_values());
    }

    #[test]
    fn axes_end_at_round_numbers_and_labels_are_short() {
        for (value, up) in [
            (0.0, 1.0),
            (0.03, 0.05),
            (7.0, 10.0),
            (20.0, 20.0),
            (34_000.0, 50_000.0),
        ] {
            assert!((round_up(value) - up).abs() < up * 1e-9, "{value}");
        }
        for (value, text) in [
            (0.0, "0"),
            (0.25, "0.25"),
            (12.5, "12.5"),
            (100.0, "100"),
            (25_000.0, "25k"),
            (3.5e6, "3.5M"),
        ] {
            assert_eq!(short(value), text);
        }
    }
}
