//! Round-trip times.

use std::time::Instant;

use hdrhistogram::{CreationError, Histogram, RecordError};
use serde_json::json;
use zeromq_async::{RepSocket, ReqSocket};

use super::payload;
use crate::arguments::Load;
use crate::console;
use crate::failure::Failure;

/// The default number of round trips to measure.
const COUNT: u64 = 100_000;

/// Replies to every request with the request itself.
pub(super) async fn echo(mut socket: RepSocket) -> Result<(), Failure> {
    loop {
        let request = socket.recv().await.map_err(Failure::error)?;
        socket.send(request).await.map_err(Failure::error)?;
    }
}

/// Measures round trips and prints their distribution.
pub(super) async fn ask(socket: ReqSocket, load: Load) -> Result<(), Failure> {
    let asking = tokio::spawn(measure(socket, load));
    print(&asking.await.map_err(Failure::error)??, load.json)
}

/// Records the time of each round trip in nanoseconds, after a tenth of them as warm-up.
async fn measure(mut socket: ReqSocket, load: Load) -> Result<Histogram<u64>, Failure> {
    let (payload, count) = (payload(load.size), load.count.unwrap_or(COUNT));
    let mut histogram = histogram().map_err(Failure::error)?;
    let warm_up = count / 10;
    for trip in 0..warm_up + count {
        let start = Instant::now();
        socket.send(payload.clone()).await.map_err(Failure::error)?;
        socket.recv().await.map_err(Failure::error)?;
        if trip >= warm_up {
            record(&mut histogram, start).map_err(Failure::error)?;
        }
    }
    Ok(histogram)
}

/// Three significant digits over the whole range of durations.
fn histogram() -> Result<Histogram<u64>, CreationError> {
    Histogram::new(3)
}

fn record(histogram: &mut Histogram<u64>, start: Instant) -> Result<(), RecordError> {
    histogram.record(u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX))
}

fn print(histogram: &Histogram<u64>, json: bool) -> Result<(), Failure> {
    let count = histogram.len();
    let quantile = |quantile| histogram.value_at_quantile(quantile) as f64 / 1e3;
    let (p50, p99, p999) = (quantile(0.5), quantile(0.99), quantile(0.999));
    let mean = histogram.mean() / 1e3;
    let line = if json {
        json!({
            "round_trips": count, "p50_us": p50, "p99_us": p99, "p999_us": p999, "mean_us": mean,
        })
        .to_string()
    } else {
        format!(
            "{count} round trips: p50 {p50:.1} µs, p99 {p99:.1} µs, p99.9 {p999:.1} µs, \
             mean {mean:.1} µs"
        )
    };
    console::print(format!("{line}\n").as_bytes())
}
