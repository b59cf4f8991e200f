//! WebSocket: the HTTP upgrade of either side, and frames.

use zmtp_codec::framing::zws::{Profile, Upgrade, Zws};
use zmtp_codec::wire::MechanismName;
use zmtp_codec::{Connection, ConnectionConfig, Null, SocketType};

use crate::connection::{Transcript, small_limits};
use crate::input::Input;

/// The upgrade, as the server or the client, and what follows.
pub fn zws_upgrade(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let choice = input.byte();
    let make = || match choice & 3 {
        0 => Zws::server(None),
        1 => Zws::server(Some("/feed")),
        _ => Zws::client("example.org", "/feed", ENTROPY),
    };
    check(make, input);
}

/// Frames after the upgrade, as the server or the client, in the bare profile or with NULL.
pub fn zws_frames(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let choice = input.byte();
    let name = if choice & 2 == 0 { "ZWS2.0" } else { "ZWS2.0/NULL" };
    let profile =
        if choice & 2 == 0 { Profile::Bare } else { Profile::Mechanism(MechanismName::NULL) };
    let headers = [
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("Sec-WebSocket-Protocol", name),
    ];
    let headers = headers.map(|(name, value)| (name, value.as_bytes()));
    let upgrade = Upgrade::accept(MechanismName::NULL, headers).expect("a good request");
    let make = || match choice & 1 {
        0 => Zws::upgraded(&upgrade),
        _ => Zws::upgraded_client(profile, ENTROPY),
    };
    check(make, input);
}

/// The key of an upgrade, and the secret of masks.
pub(crate) const ENTROPY: [u8; Zws::ENTROPY] = *b"the sample nonce and then secret";

/// Feeds the same bytes as a whole and in pieces, and compares the results.
fn check(make: impl Fn() -> Zws, mut input: Input<'_>) {
    let sizes = [1 + input.below(32), 1 + input.below(256)];
    let config = ConnectionConfig::new(SocketType::Pair, Null).with_limits(small_limits());
    let connection = || Connection::new(&config).with_framing(Box::new(make()));
    let wire = input.rest();
    let mut whole = Transcript::of(&mut connection(), wire, &[usize::MAX], usize::MAX);
    let mut pieces = Transcript::of(&mut connection(), wire, &sizes, 2);
    if whole.error.is_some() {
        // Answers that were queued at the time of the error are discarded.
        whole.written.clear();
        pieces.written.clear();
    }
    assert_eq!(whole, pieces, "as a whole and in pieces of {sizes:?}");
}
