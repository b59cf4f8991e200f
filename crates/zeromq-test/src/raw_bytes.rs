//! ZMTP data as raw bytes, valid or malformed.
//!
//! The types in [`wire`](crate::wire) build valid data. These functions also build data that no
//! correct peer sends: undefined flags, wrong sizes, unknown versions.
//!
//! ```
//! use zeromq_test::raw_bytes::{command, frame, greeting, header, property, ready};
//!
//! let greeting = greeting(1, "NULL");
//! assert_eq!(greeting.len(), 64);
//! assert_eq!(&greeting[..16], b"\xff\0\0\0\0\0\0\0\0\x7f\x03\x01NULL");
//!
//! assert_eq!(frame(1, b"first"), b"\x01\x05first");
//! assert_eq!(header(0, 1 << 40), b"\x02\0\0\x01\0\0\0\0\0");
//! assert_eq!(command("PING", b"\0\0"), b"\x04\x07\x04PING\0\0");
//! assert_eq!(property("X-Team", b"blue"), b"\x06X-Team\0\0\0\x04blue");
//! assert_eq!(ready("PULL"), b"\x04\x1a\x05READY\x0bSocket-Type\0\0\0\x04PULL");
//! ```

/// A client's greeting for ZMTP 3.`minor`.
///
/// # Panics
///
/// The mechanism has more than 20 bytes.
pub fn greeting(minor: u8, mechanism: &str) -> Vec<u8> {
    assert!(mechanism.len() <= 20, "a mechanism name has at most 20 bytes: {mechanism}");
    let mut greeting = vec![0; 64];
    greeting[0] = 0xff;
    greeting[9..12].copy_from_slice(&[0x7f, 3, minor]);
    greeting[12..12 + mechanism.len()].copy_from_slice(mechanism.as_bytes());
    greeting
}

/// A frame with these flags: 0 for the last frame of a message, 1 for an earlier one, 4 for a
/// command. A body of more than 255 bytes gets a long header.
pub fn frame(flags: u8, body: &[u8]) -> Vec<u8> {
    match u8::try_from(body.len()) {
        Ok(short) => [&[flags, short], body].concat(),
        Err(_) => [&header(flags, body.len() as u64)[..], body].concat(),
    }
}

/// The header of a long frame with any announced size.
pub fn header(flags: u8, size: u64) -> Vec<u8> {
    [&[flags | 2][..], &size.to_be_bytes()].concat()
}

/// A command frame.
///
/// # Panics
///
/// The name has more than 255 bytes.
pub fn command(name: &str, data: &[u8]) -> Vec<u8> {
    frame(4, &[&short(name)[..], data].concat())
}

/// The READY command of a NULL peer.
pub fn ready(socket_type: &str) -> Vec<u8> {
    command("READY", &property("Socket-Type", socket_type.as_bytes()))
}

/// A metadata property.
///
/// # Panics
///
/// The name has more than 255 bytes, or the value more than 2^32 - 1.
pub fn property(name: &str, value: &[u8]) -> Vec<u8> {
    let size = u32::try_from(value.len()).expect("a property value has at most 2^32 - 1 bytes");
    [&short(name)[..], &size.to_be_bytes(), value].concat()
}

fn short(name: &str) -> Vec<u8> {
    let size = u8::try_from(name.len()).expect("a name has at most 255 bytes");
    [&[size], name.as_bytes()].concat()
}
