//! Sockets that send and receive values instead of messages.
//!
//! [`TypedExt::typed`] puts a codec around a socket, a half of one, or a stack of layers. The result
//! is a `Sink` and a `Stream` of values:
//!
//! ```
//! # #[cfg(feature = "json")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use serde::{Deserialize, Serialize};
//! use zeromq_util::typed::{Json, TypedExt};
//! use zeromq_async::{PullSocket, PushSocket};
//!
//! #[derive(Serialize, Deserialize, PartialEq, Debug)]
//! struct Job {
//!     path: String,
//!     priority: u8,
//! }
//!
//! let (push, pull) = (PushSocket::new(), PullSocket::new());
//! push.connect(pull.bind("tcp://127.0.0.1:0").await?)?;
//! let (mut push, mut pull) = (push.typed::<Job>(Json), pull.typed::<Job>(Json));
//!
//! let job = Job { path: "/tmp/a".into(), priority: 3 };
//! push.send(&job).await?;
//! assert_eq!(pull.recv().await?, job);
//! # Ok(()) }
//! # #[cfg(not(feature = "json"))]
//! # fn main() {}
//! ```
//!
//! # Codecs
//!
//! | codec | form of a value | feature |
//! |---|---|---|
//! | `Json`, `MsgPack`, `Postcard`, `Cbor` | one frame, with serde | `json`, `msgpack`, `postcard`, `cbor` |
//! | [`Utf8`] | one frame of text | |
//! | [`Raw`] | one frame of bytes; as a `Message`, all remaining frames | |
//! | a tuple of codecs | a tuple of values, each in its own frames | |
//! | [`Routing`] | a value after the envelope of a ROUTER's message | |
//! | your own [`Encode`] and [`Decode`] | any frames | |
//!
//! A tuple of codecs sends a tuple of values as one message. `Json` makes one frame of a pair, and
//! `(Utf8, Json)` makes two. So a publisher's topic stays a frame that subscriptions match:
//!
//! ```
//! # #[cfg(feature = "json")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use zeromq_util::typed::{Json, TypedExt, Utf8};
//! use zeromq_async::{SubSocket, XPubSocket};
//!
//! let mut publisher = XPubSocket::new();
//! let subscriber = SubSocket::builder().subscribe("oslo").build();
//! subscriber.connect(publisher.bind("tcp://127.0.0.1:0").await?)?;
//! publisher.recv().await?; // the subscription
//!
//! let mut publisher = publisher.typed::<(String, f32)>((Utf8, Json));
//! let mut subscriber = subscriber.typed::<(String, f32)>((Utf8, Json));
//! publisher.send(&("lima".to_owned(), 19.5)).await?;
//! publisher.send(&("oslo".to_owned(), -4.0)).await?;
//! assert_eq!(subscriber.recv().await?, ("oslo".to_owned(), -4.0));
//! # Ok(()) }
//! # #[cfg(not(feature = "json"))]
//! # fn main() {}
//! ```
//!
//! # Sockets of one-frame messages
//!
//! A [`SharedSocket`](zeromq_async::SharedSocket) gets an [`OneFrameLayer`](crate::layer::OneFrameLayer)
//! first: `client.with_layer(OneFrameLayer).typed::<Job>(Json)`. A codec that makes several frames is an
//! error when sending.
//!
//! # Messages that cannot be decoded
//!
//! Such a message is an error, and the next value can be received. [`DecodeError`] contains the
//! message, its sender, and the reason. A REP must reply to such a request too, with an error value
//! or through [`get_mut`](Typed::get_mut).
//!
//! # Cancel safety
//!
//! [`Typed::recv`] loses no value when it is dropped, and decodes none twice. [`Typed::send`],
//! dropped before it completes, has sent no part of the value.

mod codec;
mod error;
#[cfg(any(feature = "cbor", feature = "json", feature = "msgpack", feature = "postcard"))]
mod formats;
mod origin;
mod plain;
mod recv;
mod routed;
mod send;

use std::fmt;
use std::marker::PhantomData;

use pin_project_lite::pin_project;
use zeromq_async::{Peer, Receiver, Receives, Sender, Sends, Socket};

