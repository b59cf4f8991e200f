//! CLOSE frames (RFC 6455 §5.5.1 and §7.4).

use super::fault::WebSocketFault;
use crate::error::{Malformed, ProtocolError};

/// The status code of a CLOSE frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CloseCode(pub(super) u16);

impl CloseCode {
    /// The connection has served its purpose.
    pub(super) const NORMAL: Self = Self(1000);
    /// The peer broke a rule of the protocol.
    pub(super) const PROTOCOL: Self = Self(1002);
    /// The peer is not let in.
    pub(super) const POLICY: Self = Self(1008);
    /// A message is larger than the limit.
    pub(super) const TOO_BIG: Self = Self(1009);

    /// The code for a connection that ends because of an error.
    pub(super) fn of_error(error: &ProtocolError) -> Self {
        match error {
            ProtocolError::Malformed(Malformed::WebSocket(fault)) => Self(fault.close_code()),
            ProtocolError::LimitExceeded(_) => Self::TOO_BIG,
            ProtocolError::Denied(_) | ProtocolError::Incompatible(_) => Self::POLICY,
            _ => Self::PROTOCOL,
        }
    }

    /// Reads the payload of a CLOSE frame. Returns the code to answer with.
    pub(super) fn decode(payload: &[u8]) -> Result<Option<Self>, WebSocketFault> {
        let Some((code, reason)) = payload.split_first_chunk() else {
            return if payload.is_empty() { Ok(None) } else { Err(WebSocketFault::InvalidClose) };
        };
        let code = u16::from_be_bytes(*code);
        let is_valid = matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999);
        if !is_valid || std::str::from_utf8(reason).is_err() {
            return Err(WebSocketFault::InvalidClose);
        }
        Ok(Some(Self(code)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_has_no_code_or_a_valid_one() {
        assert_eq!(CloseCode::decode(b""), Ok(None));
        assert_eq!(CloseCode::decode(b"\x03\xe8"), Ok(Some(CloseCode::NORMAL)));
        assert_eq!(CloseCode::decode(b"\x03\xe9going"), Ok(Some(CloseCode(1001))));
        assert_eq!(CloseCode::decode(b"\x0f\xa0"), Ok(Some(CloseCode(4000))));
        let invalid: [&[u8]; 6] =
            [b"\x03", b"\x03\xec", b"\x03\xed", b"\x00\x00", b"\x13\x88", b"\x03\xe8\xff"];
        for payload in invalid {
            let fault = Err(WebSocketFault::InvalidClose);
            assert_eq!(CloseCode::decode(payload), fault, "{payload:x?}");
        }
    }
}
