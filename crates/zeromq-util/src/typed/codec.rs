//! The traits of codecs, and codecs of tuples.

use zeromq_async::{Frame, Message};

use super::BoxError;

/// Encodes values as messages.
///
/// A codec for protobuf with the `prost` crate:
///
/// ```
/// use zeromq_async::Message;
/// use zeromq_util::typed::{BoxError, Decode, Encode, Frames};
///
/// struct Protobuf;
///
/// impl<T: prost::Message> Encode<T> for Protobuf {
///     fn encode(&self, value: &T) -> Result<Message, BoxError> {
///         Ok(value.encode_to_vec().into())
///     }
/// }
///
/// impl<T: prost::Message + Default> Decode<T> for Protobuf {
///     fn decode(&self, frames: &mut Frames<'_>) -> Result<T, BoxError> {
///         Ok(T::decode(frames.take()?.as_slice())?)
///     }
/// }
///
/// #[derive(prost::Message, Clone, PartialEq)]
/// struct Reading {
///     #[prost(string, tag = "1")]
///     city: String,
///     #[prost(sint32, tag = "2")]
///     celsius: i32,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_util::typed::TypedExt;
/// use zeromq_async::{PullSocket, PushSocket};
///
/// let (push, pull) = (PushSocket::new(), PullSocket::new());
/// push.connect(pull.bind("tcp://127.0.0.1:0").await?)?;
/// let reading = Reading { city: "oslo".into(), celsius: -4 };
/// push.typed::<Reading>(Protobuf).send(&reading).await?;
/// assert_eq!(pull.typed::<Reading>(Protobuf).recv().await?, reading);
/// # Ok(()) }
/// ```
#[diagnostic::on_unimplemented(message = "the codec {Self} cannot encode a {T}")]
pub trait Encode<T> {
    /// Encodes the value as one or more frames.
    ///
    /// # Errors
    ///
    /// The value cannot be encoded. The sender gets an [`EncodeError`](super::EncodeError), and
    /// nothing is sent.
    fn encode(&self, value: &T) -> Result<Message, BoxError>;
}

/// Decodes values from the frames of a message; see [`Encode`] for an example.
#[diagnostic::on_unimplemented(message = "the codec {Self} cannot decode a {T}")]
pub trait Decode<T> {
    /// Takes the frames of the value, and decodes it.
    ///
    /// # Errors
    ///
    /// There are too few frames, or they are not a valid value. The caller reports frames that are
    /// left over.
    fn decode(&self, frames: &mut Frames<'_>) -> Result<T, BoxError>;
}

/// A codec for both directions. Every type that is [`Encode`] and [`Decode`] implements it.
///
/// ```
/// use zeromq_async::Message;
/// use zeromq_util::typed::{BoxError, Codec, Frames, Utf8};
///
/// fn round_trip<T>(codec: impl Codec<T>, value: &T) -> Result<T, BoxError> {
///     let message = codec.encode(value)?;
///     codec.decode(&mut Frames::of(&message))
/// }
///
/// assert_eq!(round_trip(Utf8, &"hello".to_owned()).unwrap(), "hello");
/// ```
pub trait Codec<T>: Encode<T> + Decode<T> {}

impl<C: Encode<T> + Decode<T>, T> Codec<T> for C {}

/// The frames of a message that are not decoded yet.
///
/// ```
/// use zeromq_async::Message;
/// use zeromq_util::typed::Frames;
///
/// let message = Message::multipart(["topic", "body"]);
/// let mut frames = Frames::of(&message);
/// assert_eq!(frames.take().unwrap(), "topic");
/// assert_eq!(frames.rest(), ["body"]);
/// assert_eq!(frames.take().unwrap_err().to_string(), "the message has no frame 3: it ends too early");
/// ```
#[derive(Debug)]
pub struct Frames<'a> {
    all: &'a [Frame],
    taken: usize,
}

/// A message has fewer frames than its codec takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the message has no frame {0}: it ends too early")]
pub struct MissingFrame(
    /// The number of the missing frame, counted from 1.
    usize,
);

/// A message has more frames than its codec takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the message has {0} frames more than the value")]
pub(super) struct FramesLeft(usize);

impl<'a> Frames<'a> {
    /// Starts at the first frame of a message.
    pub fn of(message: &'a Message) -> Self {
        Self { all: message.frames(), taken: 0 }
    }

    /// Takes the next frame.
    ///
    /// # Errors
    ///
    /// No frame is left.
    pub fn take(&mut self) -> Result<&'a Frame, MissingFrame> {
        let frame = self.all.get(self.taken);
        self.taken += usize::from(frame.is_some());
        frame.ok_or(MissingFrame(self.taken + 1))
    }

    /// Takes all remaining frames.
    pub fn rest(&mut self) -> &'a [Frame] {
        let rest = &self.all[self.taken..];
        self.taken = self.all.len();
        rest
    }

    /// Returns whether no frame is left.
    pub fn is_empty(&self) -> bool {
        self.taken == self.all.len()
    }

    pub(super) fn end(&self) -> Result<(), FramesLeft> {
        match self.all.len() - self.taken {
            0 => Ok(()),
            left => Err(FramesLeft(left)),
        }
    }
}

/// Values one after the other, each with its own codec.
macro_rules! tuples {
    ($($($Value:ident $Codec:ident),+;)*) => {$(
        #[allow(non_snake_case)]
        impl<$($Value, $Codec: Encode<$Value>),+> Encode<($($Value,)+)> for ($($Codec,)+) {
            fn encode(&self, ($($Value,)+): &($($Value,)+)) -> Result<Message, BoxError> {
                let ($($Codec,)+) = self;
                let mut message = Message::from(Vec::<Frame>::new());
                $(message.append($Codec.encode($Value)?);)+
                Ok(message)
            }
        }

        #[allow(non_snake_case)]
        impl<$($Value, $Codec: Decode<$Value>),+> Decode<($($Value,)+)> for ($($Codec,)+) {
            fn decode(&self, frames: &mut Frames<'_>) -> Result<($($Value,)+), BoxError> {
                let ($($Codec,)+) = self;
                Ok(($($Codec.decode(frames)?,)+))
            }
        }
    )*};
}

tuples! {
    A CodecA, B CodecB;
    A CodecA, B CodecB, C CodecC;
    A CodecA, B CodecB, C CodecC, D CodecD;
    A CodecA, B CodecB, C CodecC, D CodecD, E CodecE;
}
