//! Short-lived connections.

use super::{CPU, Settings, TCP};
use crate::case::{Better, Case, Group, Metric, Unit};
use crate::contestant::Contestant;
use crate::order::Role;
use crate::trial;

static GROUP: Group = Group {
    name: "churn",
    title: "Short-lived connections",
    about: "A REQ socket connects to a REP in another process, makes one round trip of 64 B and \
            closes. The next socket follows, one at a time. Bare sockets connect, make one round \
            trip and close.",
    metrics: &[
        Metric {
            key: "messages_per_second",
            title: "connections per second",
            unit: Unit::PerSecond,
            better: Better::More,
        },
        CPU,
    ],
};

pub(super) fn cases(settings: &Settings) -> Vec<Case> {
    let contestants = settings.contestants.iter();
    let built_in = contestants.filter(|contestant| !matches!(contestant, Contestant::Rival { .. }));
    let settings_of_trial = settings.clone();
    vec![Case {
        group: &GROUP,
        table: "tcp",
        row: "one at a time".to_owned(),
        point: None,
        contestants: built_in.cloned().collect(),
        trial: Box::new(move |contestant| {
            let orders = [Role::Rep, Role::Call].map(|role| settings_of_trial.order(role, TCP));
            trial::run(contestant, &orders)
        }),
    }]
}
