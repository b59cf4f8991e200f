use super::*;

/// The response of libzmq 4.3.5.
const LIBZMQ: &str = "HTTP/1.1 101 Switching Protocols\r\n\
    Upgrade: websocket\r\n\
    Connection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
    Sec-WebSocket-Protocol: ZWS2.0/NULL\r\n\r\n";

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

fn read_as(response: &str, mechanism: MechanismName) -> Result<Profile> {
    let mut input = BytesMut::from(response.as_bytes());
    let profile = ResponseReader::new(KEY.into(), mechanism).read(&mut input)?;
    assert!(input.is_empty());
    Ok(profile.expect("a whole response"))
}

fn read(response: &str) -> Result<Profile> {
    read_as(response, MechanismName::NULL)
}

#[test]
fn request_is_that_of_libzmq() {
    let offered = Profile::offered_with(MechanismName::NULL);
    let request = request("example.org:8080", "/feed", KEY, &offered);
    let expected = "GET /feed HTTP/1.1\r\n\
        Host: example.org:8080\r\n\
        Upgrade: websocket\r\n\
        Connection: Upgrade\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
        Sec-WebSocket-Protocol: ZWS2.0/NULL,ZWS2.0\r\n\
        Sec-WebSocket-Version: 13\r\n\r\n";
    assert_eq!(request, expected);
}

#[test]
fn response_of_libzmq_is_accepted() {
    assert_eq!(read(LIBZMQ), Ok(Profile::Mechanism(MechanismName::NULL)));
    assert_eq!(read(&LIBZMQ.replace("ZWS2.0/NULL", "ZWS2.0")), Ok(Profile::Bare));
}

#[test]
fn response_of_a_web_server_is_accepted() {
    let response = "HTTP/1.1 101\r\ndate: Tue\r\nconnection: keep-alive, upgrade\r\n\
        upgrade: WebSocket\r\nsec-websocket-protocol: ZWS2.0\r\n\
        sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    assert_eq!(read(response), Ok(Profile::Bare));
}

#[test]
fn other_statuses_are_named() {
    let error = read("HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\n").unwrap_err();
    assert_eq!(error, UpgradeError::Status { code: 404, text: "Not Found".into() });
    assert_eq!(error.to_string(), "the server refused the WebSocket: HTTP 404 Not Found");
    let error = read(&format!("HTTP/1.1 301 {}\r\n\r\n", "x".repeat(100))).unwrap_err();
    assert_eq!(error, UpgradeError::Status { code: 301, text: "x".repeat(64) });
}

#[test]
fn wrong_headers_are_named() {
    for (header, from, to) in [
        ("Upgrade", "websocket", "h2c"),
        ("Connection", "Connection: Upgrade", "Connection: close"),
        ("Sec-WebSocket-Accept", "s3pP", "S3pP"),
        ("Sec-WebSocket-Accept", "Sec-WebSocket-Accept", "Accept"),
        ("Sec-WebSocket-Extensions", "Upgrade: w", "Sec-WebSocket-Extensions: x\r\nUpgrade: w"),
    ] {
        assert_eq!(read(&LIBZMQ.replacen(from, to, 1)), Err(UpgradeError::Header(header)));
    }
}

#[test]
fn chosen_sub_protocol_must_be_offered() {
    for (name, shown) in [
        ("ZWS2.0/CURVE", "ZWS2.0/CURVE"),
        ("", ""),
        ("ZWS2.0/NULL\r\nSec-WebSocket-Protocol: ZWS2.0", ""),
        ("ZWS2.0/NULL, ZWS2.0", "ZWS2.0/NULL, ZWS2.0"),
    ] {
        let error = read(&LIBZMQ.replace("ZWS2.0/NULL", name)).unwrap_err();
        let mechanism = MechanismName::NULL;
        assert_eq!(error, UpgradeError::SubProtocol { chosen: shown.into(), mechanism });
    }
    assert!(read_as(&LIBZMQ.replace("/NULL", ""), MechanismName::PLAIN).is_err());
}

#[test]
fn other_protocols_are_noticed_at_once() {
    for first in [&b"\xff"[..], b"HTTP/2", b"http/1.1 ", b"SSH-2.0-", b"HTTP/1.0 101 "] {
        let mut reader = ResponseReader::new(KEY.into(), MechanismName::NULL);
        assert_eq!(reader.read(&mut BytesMut::from(first)), Err(UpgradeError::NotHttp));
    }
    let mut reader = ResponseReader::new(KEY.into(), MechanismName::NULL);
    assert_eq!(reader.read(&mut BytesMut::from("HTTP/1.1")), Ok(None));
}

#[test]
fn broken_responses_are_invalid() {
    let long = LIBZMQ.replacen("\r\n", &format!("\r\nx: {}\r\n", "y".repeat(9000)), 1);
    let endless = format!("HTTP/1.1 {}", "x".repeat(16 * 1024));
    for response in ["HTTP/1.1 1x1 No\r\n\r\n", "HTTP/1.1 101 OK\r\nno\r\n\r\n", &long, &endless] {
        assert_eq!(read(response), Err(UpgradeError::InvalidResponse));
    }
}

#[test]
fn response_with_bare_line_feed_is_invalid() {
    let response = LIBZMQ.replace("NULL\r\n\r\n", "NULL\r\n\nHTTP/1.1 200 OK\r\n\r\n");
    assert_eq!(read(&response), Err(UpgradeError::InvalidResponse));
}
