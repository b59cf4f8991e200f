//! Two kinds of plots as SVG: lines over logarithmic axes, and bars.

use std::fmt::{self, Write};

use crate::case::Unit;

/// Lines over two logarithmic axes: octets to the right, a rate upwards.
pub(super) struct Lines {
    pub(super) title: String,
    pub(super) x_title: String,
    pub(super) lines: Vec<Line>,
}

pub(super) struct Line {
    pub(super) name: String,
    pub(super) color: &'static str,
    pub(super) dashed: bool,
    pub(super) points: Vec<(f64, f64)>,
}

/// Groups of bars, each group drawn to its own longest.
pub(super) struct Bars {
    pub(super) title: String,
    pub(super) groups: Vec<(String, Vec<Bar>)>,
}

pub(super) struct Bar {
    pub(super) name: String,
    pub(super) color: &'static str,
    pub(super) value: f64,
    pub(super) text: String,
}

const WIDTH: f64 = 760.0;
const LEFT: f64 = 80.0;
const RIGHT: f64 = 180.0;
const TOP: f64 = 50.0;
const PLOT_HEIGHT: f64 = 320.0;
const BAR: f64 = 16.0;

impl Lines {
    pub(super) fn render(&self) -> String {
        document(TOP + PLOT_HEIGHT + 60.0, &self.title, |out| {
            let points = || self.lines.iter().flat_map(|line| &line.points);
            let (x, y) =
                (Axis::of(points().map(|p| p.0), 2.0), Axis::of(points().map(|p| p.1), 10.0));
            let right = |value| LEFT + x.share(value) * (WIDTH - LEFT - RIGHT);
            let up = |value| TOP + (1.0 - y.share(value)) * PLOT_HEIGHT;
            for value in y.ticks(1) {
                let at = up(value);
                segment(out, (LEFT, at), (WIDTH - RIGHT, at))?;
                text(out, (LEFT - 8.0, at + 4.0), "end", &Unit::PerSecond.show(value))?;
            }
            for value in x.ticks(2) {
                let at = right(value);
                segment(out, (at, TOP), (at, TOP + PLOT_HEIGHT))?;
                text(out, (at, TOP + PLOT_HEIGHT + 18.0), "middle", &Unit::Octets.show(value))?;
            }
            let middle = (LEFT + WIDTH - RIGHT) / 2.0;
            text(out, (middle, TOP + PLOT_HEIGHT + 42.0), "middle", &self.x_title)?;
            for (number, line) in self.lines.iter().enumerate() {
                line.draw(out, right, up)?;
                line.draw_key(out, TOP + 10.0 + 20.0 * number as f64)?;
            }
            Ok(())
        })
    }
}

