//! Request and reply as tower services.
//!
//! [`client`] turns a DEALER or REQ into a [`Client`]: a `tower::Service<Message>` that can be
//! cloned and has many requests in flight, over all servers that the socket is connected to.
//! [`serve`] answers the requests of a ROUTER or REP with any `tower::Service<Message>`. Layers of
//! tower, such as its timeout, go around either. Each end works with any REQ, REP, DEALER or ROUTER,
//! also of libzmq.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! use std::convert::Infallible;
//! use std::time::Duration;
//! use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
//! use zeromq_util::service::{client, serve};
//! use zeromq_async::{DealerSocket, Message, RouterSocket};
//!
//! let (router, dealer) = (RouterSocket::new(), DealerSocket::new());
//! dealer.connect(router.bind("tcp://127.0.0.1:0").await?)?;
//!
//! let echo = service_fn(|request: Message| async { Ok::<_, Infallible>(request) });
//! tokio::spawn(serve(router, echo).run());
//!
//! let (client, driver) = client(dealer);
//! tokio::spawn(driver.run());
//! let mut service = ServiceBuilder::new().timeout(Duration::from_secs(1)).service(client);
//! let reply = service.ready().await?.call("hello".into()).await?;
//! assert_eq!(reply, "hello");
//! # Ok(()) }
//! ```
//!
//! # Deadlines
//!
//! Dropping a request's future cancels the request, so any timeout works: `tower::timeout`,
//! `tokio::time::timeout`, that of an HTTP framework. A late reply is dropped and
//! [counted](ClientStats::late), and never taken for that of another request.
//!
//! # Tasks
//!
//! This module spawns no task. Spawn the futures of [`ClientDriver::run`] and [`Server::run`]
//! yourself.

mod client;
mod error;
mod serve;

use zeromq_async::{Frame, Message};

pub use client::{Client, ClientDriver, ClientStats, ResponseFuture, client, client_with_limit};
pub use error::{RequestError, ServeError};
pub use serve::{Answers, Overload, ServeReport, Server, serve};

/// Returns the body of a message with an envelope: at least one frame, because peers drop an
/// envelope without a body (28/REQREP).
fn body(message: Message) -> Message {
    if message.frame_count() == 0 { Frame::new().into() } else { message }
}
