use super::*;
use crate::wire::{Command, Ttl};

fn put(role: Role, header: FrameHeader, body: &[u8]) -> Vec<u8> {
    let mut wire = Vec::new();
    Writer::new(role, [7; 16]).write(header, body, &mut wire);
    wire
}

fn command(command: &Command) -> Vec<u8> {
    let mut frame = Vec::new();
    command.encode(&mut frame);
    let header = FrameHeader::decode(&frame).unwrap().unwrap();
    put(Role::Server, header, &frame[header.size()..])
}

#[test]
fn server_frames_are_byte_exact() {
    assert_eq!(put(Role::Server, FrameHeader::message(2, false), b"hi"), b"\x82\x03\0hi");
    assert_eq!(put(Role::Server, FrameHeader::message(0, true), b""), b"\x82\x01\x01");
    let long = put(Role::Server, FrameHeader::message(125, false), &[b'x'; 125]);
    assert_eq!(long[..6], *b"\x82\x7e\0\x7e\0x");
    assert_eq!(long.len(), 4 + 126);
    let longer = put(Role::Server, FrameHeader::message(0xffff, false), &[b'x'; 0xffff]);
    assert_eq!(longer[..12], *b"\x82\x7f\0\0\0\0\0\x01\0\0\0x");
}

#[test]
fn client_masks_flags_and_body() {
    let wire = put(Role::Client, FrameHeader::message(9, true), b"some text");
    assert_eq!(wire[..2], [0x82, 0x8a]);
    let key = [wire[2], wire[3], wire[4], wire[5]];
    let plain: Vec<u8> =
        wire[6..].iter().enumerate().map(|(at, byte)| byte ^ key[at % 4]).collect();
    assert_eq!(plain, b"\x01some text");
}

#[test]
fn commands_are_marked() {
    let join = Command::Join { group: "g".into() };
    assert_eq!(command(&join), b"\x82\x07\x02\x04JOINg");
}

#[test]
fn ping_and_pong_are_control_frames() {
    let ping = Command::Ping { ttl: Ttl::NONE, context: "".into() };
    assert_eq!(command(&ping), b"\x89\0");
    let ping = Command::Ping { ttl: Ttl::NONE, context: "ctx".into() };
    assert_eq!(command(&ping), b"\x89\x03ctx");
    assert_eq!(command(&Command::Pong { context: "ctx".into() }), b"\x8a\x03ctx");
    // A message is a message, whatever it says.
    let message = put(Role::Server, FrameHeader::message(5, false), b"\x04PING");
    assert_eq!(message, b"\x82\x06\0\x04PING");
}

#[test]
fn close_is_written_once() {
    let mut wire = Vec::new();
    let mut writer = Writer::new(Role::Server, [0; 16]);
    writer.finish(None, &mut wire);
    writer.finish(None, &mut wire);
    assert_eq!(wire, b"\x88\x02\x03\xe8");
    assert_eq!(command(&control::close(None)), b"\x88\0");
    assert_eq!(command(&control::close(Some(CloseCode::TOO_BIG))), b"\x88\x02\x03\xf1");
}

#[test]
fn pong_keeps_a_whole_payload() {
    let wire = command(&control::pong(vec![b'x'; 125]));
    assert_eq!(wire[..3], *b"\x8a\x7dx");
    assert_eq!(wire.len(), 2 + 125);
}
