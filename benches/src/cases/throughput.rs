//! PUSH to PULL throughput by transport, message size and payload.

use std::time::Duration;

use super::{CPU, RATE, Settings, show_size};
use crate::case::{Case, Group, Point};
use crate::contestant::Contestant;
use crate::order::{Payload, Role};
use crate::trial;

static GROUP: Group = Group {
    name: "throughput",
    title: "Throughput, PUSH to PULL",
    about: "One PUSH sends to one PULL as fast as it can, in two processes, or in two threads \
            for inproc. *Shared*: each sent message is a cheap copy of one prepared message; \
            long bodies are shared (zeromq-async: `Message::clone`, libzmq: `zmq_msg_copy`). \
            *Fresh*: each send copies the bytes into a new message (zeromq-async: \
            `Message::from(&[u8])`, libzmq: `zmq_msg_init_size` and `memcpy`), like a program \
            that creates its messages. For large messages the difference is the cost of copying \
            memory, so compare *shared* only with *shared*. Bare sockets write the same buffer \
            repeatedly, 64 KiB or one message at a time, whichever is larger, without framing.",
    metrics: &[RATE, CPU],
};

const SIZES: [usize; 6] = [16, 64, 1024, 16 * 1024, 256 * 1024, 1024 * 1024];

pub(super) fn cases(settings: &Settings) -> Vec<Case> {
    let mut cases = Vec::new();
    for transport in ["tcp", "ipc", "ws", "inproc"] {
        for size in SIZES {
            for payload in [Payload::Shared, Payload::Fresh] {
                cases.push(case(settings, transport, size, payload));
            }
        }
    }
    cases
}

/// Extra warm-up until queues are full of messages of this size.
fn until_full(size: usize) -> Duration {
    Duration::from_millis((size / 2048) as u64)
}

fn case(settings: &Settings, transport: &'static str, size: usize, payload: Payload) -> Case {
    let contestants = settings.contestants.iter().filter(|contestant| match contestant {
        Contestant::Floor | Contestant::Rival { .. } => {
            ["tcp", "ipc"].contains(&transport) && payload == Payload::Shared
        }
        _ => true,
    });
    let line = match payload {
        Payload::Shared => "shared",
        Payload::Fresh => "fresh",
    };
    Case {
        group: &GROUP,
        table: transport,
        row: format!("{}, {payload}", show_size(size)),
        point: Some(Point { line, x: size as f64 }),
        contestants: contestants.cloned().collect(),
        trial: {
            let settings = settings.clone();
            Box::new(move |contestant| {
                let endpoint = settings.endpoint(transport);
                let mut orders = match transport {
                    "inproc" => vec![settings.order(Role::InprocPipeline, &endpoint)],
                    _ => {
                        [Role::Pull, Role::Push].map(|role| settings.order(role, &endpoint)).into()
                    }
                };
                for order in &mut orders {
                    (order.size, order.payload) = (size, payload);
                    order.warm_up += until_full(size);
                }
                trial::run(contestant, &orders)
            })
        },
    }
}
