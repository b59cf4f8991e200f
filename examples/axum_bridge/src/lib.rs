//! HTTP in front of ZeroMQ. `POST /ask` awaits the reply of a worker. `GET /events` streams the
//! messages of a publisher. `main.rs` says how to run it.
//!
//! Failures become HTTP status codes: 503 if no worker has room, 504 if no worker answers in time,
//! and 502 if the connection to the worker is lost.

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
use tower::load_shed::error::Overloaded;
use tower::timeout::error::Elapsed;
use tower::{BoxError, ServiceBuilder, ServiceExt};
use zeromq_async::{Context, Endpoint, SubSocket};
use zeromq_util::service::{Client, RequestError};

/// The state that the handlers share.
#[derive(Clone)]
pub struct Bridge {
    /// Sends requests to the workers, which are plain REP sockets.
    pub workers: Client,
    /// How long an HTTP client waits for a worker.
    pub patience: Duration,
    /// The endpoint of the publisher.
    pub news: Endpoint,
    /// The context of the event streams. Shutting it down ends them.
    pub context: Context,
}

/// The routes of the service.
pub fn router(bridge: Bridge) -> Router {
    Router::new()
        .route("/ask", post(ask))
        .route("/events", get(events))
        .route("/events/{topic}", get(events))
        .with_state(bridge)
}

/// Sends the body of the request to a worker and returns its reply.
///
/// If the HTTP client disconnects, this future and the request are dropped.
async fn ask(State(bridge): State<Bridge>, question: Bytes) -> Result<Bytes, StatusCode> {
    let service =
        ServiceBuilder::new().load_shed().timeout(bridge.patience).service(bridge.workers);
    let reply = service.oneshot(question.into()).await.map_err(|error| status(&error))?;
    Ok(reply.into_iter().next().unwrap_or_default().into_bytes())
}

fn status(error: &BoxError) -> StatusCode {
    if error.is::<Overloaded>() {
        StatusCode::SERVICE_UNAVAILABLE // no worker is connected, or none has room
    } else if error.is::<Elapsed>() {
        StatusCode::GATEWAY_TIMEOUT
    } else if error.downcast_ref().is_some_and(RequestError::is_retryable) {
        StatusCode::BAD_GATEWAY // the worker may or may not have done the work
    } else {
        StatusCode::SERVICE_UNAVAILABLE // shutting down
    }
}

/// Streams one server-sent event for each message that matches the topic in the path.
///
/// Each HTTP client has its own SUB socket, which is dropped when the client disconnects. The
/// socket is a `Stream`, so the handler only maps its items.
async fn events(
    State(bridge): State<Bridge>,
    topic: Option<Path<String>>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, StatusCode> {
    let topic = topic.map(|Path(topic)| topic).unwrap_or_default();
    let sub = SubSocket::builder_in(&bridge.context).subscribe(topic).build();
    sub.connect(&bridge.news).map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    let events = sub.filter_map(|message| {
        let frames = message.ok().map(|message| {
            let text: Vec<_> = message.frames().iter().map(|frame| frame.to_str_lossy()).collect();
            Ok(Event::default().data(text.join(" ").replace('\r', "")))
        });
        ready(frames)
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}
