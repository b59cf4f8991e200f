//! Byte streams to peers: one module for each scheme. inproc is not among them, for it joins two
//! pipes and has no bytes.
//!
//! A transport turns an endpoint into connected streams and knows nothing of ZMTP. [`bind`] gives a
//! [`Listener`], from which accepted connections come; [`dial`] makes one attempt to connect. When
//! to try again is the engine's business.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::Handle;

use crate::endpoint::Endpoint;
use crate::error::BindError;
use crate::identity::PeerAddress;
use crate::options::TransportOptions;

#[cfg(unix)]
mod ipc;
mod tcp;

/// A connected byte stream, its two directions apart so that each side may be polled without the
/// other.
///
/// Any stream will do: `tokio::io::split` takes one apart that cannot do it better by itself.
pub(crate) struct Io {
    /// What the peer sends.
    pub(crate) reader: Box<dyn AsyncRead + Send + Unpin>,
    /// What the peer receives. Dropping both halves closes the connection.
    pub(crate) writer: Box<dyn AsyncWrite + Send + Unpin>,
    /// Who is at the other end.
    pub(crate) peer_address: PeerAddress,
}

impl Io {
    /// The stream made of two halves.
    pub(crate) fn new(
        reader: impl AsyncRead + Send + Unpin + 'static,
        writer: impl AsyncWrite + Send + Unpin + 'static,
        peer_address: PeerAddress,
    ) -> Self {
        Self { reader: Box::new(reader), writer: Box::new(writer), peer_address }
    }
}

impl fmt::Debug for Io {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Io").field("peer_address", &self.peer_address).finish_non_exhaustive()
    }
}

/// Accepts connections at one bound endpoint. Dropping it stops listening.
pub(crate) trait Listener: Send {
    /// The next connection.
    ///
    /// An error is of one connection (`ConnectionAborted`) or of this moment (no file descriptor is
    /// left), and not the end of the listener: call again, but after a pause, for the condition may
    /// still hold.
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Io>>;

    /// Where it listens: the endpoint that was asked for, every wildcard replaced by what was
    /// found.
    fn local_endpoint(&self) -> &Endpoint;
}

/// Listens at an endpoint.
///
/// # Errors
///
/// Whatever prevents it, sorted by what can be done; see [`BindError`].
///
/// # Cancel safety
///
/// Nothing is bound when it is dropped before it completes.
pub(crate) async fn bind(
    endpoint: &Endpoint,
    options: &TransportOptions,
) -> Result<Box<dyn Listener>, BindError> {
    if Handle::try_current().is_err() {
        return Err(BindError::NoRuntime { endpoint: endpoint.clone() });
    }
    endpoint.check_bindable()?;
    match endpoint {
        Endpoint::Tcp(tcp) => tcp::bind(tcp, options).await,
        #[cfg(unix)]
        Endpoint::Ipc(ipc) => ipc::bind(ipc, options).await,
        _ => Err(io::ErrorKind::Unsupported.into()),
    }
    .map_err(|error| BindError::from_io(endpoint, error))
}

/// Whether a connection could not be accepted because the process, or the whole system, has as many
/// files and sockets open as it may.
pub(crate) fn lacks_descriptor(error: &io::Error) -> bool {
    // ENFILE and EMFILE, which have the same numbers on all Unixes; WSAEMFILE.
    let codes: &[i32] = if cfg!(windows) { &[10024] } else { &[23, 24] };
    error.raw_os_error().is_some_and(|code| codes.contains(&code))
}

/// Makes one attempt to connect. Names are resolved anew, and each of their addresses is tried in
/// turn.
///
/// # Errors
///
/// Of the kind of the last address tried; the message names the endpoint and every address with its
/// own error.
///
/// # Cancel safety
///
/// Nothing is left behind when it is dropped before it completes, though a peer may have seen the
/// attempt.
pub(crate) async fn dial(endpoint: &Endpoint, options: &TransportOptions) -> io::Result<Io> {
    match endpoint {
        Endpoint::Tcp(tcp) => tcp::dial(tcp, options).await,
        #[cfg(unix)]
        Endpoint::Ipc(ipc) => {
            ipc::dial(ipc, options).await.map_err(|error| vec![Attempt { address: None, error }])
        }
        _ => Err(vec![Attempt { address: None, error: io::ErrorKind::Unsupported.into() }]),
    }
    .map_err(|attempts| DialError { endpoint: endpoint.clone(), attempts }.into())
}

/// One address that was tried in vain.
#[derive(Debug)]
struct Attempt {
    /// The address, where the endpoint may have several.
    address: Option<SocketAddr>,
    error: io::Error,
}

/// An endpoint none of whose addresses could be connected to.
#[derive(Debug)]
struct DialError {
    endpoint: Endpoint,
    attempts: Vec<Attempt>,
}

impl fmt::Display for DialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot connect to {}", self.endpoint)?;
        for (index, Attempt { address, error }) in self.attempts.iter().enumerate() {
            f.write_str(if index == 0 { ": " } else { "; " })?;
            if let Some(address) = address {
                write!(f, "{address}: ")?;
            }
            error.fmt(f)?;
        }
        Ok(())
    }
}

impl Error for DialError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.attempts.last().map(|attempt| &attempt.error as _)
    }
}

impl From<DialError> for io::Error {
    fn from(error: DialError) -> Self {
        let kind =
            error.attempts.last().map_or(io::ErrorKind::NotFound, |attempt| attempt.error.kind());
        Self::new(kind, error)
    }
}

#[cfg(test)]
mod tests;
