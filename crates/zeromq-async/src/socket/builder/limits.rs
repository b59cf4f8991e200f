//! Limits on the memory and connections that a peer may take.

use std::time::Duration;

use super::SocketBuilder;
use crate::socket::kind::{Publishes, SocketKind};

impl<P: SocketKind, S> SocketBuilder<P, S> {
    /// How long the handshake may take as a whole, on both sides (`ZMQ_HANDSHAKE_IVL`). Default:
    /// 30 s.
    ///
    /// Over a [SOCKS proxy](Self::socks_proxy) it begins with the talk with the proxy.
    pub fn handshake_timeout(mut self, timeout: Duration) -> Self {
        self.options.handshake_timeout = Some(timeout);
        self
    }

    /// The most bytes a received message may have, all frames together (`ZMQ_MAXMSGSIZE`, which
    /// is for each frame). Default: no limit.
    ///
    /// A peer that announces more is disconnected. With no limit, memory still grows only as fast
    /// as bytes arrive.
    pub fn max_message_size(mut self, bytes: u64) -> Self {
        self.options.limits.max_message_size = Some(bytes);
        self
    }

    /// The most frames a received message may have. Default: 65,536.
    ///
    /// A frame costs memory even if it is empty. A peer that sends more is disconnected. libzmq has
    /// no such limit.
    pub fn max_frames_per_message(mut self, frames: u32) -> Self {
        self.options.limits.max_frames_per_message = frames;
        self
    }

    /// The most bytes a received command may have, and with it a topic that a peer subscribes to
    /// with a command (ZMTP 3.1). Default: 64 KiB.
    ///
    /// A peer that announces more is disconnected. libzmq has no such limit.
    pub fn max_command_size(mut self, bytes: usize) -> Self {
        self.options.limits.max_command_size = bytes;
        self
    }

    /// The most bytes a peer may say about itself in its handshake: socket type, routing id, and
    /// properties of the application's own. Default: 16 KiB.
    ///
    /// A peer that announces more is closed, before it is asked who it is. It all counts for
    /// [`max_handshake_size`](Self::max_handshake_size) too.
    pub fn max_metadata_size(mut self, bytes: usize) -> Self {
        self.options.limits.max_metadata_size = bytes;
        self
    }

    /// The most bytes a peer may send until its handshake is done, the greeting included. Default:
    /// 64 KiB.
    ///
    /// A peer that announces more is closed. The mechanisms themselves need less than 1 KiB; the
    /// rest is for metadata.
    pub fn max_handshake_size(mut self, bytes: usize) -> Self {
        self.options.limits.max_handshake_size = bytes;
        self
    }

    /// The most peers the socket has at a time, over all of its endpoints. Default: no limit.
    ///
    /// A peer beyond that is [closed](crate::Rejected::Full) at the end of its handshake, and may
    /// come again; [`connect`](crate::Socket::connect) fails. A peer that has gone counts until its
    /// messages are received, so peers that come, send and leave cannot fill the memory. libzmq has no
    /// such limit.
    pub fn max_peers(mut self, peers: usize) -> Self {
        self.options.max_peers = Some(peers);
        self
    }

    /// The most accepted connections of one bound endpoint that may be in their handshake at a time.
    /// Default: 4,096.
    ///
    /// A new connection is always accepted. Beyond the limit it
    /// [displaces](crate::HandshakeFailure::Displaced) the oldest pending handshake of the address that
    /// has the most. Silent connections displace each other, and a peer that completes its handshake
    /// before `connections` others arrive gets through.
    pub fn max_pending_handshakes(mut self, connections: usize) -> Self {
        self.options.pending.per_listener = connections;
        self
    }

    /// The most of [these](Self::max_pending_handshakes) from one address. Default: 1,024.
    ///
    /// Beyond the limit the oldest from that address is displaced. Addresses of IPv6 are one if
    /// their first 64 bits are the same, and over ipc a user is one address.
    pub fn max_pending_handshakes_per_address(mut self, connections: usize) -> Self {
        self.options.pending.per_address = connections;
        self
    }
}

impl<P: SocketKind, S> SocketBuilder<P, S> {
    /// The most topics that one peer may be subscribed to at a time. Default: 1,000,000.
    ///
    /// A peer that goes beyond is [disconnected](crate::DisconnectReason::Subscriptions); peers over
    /// inproc are not. A subscription costs some 200 bytes and its topic; libzmq has no such limit.
    ///
    /// The same limit holds for the notices of one peer that an XPUB keeps for its application, and four
    /// times the limit for the notices of all peers that have left.
    pub fn max_subscriptions_per_peer(mut self, topics: usize) -> Self
    where
        P: Publishes,
    {
        self.own.limits.count = topics;
        self
    }

    /// The most bytes that all topics together may have which one peer is subscribed to at a time.
    /// Default: 64 MiB.
    ///
    /// A peer that goes beyond is [disconnected](crate::DisconnectReason::Subscriptions); peers over
    /// inproc are not. One topic is limited by [`max_command_size`](Self::max_command_size).
    ///
    /// The same limit holds for the notices of one peer that an XPUB keeps for its application, and four
    /// times the limit for the notices of all peers that have left.
    pub fn max_subscription_bytes_per_peer(mut self, bytes: usize) -> Self
    where
        P: Publishes,
    {
        self.own.limits.bytes = bytes;
        self
    }
}
