//! Messages per second in one direction.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::task::JoinSet;
use zeromq_async::{Context, Message, Receives, RecvError, Sends, Socket, SubSocket};

use crate::arguments::Load;
use crate::console;
use crate::failure::Failure;

/// The default number of messages to measure.
const COUNT: u64 = 1_000_000;

/// The result of one receiver.
#[derive(Debug, Clone, Copy)]
pub(super) struct Throughput {
    pub(super) messages: u64,
    pub(super) bytes: u64,
    pub(super) elapsed: Duration,
}

/// Sends the payload in a loop.
pub(super) async fn send<P: Sends>(mut socket: Socket<P>, payload: Message) -> Result<(), Failure> {
    loop {
        socket.send(payload.clone()).await.map_err(Failure::error)?;
    }
}

/// Measures all sockets concurrently and prints the sum.
pub(super) async fn receive<P: Receives>(
    sockets: Vec<Socket<P>>,
    load: Load,
) -> Result<(), Failure> {
    let count = load.count.unwrap_or(COUNT);
    let mut receiving: JoinSet<_> =
        sockets.into_iter().map(|socket| measure(socket, count)).collect();
    let mut sum = Throughput { messages: 0, bytes: 0, elapsed: Duration::ZERO };
    while let Some(measured) = receiving.join_next().await {
        let one = measured.map_err(Failure::error)?.map_err(Failure::error)?;
        sum.messages += one.messages;
        sum.bytes += one.bytes;
        sum.elapsed = sum.elapsed.max(one.elapsed);
    }
    sum.print(load.json)
}

/// Measures the time to receive `count` messages, after a tenth of them as warm-up.
pub(super) async fn measure<P: Receives>(
    mut socket: Socket<P>,
    count: u64,
) -> Result<Throughput, RecvError> {
    for _ in 0..count / 10 {
        socket.recv().await?;
    }
    let mut bytes = 0;
    let start = Instant::now();
    for _ in 0..count {
        bytes += socket.recv().await?.size();
    }
    let elapsed = start.elapsed();
    Ok(Throughput { messages: count, bytes: bytes as u64, elapsed })
}

pub(super) fn subscribers(context: &Context, count: usize) -> Vec<SubSocket> {
    (0..count).map(|_| SubSocket::builder_in(context).subscribe("").build()).collect()
}

impl Throughput {
    pub(super) fn print(&self, json: bool) -> Result<(), Failure> {
        let Self { messages, bytes, elapsed } = self;
        let seconds = elapsed.as_secs_f64();
        let (rate, megabytes) = (*messages as f64 / seconds, *bytes as f64 / seconds / 1e6);
        let line = if json {
            json!({
                "messages": messages, "bytes": bytes, "seconds": seconds,
                "messages_per_second": rate,
            })
            .to_string()
        } else {
            format!(
                "{messages} messages, {bytes} bytes in {seconds:.3} s: {rate:.0} messages/s, \
                 {megabytes:.1} MB/s"
            )
        };
        console::print(format!("{line}\n").as_bytes())
    }
}
