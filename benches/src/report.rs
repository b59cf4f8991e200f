//! What came out, for people and for programs.

mod json;
mod markdown;
mod plot;
mod svg;

use std::fs;
use std::path::Path;

use crate::case::{Group, Metric, Outcome};
use crate::cases::Settings;
use crate::contestant::Contestant;
use crate::machine::Machine;
use crate::process::Failure;

/// All there is to tell.
pub(crate) struct Report {
    pub(crate) machine: Machine,
    pub(crate) settings: Settings,
    pub(crate) rounds: u32,
    pub(crate) outcomes: Vec<Outcome>,
}

/// The rows of one table, and who is in it.
struct Table<'a> {
    group: &'static Group,
    name: &'static str,
    contestants: Vec<&'a Contestant>,
    outcomes: Vec<&'a Outcome>,
}

/// Writes `versus.json`, `README.md` and a plot for each table.
pub(crate) fn write(report: &Report, directory: &Path) -> Result<(), Failure> {
    let put = |name: &str, text: String| {
        let path = directory.join(name);
        fs::write(&path, text)
            .map_err(|error| Failure::new(format!("cannot write {}: {error}", path.display())))
    };
    fs::create_dir_all(directory).map_err(Failure::new)?;
    put("versus.json", json::render(report))?;
    put("README.md", markdown::render(report))?;
    for table in report.tables() {
        put(&table.plot_name(), plot::render(&table))?;
    }
    Ok(())
}

/// One case in a line, for who waits.
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

impl Report {
    /// The tables in their order.
    fn tables(&self) -> Vec<Table<'_>> {
        let mut tables: Vec<Table<'_>> = Vec::new();
        for outcome in &self.outcomes {
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
    fn every_case_is_in_the_tables_and_the_json() {
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
    fn every_plot_is_well_formed() {
        for table in report().tables() {
            svg::tests::assert_well_formed(&plot::render(&table));
        }
    }
}
