//! From a byte stream to a peer: drives the codec's handshake over it.

use std::sync::Arc;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use zmtp::{
    Connection, ConnectionConfig, Decoder, Encoder, Event, PeerInfo, ProtocolError, Traffic,
};

use super::Engine;
use crate::authentication::Attempt;
use crate::event::HandshakeFailure;
use crate::transport::Io;

/// A connection whose handshake is done.
pub(super) struct Established {
    pub(super) io: Io,
    pub(super) peer: PeerInfo,
    pub(super) decoder: Decoder,
    pub(super) encoder: Encoder,
    /// What the peer sent behind its handshake.
    pub(super) input: BytesMut,
}

/// Performs the handshake within the time it may take as a whole.
pub(super) async fn perform(engine: &Engine, mut io: Io) -> Result<Established, HandshakeFailure> {
    let exchange = exchange(engine, &mut io);
    let (traffic, input) = match engine.options.handshake_timeout {
        None => exchange.await?,
        Some(limit) => tokio::time::timeout(limit, exchange)
            .await
            .map_err(|_| HandshakeFailure::TimedOut(limit))??,
    };
    let Traffic { peer, decoder, encoder, .. } = traffic;
    Ok(Established { io, peer, decoder, encoder, input })
}

/// Octets read at once: a handshake is a few hundred.
const READ_SIZE: usize = 1024;

async fn exchange(engine: &Engine, io: &mut Io) -> Result<(Traffic, BytesMut), HandshakeFailure> {
    let mut connection = open(&engine.connection_config());
    let mut input = BytesMut::new();
    loop {
        let event = connection.handle_input(&mut input, 0);
        // What the codec has to say goes out even where it has found a fault: an ERROR command.
        while let Some(output) = connection.poll_transmit() {
            write(io, &output).await?;
        }
        match event? {
            Some(Event::Ready(_)) => break,
            Some(Event::Authenticate(request)) => {
                let (address, routing_id) =
                    (io.peer_address.clone(), engine.options.routing_id.clone());
                let attempt = Attempt { request, address, routing_id };
                connection.authenticate(engine.options.security.decide(attempt).await);
                continue;
            }
            _ => {}
        }
        input.reserve(READ_SIZE);
        if io.reader.read_buf(&mut input).await.map_err(io_failure)? == 0 {
            return Err(HandshakeFailure::PeerClosed);
        }
    }
    match connection.into_traffic() {
        Ok(traffic) => Ok((traffic, input)),
        Err(_) => Err(HandshakeFailure::PeerClosed),
    }
}

/// A connection with what randomness its mechanism needs.
#[cfg(feature = "curve")]
fn open(config: &ConnectionConfig) -> Connection {
    Connection::with_entropy(config, crate::random::entropy)
}

#[cfg(not(feature = "curve"))]
fn open(config: &ConnectionConfig) -> Connection {
    Connection::new(config)
}

async fn write(io: &mut Io, output: &[u8]) -> Result<(), HandshakeFailure> {
    io.writer.write_all(output).await.map_err(io_failure)?;
    io.writer.flush().await.map_err(io_failure)
}

fn io_failure(error: std::io::Error) -> HandshakeFailure {
    HandshakeFailure::Io(Arc::new(error))
}

impl HandshakeFailure {
    /// Whether trying again later may end better.
    pub(super) fn may_reconnect(&self) -> bool {
        match self {
            Self::Protocol(error) => ProtocolError::may_reconnect(error),
            _ => true,
        }
    }
}
