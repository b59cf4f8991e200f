use super::*;

fn parse(text: &str) -> Result<Endpoint, EndpointError> {
    text.parse()
}

#[test]
fn endpoint_text_round_trips() {
    // (given, written back, is a wildcard)
    let table = [
        ("tcp://127.0.0.1:5555", "tcp://127.0.0.1:5555", false),
        ("tcp://0.0.0.0:5555", "tcp://0.0.0.0:5555", false),
        ("tcp://*:5555", "tcp://*:5555", true),
        ("tcp://*:*", "tcp://*:*", true),
        ("tcp://*:0", "tcp://*:*", true),
        ("tcp://127.0.0.1:*", "tcp://127.0.0.1:*", true),
        ("tcp://127.0.0.1:0", "tcp://127.0.0.1:*", true),
        ("tcp://127.0.0.1:05555", "tcp://127.0.0.1:5555", false),
        ("tcp://127.0.0.1:65535", "tcp://127.0.0.1:65535", false),
        ("tcp://[::1]:5555", "tcp://[::1]:5555", false),
        ("tcp://[::]:5555", "tcp://[::]:5555", false),
        ("tcp://[0:0:0:0:0:0:0:1]:5555", "tcp://[::1]:5555", false),
        ("tcp://[::ffff:127.0.0.1]:5555", "tcp://[::ffff:127.0.0.1]:5555", false),
        ("tcp://[fe80::1%eth0]:5555", "tcp://[fe80::1%eth0]:5555", false),
        ("tcp://[fe80::1%3]:5555", "tcp://[fe80::1%3]:5555", false),
        ("tcp://localhost:5555", "tcp://localhost:5555", false),
        ("tcp://my-host.example.org:5555", "tcp://my-host.example.org:5555", false),
        ("tcp://my_host:5555", "tcp://my_host:5555", false),
        ("tcp://eth0:5555", "tcp://eth0:5555", false),
        ("tcp://eth0.100:5555", "tcp://eth0.100:5555", false),
        ("tcp://eth0:1:5555", "tcp://eth0:1:5555", false),
        ("tcp://eth0:1:*", "tcp://eth0:1:*", true),
        ("tcp://1e100.net:5555", "tcp://1e100.net:5555", false),
        (
            "tcp://192.168.1.17:5555;192.168.1.1:5555",
            "tcp://192.168.1.17:5555;192.168.1.1:5555",
            false,
        ),
        ("tcp://eth1:0;host:5555", "tcp://eth1:*;host:5555", false),
        ("tcp://*:1234;[::1]:5555", "tcp://*:1234;[::1]:5555", false),
        ("udp://127.0.0.1:5555", "udp://127.0.0.1:5555", false),
        ("udp://*:5555", "udp://*:5555", true),
        ("udp://127.0.0.1:0", "udp://127.0.0.1:*", true),
        ("udp://[::1]:5555", "udp://[::1]:5555", false),
        ("udp://lo:5555", "udp://lo:5555", false),
        ("udp://239.0.0.1:5555", "udp://239.0.0.1:5555", false),
        ("udp://*;239.0.0.1:5555", "udp://*;239.0.0.1:5555", false),
        ("udp://127.0.0.1;239.0.0.1:5555", "udp://127.0.0.1;239.0.0.1:5555", false),
        ("udp://eth0;239.0.0.1:*", "udp://eth0;239.0.0.1:*", true),
        ("udp://eth0;[ff02::1]:5555", "udp://eth0;[ff02::1]:5555", false),
        ("udp://[ff02::1%eth0]:5555", "udp://[ff02::1%eth0]:5555", false),
        ("udp://eth0;group.example.org:5555", "udp://eth0;group.example.org:5555", false),
        ("ipc:///tmp/app.sock", "ipc:///tmp/app.sock", false),
        ("ipc://relative.sock", "ipc://relative.sock", false),
        ("ipc://@abstract", "ipc://@abstract", false),
        ("ipc://*", "ipc://*", true),
        ("ipc://**", "ipc://**", false),
        ("inproc://name", "inproc://name", false),
        ("inproc://any text: 1/2 *", "inproc://any text: 1/2 *", false),
        ("tls+ws.v-1://any text: 1/2 *", "tls+ws.v-1://any text: 1/2 *", false),
    ];
    for (given, written, wildcard) in table {
        let endpoint = parse(given).unwrap_or_else(|error| panic!("{given}: {error}"));
        assert_eq!(endpoint.to_string(), written, "{given}");
        assert_eq!(endpoint.is_wildcard(), wildcard, "{given}");
        assert_eq!(
            parse(written),
            Ok(endpoint),
            "{given}: what is written back must read the same"
        );
    }
}

