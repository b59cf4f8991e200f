//! `ws://`: ZMTP over WebSocket (45/ZWS), over TCP.

use std::io;
use std::task::{Context, Poll, ready};

use zmtp::framing::zws::Zws;

use super::error::invalid_input;
use super::{BoundTcp, Io, Listener, Tcp, Transport, TransportOptions};
use crate::endpoint::{Endpoint, Host, WsEndpoint};
use crate::random::entropy;

/// The transport of `ws://`: [WebSocket](super::zws) over TCP.
///
/// Every context has it under that scheme, with the feature `ws`. Browsers can connect, and libzmq. The
/// options of tcp apply.
///
/// A socket that is bound with a path, as in `ws://*:8080/feed`, answers requests for other paths with
/// the HTTP status 404. libzmq ignores the path of a bound endpoint, and so does a socket that is bound
/// without one.
///
/// The origin of a request is not checked, as in libzmq: a page of any website that is open in a browser
/// can connect to a NULL socket which that browser reaches. To check it, let a web server upgrade the
/// connections: see [`Upgrade`](super::zws::Upgrade).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::{PullSocket, PushSocket};
///
/// let (mut pull, mut push) = (PullSocket::new(), PushSocket::new());
/// let bound = pull.bind("ws://127.0.0.1:*/feed").await?;
/// push.connect(bound)?;
/// push.send("hello").await?;
/// assert_eq!(pull.recv().await?, "hello");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Ws;

impl Transport for Ws {
    type Listener = BoundWs;

    async fn listen(&self, endpoint: &Endpoint, options: &TransportOptions) -> io::Result<BoundWs> {
        let ws = ws(endpoint)?;
        let tcp = Tcp.listen(&Endpoint::Tcp(ws.tcp().clone()), options).await?;
        let endpoint = Endpoint::Ws(ws.at(tcp.local_address()?));
        Ok(BoundWs { tcp, endpoint, path: ws.path().into() })
    }

    async fn dial(&self, endpoint: &Endpoint, options: &TransportOptions) -> io::Result<Io> {
        let ws = ws(endpoint)?;
        let io = Tcp.dial(&Endpoint::Tcp(ws.tcp().clone()), options).await?;
        Ok(io.with_framing(client(ws)))
    }

    fn needs_io_driver(&self) -> bool {
        true
    }

    fn check(&self, endpoint: &Endpoint, options: &TransportOptions) -> io::Result<()> {
        Tcp.check(&Endpoint::Tcp(ws(endpoint)?.tcp().clone()), options)
    }
}

pub(super) fn ws(endpoint: &Endpoint) -> io::Result<&WsEndpoint> {
    match endpoint {
        Endpoint::Ws(ws) => Ok(ws),
        other => Err(invalid_input(format!("{other} is not a WebSocket address"))),
    }
}

/// The framing of a connection to `endpoint`.
pub(super) fn client(endpoint: &WsEndpoint) -> Zws {
    let path = if endpoint.path().is_empty() { "/" } else { endpoint.path() };
    let mut random = [0; Zws::ENTROPY];
    entropy(&mut random);
    Zws::client(host(endpoint), path, random)
}

/// The value of the Host header: without the zone of an address, and without the default port.
fn host(endpoint: &WsEndpoint) -> String {
    let address = endpoint.address();
    let host = match address.host() {
        Host::Zoned { address, .. } => format!("[{address}]"),
        host => host.to_string(),
    };
    match address.port() {
        port if port == endpoint.default_port() => host,
        port => format!("{host}:{port}"),
    }
}

/// A listening socket. Its connections begin with a WebSocket upgrade.
#[derive(Debug)]
pub struct BoundWs {
    tcp: BoundTcp,
    endpoint: Endpoint,
    /// The only path that is served; empty for every path.
    path: String,
}

impl Listener for BoundWs {
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Io>> {
        let io = ready!(self.tcp.poll_accept(cx))?;
        let path = Some(&self.path[..]).filter(|path| !path.is_empty());
        Poll::Ready(Ok(io.with_framing(Zws::server(path))))
    }

    fn descriptor(&self) -> Option<i32> {
        self.tcp.descriptor()
    }

    fn local_endpoint(&self) -> &Endpoint {
        &self.endpoint
    }
}

#[cfg(test)]
mod tests;
