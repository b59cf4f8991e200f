//! The options of RADIO and DGRAM.

use super::SocketBuilder;
use crate::socket::Radio;
use crate::socket::kind::{Multicasts, SocketKind};

impl<P: SocketKind, S> SocketBuilder<P, S> {
    /// How many networks multicast datagrams pass (`ZMQ_MULTICAST_HOPS`). Default: 1, the local one.
    pub fn multicast_hops(mut self, hops: u8) -> Self
    where
        P: Multicasts,
    {
        self.options.transport.multicast_hops = Some(hops);
        self
    }

    /// Whether sockets of this machine hear the multicast datagrams of this one (`ZMQ_MULTICAST_LOOP`).
    /// Default: on.
    pub fn multicast_loop(mut self, on: bool) -> Self
    where
        P: Multicasts,
    {
        self.options.transport.multicast_loop = Some(on);
        self
    }
}

impl<S> SocketBuilder<Radio, S> {
    /// The most groups that one peer may be in at a time. Default: 100,000.
    ///
    /// A peer that goes beyond is [disconnected](crate::DisconnectReason::Subscriptions); peers over
    /// inproc are not. A group costs some 200 bytes and its name; libzmq has no such limit.
    pub fn max_groups_per_peer(mut self, groups: usize) -> Self {
        self.own.max_groups_per_peer = groups;
        self
    }
}
