//! JSON, with serde_json.

use serde::Serialize;
use serde::de::DeserializeOwned;
use zeromq_async::Message;

use crate::typed::{BoxError, Decode, Encode, Frames};

/// JSON (feature `json`).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_util::typed::{Json, TypedExt};
/// use zeromq_async::{PullSocket, PushSocket};
///
/// let (push, pull) = (PushSocket::new(), PullSocket::new());
/// push.connect(pull.bind("tcp://127.0.0.1:0").await?)?;
/// push.typed::<Vec<u32>>(Json).send(&vec![3, 5, 8]).await?;
/// assert_eq!(pull.typed::<Vec<u32>>(Json).recv().await?, [3, 5, 8]);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Json;

impl<T: Serialize> Encode<T> for Json {
    fn encode(&self, value: &T) -> Result<Message, BoxError> {
        Ok(serde_json::to_vec(value)?.into())
    }
}

impl<T: DeserializeOwned> Decode<T> for Json {
    fn decode(&self, frames: &mut Frames<'_>) -> Result<T, BoxError> {
        Ok(serde_json::from_slice(frames.take()?)?)
    }
}
