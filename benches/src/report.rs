//! Writes the results as JSON, Markdown and SVG plots.

mod json;
mod markdown;
mod plot;
mod stored;

use std::fs;
use std::path::Path;

use crate::case::{Group, Metric, Outcome};
use crate::cases::Settings;
use crate::contestant::Contestant;
use crate::machine::Machine;
use crate::process::Failure;

/// All results of a run.
pub(crate) struct Report {
    pub(crate) machine: Machine,
    pub(crate) settings: Settings,
    pub(crate) rounds: u32,
    pub(crate) outcomes: Vec<Outcome>,
}

/// The rows of one table and their contestants.
struct Table<'a> {
    group: &'static Group,
    name: &'static str,
    contestants: Vec<&'a Contestant>,
    outcomes: Vec<&'a Outcome>,
}

const JSON: &str = "versus.json";

/// Writes `versus.json`, `README.md` and a plot for each table.
pub(crate) fn write(report: &Report, directory: &Path) -> Result<(), Failure> {
    fs::create_dir_all(directory).map_err(Failure::new)?;
    put(&directory.join(JSON), &json::render(report))?;
    put(&directory.join("README.md"), &markdown::render(report))?;
    write_plots(&report.outcomes, directory)
}

/// Draws the plots again from the `versus.json` in the directory.
pub(crate) fn redraw(directory: &Path, settings: Settings) -> Result<(), Failure> {
    let path = directory.join(JSON);
    let text = fs::read_to_string(&path)
        .map_err(|error| Failure::new(format!("cannot read {}: {error}", path.display())))?;
    write_plots(&stored::outcomes(&text, settings)?, directory)
}

fn write_plots(outcomes: &[Outcome], directory: &Path) -> Result<(), Failure> {
    for table in tables(outcomes) {
        put(&directory.join(table.plot_name()), &plot::render(&table)?)?;
    }
    Ok(())
}

fn put(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text)
        .map_err(|error| Failure::new(format!("cannot write {}: {error}", path.display())))
}

/// The result of one case in a line, printed during the run.
pub(crate) fn line(outcome: &Outcome) -> String {
    let mut line = outcome.case.id();
    let Some(metric) = outcome.case.group.metrics.first() else { return line };
    for contestant in &outcome.case.contestants {
        line += &format!("  {contestant} {}", show_median(outcome, contestant, metric));
    }
    if let Some(ratio) = outcome.ratio(&Contestant::Libzmq, metric) {
        line += &format!("  ({ratio:.2} × libzmq)");
    }
    line
}

fn show_median(outcome: &Outcome, contestant: &Contestant, metric: &Metric) -> String {
    match outcome.summary(contestant, metric) {
        Some(summary) => metric.unit.show(summary.median),
        None => "failed".to_owned(),
    }
}

/// The tables in the order of the cases.
fn tables(outcomes: &[Outcome]) -> Vec<Table<'_>> {
    let mut tables: Vec<Table<'_>> = Vec::new();
    for outcome in outcomes {
        let (group, name) = (outcome.case.group, outcome.case.table);
        match tables.last_mut() {
            Some(last) if last.group == group && last.name == name => last.add(outcome),
            _ => {
                let mut table =
                    Table { group, name, contestants: Vec::new(), outcomes: Vec::new() };
                table.add(outcome);
                tables.push(table);
            }
        }
    }
    tables
}

impl<'a> Table<'a> {
    fn add(&mut self, outcome: &'a Outcome) {
        for contestant in &outcome.case.contestants {
            if !self.contestants.contains(&contestant) {
                self.contestants.push(contestant);
            }
        }
        self.outcomes.push(outcome);
    }

    fn plot_name(&self) -> String {
        format!("{}-{}.svg", self.group.name, self.name).replace(' ', "-")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use super::*;
    use crate::cases;
    use crate::line::Sample;

    /// A report of all cases, with made-up numbers and a contestant that failed once.
    fn report() -> Report {
        let contestants = vec![Contestant::Ours, Contestant::Libzmq, Contestant::Floor];
        let settings = Settings {
            warm_up: Duration::from_millis(200),
            window: Duration::from_millis(800),
            processor: 1,
            scratch: "scratch".into(),
            contestants,
            quick: false,
        };
        let play = |case: crate::case::Case| {
            let mut played = BTreeMap::new();
            for (number, contestant) in case.contestants.iter().enumerate() {
                let keys = case.group.metrics.iter().map(|metric| metric.key.to_owned());
                let sample: Sample = keys.map(|key| (key, 1e6 / (number + 1) as f64)).collect();
                let failed = Err(Failure::new("it took <too> long"));
                played.insert(contestant.clone(), vec![Ok(sample.clone()), Ok(sample), failed]);
            }
            Outcome { case, played }
        };
        let outcomes = cases::all(&settings).into_iter().map(play).collect();
        Report {
            machine: Machine { facts: vec![("kernel", "6".to_owned())] },
            settings,
            rounds: 3,
            outcomes,
        }
    }

    #[test]
    fn reports_contain_every_case() {
        let report = report();
        let (markdown, json) = (markdown::render(&report), json::render(&report));
        for outcome in &report.outcomes {
            assert!(
                markdown.contains(&format!("| {} |", outcome.case.row)),
                "{}",
                outcome.case.id()
            );
            assert!(json.contains(&outcome.case.id()), "{}", outcome.case.id());
        }
        assert!(markdown.contains("| 64 B, shared | 1.00 M (1.00–1.00 M) | 500 k (500–500 k)"));
        assert!(markdown.contains("| 2.00 |"), "{markdown}");
        assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok());
        assert!(json.contains("it took <too> long"));
    }

    #[test]
    fn plots_are_well_formed() {
        for table in tables(&report().outcomes) {
            assert_well_formed(&plot::render(&table).expect("a plot"));
        }
    }

    #[test]
    fn stored_results_give_the_same_plots() {
        let report = report();
        let stored = stored::outcomes(&json::render(&report), report.settings.clone());
        let stored = stored.expect("good JSON");
        assert_eq!(stored.len(), report.outcomes.len());
        for (before, after) in tables(&report.outcomes).iter().zip(tables(&stored)) {
            assert_eq!(
                plot::render(before).expect("a plot"),
                plot::render(&after).expect("a plot")
            );
        }
    }

    /// Every element is closed in order, and every number is finite.
    fn assert_well_formed(svg: &str) {
        let mut open = Vec::new();
        for piece in svg.split('<').skip(1) {
            let (tag, text) = piece.split_once('>').expect("a tag ends");
            assert!(!text.contains('>') && !tag.contains("NaN") && !tag.contains("inf"), "{tag}");
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
