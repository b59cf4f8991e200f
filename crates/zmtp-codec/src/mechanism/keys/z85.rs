//! Keys as text: 32/Z85, five printable characters for four bytes.

/// The text of 32 bytes.
pub(super) fn encode(bytes: &[u8; 32]) -> [u8; 40] {
    let mut text = [0; 40];
    let (groups, _) = bytes.as_chunks::<4>();
    for (group, characters) in groups.iter().zip(text.chunks_exact_mut(5)) {
        let mut value = u32::from_be_bytes(*group);
        for character in characters.iter_mut().rev() {
            *character = ALPHABET[(value % 85) as usize];
            value /= 85;
        }
    }
    text
}

/// Decodes a text of 40 characters to 32 bytes.
///
/// The time depends on the text: use it for configuration only.
pub(super) fn decode(text: &[u8]) -> Option<[u8; 32]> {
    let text: &[u8; 40] = text.try_into().ok()?;
    let mut bytes = [0; 32];
    for (characters, group) in text.chunks_exact(5).zip(bytes.chunks_exact_mut(4)) {
        let mut value: u32 = 0;
        for character in characters {
            let digit = ALPHABET.iter().position(|known| known == character)?;
            value = value.checked_mul(85)?.checked_add(u32::try_from(digit).ok()?)?;
        }
        group.copy_from_slice(&value.to_be_bytes());
    }
    Some(bytes)
}

const ALPHABET: &[u8; 85] =
    b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn z85_text_matches_the_specification() {
        // 32/Z85: the bytes of "HelloWorld"; 26/CURVEZMQ and zmq_curve(7): a key.
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&[0x86, 0x4f, 0xd2, 0x6f, 0xb5, 0x59, 0xf7, 0x5b]);
        assert_eq!(encode(&bytes)[..10], *b"HelloWorld");
        let bytes = decode(b"rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7").unwrap();
        assert_eq!(bytes[..4], [0x54, 0xfc, 0xba, 0x24]);
        assert_eq!(encode(&bytes), *b"rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7");
    }

    #[test]
    fn z85_round_trips_every_byte() {
        for byte in 0..=255 {
            assert_eq!(decode(&encode(&[byte; 32])), Some([byte; 32]));
        }
    }

    #[test]
    fn invalid_z85_text_is_rejected() {
        let zeros = [b'0'; 40];
        assert_eq!(decode(&zeros), Some([0; 32]));
        assert_eq!(decode(&zeros[1..]), None);
        assert_eq!(decode(&[&zeros[..], b"0"].concat()), None);
        assert_eq!(decode(&[b'"'; 40]), None);
        assert_eq!(decode(&[0xff; 40]), None);
        // Above 2^32 - 1, which is "%nSc0".
        assert!(decode(&b"%nSc0".repeat(8)).is_some());
        assert_eq!(decode(&b"%nSc1".repeat(8)), None);
        assert_eq!(decode(&[b'#'; 40]), None);
    }
}
