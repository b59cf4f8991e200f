use super::*;

/// The request of libzmq 4.3.5.
const LIBZMQ: &str = "GET / HTTP/1.1\r\n\
    Host: 127.0.0.1\r\n\
    Upgrade: websocket\r\n\
    Connection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Protocol: ZWS2.0/NULL,ZWS2.0\r\n\
    Sec-WebSocket-Version: 13\r\n\r\n";

fn read_as(request: &str, path: Option<&str>, mechanism: MechanismName) -> Result<Upgrade> {
    let mut input = BytesMut::from(request.as_bytes());
    let upgrade = RequestReader::new(path.map(Into::into), mechanism).read(&mut input)?;
    assert!(input.is_empty());
    Ok(upgrade.expect("a whole request"))
}

fn read(request: &str) -> Result<Upgrade> {
    read_as(request, None, MechanismName::NULL)
}

fn refused(request: &str) -> (u16, String) {
    let refusal = read(request).expect_err(request);
    (refusal.status(), refusal.to_string())
}

#[test]
fn libzmq_is_answered_byte_for_byte() {
    let upgrade = read(LIBZMQ).unwrap();
    assert_eq!(upgrade.profile(), Profile::Mechanism(MechanismName::NULL));
    let response = "HTTP/1.1 101 Switching Protocols\r\n\
        Upgrade: websocket\r\n\
        Connection: Upgrade\r\n\
        Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
        Sec-WebSocket-Protocol: ZWS2.0/NULL\r\n\r\n";
    assert_eq!(upgrade.to_response(), response);
}

#[test]
fn first_profile_of_client_that_fits_wins() {
    let choose = |offers: &[&str], mechanism| {
        let lines: String =
            offers.iter().map(|offer| format!("Sec-WebSocket-Protocol: {offer}\r\n")).collect();
        let request =
            LIBZMQ.replace("Sec-WebSocket-Protocol: ZWS2.0/NULL,ZWS2.0\r\n", lines.as_str());
        read_as(&request, None, mechanism).map(|upgrade| upgrade.profile().to_string())
    };
    let null = MechanismName::NULL;
    assert_eq!(choose(&["ZWS2.0,ZWS2.0/NULL"], null).unwrap(), "ZWS2.0");
    assert_eq!(choose(&["mqtt, ZWS2.0/CURVE , ZWS2.0/NULL"], null).unwrap(), "ZWS2.0/NULL");
    assert_eq!(choose(&["chat", "ZWS2.0"], null).unwrap(), "ZWS2.0");
    assert_eq!(choose(&["ZWS2.0", "ZWS2.0/CURVE"], MechanismName::CURVE).unwrap(), "ZWS2.0/CURVE");
    let refusal = choose(&["ZWS2.0/NULL,x\u{e9}y"], MechanismName::PLAIN).unwrap_err();
    assert_eq!(refusal.status(), 400);
    assert_eq!(
        refusal.to_string(),
        "the socket here speaks the sub-protocols ZWS2.0/PLAIN, \
         and the request offers ZWS2.0/NULL, x\\xc3\\xa9y"
    );
    assert!(choose(&[], null).unwrap_err().to_string().ends_with("offers none"));
}

#[test]
fn browser_request_is_accepted() {
    let request = "GET /feed?x=1 HTTP/1.1\r\nHost: localhost:8080\r\n\
        Connection: keep-alive, Upgrade\r\nPragma: no-cache\r\nUpgrade: WebSocket\r\n\
        Origin: http://localhost:8080\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key:dGhlIHNhbXBsZSBub25jZQ==  \r\n\
        Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\
        Sec-WebSocket-Protocol: ZWS2.0\r\n\r\n";
    let upgrade = read_as(request, Some("/feed"), MechanismName::NULL).unwrap();
    assert_eq!(upgrade.profile(), Profile::Bare);
    assert!(!upgrade.headers().iter().any(|(name, _)| name.contains("Extensions")));
}

#[test]
fn other_paths_are_not_found() {
    let at = |target: &str, path| {
        let request = LIBZMQ.replace("GET / ", &format!("GET {target} "));
        read_as(&request, path, MechanismName::NULL).map_err(|refusal| refusal.status())
    };
    for served in ["/a/b", "/a/b?c=/d", "http://example.org/a/b", "ws://example.org:80/a/b?c"] {
        assert!(at(served, Some("/a/b")).is_ok(), "{served}");
    }
    for other in ["/", "/a", "/a/b/", "/A/B", "/a/b/c", "//a/b", "http://example.org", "*"] {
        assert_eq!(at(other, Some("/a/b")), Err(404), "{other}");
        assert!(at(other, None).is_ok(), "{other}");
    }
}

