//! MessagePack, with rmp-serde.

use serde::Serialize;
use serde::de::DeserializeOwned;
use zeromq_async::Message;

use super::BytesLeft;
use crate::typed::{BoxError, Decode, Encode, Frames};

/// MessagePack with field names, so that fields can be added and removed (feature `msgpack`).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_util::typed::{MsgPack, TypedExt};
/// use zeromq_async::{PullSocket, PushSocket};
///
/// let (push, pull) = (PushSocket::new(), PullSocket::new());
/// push.connect(pull.bind("tcp://127.0.0.1:0").await?)?;
/// push.typed::<Vec<u32>>(MsgPack).send(&vec![3, 5, 8]).await?;
/// assert_eq!(pull.typed::<Vec<u32>>(MsgPack).recv().await?, [3, 5, 8]);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MsgPack;

impl<T: Serialize> Encode<T> for MsgPack {
    fn encode(&self, value: &T) -> Result<Message, BoxError> {
        Ok(rmp_serde::to_vec_named(value)?.into())
    }
}

impl<T: DeserializeOwned> Decode<T> for MsgPack {
    fn decode(&self, frames: &mut Frames<'_>) -> Result<T, BoxError> {
        let mut deserializer = rmp_serde::Deserializer::new(frames.take()?.as_slice());
        deserializer.set_max_depth(MAX_DEPTH);
        let value = T::deserialize(&mut deserializer)?;
        BytesLeft::check(deserializer.get_ref())?;
        Ok(value)
    }
}

/// The deepest nesting of values. The default of rmp-serde, 1,024, may overflow the stack.
const MAX_DEPTH: usize = 128;
