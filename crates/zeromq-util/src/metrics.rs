//! A socket's counts for the `metrics` crate, and so for Prometheus and others (feature `metrics`).
//!
//! [`MetricsExport`] samples [`stats`](zeromq_async::SocketHandle::stats) now and then and listens to
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
//! let page = recorder.handle(); // what an HTTP server would show
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
//! exporting.await?; // it ends with the socket, after a last sample
//! assert!(page.render().contains(r#"zeromq_received_total{socket="orders"} 1"#));
//! # Ok(()) }
//! ```
//!
//! # Metrics
//!
//! `docs/observability.md` has the table of all, and `docs/grafana-dashboard.json` a dashboard of
//! them. Counters begin with the first sample, so several sockets under one name, at the same time
//! or one after the other, add up.
//!
//! # How many series
//!
//! There are about 30 of a socket, however many peers it has. [`peers`](MetricsExport::peers) adds
//! about 12 for each label that your function gives, and recorders seldom forget one. So let it
//! give few: a socket that accepts thousands of clients should have none of their ids or ports in
//! labels. [`by_endpoint`] is always safe; [`by_host`] and [`by_routing_id`] are as safe as the
//! network and the peers' names are. What a peer did is added to its label and stays when it goes;
//! gauges go back to 0.

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
use zeromq_async::Events;
use zeromq_async::PeerAddress;
use zeromq_async::PeerStats;
use zeromq_async::{SocketHandle, StatsHandle};

/// Exports the counts of a socket until it ends.
///
/// It does not keep the socket alive. See the [module](self) for an example.
#[must_use = "nothing is exported unless it is run"]
pub struct MetricsExport {
    socket: StatsHandle,
    events: Events,
    interval: Duration,
    sampler: Sampler,
}

/// The shortest time between samples.
const SHORTEST: Duration = Duration::from_millis(1);

impl MetricsExport {
    /// Exports a socket's counts under a name, sampled at an interval.
    ///
    /// The name is the label `socket` of each metric. As often as Prometheus asks is often enough.
    /// The shortest interval is one millisecond.
    pub fn new(socket: &SocketHandle, name: impl Into<String>, interval: Duration) -> Self {
        Self {
            socket: socket.stats_handle(),
            events: socket.events(),
            interval: interval.max(SHORTEST),
            sampler: Sampler::new(name.into()),
        }
    }

    /// Exports counts of peers, too, each under the label that a function gives it; peers with the
    /// same label are added up, and those with none are left out.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use std::time::Duration;
    /// use zeromq_async::PullSocket;
    /// use zeromq_util::metrics::{self as observe, MetricsExport};
    ///
    /// let pull = PullSocket::new();
    /// let export = MetricsExport::new(pull.handle(), "orders", Duration::from_secs(5));
    /// tokio::spawn(export.peers(observe::by_host).run());
    /// # }
    /// ```
    pub fn peers(
        mut self,
        label: impl Fn(&PeerStats) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.sampler.label_peers(Box::new(label));
        self
    }

    /// Exports until the socket has ended, with a last sample then.
    ///
    /// Run it in a task of its own, in a Tokio runtime with time enabled.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, exporting ends, and the gauges go back to 0.
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

/// Labels a peer with the endpoint it was accepted at or is connected to: as many labels as the
/// socket has endpoints.
pub fn by_endpoint(peer: &PeerStats) -> Option<String> {
    Some(peer.endpoint.to_string())
}

/// Labels a peer with its host, without the port: its IP address, or `ipc`; those in this process
/// are left out.
pub fn by_host(peer: &PeerStats) -> Option<String> {
    match peer.address.as_ref()? {
        PeerAddress::Tcp(address) => Some(address.ip().to_string()),
        PeerAddress::Ipc { .. } => Some("ipc".to_owned()),
        other => Some(other.to_string()),
    }
}

/// Labels a peer with the routing id that it announced, or by which a ROUTER knows it; those
/// without one are left out.
///
/// The peer chooses it: only where peers are trusted, or known to whoever lets them in.
pub fn by_routing_id(peer: &PeerStats) -> Option<String> {
    let id = &peer.routing_id;
    (!id.is_empty()).then(|| id.escape_ascii().to_string())
}
