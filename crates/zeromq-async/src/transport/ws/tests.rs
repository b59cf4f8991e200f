use super::*;

#[test]
fn host_header_has_port_unless_default() {
    for (endpoint, expected) in [
        ("ws://example.org", "example.org"),
        ("ws://example.org:80/feed", "example.org"),
        ("ws://example.org:8080", "example.org:8080"),
        ("ws://127.0.0.1:81", "127.0.0.1:81"),
        ("ws://[::1]:81", "[::1]:81"),
        ("ws://[fe80::1%eth0]", "[fe80::1]"),
        ("ws://eth0:0;example.org:81", "example.org:81"),
    ] {
        let endpoint: Endpoint = endpoint.parse().expect(endpoint);
        assert_eq!(host(ws(&endpoint).expect("ws")), expected);
    }
}
