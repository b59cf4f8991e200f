//! Codecs with serde: a value is one frame.

#[cfg(feature = "cbor")]
mod cbor;
#[cfg(feature = "json")]
mod json;
#[cfg(feature = "msgpack")]
mod msgpack;
#[cfg(feature = "postcard")]
mod postcard;

#[cfg(feature = "cbor")]
pub use cbor::Cbor;
#[cfg(feature = "json")]
pub use json::Json;
#[cfg(feature = "msgpack")]
pub use msgpack::MsgPack;
#[cfg(feature = "postcard")]
pub use postcard::Postcard;

#[cfg(any(feature = "cbor", feature = "msgpack", feature = "postcard"))]
#[derive(Debug, thiserror::Error)]
#[error("{0} bytes follow the value in its frame")]
struct BytesLeft(usize);

#[cfg(any(feature = "cbor", feature = "msgpack", feature = "postcard"))]
impl BytesLeft {
    fn check(left: &[u8]) -> Result<(), Self> {
        if left.is_empty() { Ok(()) } else { Err(Self(left.len())) }
    }
}
