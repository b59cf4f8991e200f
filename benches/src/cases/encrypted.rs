//! PUSH to PULL, by mechanism and size.

use super::{CPU, RATE, Settings, TCP, show_size};
use crate::case::{Case, Group, Point};
use crate::contestant::Contestant;
use crate::order::{Mechanism, Role};
use crate::trial;

static GROUP: Group = Group {
    name: "encrypted",
    title: "Encrypted, PUSH to PULL",
    about: "One PUSH sends to one PULL as fast as it can over an encrypted connection, in two \
            processes, with *shared* payloads as above. The server accepts every client. The \
            handshake completes before the measurement starts. NOISE is `NOISE_IK`, and TLS is \
            TLS 1.3 over tcp; no other implementation here supports them.",
    metrics: &[RATE, CPU],
};

const TLS: &str = "tls://127.0.0.1:*";

const SIZES: [usize; 3] = [64, 1024, 16 * 1024];

pub(super) fn cases(settings: &Settings) -> Vec<Case> {
    let mechanisms = [
        (Mechanism::Null, "plain"),
        (Mechanism::Curve, "CURVE"),
        (Mechanism::Noise, "NOISE"),
        (Mechanism::Tls, "TLS"),
    ];
    let mut cases = Vec::new();
    for (mechanism, name) in mechanisms {
        cases.extend(SIZES.map(|size| case(settings, mechanism, name, size)));
    }
    cases
}

fn case(settings: &Settings, mechanism: Mechanism, name: &'static str, size: usize) -> Case {
    let settings_of_trial = settings.clone();
    let contestants = settings.implementations().into_iter().filter(|contestant| {
        // No other contestant supports these.
        let is_ours_alone = matches!(mechanism, Mechanism::Noise | Mechanism::Tls);
        !is_ours_alone || *contestant == Contestant::Ours
    });
    Case {
        group: &GROUP,
        table: "tcp",
        row: format!("{name}, {}", show_size(size)),
        point: Some(Point { line: name, x: size as f64 }),
        contestants: contestants.collect(),
        trial: Box::new(move |contestant| {
            let orders = [Role::Pull, Role::Push].map(|role| {
                let endpoint = if mechanism == Mechanism::Tls { TLS } else { TCP };
                let mut order = settings_of_trial.order(role, endpoint);
                (order.size, order.mechanism) = (size, mechanism);
                order
            });
            trial::run(contestant, &orders)
        }),
    }
}
