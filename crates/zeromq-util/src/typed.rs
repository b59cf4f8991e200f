//! Typed sockets: values instead of messages.
//!
//! [`TypedExt::typed`] puts a codec around a socket, one of its halves, or a stack of layers. What
//! sends is then a `Sink` of values, what receives a `Stream` of them:
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
//! | codec | a value is | feature |
//! |---|---|---|
//! | `Json`, `MsgPack`, `Postcard`, `Cbor` | one frame, by serde | `json`, `msgpack`, `postcard`, `cbor` |
//! | [`Utf8`] | one frame of text | |
//! | [`Raw`] | one frame as it is; as a `Message`, all that are left | |
//! | a tuple of codecs | a tuple of values, each with frames of its own | |
//! | [`Routing`] | a value with the envelope of a ROUTER's message in front | |
//! | your own: [`Encode`], [`Decode`] | what you make of it | |
//!
//! A tuple of codecs makes one message of several values, and the codec says which: `Json` makes a
//! single frame of a pair, `(Utf8, Json)` makes two. So a publisher's topic stays a frame that
//! subscriptions match:
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
//! # What cannot be decoded
//!
//! A message that is no such value is an error of its own and not the end: the next value can be
//! received. [`DecodeError`] has the message as it came, the peer that sent it, and the codec's
//! reason. A REP answers such a request too, as its lock-step asks: with a reply that says so, or
//! through [`get_mut`](Typed::get_mut).
//!
//! # Cancel safety
//!
//! [`Typed::recv`] loses no value when it is dropped, and decodes none twice. [`Typed::send`],
//! dropped before it completes, has not sent the value, not even in part.

mod codec;
mod error;
#[cfg(any(feature = "cbor", feature = "json", feature = "msgpack", feature = "postcard"))]
mod formats;
mod origin;
mod plain;
mod receiving;
mod routed;
mod sending;

use std::fmt;
use std::marker::PhantomData;

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

use crate::layer::Work;
use zeromq_async::Peer;
use zeromq_async::{Receiver, Receives, Sender, Sends, Socket};

/// A socket, a half, or a stack of layers, that sends values of type `Out` and receives values of
/// type `In`.
///
/// See the [module](self) for what there is to it.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::PushSocket;
/// use zeromq_util::typed::{Typed, Utf8};
///
/// struct Journal {
///     lines: Typed<PushSocket, Utf8, String>,
/// }
///
/// let mut journal = Journal { lines: Typed::new(PushSocket::new(), Utf8) };
/// journal.lines.get_ref().connect("inproc://journal")?;
/// journal.lines.send(&"started".to_owned()).await?;
/// # Ok(()) }
/// ```
pub struct Typed<S, C, Out, In = Out> {
    inner: S,
    codec: C,
    origin: fn(&S) -> Option<Peer>,
    values: PhantomData<fn(Out) -> In>,
    /// Of decoding.
    work: Work,
}

impl<S, C, Out, In> Typed<S, C, Out, In> {
    /// Puts a codec around any `Sink` or `Stream` of messages.
    ///
    /// [`TypedExt::typed`] does the same, and knows who sent what cannot be decoded.
    ///
    /// ```
    /// use zeromq_async::PullSocket;
    /// use zeromq_util::typed::{Typed, Utf8};
    ///
    /// let lines: Typed<PullSocket, Utf8, String> = Typed::new(PullSocket::new(), Utf8);
    /// ```
    pub fn new(inner: S, codec: C) -> Self {
        Self { inner, codec, origin: |_| None, values: PhantomData, work: Work::default() }
    }

    /// What the values are sent over and received from.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::PullSocket;
    /// use zeromq_util::typed::{TypedExt, Utf8};
    ///
    /// let lines = PullSocket::new().typed::<String>(Utf8);
    /// lines.get_ref().bind("tcp://127.0.0.1:0").await?;
    /// # Ok(()) }
    /// ```
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// What the values are sent over and received from, to send or receive a message past the
    /// codec.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::PushSocket;
    /// use zeromq_util::typed::{TypedExt, Utf8};
    ///
    /// let mut lines = PushSocket::new().typed::<String>(Utf8);
    /// lines.get_ref().connect("inproc://typed-get-mut")?;
    /// lines.get_mut().send(b"\xffnot text").await?;
    /// # Ok(()) }
    /// ```
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// Takes the codec away.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use zeromq_async::PushSocket;
    /// use zeromq_util::typed::{TypedExt, Utf8};
    ///
    /// let lines = PushSocket::new().typed::<String>(Utf8);
    /// assert_eq!(lines.into_inner().close().await.unsent, 0);
    /// # }
    /// ```
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<P: Sends + Receives, C: Clone, Out, In> Typed<Socket<P>, C, Out, In> {
    /// Parts a typed socket into a half that sends and one that receives; see
    /// [`Socket::split`](zeromq_async::Socket::split).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::DealerSocket;
    /// use zeromq_util::typed::{TypedExt, Utf8};
    ///
    /// let (one, other) = (DealerSocket::new(), DealerSocket::new());
    /// one.connect(other.bind("tcp://127.0.0.1:0").await?)?;
    /// let (mut sender, _receiver) = one.typed::<String>(Utf8).split();
    /// sender.send(&"hello".to_owned()).await?;
    /// assert_eq!(other.typed::<String>(Utf8).recv().await?, "hello");
    /// # Ok(()) }
    /// ```
    #[expect(clippy::type_complexity, reason = "a name for it would say less")]
    pub fn split(self) -> (Typed<Sender<P>, C, Out, In>, Typed<Receiver<P>, C, Out, In>) {
        let (sender, receiver) = self.inner.split();
        (sender.typed_both(self.codec.clone()), receiver.typed_both(self.codec))
    }
}

impl<S: Clone, C: Clone, Out, In> Clone for Typed<S, C, Out, In> {
    fn clone(&self) -> Self {
        let (inner, codec) = (self.inner.clone(), self.codec.clone());
        Self { inner, codec, origin: self.origin, values: PhantomData, work: Work::default() }
    }
}

impl<S: fmt::Debug, C: fmt::Debug, Out, In> fmt::Debug for Typed<S, C, Out, In> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { inner, codec, .. } = self;
        f.debug_struct("Typed").field("inner", inner).field("codec", codec).finish()
    }
}

/// Makes typed what sends or receives messages.
///
/// It is there for sockets, their halves, and the layers of this crate; a layer of your own gets it
/// by [`Origin`], which takes one line.
pub trait TypedExt<C>: Origin + Sized {
    /// Puts a codec around it, for values of one type.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_util::typed::{TypedExt, Utf8};
    /// use zeromq_async::{PullSocket, PushSocket};
    ///
    /// let (push, pull) = (PushSocket::new(), PullSocket::new());
    /// push.connect(pull.bind("tcp://127.0.0.1:0").await?)?;
    /// push.typed::<String>(Utf8).send(&"hello".to_owned()).await?;
    /// assert_eq!(pull.typed::<String>(Utf8).recv().await?, "hello");
    /// # Ok(()) }
    /// ```
    fn typed<T>(self, codec: C) -> Typed<Self, C, T> {
        self.typed_both(codec)
    }

    /// Puts a codec around it, for values of one type that are sent and of another that are
    /// received.
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
        Typed {
            inner: self,
            codec,
            origin: Origin::last_peer,
            values: PhantomData,
            work: Work::default(),
        }
    }
}

impl<S: Origin, C> TypedExt<C> for S {}
