//! One PUB to many SUBs.

use super::{CPU, FEWEST, RATE, Settings, TCP, count};
use crate::case::{Case, Group};
use crate::order::Role;
use crate::trial;

static GROUP: Group = Group {
    name: "fan-out",
    title: "Fan-out, PUB to SUB, 64 B",
    about: "One PUB publishes as fast as it can and drops messages for slow subscribers. All \
            SUBs are in one other process, each with its own connection and subscribed to \
            everything. The rate counts the messages that all SUBs receive together. The libzmq \
            subscribers use one application thread, which receives from each socket in turn and \
            polls when all sockets are empty. zeromq-async uses one task per socket.",
    metrics: &[RATE, CPU, FEWEST],
};

pub(super) fn cases(settings: &Settings) -> Vec<Case> {
    [1, 4, 64, 1000].map(|subscribers| case(settings, subscribers)).into()
}

fn case(settings: &Settings, subscribers: usize) -> Case {
    let settings_of_trial = settings.clone();
    Case {
        group: &GROUP,
        table: "tcp",
        row: count(subscribers, "subscriber"),
        point: None,
        contestants: settings.implementations(),
        trial: Box::new(move |contestant| {
            let settings = &settings_of_trial;
            let mut orders = [Role::Pub, Role::Sub].map(|role| settings.order(role, TCP));
            for order in &mut orders {
                order.sockets = subscribers;
                order.warm_up += settings.warm_up_for(subscribers);
            }
            trial::run(contestant, &orders)
        }),
    }
}
