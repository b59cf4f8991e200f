//! Against the vectors that implementations of Noise share: https://github.com/haskell-cryptography/cacophony

use super::*;

const CLIENT: &str = "e61ef9919cde45dd5f82166404bd08e38bceb5dfdfded0a34c8df7ed542214d1";
const CLIENT_EPHEMERAL: &str = "893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a";
const SERVER: &str = "4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893";
const SERVER_PUBLIC: &str = "31e0303fd6418d2f8c0e78b91f22e8caed0fbe48656dcf4767e4834f701b8f62";
const SERVER_EPHEMERAL: &str = "bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b";

const PAYLOADS: [&[u8]; 6] = [
    b"Ludwig von Mises",
    b"Murray Rothbard",
    b"F. A. Hayek",
    b"Carl Menger",
    b"Jean-Baptiste Say",
    b"Eugen B\xf6hm von Bawerk",
];

const XX: [&str; 6] = [
    "ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c79444c756477696720766f6e204d6973\
     6573",
    "95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f1448088437c365eb362a1c991b0557fe8a7fb\
     187d99346765d93ec63db6c1b01504ebeec55a2298d2dbff80eff034d20595153f63a196a6cead1e11b2bb13e336\
     fa13616dd3e8b0a070c882ed3f1a78c7c06c93",
    "46c3307de83b014258717d97781c1f50936d8b7d50c0722a1739654d10392d415b670c114f79b9a4f80541570f77\
     ce88802efa4220cff733e7b5668ba38059ec904b4b8eef9448085faf51",
    "d5e83adfaac5dc324a68f1862df54549e56d209fba707205f328b2",
    "d102c9029b1f55c788f561ba7737afbccef9c9f1bf2f238167fd40ba9c1c134867",
    "cb1ce80960382c6d5d5e740ffb724d1432f0310b200fb6f8424120f506092744baa415e155",
];

const IK: [&str; 6] = [
    "ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c79440b03ddc7aac5123d06a1b23b7167\
     0e32e76c28239a7ca4ac8f784de7e44c1adbfc6e83fef7352a58d9d56157400c0a737b1d171ce368229c7b752ac2\
     5b8faf4eca690f6d896f543be02c996ab2b86b76",
    "95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f144808843d9b5a8927f0ac9655ef76833bc7e\
     5561f42e691ac8404efd6fbd6308b6a27c",
    "2c256ed08fcd08c2980f954ee4beaccb61c9581340f5dd2fd1cf3b",
    "d6033f70eee20945c7c9dba304e397ee3b284ff5e00fd9efb095d3",
    "a9c068ca5d8babf72560652d8e851adbfac35c8a66e810d560863173e96adf4cfe",
    "2a09d8f459e5927e40fdd2eddc99bdafb04e13a26f145cb5cfe9e6ba34c94331ebc17d5156",
];

fn bytes(hex: &str) -> Vec<u8> {
    let pairs = hex.as_bytes().chunks(2).map(|pair| str::from_utf8(pair).expect("ASCII"));
    pairs.map(|pair| u8::from_str_radix(pair, 16).expect("hexadecimal")).collect()
}

fn key(hex: &str) -> [u8; KEY] {
    bytes(hex).try_into().expect("a key")
}

/// Both sides at the start.
fn sides(pattern: Pattern) -> [Exchange; 2] {
    let server = key(SERVER_PUBLIC);
    let server = (pattern == Pattern::Ik).then_some(&server);
    let secret = &key(CLIENT);
    let known = Known { pattern, secret, server };
    let ephemeral = Zeroizing::new(key(CLIENT_EPHEMERAL));
    let client =
        Exchange::new(&known, ephemeral, b"John Galt", |builder| builder.build_initiator());
    let secret = &key(SERVER);
    let known = Known { pattern, secret, server: None };
    let ephemeral = Zeroizing::new(key(SERVER_EPHEMERAL));
    let server =
        Exchange::new(&known, ephemeral, b"John Galt", |builder| builder.build_responder());
    [client.unwrap(), server.unwrap()]
}

fn check(pattern: Pattern, messages: [&str; 6], in_handshake: usize) {
    let mut sides = sides(pattern);
    let vectors = PAYLOADS.into_iter().zip(messages.map(bytes));
    let mut vectors = vectors.enumerate();
    for (n, (payload, expected)) in vectors.by_ref().take(in_handshake) {
        let message = sides[n % 2].write(payload).unwrap();
        assert_eq!(message, expected, "message {n}");
        assert_eq!(sides[1 - n % 2].read(&message).unwrap().as_slice(), payload);
    }
    assert_eq!(sides[0].peer_key().unwrap(), key(SERVER_PUBLIC));
    let [client, server] = sides;
    let mut sealing = client.finish().unwrap();
    let mut opening = server.finish().unwrap();
    for (n, (payload, expected)) in vectors {
        let (sealer, opener) = match n % 2 {
            0 => (&mut sealing.client, &mut opening.client),
            _ => (&mut sealing.server, &mut opening.server),
        };
        let sealed = sealer.seal(payload).unwrap();
        assert_eq!(sealed, expected, "message {n}");
        assert_eq!(opener.open(&sealed).unwrap().as_slice(), payload);
    }
}

#[test]
fn xx_matches_other_implementations() {
    check(Pattern::Xx, XX, 3);
}

#[test]
fn ik_matches_other_implementations() {
    check(Pattern::Ik, IK, 2);
}

#[test]
fn too_long_handshake_payload_is_rejected() {
    let [mut client, _] = sides(Pattern::Xx);
    let error = client.write(&[0; 65_440]).unwrap_err();
    assert_eq!(error, ProtocolError::MetadataTooLong { bytes: 65_440, limit: 65_439 });
    assert!(client.write(&[0; 65_439]).is_ok());
}

#[test]
fn unfinished_exchange_yields_no_keys() {
    let [client, _] = sides(Pattern::Xx);
    assert!(client.finish().is_err());
}
