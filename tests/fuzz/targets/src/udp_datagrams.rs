//! Datagrams to a DISH and a DGRAM, over a network in memory.

use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::task::{Context as TaskContext, Poll};

use tokio::runtime::Builder;
use tokio::task::yield_now;
use zeromq_async::transport::{DatagramSocket, DatagramTransport, TransportOptions};
use zeromq_async::{Context, DgramSocket, DishSocket, Endpoint, SocketStats};
use zmtp_codec::wire::GroupDatagram;

use crate::input::Input;

/// The datagrams of the input, each with its length in front, arrive at a DISH that is in the groups ""
/// and "a", and at a DGRAM. Each is received or counted, and the DISH receives no other group.
pub fn udp_datagrams(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let mut datagrams = VecDeque::new();
    while !input.is_empty() {
        datagrams.push_back(input.slice().to_vec());
    }
    datagrams.iter().for_each(|datagram| round_trip(datagram));
    let runtime = Builder::new_current_thread().enable_time().build().expect("a runtime");
    runtime.block_on(deliver(datagrams));
}

/// A datagram survives decoding and encoding.
fn round_trip(datagram: &[u8]) {
    let Ok(message) = GroupDatagram::decode(datagram) else { return };
    let mut wire = Vec::new();
    message.encode(&mut wire);
    assert_eq!(wire, datagram);
    assert_eq!(message.size(), datagram.len());
}

async fn deliver(datagrams: VecDeque<Vec<u8>>) {
    let count = datagrams.len() as u64;
    let wire = Wire(datagrams);
    let context = Context::builder().datagram_transport("wire", wire).expect("a scheme").build();
    let (dish, dgram) = (
        DishSocket::builder_in(&context).receive_high_water_mark(0).build(),
        DgramSocket::builder_in(&context).receive_high_water_mark(0).build(),
    );
    dish.join("").expect("a group");
    dish.join("a").expect("a group");
    dish.bind("wire://dish").await.expect("a place");
    dgram.bind("wire://dgram").await.expect("a place");
    while dish.stats().received < count || dgram.stats().received < count {
        yield_now().await;
    }
    while let Ok((group, _)) = dish.try_recv() {
        assert!(group.is_empty() || group == "a", "{group}");
    }
    while dgram.try_recv().is_ok() {}
    let SocketStats { taken, discarded, unread, .. } = dish.stats();
    assert_eq!((taken + discarded.filtered + discarded.malformed, unread), (count, 0));
    assert_eq!(dgram.stats().taken, count);
}

/// A network on which the same datagrams arrive everywhere.
struct Wire(VecDeque<Vec<u8>>);

struct WireEnd(VecDeque<Vec<u8>>, Endpoint);

impl DatagramTransport for Wire {
    type Socket = WireEnd;

    async fn bind(&self, at: &Endpoint, _: &TransportOptions) -> io::Result<WireEnd> {
        Ok(WireEnd(self.0.clone(), at.clone()))
    }

    async fn connect(&self, _: &Endpoint, _: &TransportOptions) -> io::Result<WireEnd> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

impl DatagramSocket for WireEnd {
    fn poll_send(
        &mut self,
        _: &mut TaskContext<'_>,
        _: &[u8],
        _: Option<SocketAddr>,
    ) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_recv(
        &mut self,
        _: &mut TaskContext<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<(usize, SocketAddr)>> {
        let Some(datagram) = self.0.pop_front() else { return Poll::Pending };
        buffer[..datagram.len()].copy_from_slice(&datagram);
        Poll::Ready(Ok((datagram.len(), (Ipv4Addr::LOCALHOST, 1).into())))
    }

    fn endpoint(&self) -> &Endpoint {
        &self.1
    }
}
