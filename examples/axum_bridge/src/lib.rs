//! HTTP in front of ZeroMQ: `POST /ask` awaits a worker's reply, `GET /events` streams what a
//! publisher says. `main.rs` says how to run it.

use std::convert::Infallible;
use std::future::ready;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::routing::{get, post};
use futures_util::{Stream, StreamExt};
use tokio::time::timeout;
use zeromq_async::{Context, Endpoint, SubSocket};

mod asker;

pub use asker::Asker;

/// What the handlers share.
#[derive(Clone)]
pub struct Bridge {
    /// Asks the workers.
    pub asker: Asker,
    /// Where the publisher is.
    pub news: Endpoint,
    /// Shutting this down ends the event streams, which nothing else would.
    pub context: Context,
}

/// How long a client waits for a worker.
const PATIENCE: Duration = Duration::from_secs(5);

/// The routes of the service.
pub fn router(bridge: Bridge) -> Router {
    Router::new()
        .route("/ask", post(ask))
        .route("/events", get(events))
        .route("/events/{topic}", get(events))
        .with_state(bridge)
}

/// The reply of some worker to the body of the request.
async fn ask(State(bridge): State<Bridge>, question: Bytes) -> Result<Bytes, StatusCode> {
    match timeout(PATIENCE, bridge.asker.ask(question)).await {
        Ok(Some(answer)) => Ok(answer),
        Ok(None) => Err(StatusCode::SERVICE_UNAVAILABLE), // shutting down
        Err(_) => Err(StatusCode::GATEWAY_TIMEOUT),
    }
}

/// Server-sent events, one for each message whose topic begins as the path says.
///
/// Each HTTP client has a SUB socket of its own, which is dropped when the client goes away. The
/// socket is a `Stream`, so there is little else to write.
async fn events(
    State(bridge): State<Bridge>,
    topic: Option<Path<String>>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, StatusCode> {
    let topic = topic.map(|Path(topic)| topic).unwrap_or_default();
    let sub = SubSocket::builder_in(&bridge.context).subscribe(topic).build();
    sub.connect(&bridge.news).await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    let events = sub.filter_map(|message| {
        let frames = message.ok().map(|message| {
            let text: Vec<_> = message.frames().iter().map(|frame| frame.to_str_lossy()).collect();
            Ok(Event::default().data(text.join(" ").replace('\r', "")))
        });
        ready(frames)
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}
