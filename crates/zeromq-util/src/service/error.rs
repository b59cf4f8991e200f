//! Errors of clients and servers.

use super::serve::ServeReport;
use zeromq_async::{Endpoint, PeerId};

/// The error of a request without a reply.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use tower::{Service, ServiceExt};
/// use zeromq_util::service::{RequestError, client};
/// use zeromq_async::{DealerSocket, RepSocket};
///
/// let (dealer, mut server) = (DealerSocket::new(), RepSocket::new());
/// dealer.connect(server.bind("tcp://127.0.0.1:0").await?)?;
/// let (mut client, driver) = client(dealer);
/// tokio::spawn(driver.run());
///
/// let asking = tokio::spawn(client.ready().await?.call("hello".into()));
/// server.recv().await?;
/// server.close().await; // without a reply
/// let error = asking.await?.unwrap_err();
/// assert!(matches!(error, RequestError::PeerLost { .. }));
/// assert!(error.is_retryable());
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The peer disconnected before it replied. It may have served the request.
    ///
    /// A request that still waits for the next connection to the peer does not fail, unless the
    /// driver was blocked for so long that it missed events.
    #[error(
        "{peer}{} disconnected before it replied; it may have served the request: send it again if \
         serving it twice does no harm",
        at(endpoint)
    )]
    PeerLost {
        /// The peer, as in events and statistics of the socket.
        peer: PeerId,
        /// The endpoint of the connection, if it is known.
        endpoint: Option<Endpoint>,
    },
    /// The client's socket was closed, or its context was shut down.
    #[error("the client's socket is closed; make another client to ask again")]
    Closed,
    /// The client's driver was dropped, so no replies are received.
    #[error(
        "the client's driver was dropped; spawn the future of ClientDriver::run and keep it running \
         while requests are made"
    )]
    Unattended,
    /// `call` was called without `poll_ready`, and the limit was reached.
    #[error(
        "the client has {limit} requests in flight, which is its limit; call poll_ready first, \
         which waits until one ends"
    )]
    NotReady {
        /// The most requests in flight.
        limit: usize,
    },
}

impl RequestError {
    /// Returns whether the same request may succeed when the same client sends it again.
    ///
    /// It may be served twice. If that does harm, put a number into the request by which a server
    /// recognizes it.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::PeerLost { .. })
    }
}

fn at(endpoint: &Option<Endpoint>) -> String {
    endpoint.as_ref().map_or_else(String::new, |endpoint| format!(" at {endpoint}"))
}

/// The error of a [`Server`](super::Server): the service's `poll_ready` failed.
///
/// The requests in flight were answered, and the socket was closed.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_util::service::{client, serve};
/// use zeromq_async::{DealerSocket, ReqSocket, RouterSocket};
///
/// // A service that depends on another one, which is gone.
/// let (upstream, driver) = client(DealerSocket::new());
/// drop(driver);
/// let (router, mut req) = (RouterSocket::new(), ReqSocket::new());
/// req.connect(router.bind("tcp://127.0.0.1:0").await?)?;
/// req.send("hello").await?;
/// let error = serve(router, upstream).run().await.unwrap_err();
/// assert_eq!((error.report.answered, error.report.untaken), (0, 1));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, thiserror::Error)]
#[error("the service failed, start a server with another one: {source}")]
pub struct ServeError<E> {
    /// The service's error.
    #[source]
    pub source: E,
    /// The counters of the server.
    pub report: ServeReport,
}
