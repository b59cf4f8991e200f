//! RADIO to DISH over udp.

use super::{CPU, RATE, Settings, show_size};
use crate::case::{Better, Case, Group, Metric, Unit};
use crate::contestant::Contestant;
use crate::order::Role;
use crate::trial;

static GROUP: Group = Group {
    name: "udp",
    title: "Datagrams, RADIO to DISH",
    about: "One RADIO sends to one DISH over udp as fast as the kernel takes datagrams, in two \
            processes. Messages have numbers, which show how many arrive: the kernel drops what \
            the receiver does not read in time. Bare sockets send and receive one datagram at a \
            time. libzmq is not compared: its packages lack these types.",
    metrics: &[RATE, ARRIVED, CPU],
};

const ARRIVED: Metric = Metric {
    key: "arrived",
    title: "messages that arrive, of those sent",
    unit: Unit::Share,
    better: Better::More,
};

const SIZES: [usize; 2] = [64, 1024];

pub(super) fn cases(settings: &Settings) -> Vec<Case> {
    SIZES.map(|size| case(settings, size)).into()
}

fn case(settings: &Settings, size: usize) -> Case {
    let contestants = settings
        .contestants
        .iter()
        .filter(|contestant| matches!(contestant, Contestant::Ours | Contestant::Floor));
    Case {
        group: &GROUP,
        table: "loopback",
        row: show_size(size),
        point: None,
        contestants: contestants.cloned().collect(),
        trial: {
            let settings = settings.clone();
            Box::new(move |contestant| {
                let orders = [Role::Dish, Role::Radio].map(|role| {
                    let mut order = settings.order(role, "udp://127.0.0.1:*");
                    order.size = size;
                    order
                });
                trial::run(contestant, &orders)
            })
        },
    }
}
