//! Bytes in one direction.

use std::convert::Infallible;

use super::stream::Address;
use crate::counters::Counters;
use crate::line::Line;
use crate::order::Order;
use crate::process::Failure;

pub(super) fn pull(order: &Order) -> Result<Infallible, Failure> {
    let listener = Address::parse(&order.endpoint)?.bind()?;
    Line::Bound(listener.endpoint()?).say()?;
    let counters = Counters::new(1);
    let counter = counters.counter(0);
    counters.measure(order);
    let mut stream = listener.accept()?;
    let (mut buffer, mut bytes) = (vec![0; chunk(order)], 0_usize);
    loop {
        bytes += stream.read(&mut buffer).map_err(Failure::new)?;
        counter.set((bytes / order.size) as u64);
    }
}

pub(super) fn push(order: &Order) -> Result<Infallible, Failure> {
    let mut stream = Address::parse(&order.endpoint)?.connect()?;
    let bytes: Vec<u8> = order.bytes().into_iter().cycle().take(chunk(order)).collect();
    loop {
        for part in bytes.chunks(WRITE) {
            stream.write_all(part).map_err(Failure::new)?;
        }
    }
}

/// The size of one write in bytes, just below the loopback segment of 65,483 bytes. With a larger
/// size each write would leave a tiny segment and be slower.
const WRITE: usize = 61_440;

fn chunk(order: &Order) -> usize {
    order.size.max(WRITE)
}
