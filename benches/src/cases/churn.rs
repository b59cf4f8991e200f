//! Connections that come and go.

use super::{CPU, Settings, TCP};
use crate::case::{Better, Case, Group, Metric, Unit};
use crate::contestant::Contestant;
use crate::order::Role;
use crate::trial;

static GROUP: Group = Group {
    name: "churn",
    title: "Connections that come and go",
    about: "A REQ socket is made, connects to a REP in another process, makes one round trip of \
            64 B and is closed; then the next, one at a time. Bare sockets connect, make a round \
            trip and close.",
    metrics: &[
        Metric {
            key: "messages_per_second",
            title: "connections a second",
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
