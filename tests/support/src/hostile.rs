//! A peer that says exactly the octets it is told to, and what hostile ones say.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use zeromq_async::{Endpoint, Events, HandshakeFailure, PeerAddress, SocketEvent};

#[allow(unused_imports, reason = "each test program uses its part of this")]
pub use zeromq_test::octets::{command, frame, greeting, header, property, ready};

use super::{dial, event, within};

/// The other end of a TCP connection, with nothing of ZMTP but what the test spells out.
pub struct Hostile {
    pub stream: TcpStream,
}

impl Hostile {
    /// Connects, and says some octets.
    pub async fn saying(endpoint: &Endpoint, octets: &[u8]) -> Self {
        let mut peer = Self { stream: dial(endpoint).await };
        peer.say(octets).await;
        peer
    }

    /// Says some octets. Whether the connection is still there to hear them is for the test to see.
    pub async fn say(&mut self, octets: &[u8]) {
        let _ = within("the hostile peer to write", self.stream.write_all(octets)).await;
    }

    /// All octets until the socket closes the connection, or resets it.
    pub async fn closed(&mut self) -> Vec<u8> {
        let mut octets = Vec::new();
        let closed = async { while let Ok(1..) = self.stream.read_buf(&mut octets).await {} };
        within("the socket to close the hostile peer's connection", closed).await;
        octets
    }

    /// The address by which the socket's events call this peer.
    pub fn address(&self) -> PeerAddress {
        PeerAddress::Tcp(self.stream.local_addr().expect("connected"))
    }
}

/// Waits until the handshake of this peer has failed, and says why.
pub async fn refused(events: &mut Events, peer: &Hostile) -> HandshakeFailure {
    let peer = peer.address();
    event(events, "the hostile peer's handshake to fail", |event| match event {
        SocketEvent::HandshakeFailed { address, reason, .. } if address == peer => Some(reason),
        _ => None,
    })
    .await
}
