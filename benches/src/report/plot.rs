//! A table as a plot.

use super::Table;
use super::svg::{Bar, Bars, Line, Lines};
use crate::case::{Outcome, Point};
use crate::contestant::Contestant;

/// Lines where the cases are points of some, else bars; of the first metric.
pub(super) fn render(table: &Table<'_>) -> String {
    let lines = lines(table);
    if lines.lines.is_empty() { bars(table).render() } else { lines.render() }
}

fn lines(table: &Table<'_>) -> Lines {
    let mut lines = Vec::new();
    for (number, contestant) in table.contestants.iter().enumerate() {
        for name in line_names(table) {
            let points = points(table, contestant, name);
            if !points.is_empty() {
                lines.push(Line {
                    name: format!("{contestant}, {name}"),
                    color: color(contestant, number),
                    dashed: matches!(name, "fresh" | "NOISE"),
                    points,
                });
            }
        }
    }
    Lines { title: title(table), x_title: "size of a message".to_owned(), lines }
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
    let bar = |(number, contestant): (usize, &&Contestant)| {
        let metric = table.group.metrics.first()?;
        let value = outcome.summary(contestant, metric)?.median;
        Some(Bar {
            name: contestant.to_string(),
            color: color(contestant, number),
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

fn color(contestant: &Contestant, number: usize) -> &'static str {
    const RIVALS: [&str; 4] = ["#2f9e44", "#9c36b5", "#e8a200", "#0c8599"];
    match contestant {
        Contestant::Ours => "#d9480f",
        Contestant::Libzmq => "#1c7ed6",
        Contestant::Floor => "#868e96",
        Contestant::Rival { .. } => RIVALS[number % RIVALS.len()],
    }
}
