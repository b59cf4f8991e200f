//! Limits on the memory and connections that peers can use.

use std::time::Duration;

use super::SocketBuilder;
use crate::socket::kind::{Publishes, SocketKind};

impl<P: SocketKind, S> SocketBuilder<P, S> {
    /// The most time that a handshake may take, on both sides (`ZMQ_HANDSHAKE_IVL`). Default: 30 s.
    ///
    /// Over a [SOCKS proxy](Self::socks_proxy) the handshake with the proxy counts too.
    pub fn handshake_timeout(mut self, timeout: Duration) -> Self {
        self.options.handshake_timeout = Some(timeout);
        self
    }

    /// The most bytes of a received message, all frames together (`ZMQ_MAXMSGSIZE`, which limits
    /// each frame). Default: no limit.
    ///
    /// A peer that announces a larger message is disconnected. Without a limit, memory still grows
    /// only as fast as bytes arrive.
    pub fn max_message_size(mut self, bytes: u64) -> Self {
        self.options.limits.max_message_size = Some(bytes);
        self
    }

    /// The most frames of a received message. Default: 65,536.
    ///
    /// A frame costs memory even if it is empty. A peer that sends more is disconnected. libzmq has
    /// no such limit.
    pub fn max_frames_per_message(mut self, frames: u32) -> Self {
        self.options.limits.max_frames_per_message = frames;
        self
    }

    /// The most bytes of a received command. It also limits a topic to which a peer subscribes with
    /// a command (ZMTP 3.1). Default: 64 KiB.
    ///
    /// A peer that announces a larger command is disconnected. libzmq has no such limit.
    pub fn max_command_size(mut self, bytes: usize) -> Self {
        self.options.limits.max_command_size = bytes;
        self
    }

    /// The most bytes of a peer's metadata in the handshake: socket type, routing id, and
    /// properties of the application. Default: 16 KiB.
    ///
    /// A peer that announces more is disconnected before it is authenticated. The metadata counts
    /// towards [`max_handshake_size`](Self::max_handshake_size) too.
    pub fn max_metadata_size(mut self, bytes: usize) -> Self {
        self.options.limits.max_metadata_size = bytes;
        self
    }

    /// The most bytes that a peer may send until its handshake is done, with the greeting. Default:
    /// 64 KiB.
    ///
    /// A peer that announces more is disconnected. The mechanisms need less than 1 KiB. The rest is
    /// for metadata.
    pub fn max_handshake_size(mut self, bytes: usize) -> Self {
        self.options.limits.max_handshake_size = bytes;
        self
    }

    /// The most peers of the socket at a time, over all of its endpoints. Default: no limit.
    ///
    /// A further peer is [rejected](crate::Rejected::Full) at the end of its handshake, and may
    /// connect again. A further [`connect`](crate::Socket::connect) fails. A peer that has left
    /// counts until its messages are received, so peers that connect, send and leave cannot fill
    /// the memory. libzmq has no such limit.
    pub fn max_peers(mut self, peers: usize) -> Self {
        self.options.max_peers = Some(peers);
        self
    }

    /// The most pending handshakes of one bound endpoint. Default: 4,096.
    ///
    /// A new connection is always accepted. Beyond the limit it
    /// [displaces](crate::HandshakeFailure::Displaced) the oldest pending handshake of the address
    /// with the most pending handshakes. So silent connections displace each other. A peer connects
    /// if it completes its handshake before `connections` others arrive.
    pub fn max_pending_handshakes(mut self, connections: usize) -> Self {
        self.options.pending.per_listener = connections;
        self
    }

    /// The most [pending handshakes](Self::max_pending_handshakes) from one address. Default:
    /// 1,024.
    ///
    /// Beyond the limit the oldest from that address is displaced. IPv6 addresses with the same
    /// first 64 bits count as one address. Over ipc, a user counts as one address.
    pub fn max_pending_handshakes_per_address(mut self, connections: usize) -> Self {
        self.options.pending.per_address = connections;
        self
    }
}

impl<P: SocketKind, S> SocketBuilder<P, S> {
    /// The most topics that one peer may subscribe to at a time. Default: 1,000,000.
    ///
    /// A peer that exceeds the limit is [disconnected](crate::DisconnectReason::Subscriptions),
    /// except an inproc peer. A subscription uses about 200 bytes and its topic. libzmq has no such
    /// limit.
    ///
    /// The limit also applies to the unread notices of one peer of an XPUB. Four times the limit
    /// applies to the unread notices of all peers that have left.
    pub fn max_subscriptions_per_peer(mut self, topics: usize) -> Self
    where
        P: Publishes,
    {
        self.own.limits.count = topics;
        self
    }

    /// The most bytes of all topics that one peer may subscribe to at a time. Default: 64 MiB.
    ///
    /// A peer that exceeds the limit is [disconnected](crate::DisconnectReason::Subscriptions),
    /// except an inproc peer. [`max_command_size`](Self::max_command_size) limits a single topic.
    ///
    /// The limit also applies to the unread notices of one peer of an XPUB. Four times the limit
    /// applies to the unread notices of all peers that have left.
    pub fn max_subscription_bytes_per_peer(mut self, bytes: usize) -> Self
    where
        P: Publishes,
    {
        self.own.limits.bytes = bytes;
        self
    }
}
