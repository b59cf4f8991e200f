//! Echo: many DEALERs send to one ROUTER, which sends the messages back.

use super::{CPU, FEWEST, RATE, Settings, TCP, count};
use crate::case::{Case, Group};
use crate::order::Role;
use crate::trial;

static GROUP: Group = Group {
    name: "echo",
    title: "Echo, DEALER to ROUTER and back, 64 B",
    about: "A ROUTER sends every message back to its sender. All DEALERs are in one other \
            process, and each keeps 16 messages in flight. The rate counts the returned \
            messages.",
    metrics: &[RATE, CPU, FEWEST],
};

pub(super) fn cases(settings: &Settings) -> Vec<Case> {
    [1, 100, 1000].map(|clients| case(settings, clients)).into()
}

fn case(settings: &Settings, clients: usize) -> Case {
    let settings_of_trial = settings.clone();
    Case {
        group: &GROUP,
        table: "tcp",
        row: count(clients, "client"),
        point: None,
        contestants: settings.implementations(),
        trial: Box::new(move |contestant| {
            let settings = &settings_of_trial;
            let mut orders = [Role::Router, Role::Dealer].map(|role| settings.order(role, TCP));
            for order in &mut orders {
                order.sockets = clients;
                order.warm_up += settings.warm_up_for(clients);
            }
            trial::run(contestant, &orders)
        }),
    }
}
