//! `ipc://`: Unix domain sockets, in the file system or in Linux's abstract namespace.

use std::io;
use std::path::{Path, PathBuf};
use std::task::{Context, Poll, ready};

use socket2::{Domain, SockAddr, SockRef, Socket, Type};
use tokio::net::{UnixListener, UnixStream};

use super::{Io, Listener};
use crate::endpoint::{Endpoint, IpcEndpoint, IpcName};
use crate::identity::PeerAddress;
use crate::options::TransportOptions;

mod socket_file;
use socket_file::SocketFile;

/// Listens at a path, at an abstract name, or at a new path of its own.
pub(super) async fn bind(
    endpoint: &IpcEndpoint,
    options: &TransportOptions,
) -> io::Result<Box<dyn Listener>> {
    let (listener, file, endpoint) = match endpoint.name() {
        IpcName::Any => {
            let (listener, file) = SocketFile::in_new_directory(|path| listen(path, options))?;
            let endpoint = IpcEndpoint::from_path(file.path());
            (listener, Some(file), endpoint)
        }
        IpcName::Path(path) => {
            let (listener, file) = SocketFile::at(path, |path| listen(path, options)).await?;
            (listener, Some(file), endpoint.clone())
        }
        IpcName::Abstract(name) => {
            (listen(&abstract_path(name)?, options)?, None, endpoint.clone())
        }
    };
    let listener = UnixListener::from_std(listener.into())?;
    Ok(Box::new(Accept {
        _file: file,
        listener,
        endpoint: Endpoint::Ipc(endpoint),
        options: options.clone(),
    }))
}

/// Makes one attempt to connect.
pub(super) async fn dial(endpoint: &IpcEndpoint, options: &TransportOptions) -> io::Result<Io> {
    let stream = match endpoint.name() {
        IpcName::Path(path) => UnixStream::connect(path).await?,
        IpcName::Abstract(name) => UnixStream::connect(abstract_path(name)?).await?,
        IpcName::Any => {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "`*` stands for no path to connect to",
            ));
        }
    };
    connected(stream, options)
}

fn listen(path: &Path, options: &TransportOptions) -> io::Result<Socket> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.bind(&SockAddr::unix(path)?)?;
    socket.listen(i32::try_from(options.backlog).unwrap_or(i32::MAX))?;
    Ok(socket)
}

/// An abstract name in the form in which the system takes it in the place of a path: after a NUL
/// octet.
#[cfg(any(target_os = "android", target_os = "linux"))]
fn abstract_path(name: &str) -> io::Result<PathBuf> {
    Ok(PathBuf::from(format!("\0{name}")))
}

#[cfg(not(any(target_os = "android", target_os = "linux")))]
fn abstract_path(_: &str) -> io::Result<PathBuf> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Sets the buffers of a connected socket: Unix domain sockets do not inherit them from their
/// listener.
fn set_buffers(socket: SockRef<'_>, options: &TransportOptions) -> io::Result<()> {
    if let Some(octets) = options.send_buffer {
        socket.set_send_buffer_size(octets)?;
    }
    if let Some(octets) = options.receive_buffer {
        socket.set_recv_buffer_size(octets)?;
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
    let (reader, writer) = stream.into_split();
    Ok(Io::new(reader, writer, peer_address))
}

/// A bound Unix domain socket.
struct Accept {
    /// Declared, and so dropped, before the listener: see [`SocketFile`]. An abstract name has
    /// none.
    _file: Option<SocketFile>,
    listener: UnixListener,
    endpoint: Endpoint,
    options: TransportOptions,
}

impl Listener for Accept {
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Io>> {
        let (stream, _) = ready!(self.listener.poll_accept(cx))?;
        Poll::Ready(connected(stream, &self.options))
    }

    fn local_endpoint(&self) -> &Endpoint {
        &self.endpoint
    }
}

#[cfg(test)]
mod tests;