#[test]
fn each_mistake_has_its_status() {
    let without = |header: &str| {
        let lines = LIBZMQ.split_inclusive("\r\n").filter(|line| !line.starts_with(header));
        lines.collect::<String>()
    };
    assert_eq!(refused(&without("Upgrade")).0, 426);
    assert_eq!(refused(&without("Connection")).0, 426);
    assert_eq!(refused(&without("Sec-WebSocket-Version")).0, 426);
    assert_eq!(refused(&LIBZMQ.replace("Version: 13", "Version: 8")).0, 426);
    assert_eq!(refused(&without("Sec-WebSocket-Key")).0, 400);
    assert_eq!(refused(&without("Sec-WebSocket-Protocol")).0, 400);
    assert_eq!(refused(&without("Host")).0, 400);
    assert_eq!(refused(&LIBZMQ.replace("GET", "POST")).0, 405);
    assert_eq!(refused(&LIBZMQ.replace("HTTP/1.1", "HTTP/1.0")).0, 400);
    assert_eq!(refused(&LIBZMQ.replace("HTTP/1.1", "HTTP/2.0")).0, 400);
    assert_eq!(refused(&LIBZMQ.replace("Host:", "Ho st:")).0, 400);
    assert_eq!(refused(&LIBZMQ.replace("Upgrade: websocket", "Upgrade: h2c")).0, 426);
    for twice in ["Host: a", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="] {
        let request = LIBZMQ.replacen("\r\n", &format!("\r\n{twice}\r\n"), 1);
        assert_eq!(refused(&request).0, 400, "{twice} twice");
    }
}

#[test]
fn request_with_a_body_is_refused() {
    for body in ["Content-Length: 5", "content-length: 0", "Transfer-Encoding: chunked"] {
        let request = LIBZMQ.replacen("\r\n", &format!("\r\n{body}\r\n"), 1);
        assert_eq!(refused(&request), (400, "a request for a WebSocket has no body".into()));
    }
}

#[test]
fn large_heads_are_refused() {
    let with = |header: String| LIBZMQ.replacen("\r\n", &format!("\r\n{header}\r\n"), 1);
    let sized = |name, value| with(format!("{}: {}", "n".repeat(name), "v".repeat(value)));
    assert!(read(&sized(1024, 8192)).is_ok());
    assert_eq!(refused(&sized(1025, 1)).0, 431);
    assert_eq!(refused(&sized(1, 8193)).0, 431);
    assert_eq!(refused(&sized(1, 16 * 1024)).0, 431);
    let many = |count| with(vec!["a: b"; count].join("\r\n"));
    assert!(read(&many(94)).is_ok());
    assert_eq!(refused(&many(95)).0, 431);
}

#[test]
fn other_protocols_are_refused_at_once() {
    for first in [&b"\xff"[..], b"\x16\x03\x01", b"get", b"\r\n"] {
        let mut reader = RequestReader::new(None, MechanismName::NULL);
        let refusal = reader.read(&mut BytesMut::from(first)).unwrap_err();
        assert_eq!(refusal.status(), 400);
    }
}

#[test]
fn refusal_is_a_whole_response() {
    let refusal = read(&LIBZMQ.replace("Version: 13", "Version: 7")).unwrap_err();
    let response = "HTTP/1.1 426 Upgrade Required\r\n\
        Connection: close, Upgrade\r\n\
        Upgrade: websocket\r\n\
        Sec-WebSocket-Version: 13\r\n\
        Content-Type: text/plain; charset=utf-8\r\n\
        Content-Length: 44\r\n\r\n\
        only version 13 of WebSocket is spoken here\n";
    assert_eq!(refusal.to_response(), response);
    let refusal = read(&LIBZMQ.replace("GET", "PUT")).unwrap_err();
    let start = "HTTP/1.1 405 Method Not Allowed\r\nConnection: close\r\nAllow: GET\r\n";
    assert!(refusal.to_response().starts_with(start.as_bytes()));
}

/// httparse ends a line, and the head, at a bare LF. A proxy in front may not.
#[test]
fn bare_line_feeds_are_refused() {
    let hidden = LIBZMQ.replace("13\r\n\r\n", "13\r\n\nPOST / HTTP/1.1\r\nHost: x\r\n\r\n");
    let in_header = LIBZMQ.replace("127.0.0.1\r\n", "127.0.0.1\n");
    for request in [hidden, in_header] {
        assert_eq!(refused(&request), (400, "each line of a request ends with CRLF".into()));
    }
}
