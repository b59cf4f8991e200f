//! `wss://`: WebSocket over TLS.

use std::io;
use std::task::{Context, Poll, ready};

use zmtp::framing::zws::Zws;

use super::ws::{client, ws};
use super::{BoundTls, Io, Listener, Tls, Transport, TransportOptions};
use crate::endpoint::Endpoint;

/// The transport of `wss://`: [WebSocket](super::zws) over [TLS](crate::tls).
///
/// Every context has it under that scheme, with the features `tls` and `ws`. It is [`Ws`](super::Ws), with
/// the certificates of [`Tls`].
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::tls::{TlsCertificate, TlsClient, TlsRoots, TlsServer};
/// use zeromq_async::{PullSocket, PushSocket};
///
/// let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()])?;
/// let certificate = TlsCertificate::from_pem(made.cert.pem(), made.signing_key.serialize_pem())?;
/// let mut pull = PullSocket::builder().tls_server(TlsServer::new(certificate)).build();
/// let tls = TlsClient::new().roots(TlsRoots::from_pem(made.cert.pem())?);
/// let mut push = PushSocket::builder().tls_client(tls).build();
/// push.connect(pull.bind("wss://127.0.0.1:*/feed").await?)?;
/// push.send("hello").await?;
/// assert_eq!(pull.recv().await?, "hello");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Wss;

impl Transport for Wss {
    type Listener = BoundWss;

    async fn listen(
        &self,
        endpoint: &Endpoint,
        options: &TransportOptions,
    ) -> io::Result<BoundWss> {
        let ws = ws(endpoint)?;
        let tls = Tls.listen(endpoint, options).await?;
        let endpoint = Endpoint::Ws(ws.at(tls.local_address()?));
        Ok(BoundWss { tls, endpoint, path: ws.path().into() })
    }

    async fn dial(&self, endpoint: &Endpoint, options: &TransportOptions) -> io::Result<Io> {
        let framing = client(ws(endpoint)?);
        Ok(Tls.dial(endpoint, options).await?.with_framing(framing))
    }

    fn needs_io_driver(&self) -> bool {
        true
    }

    fn check(&self, endpoint: &Endpoint, options: &TransportOptions) -> io::Result<()> {
        ws(endpoint)?;
        Tls.check(endpoint, options)
    }
}

/// A listening socket. Its connections begin with a TLS handshake and a WebSocket upgrade.
#[derive(Debug)]
pub struct BoundWss {
    tls: BoundTls,
    endpoint: Endpoint,
    /// The only path that is served; empty for every path.
    path: String,
}

impl Listener for BoundWss {
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Io>> {
        let io = ready!(self.tls.poll_accept(cx))?;
        let path = Some(&self.path[..]).filter(|path| !path.is_empty());
        Poll::Ready(Ok(io.with_framing(Zws::server(path))))
    }

    fn descriptor(&self) -> Option<i32> {
        self.tls.descriptor()
    }

    fn local_endpoint(&self) -> &Endpoint {
        &self.endpoint
    }
}
