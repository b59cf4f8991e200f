//! `with_layer` for sockets and layers.

use tower_layer::Layer;

/// Adds layers to a socket, or to anything else that they wrap.
///
/// The layer added last is the outermost: it sees a sent message first and a received message last.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_util::layer::{DeduplicateLayer, KeepLatestLayer, RecvExt, WithLayer};
/// use zeromq_async::{Message, PullSocket, PushSocket};
///
/// let (mut push, pull) = (PushSocket::new(), PullSocket::new());
/// push.connect(pull.bind("tcp://127.0.0.1:*").await?)?;
/// let mut pull = pull
///     .with_layer(DeduplicateLayer::new(100, |message: &Message| message.last().cloned()))
///     .with_layer(KeepLatestLayer::new(100, |message: &Message| message.first().cloned()));
/// push.send(Message::multipart(["oslo", "-4"])).await?;
/// assert_eq!(pull.recv().await?, Message::multipart(["oslo", "-4"]));
/// # Ok(()) }
/// ```
pub trait WithLayer: Sized {
    /// Wraps this in the layer.
    fn with_layer<L: Layer<Self>>(self, layer: L) -> L::Service {
        layer.layer(self)
    }
}

impl<S> WithLayer for S {}
