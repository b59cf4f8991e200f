//! The ends of a proxy.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_sink::Sink;
use pin_project_lite::pin_project;
use zeromq_async::{
    AnySocket, DealerSocket, Message, PairSocket, PullSocket, PushSocket, RecvError, RepSocket,
    ReqSocket, RouterSocket, SendError, SocketType, XPubSocket, XSubSocket,
};

/// An end of a proxy: a `Stream` and a `Sink` of messages.
///
/// Every socket that sends and receives is one. Wrap anything else in an [`End`], or implement this
/// trait for your own type: `impl ProxyEnd for MyLayer<DealerSocket> {}`.
#[diagnostic::on_unimplemented(
    message = "{Self} is not an end of a proxy",
    note = "wrap a socket that only receives in `End::receive_only`, one that only sends in \
            `End::send_only`, or use `Proxy::one_way`"
)]
pub trait ProxyEnd:
    Stream<Item = Result<Message, RecvError>> + Sink<Message, Error = SendError> + Unpin
{
    /// Returns false if the stream never has a message.
    fn receives(&self) -> bool {
        true
    }

    /// Returns false if the sink never takes a message. The proxy then drops messages for it.
    fn sends(&self) -> bool {
        true
    }

    /// Returns true for a REQ: the proxy repeats a request after [`RecvError::ReplyLost`].
    fn is_req(&self) -> bool {
        false
    }

    /// Returns true for a REP: as a control it replies to every command.
    fn is_rep(&self) -> bool {
        false
    }
}

impl ProxyEnd for DealerSocket {}
impl ProxyEnd for PairSocket {}
impl ProxyEnd for RouterSocket {}
impl ProxyEnd for XPubSocket {}
impl ProxyEnd for XSubSocket {}

/// Of whatever type it is.
impl ProxyEnd for AnySocket {
    fn receives(&self) -> bool {
        self.kind().receives()
    }

    fn sends(&self) -> bool {
        self.kind().sends()
    }

    fn is_req(&self) -> bool {
        self.kind() == SocketType::Req
    }

    fn is_rep(&self) -> bool {
        self.kind() == SocketType::Rep
    }
}

impl ProxyEnd for ReqSocket {
    fn is_req(&self) -> bool {
        true
    }
}

impl ProxyEnd for RepSocket {
    fn is_rep(&self) -> bool {
        true
    }
}

pin_project! {
    /// An end of a proxy, made of a `Stream`, a `Sink`, or both: the halves of a socket, a socket
    /// that only sends or receives, sockets in layers, or boxes.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use futures_util::StreamExt;
    /// use zeromq_util::proxy::{End, Proxy};
    /// use zeromq_async::{PullSocket, PushSocket};
    ///
    /// let (pull, push) = (PullSocket::new(), PushSocket::new());
    /// let (mut sender, mut receiver) = (PushSocket::new(), PullSocket::new());
    /// sender.connect(pull.bind("tcp://127.0.0.1:0").await?)?;
    /// push.connect(receiver.bind("tcp://127.0.0.1:0").await?)?;
    ///
    /// let without_secrets = pull.filter(|message| {
    ///     let passes = message.as_ref().is_ok_and(|message| *message != "secret");
    ///     std::future::ready(passes)
    /// });
    /// let front = End::receive_only(Box::pin(without_secrets));
    /// let mut proxy = Proxy::new(front, End::send_only(push));
    /// tokio::spawn(async move { proxy.run().await });
    /// for text in ["secret", "hello"] {
    ///     sender.send(text).await?;
    /// }
    /// assert_eq!(receiver.recv().await?, "hello");
    /// # Ok(()) }
    /// ```
    #[derive(Debug)]
    pub struct End<I, O> {
        #[pin]
        incoming: Option<I>,
        #[pin]
        outgoing: Option<O>,
        is_req: bool,
        is_rep: bool,
    }
}

impl<I, O> End<I, O> {
    /// Receives from `incoming` and sends to `outgoing`, if they are present.
    pub fn new(incoming: Option<I>, outgoing: Option<O>) -> Self {
        Self { incoming, outgoing, is_req: false, is_rep: false }
    }

    /// Declares that these are the halves of a REQ; see [`ProxyEnd::is_req`].
    #[must_use]
    pub fn of_req(self) -> Self {
        Self { is_req: true, ..self }
    }

    /// Declares that these are the halves of a REP; see [`ProxyEnd::is_rep`].
    #[must_use]
    pub fn of_rep(self) -> Self {
        Self { is_rep: true, ..self }
    }

    /// Returns the stream and the sink.
    pub fn into_parts(self) -> (Option<I>, Option<O>) {
        (self.incoming, self.outgoing)
    }
}

impl<I> End<I, PushSocket> {
    /// Receives from a `Stream`, such as a PULL or a SUB, and drops messages to send.
    pub fn receive_only(incoming: I) -> Self {
        Self::new(Some(incoming), None)
    }
}

impl<O> End<PullSocket, O> {
    /// Sends to a `Sink`, such as a PUSH or a PUB, and never receives.
    pub fn send_only(outgoing: O) -> Self {
        Self::new(None, Some(outgoing))
    }
}

impl<I, O> ProxyEnd for End<I, O>
where
    I: Stream<Item = Result<Message, RecvError>> + Unpin,
    O: Sink<Message, Error = SendError> + Unpin,
{
    fn receives(&self) -> bool {
        self.incoming.is_some()
    }

    fn sends(&self) -> bool {
        self.outgoing.is_some()
    }

    fn is_req(&self) -> bool {
        self.is_req
    }

    fn is_rep(&self) -> bool {
        self.is_rep
    }
}

impl<I: Stream, O> Stream for End<I, O> {
    type Item = I::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<I::Item>> {
        match self.project().incoming.as_pin_mut() {
            Some(incoming) => incoming.poll_next(cx),
            None => Poll::Pending,
        }
    }
}

impl<I, O: Sink<T>, T> Sink<T> for End<I, O> {
    type Error = O::Error;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), O::Error>> {
        match self.project().outgoing.as_pin_mut() {
            Some(outgoing) => outgoing.poll_ready(cx),
            None => Poll::Pending,
        }
    }

    fn start_send(self: Pin<&mut Self>, item: T) -> Result<(), O::Error> {
        match self.project().outgoing.as_pin_mut() {
            Some(outgoing) => outgoing.start_send(item),
            None => Ok(()),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), O::Error>> {
        match self.project().outgoing.as_pin_mut() {
            Some(outgoing) => outgoing.poll_flush(cx),
            None => Poll::Ready(Ok(())),
        }
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), O::Error>> {
        match self.project().outgoing.as_pin_mut() {
            Some(outgoing) => outgoing.poll_close(cx),
            None => Poll::Ready(Ok(())),
        }
    }
}
