//! A peer that writes exactly the given bytes.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use zeromq_async::{Endpoint, Events, HandshakeFailure, PeerAddress, SocketEvent};

#[allow(unused_imports, reason = "each test program uses a part")]
pub use zeromq_test::raw_bytes::{command, frame, greeting, header, property, ready};

use super::{dial, event, within};

/// A TCP connection that sends only the bytes of the test.
pub struct HostilePeer {
    pub stream: TcpStream,
}

impl HostilePeer {
    /// Connects and writes bytes.
    pub async fn connect(endpoint: &Endpoint, bytes: &[u8]) -> Self {
        let mut peer = Self { stream: dial(endpoint).await };
        peer.write(bytes).await;
        peer
    }

    /// Writes bytes. Ignores errors, because the socket may have closed the connection.
    pub async fn write(&mut self, bytes: &[u8]) {
        let _ = within("the hostile peer to write", self.stream.write_all(bytes)).await;
    }

    /// Reads until the socket closes or resets the connection, and returns all bytes.
    pub async fn closed(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let closed = async { while let Ok(1..) = self.stream.read_buf(&mut bytes).await {} };
        within("the socket to close the hostile peer's connection", closed).await;
        bytes
    }

    /// The address of this peer in the socket's events.
    pub fn address(&self) -> PeerAddress {
        PeerAddress::Tcp(self.stream.local_addr().expect("connected"))
    }
}

/// Waits until the handshake of this peer fails, and returns the reason.
pub async fn handshake_failure(events: &mut Events, peer: &HostilePeer) -> HandshakeFailure {
    let peer = peer.address();
    event(events, "the hostile peer's handshake to fail", |event| match event {
        SocketEvent::HandshakeFailed { address, reason, .. } if address == peer => Some(reason),
        _ => None,
    })
    .await
}
