//! Putting a layer around something, written after it.

use tower_layer::Layer;

/// Puts layers around a socket, or around anything else that they wrap.
///
/// The same as [`Layer::layer`], in the order in which it is read: the layer added last is the
/// outermost, the first to see a message that is sent and the last to see one that is received.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use zeromq_util::layer::{MapRecvLayer, RecvExt, TimeoutLayer, WithLayer};
/// use zeromq_async::{Message, PullSocket, PushSocket};
///
/// let (mut push, pull) = (PushSocket::new(), PullSocket::new());
/// push.connect(pull.bind("tcp://127.0.0.1:*").await?)?;
/// let mut pull = pull
///     .with_layer(TimeoutLayer::new().recv(Duration::from_secs(5)))
///     .with_layer(MapRecvLayer::new(|message: Message| message.size()));
/// push.send("hello").await?;
/// assert_eq!(pull.recv().await?, 5);
/// # Ok(()) }
/// ```
pub trait WithLayer: Sized {
    /// Puts the layer around this.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use zeromq_async::PullSocket;
    /// use zeromq_util::layer::{TimeoutLayer, WithLayer};
    ///
    /// let pull = PullSocket::new().with_layer(TimeoutLayer::new());
    /// assert_eq!(pull.get_ref().last_endpoint(), None);
    /// # }
    /// ```
    fn with_layer<L: Layer<Self>>(self, layer: L) -> L::Service {
        layer.layer(self)
    }
}

impl<S> WithLayer for S {}
