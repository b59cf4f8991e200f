//! Codecs of text and bytes.

use bytes::Bytes;
use zeromq_async::{Frame, Message};

use super::{BoxError, Decode, Encode, Frames};

/// Encodes a `String` as one frame of UTF-8.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_util::typed::{TypedExt, Utf8};
/// use zeromq_async::{PullSocket, PushSocket};
///
/// let (push, pull) = (PushSocket::new(), PullSocket::new());
/// push.connect(pull.bind("tcp://127.0.0.1:0").await?)?;
/// push.typed::<&str>(Utf8).send(&"hello").await?;
/// assert_eq!(pull.typed::<String>(Utf8).recv().await?, "hello");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Utf8;

/// Encodes a [`Frame`], `Bytes` or `Vec<u8>` as one frame of these bytes, and a [`Message`] as all
/// remaining frames.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_util::typed::{Raw, TypedExt, Utf8};
/// use zeromq_async::{Message, PullSocket, PushSocket};
///
/// let (mut push, pull) = (PushSocket::new(), PullSocket::new());
/// push.connect(pull.bind("tcp://127.0.0.1:0").await?)?;
/// push.send(Message::multipart(["topic", "a", "b"])).await?;
///
/// let mut pull = pull.typed::<(String, Message)>((Utf8, Raw));
/// assert_eq!(pull.recv().await?, ("topic".to_owned(), Message::multipart(["a", "b"])));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Raw;

impl<T: AsRef<str>> Encode<T> for Utf8 {
    fn encode(&self, value: &T) -> Result<Message, BoxError> {
        Ok(value.as_ref().into())
    }
}

impl Decode<String> for Utf8 {
    fn decode(&self, frames: &mut Frames<'_>) -> Result<String, BoxError> {
        Ok(frames.take()?.to_str()?.to_owned())
    }
}

impl Encode<Message> for Raw {
    fn encode(&self, value: &Message) -> Result<Message, BoxError> {
        Ok(value.clone())
    }
}

impl Decode<Message> for Raw {
    fn decode(&self, frames: &mut Frames<'_>) -> Result<Message, BoxError> {
        Ok(Message::from(frames.rest().to_vec()))
    }
}

impl Encode<Frame> for Raw {
    fn encode(&self, value: &Frame) -> Result<Message, BoxError> {
        Ok(value.clone().into())
    }
}

impl Decode<Frame> for Raw {
    fn decode(&self, frames: &mut Frames<'_>) -> Result<Frame, BoxError> {
        Ok(frames.take()?.clone())
    }
}

impl Encode<Bytes> for Raw {
    fn encode(&self, value: &Bytes) -> Result<Message, BoxError> {
        Ok(value.clone().into())
    }
}

impl Decode<Bytes> for Raw {
    fn decode(&self, frames: &mut Frames<'_>) -> Result<Bytes, BoxError> {
        Ok(frames.take()?.clone().into_bytes())
    }
}

impl Encode<Vec<u8>> for Raw {
    fn encode(&self, value: &Vec<u8>) -> Result<Message, BoxError> {
        Ok(value.as_slice().into())
    }
}

impl Decode<Vec<u8>> for Raw {
    fn decode(&self, frames: &mut Frames<'_>) -> Result<Vec<u8>, BoxError> {
        Ok(frames.take()?.to_vec())
    }
}
