//! All measurements as JSON.

use serde_json::{Map, Value, json};

use super::Report;
use crate::case::{Better, Metric, Outcome};
use crate::contestant::Contestant;
use crate::statistics::Summary;

/// Writes one line per case, so that two runs can be compared line by line.
pub(super) fn render(report: &Report) -> String {
    let machine: Map<String, Value> = report
        .machine
        .facts
        .iter()
        .map(|(name, value)| ((*name).to_owned(), json!(value)))
        .collect();
    let how = json!({
        "rounds": report.rounds,
        "warm_up_seconds": report.settings.warm_up.as_secs_f64(),
        "window_seconds": report.settings.window.as_secs_f64(),
    });
    let cases: Vec<String> =
        report.outcomes.iter().map(|outcome| case(outcome).to_string()).collect();
    let machine = Value::Object(machine);
    let cases = cases.join(",\n");
    format!("{{\n\"machine\": {machine},\n\"how\": {how},\n\"cases\": [\n{cases}\n]\n}}\n")
}

fn case(outcome: &Outcome) -> Value {
    let metrics: Map<String, Value> = outcome
        .case
        .group
        .metrics
        .iter()
        .map(|one| (one.key.to_owned(), metric(outcome, one)))
        .collect();
    let mut case = json!({ "case": outcome.case.id(), "metrics": metrics });
    let failures: Map<String, Value> = outcome
        .case
        .contestants
        .iter()
        .filter_map(|contestant| failures(outcome, contestant))
        .collect();
    if !failures.is_empty() {
        case["failures"] = Value::Object(failures);
    }
    case
}

fn metric(outcome: &Outcome, metric: &Metric) -> Value {
    let mut value = Map::new();
    value.insert("more_is_better".to_owned(), json!(metric.better == Better::More));
    for contestant in &outcome.case.contestants {
        if let Some(summary) = outcome.summary(contestant, metric) {
            let rounds = outcome.rounds(contestant, metric);
            value.insert(contestant.name().to_owned(), numbers(summary, &rounds));
        }
    }
    for theirs in outcome.case.contestants.iter().filter(|theirs| **theirs != Contestant::Ours) {
        if let Some(ratio) = outcome.ratio(theirs, metric) {
            value.insert(format!("ours/{theirs}"), json!(rounded(ratio)));
        }
    }
    Value::Object(value)
}

fn numbers(summary: Summary, rounds: &[f64]) -> Value {
    json!({
        "median": rounded(summary.median),
        "min": rounded(summary.min),
        "max": rounded(summary.max),
        "rounds": rounds.iter().copied().map(rounded).collect::<Vec<_>>(),
    })
}

fn failures(outcome: &Outcome, contestant: &Contestant) -> Option<(String, Value)> {
    let failures: Vec<String> = outcome.failures(contestant).map(ToString::to_string).collect();
    (!failures.is_empty()).then(|| (contestant.name().to_owned(), json!(failures)))
}

/// Rounds to three decimal places.
fn rounded(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}
