//! A socket's counters for the `metrics` crate, for Prometheus and others (feature `metrics`).
//!
//! [`MetricsExport`] samples [`stats`](zeromq_async::SocketHandle::stats) at an interval and receives
//! [`events`](zeromq_async::SocketHandle::events). Nothing is added to sending and receiving.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//! use metrics_exporter_prometheus::PrometheusBuilder;
//! use zeromq_async::{PullSocket, PushSocket};
//! use zeromq_util::metrics::MetricsExport;
//!
//! let recorder = PrometheusBuilder::new().build_recorder();
//! let page = recorder.handle(); // for an HTTP server
//! metrics::set_global_recorder(recorder)?;
//!
//! let (mut push, mut pull) = (PushSocket::new(), PullSocket::new());
//! let exporting = MetricsExport::new(pull.handle(), "orders", Duration::from_secs(5)).run();
//! let exporting = tokio::spawn(exporting);
//! push.connect(pull.bind("tcp://127.0.0.1:0").await?)?;
//! push.send("an order").await?;
//! pull.recv().await?;
//!
//! pull.close().await;
//! exporting.await?; // ends with the socket, after a last sample
//! assert!(page.render().contains(r#"zeromq_received_total{socket="orders"} 1"#));
//! # Ok(()) }
//! ```
//!
//! # Metrics
//!
//! `docs/observability.md` has a table of them, and `docs/grafana-dashboard.json` a dashboard. The
//! counters of several sockets under one name add up, at the same time or one after the other.
//!
//! # Number of series
//!
//! A socket has about 30 series, with any number of peers. [`peers`](MetricsExport::peers) adds about
//! 12 for each label that your function returns, and most recorders never remove one. So use few
//! labels: no ids or ports if the socket accepts thousands of clients. [`by_endpoint`] is always
//! safe. [`by_host`] and [`by_routing_id`] are safe if hosts and routing ids are few. The counters of
//! a peer stay in its label when it disconnects. Gauges go back to 0.

mod sampler;
mod series;

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use tokio::time::{Interval, MissedTickBehavior, interval};

use sampler::Sampler;
use zeromq_async::{Events, PeerAddress, PeerStats, SocketHandle, StatsHandle};

/// Exports the counters of a socket until it is closed.
///
/// It does not keep the socket alive. See the [module](self) for an example.
#[must_use = "counters are exported only while it runs"]
pub struct MetricsExport {
    socket: StatsHandle,
    events: Events,
    interval: Duration,
    sampler: Sampler,
}

const MIN_INTERVAL: Duration = Duration::from_millis(1);

impl MetricsExport {
    /// Exports a socket's counters under a name, sampled at an interval.
    ///
    /// The name is the label `socket` of each metric. Use the scrape interval of Prometheus. The
    /// shortest interval is one millisecond.
    pub fn new(socket: &SocketHandle, name: impl Into<String>, interval: Duration) -> Self {
        Self {
            socket: socket.stats_handle(),
            events: socket.events(),
            interval: interval.max(MIN_INTERVAL),
            sampler: Sampler::new(name.into()),
        }
    }

    /// Exports the counters of peers too, each with the label that the function returns, such as
    /// [`by_host`]. Peers with the same label add up. Peers without a label are left out.
    pub fn peers(
        mut self,
        label: impl Fn(&PeerStats) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.sampler.label_peers(Box::new(label));
        self
    }

    /// Exports until the socket is closed, and then takes a last sample.
    ///
    /// Spawn it in a Tokio runtime with time enabled.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, it stops exporting, and the gauges go back to 0.
    pub async fn run(mut self) {
        let mut ticks = interval(self.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        poll_fn(|cx| self.poll(cx, &mut ticks)).await;
        self.sampler.sample(&self.socket.stats());
    }

    fn poll(&mut self, cx: &mut Context<'_>, ticks: &mut Interval) -> Poll<()> {
        while let Poll::Ready(event) = Pin::new(&mut self.events).poll_next(cx) {
            match event {
                Some(event) => self.sampler.event(&event),
                None => return Poll::Ready(()),
            }
        }
        while ticks.poll_tick(cx).is_ready() {
            self.sampler.sample(&self.socket.stats());
        }
        Poll::Pending
    }
}

impl fmt::Debug for MetricsExport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetricsExport").field("interval", &self.interval).finish_non_exhaustive()
    }
}

/// Labels a peer with the endpoint of the socket that it is connected by.
pub fn by_endpoint(peer: &PeerStats) -> Option<String> {
    Some(peer.endpoint.to_string())
}

/// Labels a peer with its IP address without the port, or with `ipc`. Peers in this process are left
/// out.
pub fn by_host(peer: &PeerStats) -> Option<String> {
    match peer.address.as_ref()? {
        PeerAddress::Tcp(address) => Some(address.ip().to_string()),
        PeerAddress::Ipc { .. } => Some("ipc".to_owned()),
        other => Some(other.to_string()),
    }
}

/// Labels a peer with its routing id. Peers without one are left out.
///
/// The peer chooses its routing id, so use this only if peers are trusted or authenticated.
pub fn by_routing_id(peer: &PeerStats) -> Option<String> {
    let id = &peer.routing_id;
    (!id.is_empty()).then(|| id.escape_ascii().to_string())
}
