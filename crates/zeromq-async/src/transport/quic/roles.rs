//! The two streams of a connection: data and liveness.

use std::io;
use std::sync::Arc;

use quinn::crypto::rustls::HandshakeData;
use quinn::{Connection, RecvStream, SendStream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::closing::Code;
use super::config::ALPN;
use super::failure::{explain, io_error};
use super::liveness::{self, PREFACE};
use super::stream::{QuicReader, QuicWriter, Shared};
use super::udp::UdpEndpoint;
use crate::transport::Halves;

type Stream = (SendStream, RecvStream);

/// A connection with the streams that the profile asks for.
pub(super) struct Roles {
    udp: Arc<UdpEndpoint>,
    connection: Connection,
    data: Stream,
    liveness: Stream,
}

impl Roles {
    /// Opens both streams. The preface on the second one tells the peer of both.
    pub(super) async fn open(udp: Arc<UdpEndpoint>, connection: Connection) -> io::Result<Self> {
        let guard = CloseOnDrop(Some(&connection));
        check_protocol(&connection)?;
        let data = connection.open_bi().await.map_err(|error| io_error(&error))?;
        let mut liveness = connection.open_bi().await.map_err(|error| io_error(&error))?;
        write_preface(&mut liveness.0).await?;
        read_preface(&mut liveness.1).await?;
        guard.keep();
        Ok(Self { udp, data, liveness, connection })
    }

    /// Accepts both streams, in the order of their numbers.
    pub(super) async fn accept(udp: Arc<UdpEndpoint>, connection: Connection) -> io::Result<Self> {
        let guard = CloseOnDrop(Some(&connection));
        check_protocol(&connection)?;
        let data = connection.accept_bi().await.map_err(|error| io_error(&error))?;
        let mut liveness = connection.accept_bi().await.map_err(|error| io_error(&error))?;
        read_preface(&mut liveness.1).await?;
        write_preface(&mut liveness.0).await?;
        guard.keep();
        Ok(Self { udp, data, liveness, connection })
    }

    /// The halves of the data stream. A task serves liveness for as long as they live.
    pub(super) fn halves(self) -> Halves {
        let Self { udp, connection, data: (send, recv), liveness } = self;
        let serving = tokio::spawn(liveness::serve(connection.clone(), liveness));
        let shared = Arc::new(Shared::new(udp, connection, serving.abort_handle()));
        let reader = Box::new(QuicReader::new(recv, shared.clone()));
        Halves { reader, writer: Box::new(QuicWriter::new(send, shared)), buffers: false }
    }
}

/// Refuses a server without the protocol of the profile.
fn check_protocol(connection: &Connection) -> io::Result<()> {
    let data = connection.handshake_data().and_then(|data| data.downcast::<HandshakeData>().ok());
    if data.and_then(|data| data.protocol).as_deref() == Some(ALPN) {
        return Ok(());
    }
    let text = "the peer did not agree to the protocol omq-zmtp/1 in TLS (ALPN)";
    Err(io::Error::new(io::ErrorKind::InvalidData, text))
}

async fn write_preface(stream: &mut SendStream) -> io::Result<()> {
    // Before data, which may be much.
    let _ = stream.set_priority(1);
    stream.write_all(&PREFACE).await.map_err(|error| explain(error.into()))?;
    stream.flush().await
}

async fn read_preface(stream: &mut RecvStream) -> io::Result<()> {
    let mut preface = [0; PREFACE.len()];
    AsyncReadExt::read_exact(stream, &mut preface).await.map_err(explain)?;
    if preface == PREFACE {
        return Ok(());
    }
    let text = format!(
        "the liveness stream begins with \"{}\", and not with the preface of the profile",
        preface.escape_ascii()
    );
    Err(io::Error::new(io::ErrorKind::InvalidData, text))
}

/// Closes a connection after its setup failed or was given up.
struct CloseOnDrop<'a>(Option<&'a Connection>);

impl CloseOnDrop<'_> {
    fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for CloseOnDrop<'_> {
    fn drop(&mut self) {
        if let Some(connection) = self.0 {
            connection.close(Code::Setup.number(), b"");
        }
    }
}
