//! HTTP in front of ZeroMQ: `POST /ask` awaits a worker's reply, `GET /events` streams what a
//! publisher says. `main.rs` says how to run it.
//!
//! What can go wrong between here and the workers becomes a status: 503 where no worker has room,
//! 504 where none answered in time, 502 where the one that was asked went away.

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

/// What the handlers share.
#[derive(Clone)]
pub struct Bridge {
    /// Asks the workers, which are plain REP sockets.
    pub workers: Client,
    /// How long an HTTP client waits for a worker.
    pub patience: Duration,
    /// Where the publisher is.
    pub news: Endpoint,
    /// Shutting this down ends the event streams, which nothing else would.
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

/// The reply of some worker to the body of the request.
///
/// An HTTP client that goes away drops this future, and with it the request.
async fn ask(State(bridge): State<Bridge>, question: Bytes) -> Result<Bytes, StatusCode> {
    let service =
        ServiceBuilder::new().load_shed().timeout(bridge.patience).service(bridge.workers);
    let reply = service.oneshot(question.into()).await.map_err(|error| status(&error))?;
    Ok(reply.into_iter().next().unwrap_or_default().into_bytes())
}

fn status(error: &BoxError) -> StatusCode {
    if error.is::<Overloaded>() {
        StatusCode::SERVICE_UNAVAILABLE // no worker, or none that has room
    } else if error.is::<Elapsed>() {
        StatusCode::GATEWAY_TIMEOUT
    } else if error.downcast_ref().is_some_and(RequestError::is_retryable) {
        StatusCode::BAD_GATEWAY // whether it did the work, nobody knows
    } else {
        StatusCode::SERVICE_UNAVAILABLE // shutting down
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
