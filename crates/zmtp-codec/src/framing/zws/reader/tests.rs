use super::super::writer::Writer;
use super::*;
use crate::framing::FrameWriter;

fn read(sender: Role, wire: &[u8]) -> Result<Vec<u8>> {
    let (mut input, mut frames) = (BytesMut::from(wire), BytesMut::new());
    let mut reader = Reader::new(sender);
    while let Reading::Frames = reader.read_frames(&mut input, &mut frames)? {}
    Ok(frames.to_vec())
}

/// The bytes of a client.
fn masked(frames: &[(FrameHeader, &[u8])]) -> Vec<u8> {
    let (mut wire, mut writer) = (Vec::new(), Writer::new(Role::Client, [3; 16]));
    frames.iter().for_each(|(header, body)| writer.write(*header, body, &mut wire));
    wire
}

#[test]
fn messages_and_commands_become_zmtp_frames() {
    let wire = b"\x82\x03\x01hi\x82\x01\0\x82\x07\x02\x04JOINg\x82\x02\x03x";
    let plain = b"\x01\x02hi\0\0\x04\x06\x04JOINg\x05\x01x";
    assert_eq!(read(Role::Server, wire).unwrap(), plain);
}

#[test]
fn frames_of_every_size_survive() {
    for size in [0, 1, 124, 125, 126, 127, 254, 255, 256, 65534, 65535, 65536, 300_000] {
        let body: Vec<u8> = (0..size).map(|at| u8::try_from(at % 251).unwrap()).collect();
        let header = FrameHeader::message(size, false);
        let mut frame = Vec::new();
        header.encode(&mut frame);
        frame.extend_from_slice(&body);
        for role in [Role::Client, Role::Server] {
            let mut wire = Vec::new();
            Writer::new(role, [1; 16]).write(header, &body, &mut wire);
            assert_eq!(read(role, &wire).unwrap(), frame, "{size} from {role:?}");
        }
    }
}

/// Reads all, and describes control frames.
fn read_all(reader: &mut Reader, input: &mut BytesMut) -> Result<(Vec<u8>, Vec<String>)> {
    let (mut frames, mut controls) = (BytesMut::new(), Vec::new());
    loop {
        match reader.read_frames(input, &mut frames)? {
            Reading::Frames => {}
            Reading::Incomplete => return Ok((frames.to_vec(), controls)),
            Reading::Command(command) => controls.push(format!("{command:?}")),
            Reading::Reply(command) => controls.push(format!("reply {command:?}")),
            Reading::End { reply } => {
                controls.push(format!("end {reply:?}"));
                return Ok((frames.to_vec(), controls));
            }
        }
    }
}

fn controls(sender: Role, wire: &[u8]) -> Vec<String> {
    read_all(&mut Reader::new(sender), &mut BytesMut::from(wire)).unwrap().1
}

#[test]
fn bytes_may_arrive_one_by_one() {
    let frames: [(FrameHeader, &[u8]); 4] = [
        (FrameHeader::message(3, true), b"abc"),
        (FrameHeader::command(7), b"\x04PONG12"),
        (FrameHeader::message(300, false), &[9; 300]),
        (FrameHeader::message(0, false), b""),
    ];
    let wire = masked(&frames);
    let whole = read_all(&mut Reader::new(Role::Client), &mut BytesMut::from(&wire[..])).unwrap();
    let (mut input, mut reader) = (BytesMut::new(), Reader::new(Role::Client));
    let (mut plain, mut controls) = (Vec::new(), Vec::new());
    for &byte in &wire {
        input.extend_from_slice(&[byte]);
        let (more, others) = read_all(&mut reader, &mut input).unwrap();
        plain.extend(more);
        controls.extend(others);
    }
    assert_eq!((plain, controls), whole);
    assert_eq!(whole.1, [r#"Pong { context: b"12" }"#]);
    assert!(input.is_empty());
}

#[test]
fn body_is_passed_on_before_it_is_whole() {
    let (mut input, mut frames) = (BytesMut::from(&b"\x82\x7e\x01\0\0abc"[..]), BytesMut::new());
    let mut reader = Reader::new(Role::Server);
    assert!(matches!(reader.read_frames(&mut input, &mut frames), Ok(Reading::Frames)));
    assert_eq!((&input[..], &frames[..]), (&b""[..], &b"\0\xffabc"[..]));
}

#[test]
fn ping_is_answered_with_its_payload() {
    let reply = r#"reply Unknown { name: b"PONG", data: b"ctx" }"#;
    assert_eq!(controls(Role::Server, b"\x89\x03ctx"), [reply]);
    assert_eq!(controls(Role::Server, b"\x8a\0"), [r#"Pong { context: b"" }"#]);
    let reply = r#"reply Unknown { name: b"PONG", data: b"a" }"#;
    assert_eq!(controls(Role::Client, b"\x89\x81\x01\x02\x03\x04\x60"), [reply]);
}

#[test]
fn control_frame_in_a_message_is_no_part() {
    let wire = b"\x82\x02\x01a\x89\0\x82\x02\0b";
    let (frames, controls) =
        read_all(&mut Reader::new(Role::Server), &mut BytesMut::from(&wire[..])).unwrap();
    assert_eq!(frames, b"\x01\x01a\0\x01b");
    assert_eq!(controls.len(), 1);
}

#[test]
fn close_is_the_end_and_is_answered() {
    let wire = b"\x82\x02\0a\x88\x05\x03\xe9bye\x82\x02\0b";
    let (mut input, mut reader) = (BytesMut::from(&wire[..]), Reader::new(Role::Server));
    let (frames, controls) = read_all(&mut reader, &mut input).unwrap();
    assert_eq!(frames, b"\0\x01a");
    assert_eq!(controls, [r#"end Some(Unknown { name: b"CLOSE", data: b"\x03\xe9" })"#]);
}

#[test]
fn frames_before_a_fault_are_read() {
    let (mut input, mut frames) = (BytesMut::from(&b"\x82\x02\0a\x81\x02hi"[..]), BytesMut::new());
    let mut reader = Reader::new(Role::Server);
    assert!(matches!(reader.read_frames(&mut input, &mut frames), Ok(Reading::Frames)));
    assert_eq!(frames, b"\0\x01a"[..]);
    let fault = reader.read_frames(&mut input, &mut frames).unwrap_err();
    assert_eq!(fault, WebSocketFault::Text);
}

#[test]
fn flags_byte_is_checked() {
    let fault = |wire: &[u8]| read(Role::Server, wire).unwrap_err();
    assert_eq!(fault(b"\x82\0"), WebSocketFault::NoFlags);
    for flags in [4, 8, 0x80, 0xff] {
        assert_eq!(fault(&[0x82, 1, flags]), WebSocketFault::ReservedFlags(flags));
    }
    assert_eq!(fault(b"\x88\x01x"), WebSocketFault::InvalidClose);
}

#[test]
fn one_read_has_a_bounded_size() {
    let mut reader = Reader::new(Role::Server);
    let mut input = BytesMut::from(&b"\x82\x7f\0\0\0\0\x7f\0\0\0\0"[..]);
    input.resize(1 << 20, 0);
    let mut frames = BytesMut::new();
    assert!(matches!(reader.read_frames(&mut input, &mut frames), Ok(Reading::Frames)));
    assert_eq!(frames.len(), READ_TARGET);
}
