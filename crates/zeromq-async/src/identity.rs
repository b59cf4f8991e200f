//! Who a peer is: its name within the socket, where it is, and what it has shown of itself.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use zmtp::{Frame, PeerInfo};

/// Names a peer among those a socket has or has had.
///
/// Ids are given in order of arrival and never again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerId(u64);

impl PeerId {
    pub(crate) const fn new(id: u64) -> Self {
        Self(id)
    }
}

impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "peer {}", self.0)
    }
}

impl fmt::Debug for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PeerId({})", self.0)
    }
}

/// Who is at the other end of a connection, as the operating system says: nothing that the peer
/// claims.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PeerAddress {
    /// The peer's address and port.
    Tcp(SocketAddr),
    /// The process that connected, or that listened, over a Unix domain socket.
    Ipc {
        /// Its effective user id.
        user_id: u32,
        /// Its effective group id.
        group_id: u32,
        /// Its process id, where the system tells. It may be another process's by now.
        process_id: Option<i32>,
    },
    /// Whatever a [transport](crate::transport) of one's own calls it.
    ///
    /// Address rules match none of these, and ZAP is told the text.
    Other(Arc<str>),
}

impl From<SocketAddr> for PeerAddress {
    fn from(address: SocketAddr) -> Self {
        Self::Tcp(address)
    }
}

/// A peer of a transport of one's own, by whatever name it has there.
impl From<&str> for PeerAddress {
    fn from(name: &str) -> Self {
        Self::Other(name.into())
    }
}

impl From<String> for PeerAddress {
    fn from(name: String) -> Self {
        Self::Other(name.into())
    }
}

impl fmt::Display for PeerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Ipc { user_id, group_id, process_id } => {
                write!(f, "uid={user_id} gid={group_id}")?;
                process_id.map_or(Ok(()), |process_id| write!(f, " pid={process_id}"))
            }
            Self::Other(name) => f.write_str(name),
        }
    }
}

/// The sender of a message, as it was while the connection lasted over which the message came.
///
/// Cheap to clone. It stays as it is when the peer goes away, and when another peer takes its place
/// at the same endpoint.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::security::{Attempt, Decision};
/// use zeromq_async::{PullSocket, PushSocket};
///
/// let anybody = |_: Attempt| async { Decision::allow_as("user-7") };
/// let mut pull = PullSocket::builder().null_server(anybody).build();
/// let mut push = PushSocket::new();
/// push.connect(pull.bind("tcp://127.0.0.1:0").await?)?;
/// push.send("hello").await?;
///
/// let (message, peer) = pull.recv_from().await?;
/// assert_eq!(message, "hello");
/// assert_eq!(peer.info().user_id(), Some("user-7"));
/// # Ok(()) }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Peer(Arc<Session>);

#[derive(PartialEq, Eq)]
struct Session {
    id: PeerId,
    info: PeerInfo,
    address: Option<PeerAddress>,
    /// The routing id by which a ROUTER knows the peer of this connection.
    label: Frame,
}

impl Peer {
    pub(crate) fn new(
        id: PeerId,
        info: PeerInfo,
        address: Option<PeerAddress>,
        label: Frame,
    ) -> Self {
        Self(Arc::new(Session { id, info, address, label }))
    }

    pub(crate) fn label(&self) -> &Frame {
        &self.0.label
    }

    /// Its name within the socket, as events and statistics tell it.
    pub fn id(&self) -> PeerId {
        self.0.id
    }

    /// What it has said and shown in its handshake, and what whoever let it in knows of it: its
    /// socket type, routing id, metadata, public key and user id.
    pub fn info(&self) -> &PeerInfo {
        &self.0.info
    }

    /// Where it is; `None` where it is in this process.
    pub fn address(&self) -> Option<&PeerAddress> {
        self.0.address.as_ref()
    }
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peer")
            .field("id", &self.0.id)
            .field("info", &self.0.info)
            .field("address", &self.0.address)
            .finish()
    }
}
