//! A socket of one-frame messages, used from any number of tasks.

mod endpoints;
#[cfg(all(test, zmq_loom))]
mod loom_models;
mod messages;
mod receiver;
mod receiving;
mod sending;
mod turns;

use std::fmt;
use std::sync::Arc;

use self::receiver::SharedReceiver;
use self::turns::Turn;
use super::send_half::SendHalf;
use super::{FrameKind, FromStacks, SocketBuilder, SocketHandle, SocketKind, Stacks};
use crate::context::Context;
use crate::engine::CloseReport;
use crate::sync::Mutex;

/// A socket of type `P` with messages of one frame, which any number of tasks may use at a time.
///
/// Use it by its alias: [`ClientSocket`](crate::ClientSocket), [`ServerSocket`](crate::ServerSocket),
/// [`ScatterSocket`](crate::ScatterSocket), [`GatherSocket`](crate::GatherSocket),
/// [`PeerSocket`](crate::PeerSocket), [`ChannelSocket`](crate::ChannelSocket). A message is a
/// [`Frame`](crate::Frame), so a message of several frames does not compile:
///
/// ```compile_fail
/// # async fn f(client: zeromq_async::ClientSocket) {
/// client.send(zeromq_async::Message::multipart(["two", "frames"])).await;
/// # }
/// ```
///
/// Nor does another kind of socket of such a type:
///
/// ```compile_fail
/// zeromq_async::Socket::<zeromq_async::Client>::new();
/// ```
///
/// All methods take `&self`. A clone is another handle to the same socket, with its own place in
/// the order of peers. The socket lives until the last clone, and the last
/// [`handle`](Self::handle), is dropped.
///
/// # Many tasks
///
/// Each message is received by one task. Tasks that wait for a message get one in the order in which
/// they began to wait. A task that does not wait takes a message that is there.
///
/// Tasks that wait for room are all woken when there is some, and those that find none wait again.
/// Messages that one task sends one after the other keep their order. Clones send with less contention
/// than tasks that share one reference.
///
/// # As a stream and a sink
///
/// Each clone is a `Stream` and a `Sink` of its own, of [`FrameKind::From`] and [`FrameKind::To`]: of
/// frames, or of pairs of an address and a frame. A `Sink` that has taken a message for a full peer is
/// not ready until the message is queued, so use [`send_to`](Self::send_to) where one peer must not
/// hold up others.
pub struct SharedSocket<P: FrameKind> {
    sender: Mutex<Half<P>>,
    /// The `Sink` of this clone, once used. Behind a lock that is never taken, so that this is `Sync` for
    /// each stack.
    sink: Mutex<Option<Box<Half<P>>>>,
    receiver: Arc<SharedReceiver<P>>,
    /// The place of this clone's `Stream` among the tasks that wait.
    turn: Turn,
    handle: SocketHandle,
}

/// The send stack of a clone, of its `Sink`, or of a message that waits.
type Half<P> = SendHalf<<P as SocketKind>::SendStack, <P as FrameKind>::To>;

impl<P: FrameKind> SharedSocket<P> {
    /// Makes a socket with default options in the shared [`Context`](crate::Context).
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// Begins a socket with options.
    pub fn builder() -> SocketBuilder<P, Self> {
        SocketBuilder::new(Context::shared().clone())
    }

    /// Begins a socket of a context, with the context's defaults.
    pub fn builder_in(context: &Context) -> SocketBuilder<P, Self> {
        SocketBuilder::new(context.clone())
    }

    /// The handle that binds, connects and closes this socket.
    pub fn handle(&self) -> &SocketHandle {
        &self.handle
    }

    /// The state that the [socket type](crate::SocketKind::Control) lets the application reach.
    pub fn control(&self) -> &P::Control {
        self.receiver.control()
    }

    /// Closes the socket for all clones; see [`Socket::close`](crate::Socket::close).
    ///
    /// Tasks that wait to send get [`Closed`](crate::SendErrorKind::Closed) with their message. Tasks
    /// that wait to receive get [`RecvError::Closed`](crate::RecvError::Closed) when all messages that
    /// have arrived are received.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{ClientSocket, RecvError};
    ///
    /// let client = ClientSocket::new();
    /// let clone = client.clone();
    /// let receiving = tokio::spawn(async move { clone.recv().await });
    /// client.close().await;
    /// assert_eq!(receiving.await?.unwrap_err(), RecvError::Closed);
    /// # Ok(()) }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Dropped early, the socket is closed to new messages, and ends when its last clone is dropped.
    pub async fn close(mut self) -> CloseReport {
        if let Some(sink) = self.sink.get_mut() {
            sink.abandon_pending();
        }
        self.handle.close().await
    }
}

impl<P: FrameKind> FromStacks<P> for SharedSocket<P> {
    fn from_stacks(stacks: Stacks<P>, handle: SocketHandle) -> Self {
        const { assert!(P::ONE_FRAME, "a FrameKind sets ONE_FRAME") };
        Self {
            sender: Mutex::new(SendHalf::new(stacks.send, handle.clone())),
            sink: Mutex::default(),
            receiver: Arc::new(SharedReceiver::new(stacks.receive, stacks.control)),
            turn: Turn::default(),
            handle,
        }
    }
}

impl<P: FrameKind> Clone for SharedSocket<P> {
    fn clone(&self) -> Self {
        Self {
            sender: Mutex::new(self.sender.lock().clone()),
            sink: Mutex::default(),
            receiver: self.receiver.clone(),
            turn: Turn::default(),
            handle: self.handle.clone(),
        }
    }
}

impl<P: FrameKind> Drop for SharedSocket<P> {
    fn drop(&mut self) {
        self.receiver.pass_on(&mut self.turn);
    }
}

impl<P: FrameKind> Default for SharedSocket<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: FrameKind> Unpin for SharedSocket<P> {}

impl<P: FrameKind> fmt::Debug for SharedSocket<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedSocket").field("type", &P::TYPE).finish_non_exhaustive()
    }
}
