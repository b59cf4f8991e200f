//! `ipc://`: Unix domain sockets, in the file system or in Linux's abstract namespace.

use std::io;
use std::os::unix::net::UnixListener as StdListener;
use std::path::{Path, PathBuf};
use std::task::{Context, Poll, ready};

use socket2::{Domain, SockAddr, SockRef, Socket, Type};
use tokio::net::{UnixListener, UnixStream};

use super::error::invalid_input;
use super::{Io, Listener, Transport, TransportOptions};
use crate::endpoint::{Endpoint, IpcEndpoint, IpcName};
use crate::identity::PeerAddress;

mod socket_file;
use socket_file::SocketFile;

/// The transport of `ipc://`. Every context has it under that scheme, on Unix.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use zeromq_async::Endpoint;
/// use zeromq_async::transport::{Ipc, Listener, Transport, TransportOptions};
///
/// let anywhere: Endpoint = "ipc://*".parse()?;
/// let listener = Ipc.listen(&anywhere, &TransportOptions::default()).await?;
/// let io = Ipc.dial(listener.local_endpoint(), &TransportOptions::default()).await?;
/// assert!(io.peer_address().to_string().starts_with("uid="));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Ipc;

impl Transport for Ipc {
    type Listener = BoundIpc;

    async fn listen(
        &self,
        endpoint: &Endpoint,
        options: &TransportOptions,
    ) -> io::Result<BoundIpc> {
        let (listener, file, endpoint) = match ipc(endpoint)?.name() {
            IpcName::Any => {
                let (listener, file) = SocketFile::in_new_directory(|path| listen(path, options))?;
                let endpoint = IpcEndpoint::from_path(file.path());
                (listener, Some(file), Endpoint::Ipc(endpoint))
            }
            IpcName::Path(path) => {
                let (listener, file) = SocketFile::at(path, |path| listen(path, options)).await?;
                (listener, Some(file), endpoint.clone())
            }
            IpcName::Abstract(name) => {
                (listen(&abstract_path(name)?, options)?, None, endpoint.clone())
            }
        };
        BoundIpc::new(listener.into(), endpoint, file, options)
    }

    async fn dial(&self, endpoint: &Endpoint, options: &TransportOptions) -> io::Result<Io> {
        let stream = match ipc(endpoint)?.name() {
            IpcName::Path(path) => UnixStream::connect(path).await?,
            IpcName::Abstract(name) => UnixStream::connect(abstract_path(name)?).await?,
            IpcName::Any => {
                return Err(invalid_input("`*` cannot be connected to"));
            }
        };
        connected(stream, options)
    }

    fn needs_io_driver(&self) -> bool {
        true
    }
}

fn ipc(endpoint: &Endpoint) -> io::Result<&IpcEndpoint> {
    match endpoint {
        Endpoint::Ipc(ipc) => Ok(ipc),
        other => Err(invalid_input(format!(
            "{other} is not an ipc address; Endpoint::with_scheme makes one"
        ))),
    }
}

fn listen(path: &Path, options: &TransportOptions) -> io::Result<Socket> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.bind(&SockAddr::unix(path)?)?;
    socket.listen(options.listen_backlog())?;
    Ok(socket)
}

/// An abstract name as the system has it in place of a path: after a NUL byte.
#[cfg(any(target_os = "android", target_os = "linux"))]
fn abstract_path(name: &str) -> io::Result<PathBuf> {
    Ok(PathBuf::from(format!("\0{name}")))
}

#[cfg(not(any(target_os = "android", target_os = "linux")))]
fn abstract_path(_: &str) -> io::Result<PathBuf> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Sets the buffers of a connected socket, which does not inherit them from its listener.
fn set_buffers(socket: SockRef<'_>, options: &TransportOptions) -> io::Result<()> {
    if let Some(bytes) = options.send_buffer {
        socket.set_send_buffer_size(bytes)?;
    }
    if let Some(bytes) = options.receive_buffer {
        socket.set_recv_buffer_size(bytes)?;
    }
    Ok(())
}

fn connected(stream: UnixStream, options: &TransportOptions) -> io::Result<Io> {
    set_buffers(SockRef::from(&stream), options)?;
    let credentials = stream.peer_cred()?;
    let peer_address = PeerAddress::Ipc {
        user_id: credentials.uid(),
        group_id: credentials.gid(),
        process_id: credentials.pid(),
    };
    Ok(Io::from_unix(stream, peer_address))
}

/// A listening Unix domain socket.
#[derive(Debug)]
pub struct BoundIpc {
    /// Dropped before the listener: see [`SocketFile`]. `None` for an abstract name, and for a socket
    /// that the application bound.
    _file: Option<SocketFile>,
    listener: UnixListener,
    endpoint: Endpoint,
    options: TransportOptions,
}

impl BoundIpc {
    /// Takes a non-blocking socket that listens.
    fn new(
        listener: StdListener,
        endpoint: Endpoint,
        file: Option<SocketFile>,
        options: &TransportOptions,
    ) -> io::Result<Self> {
        let listener = UnixListener::from_std(listener)?;
        Ok(Self { _file: file, listener, endpoint, options: options.clone() })
    }

    /// Takes a socket that the application bound. Its file stays.
    pub(super) fn adopted(
        listener: StdListener,
        endpoint: Endpoint,
        options: &TransportOptions,
    ) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        Self::new(listener, endpoint, None, options)
    }
}

impl Listener for BoundIpc {
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Io>> {
        let (stream, _) = ready!(self.listener.poll_accept(cx))?;
        Poll::Ready(connected(stream, &self.options))
    }

    fn descriptor(&self) -> Option<i32> {
        Some(std::os::fd::AsRawFd::as_raw_fd(&self.listener))
    }

    fn local_endpoint(&self) -> &Endpoint {
        &self.endpoint
    }
}

#[cfg(test)]
mod tests;
