//! Seed inputs: bytes on the wire, recorded handshakes and valid texts.

use bytes::BytesMut;
use zmtp_codec::wire::{Command, Greeting, MechanismName};
use zmtp_codec::{
    Connection, CurveKeyPair, CurveSecretKey, Decision, Event, Message, Metadata, SocketType,
};

use crate::handshake::Sides;

/// All seeds with the name of their target.
pub fn all() -> Vec<(&'static str, Vec<u8>)> {
    [wire(), traffic(), handshakes(), texts(), zap(), web_socket(), operations()].concat()
}

type Seeds = Vec<(&'static str, Vec<u8>)>;

fn wire() -> Seeds {
    let greeting = |mechanism| [&Greeting::OPENING[..], &Greeting::new(mechanism).rest()].concat();
    let mut metadata = Metadata::new();
    metadata.insert("X-Name", "value").expect("a good property");
    metadata.insert("X-Empty", "").expect("a good property");
    let mut properties = Vec::new();
    metadata.encode(&mut properties);
    vec![
        ("greeting", greeting(MechanismName::NULL)),
        ("greeting", greeting(MechanismName::CURVE)),
        ("greeting", b"GET / HTTP/1.1\r\n".to_vec()),
        ("greeting", b"\xff\0\0\0\0\0\0\0\x01\x7f\x01\x05\0\0".to_vec()),
        ("frame_header", b"\x01\x05".to_vec()),
        ("frame_header", b"\x04\x07".to_vec()),
        ("frame_header", b"\x02\0\0\0\0\0\0\x01\0".to_vec()),
        ("frame_header", b"\x04\0\0\0\0\0\0\x01\0".to_vec()),
        ("command", [&b"\x05READY"[..], &properties].concat()),
        ("command", b"\x05ERROR\x03400".to_vec()),
        ("command", b"\x09SUBSCRIBEtopic".to_vec()),
        ("command", b"\x06CANCELtopic".to_vec()),
        ("command", b"\x04PING\0\x0acontext".to_vec()),
        ("command", b"\x04PONGcontext".to_vec()),
        ("command", b"\x04JOINgroup".to_vec()),
        ("command", b"\x05LEAVEgroup".to_vec()),
        ("command", b"\x01topic".to_vec()),
        ("udp_datagrams", b"\x07\x01ahello\0\x01\0\x03\xffab\x02\x05a\x06\x01bother".to_vec()),
        ("udp_datagrams", b"\x01\x01\x02\x01a\x06\0hello\x04\x03abc\x05\x80text".to_vec()),
        ("metadata", properties),
    ]
}

fn traffic() -> Seeds {
    let frames = b"\x01\x01a\0\x01b\x04\x07\x04PING\0\0\0\0\x02\0\0\0\0\0\0\0\x02xy\0\x02\x01t";
    let ready = b"\x04\x1a\x05READY\x0bSocket-Type\0\0\0\x04PUSH";
    let greeting = [&Greeting::OPENING[..], &Greeting::new(MechanismName::NULL).rest()].concat();
    let number = |wanted| {
        let at = SocketType::ALL.iter().position(|known| *known == wanted);
        u8::try_from(at.expect("it is one")).expect("there are few")
    };
    let whole = |ask: u8| {
        let head = [number(SocketType::Pull), 4, 0, ask];
        [&head[..], &greeting, ready, frames].concat()
    };
    let old = [&[number(SocketType::Pull), 2, 9, 8][..], b"\0\x03old\x01\x01a\0\x01b"].concat();
    let framed = |socket_type, is_raw, bytes: &[u8]| {
        [&[number(socket_type), 2, 9, is_raw][..], bytes].concat()
    };
    let long = [&b"\x01\0\xff\0\0\0\0\0\0\x01\x2d\x01"[..], &[b'l'; 300], b"\x02\0a"].concat();
    vec![
        ("framings", framed(SocketType::Pull, 0, b"\x04\0old\x02\x01a\x02\0b\x01\0")),
        ("framings", framed(SocketType::Router, 0, &long)),
        ("framings", framed(SocketType::XPub, 0, b"\x01\0\x03\0\x01a")),
        ("framings", framed(SocketType::Pull, 0, b"\xff\0\0\0\0\0\0\0\x03\0id\x02\0a")),
        ("framings", framed(SocketType::Pull, 0, &[&greeting, &ready[..], frames].concat())),
        ("framings", framed(SocketType::Pull, 0, b"\x01\0\0")),
        ("framings", framed(SocketType::Pull, 0, b"\x01\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\0")),
        ("framings", framed(SocketType::Stream, 1, b"GET / HTTP/1.1\r\n\r\n")),
        ("decoder", [&[5, 1][..], frames].concat()),
        ("connection", whole(0)),
        ("connection", whole(1)),
        ("zmtp_2", old),
    ]
}

fn handshakes() -> Seeds {
    let mut seeds = Vec::new();
    let mut add = |names: [&'static str; 2], head: &[u8], sides: &Sides| {
        let [client, server] = written(sides);
        seeds.push((names[0], [head, &[7, 7], &server[Greeting::SIZE..]].concat()));
        seeds.push((names[1], [head, &[7, 7], &client[Greeting::SIZE..]].concat()));
    };
    add(["null", "null"], &[], &Sides::null());
    add(["plain_client", "plain_server"], &[], &Sides::plain());
    add(["curve_client", "curve_server"], &[], &Sides::curve());
    for pattern in 0..3 {
        add(["noise_client", "noise_server"], &[pattern], &Sides::noise(pattern));
    }
    seeds
}

/// The bytes that the client and the server write, with one message each.
fn written(sides: &Sides) -> [Vec<u8>; 2] {
    let mut ends = [sides.client(), sides.server()].map(|connection| (connection, BytesMut::new()));
    let mut written = [Vec::new(), Vec::new()];
    for (connection, _) in &mut ends {
        connection.send(Message::multipart(["a", "message"]));
        connection.send_command(&Command::Pong { context: "pong".into() });
    }
    for _ in 0..8 {
        for from in [0, 1] {
            let bytes: Vec<u8> =
                std::iter::from_fn(|| ends[from].0.poll_transmit()).flatten().collect();
            written[from].extend_from_slice(&bytes);
            ends[1 - from].1.extend_from_slice(&bytes);
            let (connection, input) = &mut ends[1 - from];
            hear(connection, input);
        }
    }
    written
}

fn hear(connection: &mut Connection, input: &mut BytesMut) {
    while let Some(event) = connection.handle_input(input, 9).expect("a good handshake") {
        if let Event::Authenticate(_) = event {
            connection.authenticate(Decision::allow());
        }
    }
}

fn web_socket() -> Seeds {
    let request = "GET /feed?x HTTP/1.1\r\nHost: here:80\r\nUpgrade: websocket\r\n\
        Connection: keep-alive, Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
        Sec-WebSocket-Protocol: chat, ZWS2.0\r\nSec-WebSocket-Version: 13\r\n\r\n";
    let response = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
        Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
        Sec-WebSocket-Protocol: ZWS2.0/NULL\r\n\r\n";
    let missing = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
    // Masks of zeros.
    let client =
        b"\x82\x81\0\0\0\0\0\x89\x83\0\0\0\0abc\x82\x82\x01\x02\x03\x04\0m\x82\x81\0\0\0\0\0\
        \x8a\x80\0\0\0\0\x82\xfe\0\x7f\0\0\0\0";
    let server = b"\x82\x01\0\x82\x02\x01a\x89\0\x82\x02\0b\x82\x07\x02\x04JOINg\x88\x02\x03\xe8";
    let ready = b"\x82\x1b\x02\x05READY\x0bSocket-Type\0\0\0\x04PAIR\x82\x03\0hi";
    let sizes = [7, 7];
    let with = |choice: u8, parts: &[&[u8]]| [&[choice][..], &sizes, &parts.concat()].concat();
    vec![
        ("zws_upgrade", with(0, &[request.as_bytes(), client])),
        ("zws_upgrade", with(1, &[request.replace("13", "8").as_bytes()])),
        ("zws_upgrade", with(1, &[request.replace("/feed", "/food").as_bytes()])),
        ("zws_upgrade", with(2, &[response.as_bytes(), ready, server])),
        ("zws_upgrade", with(2, &[response.as_bytes(), server])),
        ("zws_upgrade", with(2, &[missing.as_bytes()])),
        ("zws_frames", with(0, &[client])),
        ("zws_frames", with(1, &[server])),
        ("zws_frames", with(3, &[ready, server])),
        ("zws_frames", with(1, &[b"\x82\x01\0\x81\x02hi"])),
        ("zws_frames", with(1, &[b"\x82\x01\0\x82\x7f\0\0\0\0\x7f\0\0\0\0x"])),
    ]
}

fn texts() -> Seeds {
    let keys = CurveKeyPair::from(CurveSecretKey::new([7; 32]));
    let (public, secret) = (keys.public_key().to_string(), keys.secret_key().to_z85());
    let certificate = format!(
        "#   written by hand\nmetadata\n    name = \"a name\"\ncurve\n    public-key = \"{public}\"\n"
    );
    let secret_certificate = format!("{certificate}    secret-key = \"{}\"\n", secret.as_str());
    let endpoints = [
        "tcp://*:5555",
        "tcp://127.0.0.1:*",
        "tcp://[::1%eth0]:80",
        "tcp://192.168.1.17:5555;example.org:5555",
        "tcp://eth0:0;[fe80::1]:1",
        "ipc:///tmp/socket",
        "ipc://@abstract",
        "ipc://*",
        "inproc://name",
        "other://anything",
    ];
    let mut seeds: Seeds =
        endpoints.iter().map(|text| ("endpoint", text.as_bytes().to_vec())).collect();
    for network in ["10.0.0.0/8", "2001:db8::/32", "::ffff:10.0.0.1", "0.0.0.0/0", "fe80::1%1/64"] {
        seeds.push(("addresses", network.as_bytes().to_vec()));
    }
    seeds.push(("certificate", certificate.into_bytes()));
    seeds.push(("certificate", secret_certificate.into_bytes()));
    seeds.push(("keys", public.clone().into_bytes()));
    seeds.push(("keys", vec![9; 32]));
    seeds.push(("lists", format!("# keys\n{public} user\n\n").into_bytes()));
    seeds.push(("lists", b"# users\nname:password\nother : with spaces \n".to_vec()));
    seeds
}

fn zap() -> Seeds {
    let frames = |frames: &[&[u8]]| {
        let count = u8::try_from(frames.len()).expect("few");
        let mut bytes = vec![count];
        for frame in frames {
            bytes.push(u8::try_from(frame.len()).expect("short"));
            bytes.extend_from_slice(frame);
        }
        bytes
    };
    let request = |mechanism: &'static [u8], credentials: &[&'static [u8]]| {
        let head: [&[u8]; 6] = [b"1.0", b"1", b"domain", b"127.0.0.1", b"", mechanism];
        frames(&[&head[..], credentials].concat())
    };
    vec![
        ("zap_reply", frames(&[b"", b"1.0", b"1", b"200", b"OK", b"user", b"\x01a\0\0\0\x01b"])),
        ("zap_reply", frames(&[b"", b"1.0", b"1", b"400", b"No", b"", b""])),
        ("zap_request", request(b"NULL", &[])),
        ("zap_request", request(b"PLAIN", &[b"name", b"password"])),
        ("zap_request", request(b"CURVE", &[&[7; 32]])),
        ("zap_request", frames(&[b"1.0", b"1", b"", b"localhost:1:2:3", b"id", b"NULL"])),
    ]
}

/// Seeds for the targets that read their input as actions.
fn operations() -> Seeds {
    let mut seeds = Vec::new();
    let targets = [
        "batch",
        "curve_exchange",
        "curve_records",
        "noise_exchange",
        "noise_records",
        "null_exchange",
        "plain_exchange",
        "sockets",
        "trie",
    ];
    for (number, target) in (1_u64..).zip(targets) {
        for len in [20, 60, 200] {
            let mut state = number * 1000 + len;
            let bytes = (0..len).map(|_| {
                // Deterministic pseudo-random numbers.
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 56) as u8
            });
            seeds.push((target, bytes.collect()));
        }
    }
    // Only deliveries, and one message per side.
    for target in ["null_exchange", "plain_exchange", "curve_exchange"] {
        seeds.push((target, b"\0\x01\0\x01\0\x01\x06\x05hello\x07\x05world\0\x01".to_vec()));
    }
    for pattern in 0..3 {
        let deeds =
            [&[pattern][..], b"\0\x01\0\x01\0\x01\x06\x05hello\x07\x05world\0\x01"].concat();
        seeds.push(("noise_exchange", deeds));
    }
    seeds
}
