//! REQ and REP round trips, one after another, on all processors and pinned to one.

use super::{CPU, Settings};
use crate::case::{Better, Case, Group, Metric, Unit};
use crate::contestant::Contestant;
use crate::order::Role;
use crate::trial;

static GROUP: Group = Group {
    name: "round-trip",
    title: "Round trip, REQ and REP, 64 B",
    about: "One REQ sends requests to one REP, one after another, and every round trip is timed. \
            *One processor*: both processes are pinned to the same processor, so that the time \
            to wake another processor is not included. Bare sockets are a ping-pong over Tokio.",
    metrics: &[time("p50_ns", "p50"), time("p99_ns", "p99"), time("p999_ns", "p99.9"), CPU],
};

const fn time(key: &'static str, title: &'static str) -> Metric {
    Metric { key, title, unit: Unit::Nanoseconds, better: Better::Less }
}

pub(super) fn cases(settings: &Settings) -> Vec<Case> {
    ["tcp", "ipc", "inproc"]
        .into_iter()
        .flat_map(|transport| [false, true].map(|pinned| case(settings, transport, pinned)))
        .collect()
}

fn case(settings: &Settings, transport: &'static str, pinned: bool) -> Case {
    let contestants = settings.contestants.iter().filter(|contestant| match contestant {
        Contestant::Ours | Contestant::Libzmq => true,
        Contestant::Floor | Contestant::Rival { .. } => transport != "inproc",
    });
    let settings_of_trial = settings.clone();
    Case {
        group: &GROUP,
        table: "64 B",
        row: if pinned { format!("{transport}, one processor") } else { transport.to_owned() },
        point: None,
        contestants: contestants.cloned().collect(),
        trial: Box::new(move |contestant| {
            let settings = &settings_of_trial;
            let endpoint = settings.endpoint(transport);
            let mut orders = match transport {
                "inproc" => vec![settings.order(Role::InprocExchange, &endpoint)],
                _ => [Role::Rep, Role::Req].map(|role| settings.order(role, &endpoint)).into(),
            };
            for order in &mut orders {
                order.processor = pinned.then_some(settings.processor);
            }
            trial::run(contestant, &orders)
        }),
    }
}
