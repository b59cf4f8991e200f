//! The counters of a server.

/// The counters of a [`Server`](super::Server).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use tower::service_fn;
/// use zeromq_util::service::serve;
/// use zeromq_async::{DealerSocket, Message, RouterSocket};
///
/// let (router, mut dealer) = (RouterSocket::new(), DealerSocket::new());
/// dealer.connect(router.bind("tcp://127.0.0.1:0").await?)?;
/// let fails = service_fn(|_: Message| async { Err::<Message, _>(std::fmt::Error) });
/// let handle = router.handle().clone();
/// let serving = tokio::spawn(serve(router, fails).failure_answer("sorry").run());
/// dealer.send(Message::multipart(["", "question"])).await?;
/// assert_eq!(dealer.recv().await?, Message::multipart(["", "sorry"]));
/// handle.close().await;
/// assert_eq!(serving.await??.failed, 1);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ServeReport {
    /// Requests that the service replied to.
    pub answered: u64,
    /// Requests for which the service failed.
    pub failed: u64,
    /// Requests for which the service panicked.
    pub panicked: u64,
    /// Requests over the limit, or after the stop, that were answered or dropped as
    /// [`Overload`](super::Overload) says.
    pub shed: u64,
    /// Messages without an empty frame, or without a body after it.
    pub malformed: u64,
    /// Requests that were still being served when the time to drain was over.
    pub abandoned: u64,
    /// Requests that were not taken: they arrived after the stop, or waited when the time to drain
    /// was over.
    pub untaken: u64,
    /// Replies that were dropped because their receiver was gone or does not read.
    pub undelivered: u64,
    /// Replies that were not written before the socket was closed.
    pub unsent: usize,
}
