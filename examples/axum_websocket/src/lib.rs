//! HTTP and ZeroMQ on one port. `GET /` is a page, and `/feed` a socket that the page and any other
//! ZeroMQ peer can connect to. `main.rs` says how to run it.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::StatusCode;
use axum::response::{AppendHeaders, Html, IntoResponse, Response};
use axum::routing::get;
use hyper_util::rt::TokioIo;
use zeromq_async::transport::Io;
use zeromq_async::transport::zws::{Upgrade, Zws};
use zeromq_async::{MechanismName, SocketHandle};

/// The routes of the service. Serve them with the addresses of the clients:
/// [`into_make_service_with_connect_info`](Router::into_make_service_with_connect_info).
pub fn router(publisher: SocketHandle) -> Router {
    Router::new()
        .route("/", get(async || Html(include_str!("page.html"))))
        .route("/feed", get(feed))
        .with_state(publisher)
}

/// Upgrades the connection, and hands it to the socket.
///
/// The socket has the NULL mechanism. What a web service knows about the client, such as a session
/// cookie, is checked here, before the upgrade.
async fn feed(
    State(socket): State<SocketHandle>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    mut request: Request,
) -> Response {
    let headers = request.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    let upgrade = match Upgrade::accept(MechanismName::NULL, headers) {
        Ok(upgrade) => upgrade,
        Err(refusal) => {
            let status = StatusCode::from_u16(refusal.status()).unwrap_or_default();
            let headers = AppendHeaders(refusal.headers().iter().copied());
            return (status, headers, refusal.to_string()).into_response();
        }
    };
    let (framing, upgraded) = (Zws::upgraded(&upgrade), hyper::upgrade::on(&mut request));
    tokio::spawn(async move {
        // The connection is upgraded once the response is written.
        if let Ok(stream) = upgraded.await {
            let _ =
                socket.accept_stream(Io::new(TokioIo::new(stream), address).with_framing(framing));
        }
    });
    (StatusCode::SWITCHING_PROTOCOLS, AppendHeaders(upgrade.headers())).into_response()
}
