//! Many PUSHes to one PULL.

use super::{CPU, RATE, Settings, TCP, count};
use crate::case::{Case, Group};
use crate::order::Role;
use crate::trial;

static GROUP: Group = Group {
    name: "fan-in",
    title: "Fan-in, PUSH to PULL, 64 B",
    about: "Many PUSH sockets in one process send to one PULL in another as fast as they can, \
            each over its own connection. The libzmq senders use one application thread, which \
            sends from each socket in turn until it would block, and polls when all sockets are \
            full. zeromq-async uses one task per socket.",
    metrics: &[RATE, CPU],
};

pub(super) fn cases(settings: &Settings) -> Vec<Case> {
    [1, 16, 1000].map(|senders| case(settings, senders)).into()
}

fn case(settings: &Settings, senders: usize) -> Case {
    let settings_of_trial = settings.clone();
    Case {
        group: &GROUP,
        table: "tcp",
        row: count(senders, "sender"),
        point: None,
        contestants: settings.implementations(),
        trial: Box::new(move |contestant| {
            let settings = &settings_of_trial;
            let mut orders = [Role::Pull, Role::Push].map(|role| settings.order(role, TCP));
            for order in &mut orders {
                order.sockets = senders;
                order.warm_up += settings.warm_up_for(senders);
            }
            trial::run(contestant, &orders)
        }),
    }
}
