use super::*;
use crate::error::ProtocolError;

fn key() -> BoxKey {
    BoxKey::between(&[9; 32], &[7; 32]).expect("keys that fit")
}

/// What a peer seals with, and what opens it behind a handshake that ended with this number.
fn halves(last: u64) -> (RecordSealer, RecordOpener) {
    let purpose = Purpose::CLIENT_MESSAGE;
    (RecordSealer::new(key(), purpose, last), RecordOpener::new(key(), purpose, last))
}

fn sealed(sealer: &mut RecordSealer, number: u64, header: FrameHeader, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    sealer.seal_frame(number, header, body, &mut bytes);
    bytes
}

fn open(opener: &mut RecordOpener, record: &[u8]) -> Result<Vec<u8>> {
    let mut bytes = record.to_vec();
    match opener.open_record(&mut bytes)? {
        Record::Opened { size, frames } => {
            assert_eq!(size, record.len());
            Ok(bytes[frames].to_vec())
        }
        Record::Incomplete { .. } => panic!("all is there"),
    }
}

fn refused(result: Result<Vec<u8>>) -> PeerUntrusted {
    match result {
        Err(ProtocolError::Untrusted(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn record_numbers_may_skip_but_not_repeat() {
    let (mut sealer, mut opener) = halves(2);
    let header = FrameHeader::message(1, false);
    for number in [3, 4, 9, 1 << 40, u64::MAX - 1] {
        let record = sealed(&mut sealer, number, header, b"a");
        assert_eq!(open(&mut opener, &record).unwrap(), b"\0\x01a");
        let replayed = PeerUntrusted::Replayed { number, last: number };
        assert_eq!(refused(open(&mut opener, &record)), replayed);
    }
    let old = sealed(&mut sealer, 5, header, b"a");
    let replayed = PeerUntrusted::Replayed { number: 5, last: u64::MAX - 1 };
    assert_eq!(refused(open(&mut opener, &old)), replayed);
}

/// libzmq 4.0: INITIATE and READY have the number 1 in little-endian, and records go on from there.
#[test]
fn peer_may_count_in_little_endian() {
    let (mut sealer, mut opener) = halves(1_u64.swap_bytes());
    let mut first = Vec::new();
    for number in 2..1000_u64 {
        let header = FrameHeader::message(1, number % 3 != 0);
        let record = sealed(&mut sealer, number.swap_bytes(), header, b"a");
        assert_eq!(open(&mut opener, &record).unwrap()[1..], *b"\x01a", "{number}");
        if number == 2 {
            first = record;
        }
    }
    let replayed = PeerUntrusted::Replayed { number: 2, last: 999 };
    assert_eq!(refused(open(&mut opener, &first)), replayed);
    // What is the larger number in the other order has not been used, and is no later one.
    let other = sealed(&mut sealer, 255_u64.swap_bytes(), FrameHeader::message(1, false), b"a");
    let replayed = PeerUntrusted::Replayed { number: 255, last: 999 };
    assert_eq!(refused(open(&mut opener, &other)), replayed);
}

#[test]
fn what_does_not_open_decides_nothing() {
    let (mut sealer, mut opener) = halves(1_u64.swap_bytes());
    let header = FrameHeader::message(1, false);
    let mut forged = sealed(&mut sealer, 2_u64.swap_bytes(), header, b"a");
    *forged.last_mut().unwrap() ^= 1;
    assert_eq!(refused(open(&mut opener, &forged)), PeerUntrusted::Unopened("MESSAGE"));
    let next = sealed(&mut sealer, 1_u64.swap_bytes() + 1, header, b"b");
    assert_eq!(open(&mut opener, &next).unwrap(), b"\0\x01b");
    assert_eq!(opener.order, Some(Order::BigEndian));
}

#[test]
fn commands_do_not_end_a_message() {
    let (mut sealer, mut opener) = halves(2);
    let more = sealed(&mut sealer, 3, FrameHeader::message(1, true), b"a");
    let command = sealed(&mut sealer, 4, FrameHeader::command(5), b"\x04PONG");
    let last = sealed(&mut sealer, 6, FrameHeader::message(1, false), b"b");
    open(&mut opener, &more).unwrap();
    open(&mut opener, &command).unwrap();
    let left_out = PeerUntrusted::LeftOut { number: 6, last: 4 };
    assert_eq!(refused(open(&mut opener, &last)), left_out);
}

#[test]
fn flags_without_a_meaning_are_passed_over() {
    assert_eq!(plain_header(0xfc, 3), FrameHeader::message(3, false));
    assert_eq!(plain_header(0xfd, 3), FrameHeader::message(3, true));
    assert_eq!(plain_header(0xff, 3), FrameHeader::command(3));
    assert_eq!(plain_header(COMMAND, 0).size(), 9, "as it cannot be mistaken");
}