#[test]
fn endpoint_error_names_text_and_reason() {
    // (given, a part of the message that tells this mistake from the others)
    let table = [
        ("", "no scheme"),
        ("127.0.0.1:5555", "no scheme"),
        ("tcp:/127.0.0.1:5555", "no scheme"),
        ("TCP://127.0.0.1:5555", "lowercase letters"),
        ("://127.0.0.1:5555", "lowercase letters"),
        ("1st://name", "lowercase letters"),
        ("a b://name", "lowercase letters"),
        ("tcp://", "nothing after the scheme"),
        ("ipc://", "nothing after the scheme"),
        ("ipc://@", "nothing after the scheme"),
        ("inproc://", "nothing after the scheme"),
        ("tls://", "nothing after the scheme"),
        ("tcp://127.0.0.1", "no port"),
        ("tcp://127.0.0.1:", "no port"),
        ("tcp://[::1]", "no port"),
        ("tcp://*", "no port"),
        ("tcp://;127.0.0.1:5555", "no port"),
        ("tcp://127.0.0.1:5555;", "no port"),
        ("tcp://127.0.0.1:port", "port \"port\""),
        ("tcp://127.0.0.1:5555/", "port \"5555/\""),
        ("tcp://127.0.0.1:55x", "port \"55x\""),
        ("tcp://127.0.0.1: 5555", "port \" 5555\""),
        ("tcp://127.0.0.1:+5555", "port \"+5555\""),
        ("tcp://127.0.0.1:-1", "port \"-1\""),
        ("tcp://127.0.0.1:65536", "port \"65536\""),
        ("tcp://127.0.0.1:**", "port \"**\""),
        ("tcp://:5555", "there is no host before the port"),
        ("tcp://::1:5555", "in brackets"),
        ("tcp://fe80::1:5555", "in brackets"),
        ("tcp://eth0:x:5555", "in brackets"),
        ("tcp://eth0::5555", "in brackets"),
        ("tcp://256.0.0.1:5555", "four numbers"),
        ("tcp://127.1:5555", "four numbers"),
        ("tcp://12345:5555", "four numbers"),
        ("tcp://[127.0.0.1]:5555", "brackets hold an IPv6 address"),
        ("tcp://[::1:5555", "brackets hold an IPv6 address"),
        ("tcp://[::1]x:5555", "brackets hold an IPv6 address"),
        ("tcp://[fe80::1%]:5555", "brackets hold an IPv6 address"),
        ("tcp://[]:5555", "brackets hold an IPv6 address"),
        ("tcp://user@host:5555", "letters, digits"),
        ("tcp://ho st:5555", "letters, digits"),
        ("tcp://**:5555", "letters, digits"),
        ("udp://", "nothing after the scheme"),
        ("udp://127.0.0.1", "no port"),
        ("udp://eth0;239.0.0.1", "no port"),
        ("udp://127.0.0.1:65536", "port \"65536\""),
        ("udp://eth0;127.0.0.1:5555", "for a multicast group only"),
        ("udp://eth0;*:5555", "for a multicast group only"),
        ("udp://239.0.0.1;239.0.0.2:5555", "no multicast address"),
        ("udp://127.0.0.1;[ff02::1]:5555", "name of the interface"),
        ("udp://[::1];[ff02::1]:5555", "its name or its IPv4 address"),
        ("udp://;239.0.0.1:5555", "no host"),
        ("ipc://a\0b", "NUL"),
    ];
    for (given, reason) in table {
        let message = parse(given).expect_err(given).to_string();
        assert!(message.contains(reason), "{given}: {message}");
        assert!(message.contains(&format!("{given:?}")), "{given}: {message}");
    }
}

#[test]
fn length_limits_are_exact() {
    let (path, name) = ("p".repeat(107), "n".repeat(256));
    assert!(parse(&format!("ipc://{path}")).is_ok());
    assert!(parse(&format!("ipc://@{}", &path[1..])).is_ok());
    assert!(parse(&format!("inproc://{name}")).is_ok());

    for text in [format!("ipc://{path}x"), format!("ipc://@{path}"), format!("inproc://{name}x")] {
        let error = parse(&text).expect_err(&text);
        assert!(matches!(error.kind(), EndpointErrorKind::TooLong { .. }), "{text}");
    }
    let host = format!("tcp://{}:5555", "h".repeat(254));
    let error = parse(&host).expect_err(&host);
    assert_eq!(error.kind(), &EndpointErrorKind::TooLong { length: 254, limit: 253 });
}

