//! One trial: one contestant runs one case once.

use std::time::Duration;

use crate::contestant::Contestant;
use crate::line::{Line, Sample};
use crate::order::Order;
use crate::process::Failure;
use crate::processes::Processes;

/// Starts a process for each order and waits for the first result. Each process starts after the
/// one before it is bound, and gets its endpoint. Adds `cpu_ns_per_message` to the result: the
/// processor time of all processes during the measurement, per message.
pub(crate) fn run(contestant: &Contestant, orders: &[Order]) -> Result<Sample, Failure> {
    let mut processes = Processes::new(PATIENCE);
    let mut orders = orders.iter();
    start_next(&mut processes, contestant, &mut orders, None)?;
    let mut cpu = Vec::new();
    let mut sample = loop {
        match processes.next()? {
            (_, Line::Bound(endpoint)) => {
                start_next(&mut processes, contestant, &mut orders, Some(endpoint))?;
            }
            (number, Line::Begin) => processes.ask_cpu(number)?,
            (_, Line::Cpu(time)) => cpu.push(time),
            (number, Line::Result(sample)) => {
                processes.ask_cpu(number)?;
                break sample;
            }
            (_, Line::Ready | Line::Failed(_)) => {}
        }
    };
    let others = processes.count() - 1;
    while cpu.len() < 2 * others {
        if let (_, Line::Cpu(time)) = processes.next()? {
            cpu.push(time);
        }
    }
    let (before, after) = cpu.split_at(others);
    let used: Duration = after.iter().sum();
    add_cpu(&mut sample, used.saturating_sub(before.iter().sum()));
    Ok(sample)
}

fn start_next<'a>(
    processes: &mut Processes,
    contestant: &Contestant,
    orders: &mut impl Iterator<Item = &'a Order>,
    endpoint: Option<String>,
) -> Result<(), Failure> {
    let Some(order) = orders.next() else { return Ok(()) };
    let mut order = order.clone();
    order.endpoint = endpoint.unwrap_or(order.endpoint);
    processes.start(contestant, &order).map(|_| ())
}

/// Adds the processor time of the other processes.
fn add_cpu(sample: &mut Sample, others: Duration) {
    let own = sample.get("cpu_ns").copied().unwrap_or_default();
    if let Some(messages) = sample.get("messages").filter(|messages| **messages > 0.0) {
        let each = (own + others.as_nanos() as f64) / messages;
        sample.insert("cpu_ns_per_message".to_owned(), each);
    }
}

/// Far longer than any trial takes.
const PATIENCE: Duration = Duration::from_secs(40);
