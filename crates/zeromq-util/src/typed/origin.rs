//! Who sent what was received last.

#[cfg(any(feature = "lz4", feature = "zstd"))]
use crate::layer::Compression;
#[cfg(feature = "metrics")]
use crate::layer::Metrics;
use crate::layer::{
    CircuitBreaker, ConcurrencyLimit, Deduplicate, DropOldest, FilterRecv, FilterSend, KeepLatest,
    MapRecv, MapSend, RateLimit, Retry, Tap, Timeout, TraceContext,
};
use zeromq_async::Peer;
use zeromq_async::{Receiver, Sender, Socket, SocketKind};

/// Knows who sent the message that it gave last.
///
/// Sockets and their halves do, and so do the layers that hold no messages back. For a layer of
/// your own, forward it, or leave the method as it is: then [`DecodeError`](super::DecodeError) has
/// no peer.
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
    message = "{Self} does not say who its messages are from",
    note = "write `impl Origin` for your own layer, or use `Typed::new`, which does not ask"
)]
pub trait Origin {
    /// The sender of the message received last, asked before the next is received.
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

/// Layers that hold no messages back: the last is of whom the socket says.
macro_rules! as_inner {
    ($($layer:ident<S $(, $parameter:ident)*>),* $(,)?) => {$(
        impl<S: Origin $(, $parameter)*> Origin for $layer<S $(, $parameter)*> {
            fn last_peer(&self) -> Option<Peer> {
                self.get_ref().last_peer()
            }
        }
    )*};
}

as_inner! {
    CircuitBreaker<S>,
    ConcurrencyLimit<S>,
    Deduplicate<S, F, K>,
    DropOldest<S, T>,
    FilterRecv<S, F>,
    FilterSend<S, F>,
    MapRecv<S, F>,
    MapSend<S, F>,
    RateLimit<S>,
    Retry<S>,
    Tap<S, F>,
    Timeout<S>,
    TraceContext<S, F>,
}

#[cfg(any(feature = "lz4", feature = "zstd"))]
as_inner!(Compression<S>);
#[cfg(feature = "metrics")]
as_inner!(Metrics<S>);

/// It gives messages that it has held back, of whichever peer.
impl<S, F, K, T> Origin for KeepLatest<S, F, K, T> {}