#[test]
fn wildcards_only_bind_and_sources_only_connect() {
    for text in
        ["tcp://*:5555", "tcp://127.0.0.1:0", "udp://*:5555", "udp://239.0.0.1:*", "ipc://*"]
    {
        let endpoint = parse(text).expect(text);
        assert!(endpoint.check_bindable().is_ok());
        let error = endpoint.check_connectable().expect_err(text);
        assert_eq!(error.kind(), &EndpointErrorKind::WildcardNotAllowed);
    }
    let group = parse("udp://lo;239.0.0.1:5555").expect("a group");
    assert!(group.check_bindable().is_ok() && group.check_connectable().is_ok());
    let with_source = parse("tcp://lo:0;127.0.0.1:5555").expect("a source and a destination");
    assert!(with_source.check_connectable().is_ok());
    let error = with_source.check_bindable().expect_err("a source");
    assert_eq!(error.kind(), &EndpointErrorKind::SourceNotAllowed);
}

#[test]
fn socket_addresses_convert_to_endpoints() {
    for (address, text) in [
        ("127.0.0.1:5555", "tcp://127.0.0.1:5555"),
        ("[::1]:5555", "tcp://[::1]:5555"),
        ("[fe80::1%3]:5555", "tcp://[fe80::1%3]:5555"),
    ] {
        let address: SocketAddr = address.parse().expect(address);
        assert_eq!(Endpoint::from(address).to_string(), text);
    }
}

#[cfg(feature = "ws")]
#[test]
fn ws_endpoint_has_host_port_and_path() {
    // (given, written back, the address, path, a wildcard)
    let table = [
        ("ws://127.0.0.1:8080", "ws://127.0.0.1:8080", "127.0.0.1:8080", "", false),
        ("ws://127.0.0.1:8080/", "ws://127.0.0.1:8080", "127.0.0.1:8080", "", false),
        ("ws://a.org", "ws://a.org:80", "a.org:80", "", false),
        ("ws://a.org/a/b?c=d", "ws://a.org:80/a/b?c=d", "a.org:80", "/a/b?c=d", false),
        ("ws://*:0/feed", "ws://*:*/feed", "*:*", "/feed", true),
        ("ws://[::1]/feed", "ws://[::1]:80/feed", "[::1]:80", "/feed", false),
        ("ws://[::1]:8080", "ws://[::1]:8080", "[::1]:8080", "", false),
        ("ws://lo:*;a.org/x", "ws://lo:*;a.org:80/x", "a.org:80", "/x", false),
    ];
    for (given, written, address, path, is_wildcard) in table {
        let endpoint = parse(given).expect(given);
        let Endpoint::Ws(ws) = &endpoint else { panic!("{endpoint}") };
        assert_eq!((ws.address().to_string().as_str(), ws.path()), (address, path), "{given}");
        assert_eq!(endpoint.is_wildcard(), is_wildcard, "{given}");
        assert_eq!(endpoint.to_string(), written);
        assert_eq!(parse(written), Ok(endpoint));
    }
}

#[cfg(feature = "ws")]
#[test]
fn ws_endpoints_differ_by_path() {
    let same = |one, other| parse(one).unwrap().is_same(&parse(other).unwrap());
    assert!(same("ws://127.0.0.1", "ws://127.0.0.1:80/"));
    assert!(!same("ws://127.0.0.1/a", "ws://127.0.0.1/b"));
    assert!(!same("ws://127.0.0.1:443", "tcp://127.0.0.1:443"));
    let at_port = parse("ws://host:*/a").unwrap().at_port_of(&parse("ws://1.2.3.4:99/a").unwrap());
    assert_eq!(at_port.to_string(), "ws://host:99/a");
}

#[cfg(feature = "ws")]
#[test]
fn invalid_ws_endpoint_names_the_reason() {
    let long = format!("ws://host/{}", "x".repeat(2048));
    let table = [
        ("ws://host/a b", "%20"),
        ("ws://host/\u{e9}", "%20"),
        ("ws://host/a#b", "'#'"),
        ("ws://host:x/", "port \"x\""),
        ("ws://:80", "no host before the port"),
        ("ws:///a", "no host before the port"),
        ("ws://::1", "in brackets"),
        (&long, "too long"),
    ];
    for (given, reason) in table {
        let message = parse(given).expect_err(given).to_string();
        assert!(message.contains(reason), "{given}: {message}");
        assert!(message.contains(&format!("{given:?}")), "{given}: {message}");
    }
    assert!(parse("ws://*:80/a?b").expect("to connect").check_bindable().is_err());
}
