//! PUSH to PULL, by transport, size and where the octets come from.

use std::time::Duration;

use super::{CPU, RATE, Settings, show_size};
use crate::case::{Case, Group, Point};
use crate::contestant::Contestant;
use crate::order::{Payload, Role};
use crate::trial;

static GROUP: Group = Group {
    name: "throughput",
    title: "Throughput, PUSH to PULL",
    about: "One PUSH sends to one PULL as fast as it can: two processes, or two threads for inproc. \
            *Shared*: one message is prepared and each message sent is a copy of it, which shares \
            a long body with it (ours: `Message::clone`, libzmq: `zmq_msg_copy`). *Fresh*: the \
            octets are copied into a new message for each send (ours: `Message::from(&[u8])`, \
            libzmq: `zmq_msg_init_size` and `memcpy`), as a program does that makes its messages \
            itself. For large messages the difference is that between sharing and copying memory, \
            so compare like with like. Bare sockets write one buffer again and again, 64 KiB at a \
            time or a message where that is longer, and know no frames.",
    metrics: &[RATE, CPU],
};

const SIZES: [usize; 6] = [16, 64, 1024, 16 * 1024, 256 * 1024, 1024 * 1024];

pub(super) fn cases(settings: &Settings) -> Vec<Case> {
    let mut cases = Vec::new();
    for transport in ["tcp", "ipc", "inproc"] {
        for size in SIZES {
            for payload in [Payload::Shared, Payload::Fresh] {
                cases.push(case(settings, transport, size, payload));
            }
        }
    }
    cases
}

/// How much longer it takes until the queues are full, of so large messages.
fn until_full(size: usize) -> Duration {
    Duration::from_millis((size / 2048) as u64)
}

fn case(settings: &Settings, transport: &'static str, size: usize, payload: Payload) -> Case {
    let contestants = settings.contestants.iter().filter(|contestant| match contestant {
        Contestant::Floor => transport != "inproc" && payload == Payload::Shared,
        Contestant::Rival { .. } => transport != "inproc" && payload == Payload::Shared,
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
