//! Records the difference between two samples.

use std::collections::HashMap;

use ::metrics::{Label, counter, gauge};

use super::series::{
    ACCEPT_FAILURES, CONNECT_FAILURES, DISCARDED, DISCARDED_REASONS, DISCONNECTS, DROPPED,
    DROPPED_REASONS, GAUGES, HANDSHAKES, HANDSHAKES_FAILED, PEER_DISCARDED, PEER_DROPPED,
    PEER_GAUGES, PEER_TOTALS, Reason, Series, TOTALS, describe,
};
use zeromq_async::{PeerId, PeerStats, SocketEvent, SocketStats};

/// Returns the label of a peer, if it is exported.
pub(super) type PeerLabel = Box<dyn Fn(&PeerStats) -> Option<String> + Send + Sync>;

/// The last sample of a socket.
pub(super) struct Sampler {
    labels: Vec<Label>,
    peer_label: Option<PeerLabel>,
    last: SocketStats,
    peers: HashMap<PeerId, PeerSample>,
    described: bool,
}

/// The last sample of a peer.
struct PeerSample {
    label: Option<String>,
    last: PeerStats,
}

impl Sampler {
    pub(super) fn new(name: String) -> Self {
        let labels = vec![Label::new("socket", name)];
        let (last, peers) = Default::default();
        Self { labels, peer_label: None, last, peers, described: false }
    }

    pub(super) fn label_peers(&mut self, label: PeerLabel) {
        self.peer_label = Some(label);
    }

    pub(super) fn sample(&mut self, now: &SocketStats) {
        if !self.described {
            describe();
            self.described = true;
        }
        let labels = &self.labels;
        add(TOTALS, labels, Some(&self.last), now);
        add_reasons(DROPPED, DROPPED_REASONS, labels, Some(&self.last.dropped), &now.dropped);
        let discarded = (&self.last.discarded, &now.discarded);
        add_reasons(DISCARDED, DISCARDED_REASONS, labels, Some(discarded.0), discarded.1);
        shift(GAUGES, labels, Some(&self.last), Some(now));
        self.sample_peers(now);
        self.last = now.clone();
    }

    fn sample_peers(&mut self, now: &SocketStats) {
        let mut before = std::mem::take(&mut self.peers);
        for peer in &now.peers {
            let sample = before.remove(&peer.peer);
            let label = self.peer_label.as_ref().and_then(|label| label(peer));
            self.sample_peer(sample, label.as_deref(), peer);
            self.peers.insert(peer.peer, PeerSample { label, last: peer.clone() });
        }
        before.into_values().for_each(|gone| self.forget(&gone));
    }

    fn sample_peer(&self, sample: Option<PeerSample>, label: Option<&str>, now: &PeerStats) {
        // If its label has changed, its gauges move to the new one.
        let (same, other) = match sample {
            Some(sample) if sample.label.as_deref() == label => (Some(sample), None),
            sample => (None, sample),
        };
        other.iter().for_each(|sample| self.forget(sample));
        let Some(label) = label else { return };
        let labels = self.with_peer(label);
        let gauges = same.as_ref().map(|sample| &sample.last);
        let last = same.as_ref().or(other.as_ref()).map(|sample| &sample.last);
        add(PEER_TOTALS, &labels, last, now);
        let dropped = last.map(|last| &last.dropped);
        add_reasons(PEER_DROPPED, DROPPED_REASONS, &labels, dropped, &now.dropped);
        let discarded = last.map(|last| &last.discarded);
        add_reasons(PEER_DISCARDED, DISCARDED_REASONS, &labels, discarded, &now.discarded);
        shift(PEER_GAUGES, &labels, gauges, Some(now));
    }

    /// Subtracts a peer from the gauges.
    fn forget(&self, sample: &PeerSample) {
        if let Some(label) = &sample.label {
            shift(PEER_GAUGES, &self.with_peer(label), Some(&sample.last), None);
        }
    }

    fn with_peer(&self, label: &str) -> Vec<Label> {
        let peer = Label::new("peer", label.to_owned());
        self.labels.iter().cloned().chain([peer]).collect()
    }

    pub(super) fn event(&self, event: &SocketEvent) {
        let count = |name: &'static str| counter!(name, self.labels.iter()).increment(1);
        let count_reason = |name: &'static str, reason: &'static str| {
            counter!(name, with_reason(&self.labels, reason).iter()).increment(1);
        };
        match event {
            SocketEvent::HandshakeSucceeded { .. } => count(HANDSHAKES),
            SocketEvent::HandshakeFailed { reason, .. } => {
                count_reason(HANDSHAKES_FAILED, reason.kind());
            }
            SocketEvent::Disconnected { reason, .. } => count_reason(DISCONNECTS, reason.kind()),
            SocketEvent::ConnectFailed { .. } => count(CONNECT_FAILURES),
            SocketEvent::AcceptFailed { .. } => count(ACCEPT_FAILURES),
            _ => {}
        }
    }
}

impl Drop for Sampler {
    fn drop(&mut self) {
        shift(GAUGES, &self.labels, Some(&self.last), None);
        self.peers.values().for_each(|sample| self.forget(sample));
    }
}

fn with_reason(labels: &[Label], reason: &'static str) -> Vec<Label> {
    labels.iter().cloned().chain([Label::from_static_parts("reason", reason)]).collect()
}

/// Adds the difference to counters. A counter of 0 is recorded too.
fn add<T>(series: &[Series<T>], labels: &[Label], last: Option<&T>, now: &T) {
    for &(name, _, value) in series {
        let new = value(now).saturating_sub(last.map_or(0, value));
        counter!(name, labels.iter()).increment(new);
    }
}

fn add_reasons<T>(
    name: &'static str,
    reasons: &[Reason<T>],
    labels: &[Label],
    last: Option<&T>,
    now: &T,
) {
    for &(reason, value) in reasons {
        let new = value(now).saturating_sub(last.map_or(0, value));
        counter!(name, with_reason(labels, reason).iter()).increment(new);
    }
}

/// Changes gauges by the difference, so that sockets or peers with the same labels add up.
fn shift<T>(series: &[Series<T>], labels: &[Label], last: Option<&T>, now: Option<&T>) {
    for &(name, _, value) in series {
        let (last, now) = (last.map_or(0, value), now.map_or(0, value));
        #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
        match now.checked_sub(last) {
            Some(more) => gauge!(name, labels.iter()).increment(more as f64),
            None => gauge!(name, labels.iter()).decrement((last - now) as f64),
        }
    }
}
