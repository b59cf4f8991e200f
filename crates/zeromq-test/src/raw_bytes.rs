//! ZMTP spelled out byte by byte, right or wrong.
//!
//! What is right can be made of the types of [`wire`](super::wire) as well. These make what no
//! sound peer says: flags that do not exist, sizes that are not kept, versions from the future.

/// A greeting of ZMTP 3.`minor`, from a client.
///
/// ```
/// let greeting = zeromq_test::bytes::greeting(1, "NULL");
/// assert_eq!(greeting.len(), 64);
/// assert_eq!(&greeting[..16], b"\xff\0\0\0\0\0\0\0\0\x7f\x03\x01NULL");
/// ```
///
/// # Panics
///
/// The mechanism has more than 20 bytes.
pub fn greeting(minor: u8, mechanism: &str) -> Vec<u8> {
    assert!(mechanism.len() <= 20, "a mechanism has 20 bytes at most: {mechanism}");
    let mut greeting = vec![0; 64];
    greeting[0] = 0xff;
    greeting[9..12].copy_from_slice(&[0x7f, 3, minor]);
    greeting[12..12 + mechanism.len()].copy_from_slice(mechanism.as_bytes());
    greeting
}

/// A frame: flags 0 for the last of a message, 1 for one before it, 4 for a command. The size is of
/// one byte or of eight, and the flag 2 says which.
///
/// ```
/// assert_eq!(zeromq_test::bytes::frame(1, b"first"), b"\x01\x05first");
/// ```
pub fn frame(flags: u8, body: &[u8]) -> Vec<u8> {
    match u8::try_from(body.len()) {
        Ok(short) => [&[flags, short], body].concat(),
        Err(_) => [&header(flags, body.len() as u64)[..], body].concat(),
    }
}

/// The header of a long frame, whatever follows it.
///
/// ```
/// let header = zeromq_test::bytes::header(0, 1 << 40);
/// assert_eq!(header, b"\x02\0\0\x01\0\0\0\0\0");
/// ```
pub fn header(flags: u8, size: u64) -> Vec<u8> {
    [&[flags | 2][..], &size.to_be_bytes()].concat()
}

/// A command.
///
/// ```
/// assert_eq!(zeromq_test::bytes::command("PING", b"\0\0"), b"\x04\x07\x04PING\0\0");
/// ```
///
/// # Panics
///
/// The name has more than 255 bytes.
pub fn command(name: &str, data: &[u8]) -> Vec<u8> {
    frame(4, &[&short(name)[..], data].concat())
}

/// READY of a NULL peer.
///
/// ```
/// let ready = zeromq_test::bytes::ready("PULL");
/// assert_eq!(ready, b"\x04\x1a\x05READY\x0bSocket-Type\0\0\0\x04PULL");
/// ```
pub fn ready(socket_type: &str) -> Vec<u8> {
    command("READY", &property("Socket-Type", socket_type.as_bytes()))
}

/// A property of metadata.
///
/// ```
/// let property = zeromq_test::bytes::property("X-Team", b"blue");
/// assert_eq!(property, b"\x06X-Team\0\0\0\x04blue");
/// ```
///
/// # Panics
///
/// The name has more than 255 bytes, or the value more than 2^32 - 1.
pub fn property(name: &str, value: &[u8]) -> Vec<u8> {
    let size = u32::try_from(value.len()).expect("a value has 2^32 - 1 bytes at most");
    [&short(name)[..], &size.to_be_bytes(), value].concat()
}

fn short(name: &str) -> Vec<u8> {
    let size = u8::try_from(name.len()).expect("a name has 255 bytes at most");
    [&[size], name.as_bytes()].concat()
}
