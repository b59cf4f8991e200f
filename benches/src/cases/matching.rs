//! One XPUB, one SUB, and many subscriptions.

use super::{CPU, RATE, Settings, TCP};
use crate::case::{Case, Group};
use crate::order::Role;
use crate::trial;

static GROUP: Group = Group {
    name: "matching",
    title: "Subscription matching, XPUB to SUB, 64 B",
    about: "One SUB has so many subscriptions. When the XPUB in the other process has heard of all \
            of them, it publishes messages each of which has one of the topics, in an order that \
            nothing foresees, and waits where it would drop. *All in use*: every topic has its \
            turn, so that what is looked up is in no cache. *1000 in use*: so many are published \
            to, among all that are subscribed to. Both sides look every message up, in both \
            implementations. libzmq's SUB has no limit on what it queues, for else it drops \
            subscriptions.",
    metrics: &[RATE, CPU],
};

pub(super) fn cases(settings: &Settings) -> Vec<Case> {
    let many = (!settings.quick).then_some(1_000_000);
    let counts = [FEW, 10_000, 100_000].into_iter().chain(many);
    counts
        .flat_map(|topics| [topics, FEW].map(|in_use| (topics, in_use)))
        .skip(1) // all of few is few of few
        .map(|(topics, in_use)| case(settings, topics, in_use))
        .collect()
}

fn case(settings: &Settings, topics: usize, in_use: usize) -> Case {
    let settings_of_trial = settings.clone();
    let line = if in_use == topics { "all in use" } else { "1000 in use" };
    Case {
        group: &GROUP,
        table: "tcp",
        row: format!("{topics} subscriptions, {line}"),
        point: None,
        contestants: settings.implementations(),
        trial: Box::new(move |contestant| {
            let settings = &settings_of_trial;
            let mut orders = [Role::XPub, Role::SubTopics].map(|role| settings.order(role, TCP));
            for order in &mut orders {
                (order.topics, order.topics_in_use) = (topics, in_use);
            }
            trial::run(contestant, &orders)
        }),
    }
}

const FEW: usize = 1000;
