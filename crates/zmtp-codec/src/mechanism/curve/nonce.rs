//! Nonces: 24 bytes, unique among the boxes of one key.
//!
//! ```text
//! short:  | purpose (16) ............... | number (8) |    only the number is sent
//! long:   | purpose (8)  | random (16) .............. |    only the random part is sent
//! ```

pub(super) type Nonce = [u8; 24];

/// The nonces of one numbered sequence of boxes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Purpose(pub(super) &'static [u8; 16]);

impl Purpose {
    pub(super) const HELLO: Self = Self(b"CurveZMQHELLO---");
    pub(super) const INITIATE: Self = Self(b"CurveZMQINITIATE");
    pub(super) const READY: Self = Self(b"CurveZMQREADY---");
    pub(super) const CLIENT_MESSAGE: Self = Self(b"CurveZMQMESSAGEC");
    pub(super) const SERVER_MESSAGE: Self = Self(b"CurveZMQMESSAGES");

    pub(super) fn nonce(self, number: u64) -> Nonce {
        join(self.0, &number.to_be_bytes())
    }
}

pub(super) fn welcome(random: &[u8; 16]) -> Nonce {
    join(b"WELCOME-", random)
}

pub(super) fn cookie(random: &[u8; 16]) -> Nonce {
    join(b"COOKIE--", random)
}

pub(super) fn vouch(random: &[u8; 16]) -> Nonce {
    join(b"VOUCH---", random)
}

fn join<const A: usize, const B: usize>(front: &[u8; A], back: &[u8; B]) -> Nonce {
    const { assert!(A + B == 24) };
    let mut nonce = [0; 24];
    let (start, end) = nonce.split_at_mut(A);
    start.copy_from_slice(front);
    end.copy_from_slice(back);
    nonce
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonces_match_the_specification() {
        assert_eq!(Purpose::HELLO.nonce(1), *b"CurveZMQHELLO---\0\0\0\0\0\0\0\x01");
        assert_eq!(
            Purpose::READY.nonce(u64::MAX),
            *b"CurveZMQREADY---\xff\xff\xff\xff\xff\xff\xff\xff"
        );
        assert_eq!(welcome(b"0123456789abcdef"), *b"WELCOME-0123456789abcdef");
        assert_eq!(cookie(b"0123456789abcdef"), *b"COOKIE--0123456789abcdef");
        assert_eq!(vouch(b"0123456789abcdef"), *b"VOUCH---0123456789abcdef");
    }
}
