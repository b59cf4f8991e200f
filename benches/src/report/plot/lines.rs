//! Lines over two logarithmic axes.

use plotters::chart::ChartBuilder;
use plotters::coord::combinators::{BindKeyPoints, IntoLogRange, LogCoord, WithKeyPoints};
use plotters::element::{Circle, DashedPathElement, PathElement, Text};
use plotters::series::{DashedLineSeries, LineSeries};
use plotters::style::text_anchor::HPos;
use plotters::style::{Color, IntoTextStyle, RGBColor, ShapeStyle, TRANSPARENT};

use super::style::{FONT, FONT_SIZE, TEXT, TITLE_SIZE, grid, text};
use super::{Canvas, Drawn, svg};
use crate::case::Unit;
use crate::process::Failure;

/// A plot of rates (up) against message sizes in bytes (right).
pub(super) struct Lines {
    pub(super) title: String,
    pub(super) x_title: String,
    pub(super) lines: Vec<Line>,
}

pub(super) struct Line {
    pub(super) name: String,
    pub(super) color: RGBColor,
    pub(super) dashed: bool,
    pub(super) points: Vec<(f64, f64)>,
}

const SIZE: (u32, u32) = (780, 430);
/// Where the legend starts, to the right of the plot.
const LEGEND: i32 = 592;
const DASH: i32 = 5;
const GAP: i32 = 4;

impl Lines {
    pub(super) fn render(&self) -> Result<String, Failure> {
        svg(SIZE, |canvas| self.draw(canvas))
    }

    fn draw(&self, canvas: &Canvas<'_>) -> Drawn {
        let points = || self.lines.iter().flat_map(|line| &line.points);
        let x = powers(points().map(|point| point.0), 2.0);
        let y = powers(points().map(|point| point.1), 10.0);
        let mut chart = ChartBuilder::on(canvas)
            .caption(&self.title, (FONT, TITLE_SIZE).with_color(TEXT))
            .margin(12)
            .margin_right(200)
            .x_label_area_size(45)
            .y_label_area_size(60)
            .build_cartesian_2d(axis(&x, 2), axis(&y, 1))?;
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(grid())
            .axis_style(grid())
            .label_style(text(FONT_SIZE, HPos::Center))
            .axis_desc_style(text(FONT_SIZE, HPos::Center))
            .x_label_formatter(&|value| Unit::Bytes.show(*value))
            .y_label_formatter(&|value| Unit::PerSecond.show(*value))
            .x_desc(&self.x_title)
            .draw()?;
        for line in &self.lines {
            let marks = line.points.iter().map(|point| Circle::new(*point, 3, line.color.filled()));
            chart.draw_series(marks)?;
            let points = line.points.iter().copied();
            if line.dashed {
                chart.draw_series(DashedLineSeries::new(points, DASH, GAP, line.style()))?;
            } else {
                chart.draw_series(LineSeries::new(points, line.style()))?;
            }
        }
        self.draw_legend(canvas)
    }

    /// Plotters draws legends only inside the plot, where they would cover lines.
    fn draw_legend(&self, canvas: &Canvas<'_>) -> Drawn {
        let mut y = 50;
        for line in &self.lines {
            let sample = [(LEGEND, y), (LEGEND + 24, y)];
            if line.dashed {
                canvas.draw(&DashedPathElement::new(sample, DASH, GAP, line.style()))?;
            } else {
                canvas.draw(&PathElement::new(sample, line.style()))?;
            }
            let style = text(FONT_SIZE, HPos::Left);
            canvas.draw(&Text::new(line.name.as_str(), (LEGEND + 30, y), style))?;
            y += 20;
        }
        Ok(())
    }
}

impl Line {
    fn style(&self) -> ShapeStyle {
        self.color.stroke_width(2)
    }
}

/// The powers of `base` from below the smallest value to above the largest.
fn powers(values: impl Iterator<Item = f64>, base: f64) -> Vec<f64> {
    let (min, max) =
        values.fold((f64::INFINITY, 0.0_f64), |(min, max), value| (min.min(value), max.max(value)));
    if max < min {
        return vec![1.0, base];
    }
    let first = base.powf(min.log(base).floor());
    let mut powers = vec![first, first * base];
    while powers.last().is_some_and(|last| *last < max) {
        powers.push(first * base.powf(powers.len() as f64));
    }
    powers
}

/// An axis with a tick at every `step`th of these powers.
fn axis(powers: &[f64], step: usize) -> WithKeyPoints<LogCoord<f64>> {
    let ticks = powers.iter().copied().step_by(step).collect::<Vec<_>>();
    (powers[0]..powers[powers.len() - 1]).log_scale().with_key_points(ticks)
}

#[cfg(test)]
mod tests {
    use plotters::style::RED;

    use super::*;

    #[test]
    fn an_axis_spans_whole_powers() {
        assert_eq!(powers([16.0, 1000.0].into_iter(), 2.0).first(), Some(&16.0));
        assert_eq!(powers([16.0, 1000.0].into_iter(), 2.0).last(), Some(&1024.0));
        assert_eq!(powers([7.0].into_iter(), 10.0), [1.0, 10.0]);
        assert_eq!(powers(std::iter::empty(), 10.0), [1.0, 10.0]);
    }

    #[test]
    fn a_line_is_drawn_at_its_values() {
        let line = Line {
            name: "a & b".to_owned(),
            color: RED,
            dashed: false,
            points: vec![(16.0, 1e7), (1024.0, 1e5)],
        };
        let plot = Lines { title: "<t>".to_owned(), x_title: "x".to_owned(), lines: vec![line] };
        let svg = plot.render().expect("a plot");
        assert!(svg.contains("a &amp; b") && svg.contains("&lt;t&gt;"), "{svg}");
        assert!(svg.contains("16.0 B") && svg.contains("10.0 M"), "{svg}");
        // From the upper left corner of the plot to the lower right one.
        for corner in [r#"cx="72" cy="37""#, r#"cx="579" cy="372""#] {
            assert!(svg.contains(corner), "{svg}");
        }
    }
}
