//! The sender of the message received last.

#[cfg(any(feature = "lz4", feature = "zstd"))]
use crate::layer::Compression;
#[cfg(feature = "metrics")]
use crate::layer::Metrics;
use crate::layer::{
    CircuitBreaker, ConcurrencyLimit, Deduplicate, DropOldest, KeepLatest, OneFrame, RateLimit,
    Retry, TraceContext,
};
use zeromq_async::{FrameKind, Peer, Receiver, Sender, SharedSocket, Socket, SocketKind};

/// Tells the sender of the message received last.
///
/// Sockets, their halves, and layers that hold no messages do. In a layer of your own, forward the
/// method. Without it, [`DecodeError`](super::DecodeError) has no peer.
///
/// ```
/// use zeromq_async::Peer;
/// use zeromq_util::typed::Origin;
///
/// struct MyLayer<S> {
///     inner: S,
/// }
///
/// impl<S: Origin> Origin for MyLayer<S> {
///     fn last_peer(&self) -> Option<Peer> {
///         self.inner.last_peer()
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "{Self} does not tell the senders of its messages",
    note = "write `impl Origin` for your own layer, or use `Typed::new`, which does not need it"
)]
pub trait Origin {
    /// Returns the sender of the message received last.
    fn last_peer(&self) -> Option<Peer> {
        None
    }
}

impl<P: SocketKind> Origin for Socket<P> {
    fn last_peer(&self) -> Option<Peer> {
        self.last_peer()
    }
}

impl<P: SocketKind> Origin for Receiver<P> {
    fn last_peer(&self) -> Option<Peer> {
        self.last_peer()
    }
}

impl<P: SocketKind> Origin for Sender<P> {}

/// Another task may have received a message since, so this tells no sender.
impl<P: FrameKind> Origin for SharedSocket<P> {}

/// Layers that hold no messages: the sender is that of the wrapped socket.
macro_rules! forward_origin {
    ($($layer:ident<S $(, $parameter:ident)*>),* $(,)?) => {$(
        impl<S: Origin $(, $parameter)*> Origin for $layer<S $(, $parameter)*> {
            fn last_peer(&self) -> Option<Peer> {
                self.get_ref().last_peer()
            }
        }
    )*};
}

forward_origin! {
    CircuitBreaker<S>,
    ConcurrencyLimit<S>,
    Deduplicate<S, F, K>,
    DropOldest<S, T>,
    OneFrame<S>,
    RateLimit<S>,
    Retry<S>,
    TraceContext<S, F>,
}

#[cfg(any(feature = "lz4", feature = "zstd"))]
forward_origin!(Compression<S>);
#[cfg(feature = "metrics")]
forward_origin!(Metrics<S>);

/// It returns messages that it has held, of any peer.
impl<S, F, K, T> Origin for KeepLatest<S, F, K, T> {}
