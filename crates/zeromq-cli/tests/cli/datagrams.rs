//! udp: dgram, radio and dish.

use std::net::UdpSocket;
use std::time::Duration;

use crate::exit::assert_fails;
use crate::support::{FREE, Zmq, run};

const FREE_UDP: &str = "udp://127.0.0.1:0";

/// A UDP socket that gives up after a while.
fn udp() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
    socket
}

#[test]
fn dgram_prints_addresses_and_echoes() {
    let (mut dgram, endpoint) = Zmq::bind(["dgram", "--bind", FREE_UDP, "--echo"]);
    let (address, theirs) = (endpoint.strip_prefix("udp://").unwrap(), udp());
    theirs.send_to(b"hello", address).unwrap();
    let mut buffer = [0; 64];
    let (size, from) = theirs.recv_from(&mut buffer).unwrap();
    assert_eq!((&buffer[..size], from.to_string()), (&b"hello"[..], address.to_owned()));
    let line = format!("{}\thello", theirs.local_addr().unwrap());
    assert_eq!(dgram.line(), line.as_bytes());
}

#[test]
fn dgram_sends_to_its_endpoint() {
    let (_echo, endpoint) = Zmq::bind(["dgram", "--bind", FREE_UDP, "--echo"]);
    let dgram = run(["dgram", "--connect", &endpoint, "-m", "ping", "-n", "1"]);
    assert_eq!(dgram.well(), format!("{}\tping\n", endpoint.strip_prefix("udp://").unwrap()));
}

#[test]
fn dgram_sends_to_the_address_of_a_line() {
    let theirs = udp();
    let (mut dgram, _) = Zmq::bind(["dgram", "--bind", FREE_UDP, "-d", " "]);
    dgram.write(format!("{} hello, you\n", theirs.local_addr().unwrap()).as_bytes());
    let mut buffer = [0; 64];
    let size = theirs.recv(&mut buffer).unwrap();
    assert_eq!(&buffer[..size], b"hello, you");
}

#[test]
fn radio_reaches_dish_over_udp() {
    let (dish, endpoint) = Zmq::bind(["dish", "--bind", FREE_UDP, "--group", "news", "-n", "1"]);
    let radio = |group| run(["radio", "--connect", &endpoint, "--group", group, "-m", "x"]).well();
    radio("sport");
    radio("news");
    assert_eq!(dish.end().well(), "news\tx\n");
}

#[test]
fn datagram_errors_name_endpoint_or_option() {
    assert_fails(&run(["dgram", "--bind", "tcp://127.0.0.1:9"]), 1, "tcp://127.0.0.1:9");
    assert_fails(&run(["dgram", "--connect", FREE, "-m", "x"]), 1, FREE);
    assert_fails(&run(["push", "--bind", "udp://127.0.0.1:9"]), 1, "udp://127.0.0.1:9");
    assert_fails(&run(["dish", "--connect", "udp://127.0.0.1:9", "--group", "a"]), 1, "udp://");
    let unaddressed = run(["dgram", "--bind", FREE_UDP, "-m", "x"]);
    assert!(unaddressed.errors.contains("zmq: --delimiter: "), "{unaddressed:?}");
    assert_eq!(unaddressed.status, 1);
    let long = "x".repeat(9000);
    let long = run(["radio", "--connect", "udp://127.0.0.1:9", "--group", "a", "-m", &long]);
    assert_fails(&long, 1, "udp://127.0.0.1:9");
}
