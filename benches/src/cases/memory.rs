//! Resident memory of idle connections.

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
    about: "A PULL accepts connections from another process, which completes the handshake and \
            then stays idle. That process is the same program for every contestant. The figure \
            is the growth of the resident memory (`VmRSS`) of the accepting process after the \
            first 100 connections, per connection. Kernel buffers are not included. *Used*: each \
            connection has carried one message of 64 B.",
    metrics: &[Metric {
        key: "bytes_per_connection",
        title: "resident memory per connection",
        unit: Unit::Bytes,
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
        return Err(Failure::new("the process did not bind"));
    };
    let mut hold = |connections| {
        let mut order = settings.order(role, &endpoint);
        order.sockets = connections;
        // The process that holds the connections is the same for every contestant.
        let holding = processes.start(&Contestant::Ours, &order)?;
        while processes.next_of(holding)? != Line::Ready {}
        thread::sleep(SETTLE);
        processes.resident(accepting)
    };
    let before = hold(FIRST)?;
    let after = hold(connections - FIRST)?;
    let each = (after - before) / (connections - FIRST) as f64;
    Ok(BTreeMap::from([("bytes_per_connection".to_owned(), each.max(0.0))]))
}

fn check_descriptors(connections: usize) -> Result<(), Failure> {
    let limit = raise_descriptor_limit();
    if limit > connections as u64 + 100 {
        return Ok(());
    }
    Err(Failure::new(format!("the limit of open files is {limit}: raise `ulimit -Hn`")))
}

/// The number of connections before the first measurement, which excludes one-time allocations.
const FIRST: usize = 100;

/// Time for the accepting side to process the last connection.
const SETTLE: Duration = Duration::from_millis(300);

const PATIENCE: Duration = Duration::from_secs(60);