impl Line {
    fn draw(
        &self,
        out: &mut String,
        right: impl Fn(f64) -> f64,
        up: impl Fn(f64) -> f64,
    ) -> fmt::Result {
        let points = || self.points.iter().map(|(x, y)| (right(*x), up(*y)));
        let path: Vec<String> = points().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        self.stroke(out, &path.join(" "))?;
        points().try_for_each(|(x, y)| {
            writeln!(out, r#"<circle cx="{x:.1}" cy="{y:.1}" r="3" fill="{}"/>"#, self.color)
        })
    }

    fn draw_key(&self, out: &mut String, y: f64) -> fmt::Result {
        let x = WIDTH - RIGHT + 14.0;
        self.stroke(out, &format!("{x},{y} {},{y}", x + 24.0))?;
        text(out, (x + 30.0, y + 4.0), "start", &self.name)
    }

    fn stroke(&self, out: &mut String, points: &str) -> fmt::Result {
        let dashes = if self.dashed { r#" stroke-dasharray="5 4""# } else { "" };
        writeln!(
            out,
            r#"<polyline points="{points}" fill="none" stroke="{}" stroke-width="2"{dashes}/>"#,
            self.color
        )
    }
}

impl Bars {
    pub(super) fn render(&self) -> String {
        let bars: usize = self.groups.iter().map(|(_, bars)| bars.len()).sum();
        let height = TOP + bars as f64 * BAR + self.groups.len() as f64 * 34.0;
        document(height, &self.title, |out| {
            let mut y = TOP;
            for (name, bars) in &self.groups {
                text(out, (16.0, y + 12.0), "start", name)?;
                y += 20.0;
                let longest = bars.iter().map(|bar| bar.value).fold(f64::MIN_POSITIVE, f64::max);
                for bar in bars {
                    bar.draw(out, y, longest)?;
                    y += BAR;
                }
                y += 14.0;
            }
            Ok(())
        })
    }
}

impl Bar {
    fn draw(&self, out: &mut String, y: f64, longest: f64) -> fmt::Result {
        let left = LEFT + 60.0;
        let width = (self.value / longest).clamp(0.0, 1.0) * (WIDTH - left - 90.0);
        text(out, (left - 8.0, y + 12.0), "end", &self.name)?;
        writeln!(
            out,
            r#"<rect x="{left}" y="{:.1}" width="{width:.1}" height="{}" fill="{}"/>"#,
            y + 1.0,
            BAR - 3.0,
            self.color
        )?;
        text(out, (left + width + 6.0, y + 12.0), "start", &self.text)
    }
}

/// A logarithmic axis between two powers of its base.
struct Axis {
    base: f64,
    from: i32,
    to: i32,
}

impl Axis {
    fn of(values: impl Iterator<Item = f64>, base: f64) -> Self {
        let (min, max) = values
            .fold((f64::INFINITY, 0.0_f64), |(min, max), value| (min.min(value), max.max(value)));
        if max < min {
            return Self { base, from: 0, to: 1 };
        }
        let (from, to) = (power(min.log(base).floor()), power(max.log(base).ceil()));
        Self { base, from, to: to.max(from + 1) }
    }

    /// How far along the axis a value is.
    fn share(&self, value: f64) -> f64 {
        (value.log(self.base) - f64::from(self.from)) / f64::from(self.to - self.from)
    }

    /// Every so many powers.
    fn ticks(&self, step: usize) -> impl Iterator<Item = f64> {
        (self.from..=self.to).step_by(step).map(|power| self.base.powi(power))
    }
}

fn power(number: f64) -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "a logarithm of a double is small")]
    let power = number as i32;
    power
}

fn document(height: f64, title: &str, draw: impl FnOnce(&mut String) -> fmt::Result) -> String {
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"white\"/>\n\
         <text x=\"16\" y=\"26\" font-size=\"15\">{}</text>\n",
        escape(title)
    );
    let _ = draw(&mut out); // writing to a string does not fail
    out + "</svg>\n"
}

fn segment(out: &mut String, from: (f64, f64), to: (f64, f64)) -> fmt::Result {
    let ((x1, y1), (x2, y2)) = (from, to);
    writeln!(
        out,
        r##"<line x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}" stroke="#dee2e6"/>"##
    )
}

fn text(out: &mut String, at: (f64, f64), anchor: &str, words: &str) -> fmt::Result {
    let ((x, y), words) = (at, escape(words));
    writeln!(out, r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}">{words}</text>"#)
}

fn escape(words: &str) -> String {
    words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    #[test]
    fn lines_are_drawn_where_their_values_are() {
        let line = Line {
            name: "a & b".to_owned(),
            color: "red",
            dashed: true,
            points: vec![(16.0, 1e7), (1024.0, 1e5)],
        };
        let svg = Lines { title: "<t>".to_owned(), x_title: "x".to_owned(), lines: vec![line] };
        let svg = svg.render();
        assert_well_formed(&svg);
        // From the upper left corner of the plot to the lower right one.
        assert!(svg.contains(r#"points="80.0,50.0 580.0,370.0""#), "{svg}");
        assert!(svg.contains("a &amp; b") && svg.contains("&lt;t&gt;"));
    }

    #[test]
    fn nothing_to_draw_is_drawn_all_the_same() {
        let lines = Lines { title: String::new(), x_title: String::new(), lines: Vec::new() };
        assert_well_formed(&lines.render());
        assert_well_formed(&Bars { title: String::new(), groups: Vec::new() }.render());
    }

    /// Every element is closed, in order, and no number is missing.
    pub(in crate::report) fn assert_well_formed(svg: &str) {
        let mut open = Vec::new();
        for piece in svg.split('<').skip(1) {
            let (tag, words) = piece.split_once('>').expect("a tag ends");
            assert!(!words.contains('>') && !tag.contains("NaN") && !tag.contains("inf"), "{tag}");
            assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
            let name = tag.trim_matches('/').split_whitespace().next().unwrap_or_default();
            match (tag.starts_with('/'), tag.ends_with('/')) {
                (true, _) => assert_eq!(open.pop(), Some(name)),
                (_, true) => {}
                _ => open.push(name),
            }
        }
        assert!(open.is_empty(), "{open:?}");
    }
}
