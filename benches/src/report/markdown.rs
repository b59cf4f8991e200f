//! The tables as Markdown.

use std::fmt::{self, Write};

use super::{Report, Table, tables};
use crate::case::{Better, Metric, Outcome};
use crate::contestant::Contestant;

pub(super) fn render(report: &Report) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write_all(&mut text, report);
    text
}

fn write_all(out: &mut String, report: &Report) -> fmt::Result {
    writeln!(out, "<!-- Written by `versus`: see benches/README.md. Do not edit. -->\n")?;
    writeln!(out, "# Benchmarks\n")?;
    write_how(out, report)?;
    write_machine(out, report)?;
    let mut group = "";
    for table in tables(&report.outcomes) {
        if table.group.name != group {
            group = table.group.name;
            writeln!(out, "\n## {}\n\n{}", table.group.title, table.group.about)?;
        }
        write_table(out, &table)?;
    }
    write_failures(out, report)
}

fn write_how(out: &mut String, report: &Report) -> fmt::Result {
    let (rounds, window) = (report.rounds, report.settings.window.as_millis());
    writeln!(
        out,
        "This page compares zeromq-async with the system's libzmq and with bare sockets, on one machine \
         and in one run. The contestants run each case in turn, for {rounds} rounds. Each trial \
         starts fresh processes, warms up and then measures for {window} ms. The figures are \
         medians, with the minimum and maximum in brackets. The ratios are ratios of medians, in \
         **bold where zeromq-async is behind**. All cases are shown. Absolute figures depend on the \
         machine and its load. The ratios depend on them less.\n\n\
         Both libraries have the same number of threads in each process (zeromq-async: Tokio's \
         multi-thread runtime with 2 workers; libzmq: one application thread and one I/O thread). \
         They use default high-water marks (1000), the system's socket buffers, TCP over loopback, and \
         payloads without zeros. The application code never flushes. Connections are not encrypted \
         unless the case says so.\n"
    )
}

fn write_machine(out: &mut String, report: &Report) -> fmt::Result {
    writeln!(out, "| | |\n|---|---|")?;
    report.machine.facts.iter().try_for_each(|(name, value)| {
        let value = if *name == "command" { format!("`{value}`") } else { value.clone() };
        writeln!(out, "| {name} | {value} |")
    })
}

fn write_table(out: &mut String, table: &Table<'_>) -> fmt::Result {
    for (number, metric) in table.group.metrics.iter().enumerate() {
        let better = match metric.better {
            Better::More => "more is better",
            Better::Less => "less is better",
        };
        writeln!(out, "\n**{}: {}** ({better})\n", table.name, metric.title)?;
        write_rows(out, table, metric)?;
        if number == 0 {
            let title = format!("{}, {}: {}", table.group.title, table.name, metric.title);
            writeln!(out, "\n![{title}]({})", table.plot_name())?;
        }
    }
    Ok(())
}

fn write_rows(out: &mut String, table: &Table<'_>, metric: &Metric) -> fmt::Result {
    let theirs = || table.contestants.iter().copied().filter(|one| **one != Contestant::Ours);
    write!(out, "| |")?;
    table.contestants.iter().try_for_each(|contestant| write!(out, " {contestant} |"))?;
    theirs().try_for_each(|theirs| write!(out, " ours ÷ {theirs} |"))?;
    writeln!(out, "\n|---|{}", "--:|".repeat(table.contestants.len() + theirs().count()))?;
    for outcome in &table.outcomes {
        write!(out, "| {} |", outcome.case.row)?;
        for contestant in &table.contestants {
            write!(out, " {} |", cell(outcome, contestant, metric))?;
        }
        for theirs in theirs() {
            write!(out, " {} |", ratio(outcome, theirs, metric))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn cell(outcome: &Outcome, contestant: &Contestant, metric: &Metric) -> String {
    match outcome.summary(contestant, metric) {
        Some(summary) => metric.unit.show_summary(summary),
        None if outcome.played.contains_key(contestant) => "failed".to_owned(),
        None => String::new(),
    }
}

fn ratio(outcome: &Outcome, theirs: &Contestant, metric: &Metric) -> String {
    match outcome.ratio(theirs, metric) {
        // Bare sockets are an upper bound, so being slower is expected.
        Some(ratio) if metric.is_behind(ratio) && *theirs != Contestant::Floor => {
            format!("**{ratio:.2}**")
        }
        Some(ratio) => format!("{ratio:.2}"),
        None => String::new(),
    }
}

fn write_failures(out: &mut String, report: &Report) -> fmt::Result {
    let mut failures = Vec::new();
    for outcome in &report.outcomes {
        for contestant in &outcome.case.contestants {
            for failure in outcome.failures(contestant) {
                failures.push(format!("- {} by {contestant}: {failure}", outcome.case.id()));
            }
        }
    }
    if failures.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n## Trials that failed\n\n{}", failures.join("\n"))
}
