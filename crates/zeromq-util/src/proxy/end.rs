//! What a proxy can forward from and to.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_sink::Sink;
use zeromq_async::Message;

use zeromq_async::{
    DealerSocket, PairSocket, PubSocket, PullSocket, PushSocket, RepSocket, ReqSocket,
    RouterSocket, SubSocket, XPubSocket, XSubSocket,
};
use zeromq_async::{RecvError, SendError};

/// An end of a proxy: a socket of any type, or [`Halves`]. This trait is sealed.
#[expect(private_bounds, reason = "sealed: how messages are moved is not public")]
pub trait ProxyEnd: Pass {}

impl<E: Pass> ProxyEnd for E {}

/// An end as the proxy sees it.
pub(super) trait Pass: Unpin {
    fn receives(&self) -> bool {
        true
    }

    fn sends(&self) -> bool {
        true
    }

    /// A REQ: what it sends may have to be sent again.
    fn asks(&self) -> bool {
        false
    }

    /// A REP: what it receives is to be answered.
    fn answers(&self) -> bool {
        false
    }

    fn poll_recv(&mut self, _cx: &mut Context<'_>) -> Poll<Result<Message, RecvError>> {
        Poll::Pending
    }

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        Poll::Pending
    }

    /// Takes a message after `poll_ready` was ready.
    fn start_send(&mut self, _message: Message) -> Result<(), SendError> {
        Ok(())
    }
}

macro_rules! receive {
    () => {
        fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, RecvError>> {
            poll_stream(self, cx)
        }
    };
}

macro_rules! send {
    () => {
        fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
            Sink::poll_ready(Pin::new(self), cx)
        }

        fn start_send(&mut self, message: Message) -> Result<(), SendError> {
            Sink::start_send(Pin::new(self), message)
        }
    };
}

macro_rules! fact {
    ($name:ident is $value:literal) => {
        fn $name(&self) -> bool {
            $value
        }
    };
}

macro_rules! ends {
    ($($socket:ident { $($methods:tt)* })*) => {$(
        impl Pass for $socket { $($methods)* }
    )*};
}

ends! {
    DealerSocket { receive! {} send! {} }
    PairSocket { receive! {} send! {} }
    PubSocket { send! {} fact! { receives is false } }
    PullSocket { receive! {} fact! { sends is false } }
    PushSocket { send! {} fact! { receives is false } }
    RepSocket { receive! {} send! {} fact! { answers is true } }
    ReqSocket { receive! {} send! {} fact! { asks is true } }
    RouterSocket { receive! {} send! {} }
    SubSocket { receive! {} fact! { sends is false } }
    XPubSocket { receive! {} send! {} }
    XSubSocket { receive! {} send! {} }
}

fn poll_stream<S>(stream: &mut S, cx: &mut Context<'_>) -> Poll<Result<Message, RecvError>>
where
    S: Stream<Item = Result<Message, RecvError>> + Unpin,
{
    let received = ready!(Pin::new(stream).poll_next(cx));
    Poll::Ready(received.unwrap_or(Err(RecvError::Closed)))
}

/// Makes an end of a proxy of any `Stream` and `Sink` of messages: the halves of a socket, sockets
/// in layers, or sockets whose type is known at run time only, in boxes.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use futures_util::StreamExt;
/// use zeromq_util::proxy::{Halves, Proxy};
/// use zeromq_async::{PullSocket, PushSocket, Sender};
///
/// let (pull, push) = (PullSocket::new(), PushSocket::new());
/// let (mut sender, mut receiver) = (PushSocket::new(), PullSocket::new());
/// sender.connect(pull.bind("tcp://127.0.0.1:0").await?)?;
/// push.connect(receiver.bind("tcp://127.0.0.1:0").await?)?;
///
/// let without_secrets = pull.filter(|message| {
///     let open = message.as_ref().is_ok_and(|message| *message != "secret");
///     std::future::ready(open)
/// });
/// let front = Halves::<_, PushSocket>::new(Some(Box::pin(without_secrets)), None);
/// let mut proxy = Proxy::new(front, push);
/// tokio::spawn(async move { proxy.run().await });
/// for text in ["secret", "hello"] {
///     sender.send(text).await?;
/// }
/// assert_eq!(receiver.recv().await?, "hello");
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Halves<I, O> {
    incoming: Option<I>,
    outgoing: Option<O>,
    asks: bool,
    answers: bool,
}

impl<I, O> Halves<I, O>
where
    I: Stream<Item = Result<Message, RecvError>> + Unpin,
    O: Sink<Message, Error = SendError> + Unpin,
{
    /// An end that receives from `incoming` and sends to `outgoing`, as far as there are such.
    ///
    /// See the [example](Self).
    pub fn new(incoming: Option<I>, outgoing: Option<O>) -> Self {
        Self { incoming, outgoing, asks: false, answers: false }
    }

    /// Says that these are the halves of a REQ: a request whose server goes away is to be sent to
    /// the next.
    ///
    /// ```
    /// use zeromq_async::ReqSocket;
    /// use zeromq_util::proxy::Halves;
    ///
    /// let (sender, receiver) = ReqSocket::new().split();
    /// let end = Halves::new(Some(receiver), Some(sender)).of_req();
    /// # drop(end);
    /// ```
    pub fn of_req(self) -> Self {
        Self { asks: true, ..self }
    }

    /// Says that these are the halves of a REP: as a [control](super::Proxy::control) it owes an
    /// answer to each order.
    ///
    /// ```
    /// use zeromq_async::RepSocket;
    /// use zeromq_util::proxy::Halves;
    ///
    /// let (sender, receiver) = RepSocket::new().split();
    /// let end = Halves::new(Some(receiver), Some(sender)).of_rep();
    /// # drop(end);
    /// ```
    pub fn of_rep(self) -> Self {
        Self { answers: true, ..self }
    }
}

impl<I, O> Pass for Halves<I, O>
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

    fn asks(&self) -> bool {
        self.asks
    }

    fn answers(&self) -> bool {
        self.answers
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, RecvError>> {
        match &mut self.incoming {
            Some(incoming) => poll_stream(incoming, cx),
            None => Poll::Pending,
        }
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        match &mut self.outgoing {
            Some(outgoing) => Pin::new(outgoing).poll_ready(cx),
            None => Poll::Pending,
        }
    }

    fn start_send(&mut self, message: Message) -> Result<(), SendError> {
        match &mut self.outgoing {
            Some(outgoing) => Pin::new(outgoing).start_send(message),
            None => Ok(()),
        }
    }
}
