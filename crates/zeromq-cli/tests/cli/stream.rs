//! stream: bytes of any program.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use crate::exit::{assert_fails, assert_misused};
use crate::support::{FREE, Zmq};

/// Connects to a bound `zmq stream`.
fn connect(endpoint: &str) -> TcpStream {
    let client = TcpStream::connect(endpoint.strip_prefix("tcp://").unwrap()).unwrap();
    client.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
    client
}

/// Reads as many bytes as expected, and compares.
#[track_caller]
fn assert_reads(client: &mut TcpStream, expected: &[u8]) {
    let mut buffer = vec![0; expected.len()];
    client.read_exact(&mut buffer).unwrap();
    assert_eq!(buffer, expected);
}

/// The id and the bytes of the next line.
fn chunk(stream: &mut Zmq) -> (String, String) {
    let line = String::from_utf8(stream.line()).unwrap();
    let (id, bytes) = line.split_once('\t').unwrap();
    (id.to_owned(), bytes.to_owned())
}

#[test]
fn stream_echoes_and_tells_of_connections() {
    let (mut stream, endpoint) = Zmq::bind(["stream", "--bind", FREE, "--echo"]);
    let mut client = connect(&endpoint);
    let (id, bytes) = chunk(&mut stream);
    assert_eq!((id.len(), bytes.as_str()), (10, ""));
    client.write_all(b"hello").unwrap();
    assert_reads(&mut client, b"hello");
    assert_eq!(chunk(&mut stream), (id.clone(), "hello".to_owned()));
    drop(client);
    assert_eq!(chunk(&mut stream), (id, String::new()));
}

#[test]
fn stream_sends_to_its_endpoint() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("tcp://{}", listener.local_addr().unwrap());
    let mut stream = Zmq::start(["stream", "--connect", &endpoint, "-m", "ping"]);
    let (mut server, _) = listener.accept().unwrap();
    assert_reads(&mut server, b"ping");
    let (id, notice) = chunk(&mut stream);
    assert_eq!(notice, "");
    server.write_all(b"pong").unwrap();
    assert_eq!(chunk(&mut stream), (id, "pong".to_owned()));
}

#[test]
fn stream_sends_to_the_id_of_a_line() {
    let (mut stream, endpoint) = Zmq::bind(["stream", "--bind", FREE, "-d", " "]);
    let mut clients = [(); 2].map(|()| {
        let client = connect(&endpoint);
        let line = String::from_utf8(stream.line()).unwrap();
        (client, line.trim_end().to_owned())
    });
    for (_, id) in clients.iter().rev() {
        stream.write(format!("{id} for {id}\n").as_bytes());
    }
    for (client, id) in &mut clients {
        assert_reads(client, format!("for {id}").as_bytes());
    }
}

#[test]
fn stream_echo_outlives_gone_clients() {
    let (mut stream, endpoint) = Zmq::bind(["stream", "--bind", FREE, "--echo"]);
    for _ in 0..20 {
        let mut client = connect(&endpoint);
        client.write_all(b"bye").unwrap();
    }
    let mut client = connect(&endpoint);
    client.write_all(b"still there?").unwrap();
    assert_reads(&mut client, b"still there?");
    stream.end_input();
}

#[test]
fn stream_errors_name_the_option() {
    assert_misused(&["stream", "--bind", FREE, "--reply", "x"], "--reply");
    assert_misused(&["stream", "--bind", FREE, "--echo", "-m", "x"], "-m");
    for message in ["no id", "zz:x", "00"] {
        let stream = ["stream", "--bind", "tcp://127.0.0.1:*", "-d", ":", "-m", message];
        let ended = crate::support::run(stream);
        assert_eq!(ended.status, 1, "{ended:?}");
        assert!(ended.errors.contains("zmq: --delimiter: "), "{ended:?}");
    }
    let udp = crate::support::run(["stream", "--bind", "udp://127.0.0.1:9"]);
    assert_fails(&udp, 1, "udp://127.0.0.1:9");
}