pub use codec::{Codec, Decode, Encode, Frames, MissingFrame};
pub use error::{BoxError, DecodeError, EncodeError, TypedRecvError, TypedSendError};
#[cfg(feature = "cbor")]
pub use formats::Cbor;
#[cfg(feature = "json")]
pub use formats::Json;
#[cfg(feature = "msgpack")]
pub use formats::MsgPack;
#[cfg(feature = "postcard")]
pub use formats::Postcard;
pub use origin::Origin;
pub use plain::{Raw, Utf8};
pub use routed::{Route, Routed, Routing};

use crate::layer::BytesWorked;

pin_project! {
    /// A socket, a half, or a stack of layers, that sends values of type `Out` and receives values
    /// of type `In`; see the [module](self).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{PullSocket, PushSocket};
    /// use zeromq_util::typed::{Typed, Utf8};
    ///
    /// struct Journal {
    ///     lines: Typed<PushSocket, Utf8, String>,
    /// }
    ///
    /// let mut pull = PullSocket::new();
    /// let mut journal = Journal { lines: Typed::new(PushSocket::new(), Utf8) };
    /// journal.lines.get_ref().connect(pull.bind("tcp://127.0.0.1:*").await?)?;
    /// journal.lines.send(&"started".to_owned()).await?;
    /// assert_eq!(pull.recv().await?, "started");
    /// # Ok(()) }
    /// ```
    pub struct Typed<S, C, Out, In = Out> {
        #[pin]
        inner: S,
        codec: C,
        origin: fn(&S) -> Option<Peer>,
        values: PhantomData<fn(Out) -> In>,
        decoded: BytesWorked,
    }
}

impl<S, C, Out, In> Typed<S, C, Out, In> {
    /// Puts a codec around any `Sink` or `Stream` of messages.
    ///
    /// [`TypedExt::typed`] does the same, and also tells the senders of messages.
    pub fn new(inner: S, codec: C) -> Self {
        Self::with_origin(inner, codec, |_| None)
    }

    fn with_origin(inner: S, codec: C, origin: fn(&S) -> Option<Peer>) -> Self {
        Self { inner, codec, origin, values: PhantomData, decoded: BytesWorked::default() }
    }

    /// Returns the wrapped socket or layer.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// Returns the wrapped socket or layer. Messages sent or received through it bypass the codec.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// Removes the codec.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<P: Sends + Receives, C: Clone, Out, In> Typed<Socket<P>, C, Out, In> {
    /// Splits the socket into a half that sends and one that receives; see
    /// [`Socket::split`](zeromq_async::Socket::split).
    #[expect(clippy::type_complexity, reason = "a name for it would say less")]
    pub fn split(self) -> (Typed<Sender<P>, C, Out, In>, Typed<Receiver<P>, C, Out, In>) {
        let (sender, receiver) = self.inner.split();
        (sender.typed_both(self.codec.clone()), receiver.typed_both(self.codec))
    }
}

impl<S: Clone, C: Clone, Out, In> Clone for Typed<S, C, Out, In> {
    fn clone(&self) -> Self {
        Self::with_origin(self.inner.clone(), self.codec.clone(), self.origin)
    }
}

impl<S: fmt::Debug, C: fmt::Debug, Out, In> fmt::Debug for Typed<S, C, Out, In> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { inner, codec, .. } = self;
        f.debug_struct("Typed").field("inner", inner).field("codec", codec).finish()
    }
}

/// Adds a codec to sockets, their halves, and layers.
///
/// A layer of your own gets these methods by implementing [`Origin`].
pub trait TypedExt<C>: Origin + Sized {
    /// Adds a codec for values of one type.
    fn typed<T>(self, codec: C) -> Typed<Self, C, T> {
        self.typed_both(codec)
    }

    /// Adds a codec for sent values of one type and received values of another.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_util::typed::{Raw, TypedExt};
    /// use zeromq_async::{Frame, RepSocket, ReqSocket};
    ///
    /// let (client, mut server) = (ReqSocket::new(), RepSocket::new());
    /// client.connect(server.bind("tcp://127.0.0.1:0").await?)?;
    /// let mut client = client.typed_both::<Vec<u8>, Frame>(Raw);
    /// client.send(&vec![1, 2]).await?;
    /// assert_eq!(server.recv().await?, &[1, 2]);
    /// server.send("sum: 3").await?;
    /// assert_eq!(client.recv().await?, "sum: 3");
    /// # Ok(()) }
    /// ```
    fn typed_both<Out, In>(self, codec: C) -> Typed<Self, C, Out, In> {
        Typed::with_origin(self, codec, Origin::last_peer)
    }
}

impl<S: Origin, C> TypedExt<C> for S {}
