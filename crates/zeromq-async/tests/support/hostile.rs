//! A peer that says exactly the octets it is told to, and what hostile ones say.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use zeromq_async::{Endpoint, Events, HandshakeFailure, PeerAddress, SocketEvent};

use super::{dial, event, within};

/// The other end of a TCP connection, with nothing of ZMTP but what the test spells out.
pub(crate) struct Hostile {
    pub(crate) stream: TcpStream,
}

impl Hostile {
    /// Connects, and says some octets.
    pub(crate) async fn saying(endpoint: &Endpoint, octets: &[u8]) -> Self {
        let mut peer = Self { stream: dial(endpoint).await };
        peer.say(octets).await;
        peer
    }

    /// Says some octets. Whether the connection is still there to hear them is for the test to see.
    pub(crate) async fn say(&mut self, octets: &[u8]) {
        let _ = within("the hostile peer to write", self.stream.write_all(octets)).await;
    }

    /// All octets until the socket closes the connection, or resets it.
    pub(crate) async fn closed(&mut self) -> Vec<u8> {
        let mut octets = Vec::new();
        let closed = async { while let Ok(1..) = self.stream.read_buf(&mut octets).await {} };
        within("the socket to close the hostile peer's connection", closed).await;
        octets
    }

    /// The address by which the socket's events call this peer.
    pub(crate) fn address(&self) -> PeerAddress {
        PeerAddress::Tcp(self.stream.local_addr().expect("connected"))
    }
}

/// Waits until the handshake of this peer has failed, and says why.
pub(crate) async fn refused(events: &mut Events, peer: &Hostile) -> HandshakeFailure {
    let peer = peer.address();
    event(events, "the hostile peer's handshake to fail", |event| match event {
        SocketEvent::HandshakeFailed { address, reason, .. } if address == peer => Some(reason),
        _ => None,
    })
    .await
}

/// The greeting of ZMTP 3.`minor`.
pub(crate) fn greeting(minor: u8, mechanism: &str) -> Vec<u8> {
    let mut greeting = vec![0; 64];
    greeting[0] = 0xff;
    greeting[9..12].copy_from_slice(&[0x7f, 3, minor]);
    greeting[12..12 + mechanism.len()].copy_from_slice(mechanism.as_bytes());
    greeting
}

/// A command on the wire.
pub(crate) fn command(name: &str, data: &[u8]) -> Vec<u8> {
    let name_len = u8::try_from(name.len()).expect("a name is short");
    frame(4, &[&[name_len], name.as_bytes(), data].concat())
}

/// READY of a NULL peer.
pub(crate) fn ready(socket_type: &str) -> Vec<u8> {
    command("READY", &property("Socket-Type", socket_type.as_bytes()))
}

/// A property of metadata.
pub(crate) fn property(name: &str, value: &[u8]) -> Vec<u8> {
    let name_len = u8::try_from(name.len()).expect("a name is short");
    let value_len = u32::try_from(value.len()).expect("a test's values are small");
    [&[name_len], name.as_bytes(), &value_len.to_be_bytes(), value].concat()
}

/// A frame: flags 0 for the last of a message, 1 for one before it, 4 for a command.
pub(crate) fn frame(flags: u8, body: &[u8]) -> Vec<u8> {
    match u8::try_from(body.len()) {
        Ok(short) => [&[flags, short], body].concat(),
        Err(_) => [&header(flags, body.len() as u64)[..], body].concat(),
    }
}

/// The header of a long frame of any size.
pub(crate) fn header(flags: u8, size: u64) -> Vec<u8> {
    [&[flags | 2][..], &size.to_be_bytes()].concat()
}
