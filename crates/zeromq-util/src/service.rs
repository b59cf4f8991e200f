//! Request/reply as tower services, on both ends.
//!
//! [`client`] makes of a DEALER or REQ a [`Client`]: a `tower::Service<Message>` that can be cloned
//! and has any number of requests under way, over all servers that the socket is connected to.
//! [`serve`] has any `tower::Service<Message>` answer what a ROUTER or REP receives. The layers of
//! tower go on top of either, and each end speaks to any REQ, REP, DEALER or ROUTER, libzmq's too.
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
//! To drop a request's future is to give the request up, so any deadline will do: that of
//! `tower::timeout`, of `tokio::time::timeout`, of an HTTP framework. The reply that comes too late
//! is dropped and [counted](ClientStats::late), and never taken for that of another request.
//!
//! # Tasks
//!
//! Nothing here spawns a task. What has to run beside the requests is a future for the user to
//! spawn: [`ClientDriver::run`] and [`Server::run`].

mod client;
mod error;
mod serve;

pub use client::{Client, ClientDriver, ClientStats, ResponseFuture, client, client_with_limit};
pub use error::{RequestError, ServeError};
pub use serve::{Answers, Overload, ServeReport, Server, serve};

/// What goes behind an envelope: one frame at least, for with nothing there it would be dropped
/// (28/REQREP).
fn body(message: zeromq_async::Message) -> zeromq_async::Message {
    if message.frame_count() == 0 { zeromq_async::Frame::new().into() } else { message }
}
