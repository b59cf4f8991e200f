//! Runs the cases and writes the report.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;

use crate::arguments::Arguments;
use crate::case::{Case, Outcome};
use crate::cases::{self, Settings};
use crate::contestant::Contestant;
use crate::libzmq;
use crate::line::{Line, Sample};
use crate::machine::Machine;
use crate::order::Order;
use crate::process::{Failure, last_processor, prepare};
use crate::report::{self, Report};

/// Runs the program `versus`.
pub fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let result = match arguments.next().as_deref() {
        Some("role") => report_failure(Contestant::play(arguments)),
        _ => compare(&Arguments::parse()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("versus: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the program of a rival: `play` executes the order on its command line.
pub fn rival(play: impl FnOnce(Order) -> Result<Infallible, Failure>) -> ExitCode {
    let prepared = Order::parse(env::args().skip(1)).and_then(|order| {
        prepare(&order)?;
        Ok(order)
    });
    match report_failure(prepared.and_then(play)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Reports the failure to the parent process.
fn report_failure(played: Result<Infallible, Failure>) -> Result<(), Failure> {
    let Err(failure) = played;
    Line::Failed(failure.to_string()).say()
}

fn compare(arguments: &Arguments) -> Result<(), Failure> {
    let scratch = Scratch::new()?;
    let mut settings = Settings {
        warm_up: arguments.window() / 4,
        window: arguments.window(),
        processor: last_processor(),
        scratch: scratch.0.clone(),
        contestants: Vec::new(),
        quick: arguments.quick,
    };
    if let Some(directory) = &arguments.redraw {
        return report::redraw(directory, settings);
    }
    settings.contestants = contestants(arguments)?;
    let mut cases = cases::all(&settings);
    cases.retain(|case| is_chosen(arguments, &case.id()));
    if arguments.list {
        cases.iter().for_each(|case| println!("{}", case.id()));
        return Ok(());
    }
    if cases.is_empty() {
        return Err(Failure::new("no case has this name; --list shows all names"));
    }
    let machine = Machine::here();
    let outcomes = play_all(cases, arguments.rounds());
    let report = Report { machine, settings, rounds: arguments.rounds(), outcomes };
    match arguments.output() {
        None => Ok(()),
        Some(directory) => report::write(&report, &directory),
    }
}

fn is_chosen(arguments: &Arguments, id: &str) -> bool {
    arguments.cases.is_empty() || arguments.cases.iter().any(|text| id.contains(text.as_str()))
}

/// The available contestants. Prints a message if libzmq is missing.
fn contestants(arguments: &Arguments) -> Result<Vec<Contestant>, Failure> {
    let mut contestants = vec![Contestant::Ours];
    match libzmq::version() {
        Ok(_) => contestants.push(Contestant::Libzmq),
        Err(missing) => eprintln!("{missing}"),
    }
    contestants.push(Contestant::Floor);
    if let Some(directory) = &arguments.rivals {
        contestants.extend(rivals(directory)?);
    }
    Ok(contestants)
}

/// The programs in the directory with names that start with `rival-`.
fn rivals(directory: &Path) -> Result<Vec<Contestant>, Failure> {
    let none = || {
        Failure::new(format!(
            "there is no rival in {}: run `cargo build --release` in benches/rivals, or pass \
             their directory",
            directory.display()
        ))
    };
    let mut rivals: Vec<Contestant> = fs::read_dir(directory)
        .map_err(|_| none())?
        .flatten()
        .filter_map(|entry| named_rival(entry.path()))
        .collect();
    rivals.sort();
    if rivals.is_empty() { Err(none()) } else { Ok(rivals) }
}

fn named_rival(program: PathBuf) -> Option<Contestant> {
    let name = program.file_name()?.to_str()?.strip_prefix("rival-")?.to_owned();
    (!name.contains('.')).then_some(Contestant::Rival { name, program })
}

fn play_all(cases: Vec<Case>, rounds: u32) -> Vec<Outcome> {
    let count = cases.len();
    let mut outcomes = Vec::with_capacity(count);
    for (number, case) in cases.into_iter().enumerate() {
        let outcome = play(case, rounds);
        println!("[{}/{count}] {}", number + 1, report::line(&outcome));
        outcomes.push(outcome);
    }
    outcomes
}

/// Runs a case in the order A B C A B C, so that other load affects all contestants alike. A failed
/// trial is printed, and the run continues.
fn play(case: Case, rounds: u32) -> Outcome {
    let mut played: BTreeMap<Contestant, Vec<Result<Sample, Failure>>> = BTreeMap::new();
    for _ in 0..rounds {
        for contestant in &case.contestants {
            let trials = played.entry(contestant.clone()).or_default();
            if trials.iter().filter(|trial| trial.is_err()).count() >= MAX_FAILURES {
                continue;
            }
            let result = (case.trial)(contestant);
            if let Err(failure) = &result {
                eprintln!("{} by {contestant}: {failure}", case.id());
            }
            trials.push(result);
        }
    }
    Outcome { case, played }
}

/// Failed trials of a case after which a contestant is skipped, because each may take the time
/// limit.
const MAX_FAILURES: usize = 2;

/// A temporary directory for sockets, removed on drop.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self, Failure> {
        let directory = env::temp_dir().join(format!("versus-{}", std::process::id()));
        fs::create_dir_all(&directory).map_err(Failure::new)?;
        Ok(Self(directory))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // If this fails, a few empty files stay in the temporary directory.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use super::*;
    use crate::case::Group;

    static GROUP: Group = Group { name: "group", title: "", about: "", metrics: &[] };

    #[test]
    fn failing_contestant_is_excluded() {
        let trials = Rc::new(Cell::new(0));
        let count = trials.clone();
        let case = Case {
            group: &GROUP,
            table: "table",
            row: "row".to_owned(),
            point: None,
            contestants: vec![Contestant::Libzmq, Contestant::Ours],
            trial: Box::new(move |contestant| {
                count.set(count.get() + 1);
                match contestant {
                    Contestant::Ours => Ok(BTreeMap::new()),
                    _ => Err(Failure::new("it took too long")),
                }
            }),
        };
        let outcome = play(case, 5);
        assert_eq!(trials.get(), MAX_FAILURES + 5);
        assert_eq!(outcome.failures(&Contestant::Libzmq).count(), MAX_FAILURES);
        assert_eq!(outcome.failures(&Contestant::Ours).count(), 0);
    }
}
