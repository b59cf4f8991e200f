//! CBOR, with cbor4ii.

use cbor4ii::core::dec::Read;
use cbor4ii::core::utils::SliceReader;
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeromq_async::Message;

use super::BytesLeft;
use crate::typed::{BoxError, Decode, Encode, Frames};

/// CBOR (RFC 8949), the binary format of COSE and CoAP (feature `cbor`).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_util::typed::{Cbor, TypedExt};
/// use zeromq_async::{PullSocket, PushSocket};
///
/// let (push, pull) = (PushSocket::new(), PullSocket::new());
/// push.connect(pull.bind("tcp://127.0.0.1:0").await?)?;
/// push.typed::<Vec<u32>>(Cbor).send(&vec![3, 5, 8]).await?;
/// assert_eq!(pull.typed::<Vec<u32>>(Cbor).recv().await?, [3, 5, 8]);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cbor;

impl<T: Serialize> Encode<T> for Cbor {
    fn encode(&self, value: &T) -> Result<Message, BoxError> {
        Ok(cbor4ii::serde::to_vec(Vec::new(), value)?.into())
    }
}

impl<T: DeserializeOwned> Decode<T> for Cbor {
    fn decode(&self, frames: &mut Frames<'_>) -> Result<T, BoxError> {
        let reader = SliceReader::new(frames.take()?);
        let mut deserializer = cbor4ii::serde::Deserializer::new(reader);
        let value = T::deserialize(&mut deserializer)?;
        let mut reader = deserializer.into_inner();
        BytesLeft::check(reader.fill(usize::MAX)?.as_ref())?;
        Ok(value)
    }
}
