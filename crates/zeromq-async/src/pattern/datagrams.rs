//! Datagrams to the addresses that messages name (DGRAM).

use std::net::SocketAddr;
use std::task::{Context, Poll};

use zmtp::{Frame, Message};

use super::{
    Exclusive, FairQueue, OfferError, PeerHandle, Peers, ReceiveFrom, SendStrategy, SendTo,
};
use crate::error::SendErrorKind;

/// Sends from the one endpoint that is bound; waits while there is none, or while its queue is full.
///
/// A message has two frames: an address as text, such as `127.0.0.1:5555`, and the datagram.
#[derive(Debug, Clone)]
pub struct Datagrams {
    peers: Peers,
    inner: Exclusive,
}

impl Datagrams {
    /// Sends from the endpoint that [`Occupancy`](super::Occupancy) lets in.
    pub fn new(peers: &Peers) -> Self {
        Self { peers: peers.clone(), inner: Exclusive::new(peers) }
    }
}

impl SendStrategy for Datagrams {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendErrorKind>> {
        self.inner.poll_ready(cx)
    }

    fn offer(&mut self, message: &mut Message) -> Result<(), OfferError> {
        let [address, body] = message.frames() else { return Err(SendErrorKind::NoAddress.into()) };
        if parse(address).is_none_or(|address| address.port() == 0) {
            return Err(SendErrorKind::NoAddress.into());
        }
        self.peers.refresh();
        let limit = self.peers.list().first().and_then(PeerHandle::max_datagram);
        match limit {
            Some(limit) if body.len() > limit => {
                Err(SendErrorKind::DatagramTooLong { size: body.len(), limit }.into())
            }
            _ => self.inner.offer(message),
        }
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.inner.poll_flush(cx)
    }
}

impl SendTo<SocketAddr> for Datagrams {
    fn offer_at(&mut self, address: &SocketAddr, message: &mut Message) -> Result<(), OfferError> {
        message.push_front(address.to_string());
        self.offer(message).inspect_err(|_| drop(message.pop_front()))
    }
}

/// The address that the first frame of a DGRAM's message names.
impl ReceiveFrom<SocketAddr> for FairQueue {
    fn take_address(&self, message: &mut Message) -> Option<SocketAddr> {
        parse(&message.pop_front()?)
    }
}

fn parse(address: &Frame) -> Option<SocketAddr> {
    address.to_str().ok()?.parse().ok()
}
