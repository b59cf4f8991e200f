//! One XPUB, one SUB, and many subscriptions.

use super::{CPU, RATE, Settings, TCP};
use crate::case::{Case, Group};
use crate::order::Role;
use crate::trial;

static GROUP: Group = Group {
    name: "matching",
    title: "Subscription matching, XPUB to SUB, 64 B",
    about: "One SUB has the given number of subscriptions. The XPUB in the other process waits \
            until it has received all of them. Then it publishes to the topics in pseudo-random \
            order, and waits instead of dropping messages. *All in use*: it publishes to every \
            topic, so that lookups miss the caches. *1000 in use*: it publishes to 1000 of the \
            topics. In both implementations both sides match every message. The send queue of \
            libzmq's SUB is unlimited, because libzmq drops subscriptions when it is full.",
    metrics: &[RATE, CPU],
};

pub(super) fn cases(settings: &Settings) -> Vec<Case> {
    let many = (!settings.quick).then_some(1_000_000);
    let counts = [FEW, 10_000, 100_000].into_iter().chain(many);
    counts
        .flat_map(|topics| [topics, FEW].map(|in_use| (topics, in_use)))
        .skip(1) // the smallest number is the number in use itself
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
