//! What can go wrong with a request, and with serving.

use zeromq_async::Endpoint;
use zeromq_async::PeerId;

/// A request got no reply.
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
/// let asking = tokio::spawn(client.ready().await?.call("anybody?".into()));
/// server.recv().await?;
/// server.close().await; // with the request
/// let error = asking.await?.unwrap_err();
/// assert!(matches!(error, RequestError::PeerLost { .. }));
/// assert!(error.is_retryable());
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The peer that had the request went away before it replied. Whether it served the request
    /// nobody knows.
    ///
    /// Requests that wait for the next connection to that peer are not among them, unless the driver
    /// was kept from running for so long that it missed events.
    #[error(
        "{peer}{} went away before it replied; it may have served the request: send it again where \
         serving it twice does no harm",
        at(endpoint)
    )]
    PeerLost {
        /// The peer, as events and statistics of the socket name it.
        peer: PeerId,
        /// Where the socket was connected to it, or bound; `None` where that is not known.
        endpoint: Option<Endpoint>,
    },
    /// The client's socket was closed, or its context was shut down.
    #[error("the client's socket is closed; make another client to ask again")]
    Closed,
    /// The client's driver was dropped, so that nobody receives replies.
    #[error(
        "the client's driver is gone; spawn the future of ClientDriver::run and keep it running as \
         long as requests are made"
    )]
    Unattended,
    /// `call` without `poll_ready` before it, while there was room for no more requests.
    #[error(
        "the client has {limit} requests under way, which is its limit; call poll_ready first, \
         which waits until one is done"
    )]
    NotReady {
        /// How many requests may be under way.
        limit: usize,
    },
}

impl RequestError {
    /// Whether the same request, sent again with the same client, may well be answered: another
    /// peer gets it, or the same one when it is back.
    ///
    /// It may be served twice. Where that does harm, put a number into it by which a server knows
    /// it again.
    ///
    /// ```
    /// use zeromq_util::service::RequestError;
    ///
    /// assert!(!RequestError::Closed.is_retryable());
    /// ```
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::PeerLost { .. })
    }
}

fn at(endpoint: &Option<Endpoint>) -> String {
    endpoint.as_ref().map_or_else(String::new, |endpoint| format!(" at {endpoint}"))
}

/// A service failed as a whole: its `poll_ready` gave an error, after which it is not to be called.
///
/// What was under way has been answered, and the socket closed.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_util::service::{client, serve};
/// use zeromq_async::{DealerSocket, ReqSocket, RouterSocket};
///
/// // A service that needs another one, and that is gone.
/// let (upstream, driver) = client(DealerSocket::new());
/// drop(driver);
/// let (router, mut req) = (RouterSocket::new(), ReqSocket::new());
/// req.connect(router.bind("tcp://127.0.0.1:0").await?)?;
/// req.send("anybody?").await?;
/// let error = serve(router, upstream).run().await.unwrap_err();
/// assert_eq!((error.report.answered, error.report.untaken), (0, 1));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, thiserror::Error)]
#[error("the service failed and can serve no more, make another and serve with it: {source}")]
pub struct ServeError<E> {
    /// What the service said.
    #[source]
    pub source: E,
    /// What was served until then.
    pub report: super::ServeReport,
}
