//! postcard, with the crate `postcard`.

use serde::Serialize;
use serde::de::DeserializeOwned;
use zeromq_async::Message;

use super::BytesLeft;
use crate::typed::{BoxError, Decode, Encode, Frames};

/// postcard, the smallest format, for two sides that are built from the same types (feature
/// `postcard`).
///
/// It limits neither the number of values that take no bytes nor nesting. If peers are not trusted,
/// do not use it with lists, sets or maps of types without bytes, such as `()` or an empty struct:
/// five bytes may state four billion of them, which takes seconds to decode. Do not use it with a
/// type that contains itself, such as a tree: deep nesting overflows the stack. The other codecs
/// refuse values nested more than 128 (CBOR: 256) deep.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_util::typed::{Postcard, TypedExt};
/// use zeromq_async::{PullSocket, PushSocket};
///
/// let (push, pull) = (PushSocket::new(), PullSocket::new());
/// push.connect(pull.bind("tcp://127.0.0.1:0").await?)?;
/// push.typed::<Vec<u32>>(Postcard).send(&vec![3, 5, 8]).await?;
/// assert_eq!(pull.typed::<Vec<u32>>(Postcard).recv().await?, [3, 5, 8]);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Postcard;

impl<T: Serialize> Encode<T> for Postcard {
    fn encode(&self, value: &T) -> Result<Message, BoxError> {
        Ok(postcard::to_stdvec(value)?.into())
    }
}

impl<T: DeserializeOwned> Decode<T> for Postcard {
    fn decode(&self, frames: &mut Frames<'_>) -> Result<T, BoxError> {
        let (value, left) = postcard::take_from_bytes(frames.take()?)?;
        BytesLeft::check(left)?;
        Ok(value)
    }
}
