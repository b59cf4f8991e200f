//! Resident memory of connections that do nothing.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use super::{Settings, TCP};
use crate::case::{Better, Case, Group, Metric, Unit};
use crate::contestant::Contestant;
use crate::line::{Line, Sample};
use crate::order::Role;
use crate::process::{Failure, raise_descriptor_limit};
use crate::processes::Processes;

static GROUP: Group = Group {
    name: "memory",
    title: "Memory of idle connections",
    about: "A PULL accepts connections from another process, which shakes hands and then does \
            nothing; it is the same program for every contestant. Resident memory (`VmRSS`) of the \
            accepting process with so many connections, less that with the first 100, for each \
            connection. The kernel's own buffers do not count. *Used*: each connection has carried \
            one message of 64 B.",
    metrics: &[Metric {
        key: "octets_per_connection",
        title: "resident memory a connection",
        unit: Unit::Octets,
        better: Better::Less,
    }],
};

pub(super) fn cases(settings: &Settings) -> Vec<Case> {
    let many = (!settings.quick).then_some((10_000, Role::Hold));
    [(3000, Role::Hold), (3000, Role::HoldUsed)]
        .into_iter()
        .chain(many)
        .map(|(connections, role)| case(settings, connections, role))
        .collect()
}

fn case(settings: &Settings, connections: usize, role: Role) -> Case {
    let settings_of_trial = settings.clone();
    let used = if role == Role::HoldUsed { ", used" } else { "" };
    Case {
        group: &GROUP,
        table: "tcp",
        row: format!("{connections} connections{used}"),
        point: None,
        contestants: settings.implementations(),
        trial: Box::new(move |contestant| {
            measure(&settings_of_trial, contestant, connections, role)
        }),
    }
}

fn measure(
    settings: &Settings,
    contestant: &Contestant,
    connections: usize,
    role: Role,
) -> Result<Sample, Failure> {
    check_descriptors(connections)?;
    let mut processes = Processes::new(PATIENCE);
    let accepting = processes.start(contestant, &settings.order(Role::Pull, TCP))?;
    let Line::Bound(endpoint) = processes.next()?.1 else {
        return Err(Failure::new("it did not bind"));
    };
    let mut hold = |connections| {
        let mut order = settings.order(role, &endpoint);
        order.sockets = connections;
        // It plays no part who holds them, so long as it is always the same.
        let holding = processes.start(&Contestant::Ours, &order)?;
        while processes.next_of(holding)? != Line::Ready {}
        thread::sleep(SETTLE);
        processes.resident(accepting)
    };
    let before = hold(FIRST)?;
    let after = hold(connections - FIRST)?;
    let each = (after - before) / (connections - FIRST) as f64;
    Ok(BTreeMap::from([("octets_per_connection".to_owned(), each.max(0.0))]))
}

fn check_descriptors(connections: usize) -> Result<(), Failure> {
    let limit = raise_descriptor_limit();
    if limit > connections as u64 + 100 {
        return Ok(());
    }
    Err(Failure::new(format!("only {limit} files may be open here: raise `ulimit -Hn`")))
}

/// Connections that are there before memory is looked at for the first time, so that what is taken
/// once for all of them does not count.
const FIRST: usize = 100;

/// Until the accepting side has dealt with the last of them.
const SETTLE: Duration = Duration::from_millis(300);

const PATIENCE: Duration = Duration::from_secs(60);
