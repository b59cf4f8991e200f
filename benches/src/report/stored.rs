//! Reads the measurements of a `versus.json` back.

use std::path::PathBuf;

use serde_json::Value;

use crate::case::{Case, Outcome};
use crate::cases::{self, Settings};
use crate::contestant::Contestant;
use crate::line::Sample;
use crate::process::Failure;

/// The outcomes in the text of a `versus.json`, in the order of the cases.
pub(super) fn outcomes(text: &str, mut settings: Settings) -> Result<Vec<Outcome>, Failure> {
    let json: Value = serde_json::from_str(text).map_err(Failure::new)?;
    let stored = json["cases"].as_array().map(Vec::as_slice).unwrap_or_default();
    let metrics = |case: &Case| {
        let id = case.id();
        stored.iter().find(|stored| stored["case"] == id.as_str()).map(|stored| &stored["metrics"])
    };
    settings.contestants = contestants(stored);
    let cases = cases::all(&settings).into_iter();
    Ok(cases.filter_map(|case| metrics(&case).map(|metrics| outcome(case, metrics))).collect())
}

/// The contestants with a median in any case.
fn contestants(stored: &[Value]) -> Vec<Contestant> {
    let metrics = stored.iter().filter_map(|case| case["metrics"].as_object()).flatten();
    let entries = metrics.filter_map(|(_, metric)| metric.as_object()).flatten();
    let measured = entries.filter(|(_, value)| value["median"].is_number());
    let mut contestants: Vec<_> = measured.map(|(name, _)| contestant(name)).collect();
    contestants.sort();
    contestants.dedup();
    contestants
}

fn contestant(name: &str) -> Contestant {
    let built_in = Contestant::BUILT_IN.into_iter().find(|contestant| contestant.name() == name);
    built_in.unwrap_or_else(|| Contestant::Rival { name: name.to_owned(), program: PathBuf::new() })
}

fn outcome(case: Case, metrics: &Value) -> Outcome {
    let samples = |contestant: &Contestant| {
        let samples = samples(&case, metrics, contestant).into_iter().map(Ok).collect();
        (contestant.clone(), samples)
    };
    let played = case.contestants.iter().map(samples).collect();
    Outcome { case, played }
}

/// One sample per round.
fn samples(case: &Case, metrics: &Value, contestant: &Contestant) -> Vec<Sample> {
    let mut samples: Vec<Sample> = Vec::new();
    for metric in case.group.metrics {
        let rounds = metrics[metric.key][contestant.name()]["rounds"].as_array();
        let rounds = rounds.into_iter().flatten().filter_map(Value::as_f64);
        for (index, value) in rounds.enumerate() {
            if samples.len() == index {
                samples.push(Sample::new());
            }
            samples[index].insert(metric.key.to_owned(), value);
        }
    }
    samples
}
