//! Draws a table as a plot.

mod bars;
mod lines;
mod style;

use std::io;

use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea};
use plotters::prelude::SVGBackend;

use self::bars::{Bar, Bars};
use self::lines::{Line, Lines};
use self::style::color;
use super::Table;
use crate::case::{Outcome, Point};
use crate::contestant::Contestant;
use crate::process::Failure;

type Canvas<'a> = DrawingArea<SVGBackend<'a>, Shift>;

type Drawn = Result<(), DrawingAreaErrorKind<io::Error>>;

/// Plots the first metric: lines if the cases have points, else bars.
pub(super) fn render(table: &Table<'_>) -> Result<String, Failure> {
    let lines = lines(table);
    if lines.lines.is_empty() { bars(table).render() } else { lines.render() }
}

/// An SVG document of this size in pixels, with a transparent background.
fn svg(size: (u32, u32), draw: impl FnOnce(&Canvas<'_>) -> Drawn) -> Result<String, Failure> {
    let mut out = String::new();
    draw(&SVGBackend::with_string(&mut out, size).into_drawing_area()).map_err(Failure::new)?;
    Ok(out)
}

fn lines(table: &Table<'_>) -> Lines {
    let mut lines = Vec::new();
    for (index, contestant) in table.contestants.iter().enumerate() {
        for name in line_names(table) {
            let points = points(table, contestant, name);
            if !points.is_empty() {
                lines.push(Line {
                    name: format!("{contestant}, {name}"),
                    color: color(contestant, index),
                    dashed: matches!(name, "fresh" | "NOISE"),
                    points,
                });
            }
        }
    }
    Lines { title: title(table), x_title: "message size".to_owned(), lines }
}

fn line_names(table: &Table<'_>) -> Vec<&'static str> {
    let mut names: Vec<&str> =
        table.outcomes.iter().filter_map(|outcome| Some(outcome.case.point?.line)).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn points(table: &Table<'_>, contestant: &Contestant, name: &str) -> Vec<(f64, f64)> {
    let point = |outcome: &&Outcome| {
        let Point { line, x } = outcome.case.point?;
        let summary = outcome.summary(contestant, table.group.metrics.first()?)?;
        (line == name && summary.median > 0.0).then_some((x, summary.median))
    };
    table.outcomes.iter().filter_map(point).collect()
}

fn bars(table: &Table<'_>) -> Bars {
    let group = |outcome: &&Outcome| (outcome.case.row.clone(), group_of_bars(table, outcome));
    Bars { title: title(table), groups: table.outcomes.iter().map(group).collect() }
}

fn group_of_bars(table: &Table<'_>, outcome: &Outcome) -> Vec<Bar> {
    let bar = |(index, contestant): (usize, &&Contestant)| {
        let metric = table.group.metrics.first()?;
        let value = outcome.summary(contestant, metric)?.median;
        Some(Bar {
            name: contestant.to_string(),
            color: color(contestant, index),
            value,
            text: metric.unit.show(value),
        })
    };
    table.contestants.iter().enumerate().filter_map(bar).collect()
}

fn title(table: &Table<'_>) -> String {
    let metric = table.group.metrics.first().map_or("", |metric| metric.title);
    format!("{}, {}: {metric}", table.group.title, table.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_plots_are_drawn() {
        let lines = Lines { title: String::new(), x_title: String::new(), lines: Vec::new() };
        assert!(lines.render().expect("a plot").ends_with("</svg>\n"));
        let bars = Bars { title: String::new(), groups: Vec::new() };
        assert!(bars.render().expect("a plot").ends_with("</svg>\n"));
    }
}
