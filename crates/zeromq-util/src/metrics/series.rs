//! The names and values of the exported series.

use ::metrics::{Unit, describe_counter, describe_gauge};

use zeromq_async::{Discarded, Dropped, PeerStats, SocketStats};

/// Name, description and value of a series.
pub(super) type Series<T> = (&'static str, &'static str, fn(&T) -> u64);

/// A reason and its count.
pub(super) type Reason<T> = (&'static str, fn(&T) -> u64);

pub(super) const TOTALS: &[Series<SocketStats>] = &[
    ("zeromq_sent_total", "messages handed to the kernel or an inproc peer", |s| s.sent),
    ("zeromq_received_total", "messages that arrived", |s| s.received),
    ("zeromq_taken_total", "messages that the application received", |s| s.taken),
    ("zeromq_lost_total", "messages lost with peers that went", |s| s.lost),
    ("zeromq_own_total", "messages that the socket sent of itself", |s| s.own),
    ("zeromq_bytes_sent_total", "bytes handed to the kernel", |s| s.bytes_sent),
    ("zeromq_bytes_received_total", "bytes of messages that arrived", |s| s.bytes_received),
    ("zeromq_reconnects_total", "connections of a peer after its first", |s| s.reconnects),
];

pub(super) const GAUGES: &[Series<SocketStats>] = &[
    ("zeromq_queued", "messages that wait to be sent", |s| s.queued),
    ("zeromq_unread", "messages that wait to be received", |s| s.unread),
    ("zeromq_peers", "peers, connected or being connected to", |s| s.peers.len() as u64),
    ("zeromq_peers_connected", "peers that are connected", |s| {
        s.peers.iter().filter(|peer| peer.connected).count() as u64
    }),
];

pub(super) const PEER_TOTALS: &[Series<PeerStats>] = &[
    ("zeromq_peer_sent_total", "messages sent to the peer", |p| p.sent),
    ("zeromq_peer_received_total", "messages of the peer that arrived", |p| p.received),
    ("zeromq_peer_bytes_sent_total", "bytes sent to the peer", |p| p.bytes_sent),
    ("zeromq_peer_bytes_received_total", "bytes of the peer's messages", |p| p.bytes_received),
    ("zeromq_peer_reconnects_total", "connections after the first", |p| p.reconnects),
];

pub(super) const PEER_GAUGES: &[Series<PeerStats>] = &[
    ("zeromq_peer_queued", "messages that wait to be sent to the peer", |p| p.queued),
    ("zeromq_peer_connected", "whether the peer is connected", |p| p.connected.into()),
];

pub(super) const DROPPED: &str = "zeromq_dropped_total";
pub(super) const PEER_DROPPED: &str = "zeromq_peer_dropped_total";
pub(super) const DROPPED_REASONS: &[Reason<Dropped>] = &[
    ("full", |d| d.full),
    ("unroutable", |d| d.unroutable),
    ("unsubscribed", |d| d.unsubscribed),
    ("replaced", |d| d.replaced),
    ("refused", |d| d.refused),
];

pub(super) const DISCARDED: &str = "zeromq_discarded_total";
pub(super) const PEER_DISCARDED: &str = "zeromq_peer_discarded_total";
pub(super) const DISCARDED_REASONS: &[Reason<Discarded>] = &[
    ("unheard", |d| d.unheard),
    ("abandoned", |d| d.abandoned),
    ("replaced", |d| d.replaced),
    ("filtered", |d| d.filtered),
    ("unasked", |d| d.unasked),
    ("malformed", |d| d.malformed),
    ("withdrawn", |d| d.withdrawn),
];

pub(super) const HANDSHAKES: &str = "zeromq_handshakes_total";
pub(super) const HANDSHAKES_FAILED: &str = "zeromq_handshakes_failed_total";
pub(super) const DISCONNECTS: &str = "zeromq_disconnects_total";
pub(super) const CONNECT_FAILURES: &str = "zeromq_connect_failures_total";
pub(super) const ACCEPT_FAILURES: &str = "zeromq_accept_failures_total";

const OTHERS: &[(&str, &str)] = &[
    (DROPPED, "messages dropped instead of sent, by reason"),
    (PEER_DROPPED, "messages for the peer that were dropped, by reason"),
    (DISCARDED, "messages that arrived and the application did not get, by reason"),
    (PEER_DISCARDED, "messages of the peer that the application did not get, by reason"),
    (HANDSHAKES, "handshakes done"),
    (HANDSHAKES_FAILED, "handshakes that failed, by reason"),
    (DISCONNECTS, "connections that ended, by reason"),
    (CONNECT_FAILURES, "attempts to connect that failed"),
    (ACCEPT_FAILURES, "connections that could not be accepted"),
];

/// Describes all series to the recorder.
pub(super) fn describe() {
    let unit = |name: &str| if name.contains("bytes") { Unit::Bytes } else { Unit::Count };
    for &(name, what, _) in TOTALS {
        describe_counter!(name, unit(name), what);
    }
    for &(name, what, _) in PEER_TOTALS {
        describe_counter!(name, unit(name), what);
    }
    for &(name, what) in OTHERS {
        describe_counter!(name, Unit::Count, what);
    }
    GAUGES.iter().for_each(|&(name, what, _)| describe_gauge!(name, Unit::Count, what));
    PEER_GAUGES.iter().for_each(|&(name, what, _)| describe_gauge!(name, Unit::Count, what));
}
