//! What a peer must not send.

/// A peer broke a rule of WebSocket (RFC 6455) or of 45/ZWS.
///
/// The connection ends with a CLOSE frame that has [`close_code`](Self::close_code).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WebSocketFault {
    /// A CLOSE frame with a payload that is neither empty nor a valid code and a text.
    #[error("peer sent a WebSocket CLOSE frame whose code or reason is not valid")]
    InvalidClose,
    /// A control frame in several parts.
    #[error("peer sent a WebSocket control frame in parts")]
    FragmentedControl,
    /// A message in several WebSocket frames, or a continuation of one. 45/ZWS needs one frame for
    /// each.
    #[error("peer split a message into WebSocket fragments, which 45/ZWS does not allow")]
    Fragmented,
    /// A control frame with more than 125 bytes.
    #[error("peer announced a WebSocket control frame of more than 125 bytes")]
    LongControl,
    /// A server's frame with a mask.
    #[error("peer is the WebSocket server and masked a frame")]
    Masked,
    /// A length in more bytes than needed.
    #[error("peer encoded the length {0} of a WebSocket frame in too many bytes")]
    PaddedLength(u64),
    /// A binary frame without the flags byte of 45/ZWS.
    #[error("peer sent an empty WebSocket message, without the flags byte of 45/ZWS")]
    NoFlags,
    /// A reserved bit of the header.
    #[error("peer set a reserved bit of a WebSocket frame: {0:#04x}")]
    ReservedBits(u8),
    /// A reserved bit of the flags byte.
    #[error("the flags byte {0:#04x} has a reserved bit of 45/ZWS set")]
    ReservedFlags(u8),
    /// An opcode without a meaning.
    #[error("peer sent a WebSocket frame with the reserved opcode {0:#x}")]
    ReservedOpcode(u8),
    /// A text message.
    #[error("peer sent a WebSocket text message; ZeroMQ messages are binary")]
    Text,
    /// A length above 2^63 - 1.
    #[error("peer announced a WebSocket frame of {0} bytes, more than the 2^63 - 1 allowed")]
    TooLong(u64),
    /// A client's frame without a mask.
    #[error("peer is the WebSocket client and did not mask a frame")]
    Unmasked,
}

impl WebSocketFault {
    /// The status code of the CLOSE frame (RFC 6455 §7.4.1): 1003 for valid WebSocket that 45/ZWS
    /// does not allow, and 1002 for anything else.
    pub fn close_code(self) -> u16 {
        match self {
            Self::Fragmented | Self::NoFlags | Self::Text => 1003,
            _ => 1002,
        }
    }
}
