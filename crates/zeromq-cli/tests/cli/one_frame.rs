//! Sockets of one-frame messages: client, server, radio, dish, scatter, gather, peer, channel.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;

use libzmq_peer::{Context, Msg, Opt, Socket, SocketKind};

use crate::exit::{assert_fails, assert_misused};
use crate::support::{FREE, Zmq, run};

/// A socket of libzmq that gives up after a while.
fn libzmq(kind: SocketKind) -> Socket {
    let socket = Socket::new(&Context::new().unwrap(), kind).unwrap();
    socket.set_i32(Opt::RCVTIMEO, 120_000).unwrap();
    socket.set_i32(Opt::SNDTIMEO, 120_000).unwrap();
    socket
}

#[test]
fn server_echoes_to_its_clients() {
    let (mut server, endpoint) = Zmq::bind(["server", "--bind", FREE, "--echo"]);
    for text in ["one", "two"] {
        let client = run(["client", "--connect", &endpoint, "-m", text, "-n", "1"]);
        assert_eq!(client.well(), format!("{text}\n"));
        assert_eq!(server.line(), text.as_bytes());
    }
}

#[test]
fn server_replies_with_text_and_input() {
    let (server, endpoint) = Zmq::bind(["server", "--bind", FREE, "--reply", "yes", "-n", "2"]);
    let client = ["client", "--connect", &endpoint, "-m", "a", "-m", "b", "-n", "2"];
    assert_eq!(run(client).well(), "yes\nyes\n");
    assert_eq!(server.end().well(), "a\nb\n");

    let (mut server, endpoint) = Zmq::bind(["server", "--bind", FREE]);
    let client = Zmq::start(["client", "--connect", &endpoint, "-m", "1 + 1", "-n", "1"]);
    assert_eq!(server.line(), b"1 + 1");
    server.write(b"2\n");
    assert_eq!(client.end().well(), "2\n");
}

#[test]
fn server_outlives_gone_clients() {
    let (mut server, endpoint) = Zmq::bind(["server", "--bind", FREE]);
    run(["client", "--connect", &endpoint, "-m", "gone", "--timeout", "0.01", "-n", "1"]);
    assert_eq!(server.line(), b"gone");
    let client = Zmq::start(["client", "--connect", &endpoint, "-m", "waiting", "-n", "1"]);
    server.write(b"too late\n");
    assert_eq!(server.line(), b"waiting");
    server.write(b"in time\n");
    assert_eq!(client.end().well(), "in time\n");
}

#[test]
fn scatter_reaches_gather_in_order() {
    let (gather, endpoint) = Zmq::bind(["gather", "--bind", FREE, "-n", "1000"]);
    let mut scatter = Zmq::start(["scatter", "--connect", &endpoint]);
    let lines: String = (0..1000).map(|number| format!("{number}\n")).collect();
    scatter.write(lines.as_bytes());
    scatter.end().well();
    assert_eq!(gather.end().well(), lines);
}

#[test]
fn channel_talks_both_ways_at_once() {
    let (mut one, endpoint) = Zmq::bind(["channel", "--bind", FREE]);
    let mut other = Zmq::start(["channel", "--connect", &endpoint]);
    one.write(b"from one\n");
    assert_eq!(other.line(), b"from one");
    other.write(b"from the other\n");
    assert_eq!(one.line(), b"from the other");
}

#[test]
fn peer_sends_to_those_it_connects_to() {
    let echoing = [(); 2].map(|()| Zmq::bind(["peer", "--bind", FREE, "--echo"]));
    let [(mut one, one_endpoint), (mut other, other_endpoint)] = echoing;
    let peer = ["peer", "--connect", &one_endpoint, "--connect", &other_endpoint];
    let peer = run([&peer[..], &["-m", "a", "-m", "b", "-m", "c", "-n", "3"]].concat());
    assert_eq!([one.line(), one.line(), other.line()], [&b"a"[..], b"c", b"b"]);
    let output = peer.well();
    let mut replies: Vec<_> = output.lines().collect();
    replies.sort_unstable();
    assert_eq!(replies, ["a", "b", "c"]);
}

#[test]
fn bound_peer_replies_with_input() {
    let (mut bound, endpoint) = Zmq::bind(["peer", "--bind", FREE]);
    let peer = Zmq::start(["peer", "--connect", &endpoint, "-m", "well?", "-n", "1"]);
    assert_eq!(bound.line(), b"well?");
    bound.write(b"yes\n");
    assert_eq!(peer.end().well(), "yes\n");
}

#[test]
fn dish_prints_group_and_text() {
    let (radio, endpoint) =
        Zmq::bind(["radio", "--bind", FREE, "--group", "news", "--wait-peers", "1"]);
    let dish = ["dish", "--connect", &endpoint, "--group", "sport", "--group", "news"];
    let dish = Zmq::start([&dish[..], &["-n", "2"]].concat());
    let mut radio = radio;
    radio.write(b"one\ntwo\n");
    radio.end().well();
    assert_eq!(dish.end().well(), "news\tone\nnews\ttwo\n");
}

#[test]
fn radio_reaches_members_of_its_group_alone() {
    let (mut dish, endpoint) = Zmq::bind(["dish", "--bind", FREE, "--group", "a"]);
    let wait = ["--wait-peers", "1", "--timeout", "0.2"];
    let radio = ["radio", "--connect", &endpoint, "-m", "lost", "--group", "b"];
    assert_fails(&run([&radio[..], &wait].concat()), 3, "--timeout");
    run(["radio", "--connect", &endpoint, "-m", "heard", "--group", "a", "--wait-peers", "1"])
        .well();
    assert_eq!(dish.line(), b"a\theard");
}

#[test]
fn wrong_use_of_groups_and_frames_is_told() {
    assert_misused(&["radio", "--bind", FREE, "-m", "x"], "--group");
    assert_misused(&["dish", "--bind", FREE], "--group");
    assert_misused(&["client", "--bind", FREE, "--echo"], "--echo");
    assert_misused(&["gather", "--bind", FREE, "-m", "x"], "-m");
    let long = "x".repeat(256);
    assert_fails(&run(["dish", "--bind", FREE, "--group", &long]), 1, "--group");
    assert_fails(&run(["radio", "--bind", FREE, "--group", &long, "-m", "x"]), 1, "--group");
    let client = ["client", "--connect", "tcp://127.0.0.1:9", "-d", ",", "-m", "a,b"];
    assert_fails(&run(client), 1, "--delimiter");
}

#[test]
fn libzmq_client_gets_its_echo() {
    let (_server, endpoint) = Zmq::bind(["server", "--bind", FREE, "--echo"]);
    let client = libzmq(SocketKind::Client);
    client.connect(&endpoint).unwrap();
    client.send(&["hello"]).unwrap();
    assert_eq!(client.recv().unwrap(), [b"hello"]);
}

#[test]
fn libzmq_server_serves_client() {
    let server = libzmq(SocketKind::Server);
    let endpoint = server.bind("tcp://127.0.0.1:*").unwrap();
    let client = Zmq::start(["client", "--connect", &endpoint, "-m", "hello", "-n", "1"]);
    let mut request = server.recv_msg().unwrap();
    let mut reply = Msg::new(b"welcome").unwrap();
    reply.set_routing_id(request.routing_id()).unwrap();
    server.send_msg(reply, false).unwrap();
    assert_eq!(client.end().well(), "welcome\n");
}

#[test]
fn libzmq_dish_hears_radio() {
    let dish = libzmq(SocketKind::Dish);
    dish.join("news").unwrap();
    let endpoint = dish.bind("tcp://127.0.0.1:*").unwrap();
    let radio = ["radio", "--connect", &endpoint, "--group", "news", "--wait-peers", "1"];
    let radio = Zmq::start([&radio[..], &["-m", "ours"]].concat());
    // libzmq joins while it receives.
    let mut message = dish.recv_msg().unwrap();
    assert_eq!((message.group().as_deref(), message.to_vec()), (Some("news"), b"ours".to_vec()));
    radio.end().well();
}

/// libzmq does not tell when a dish has joined, so its radio repeats the message.
#[test]
fn dish_hears_libzmq_radio() {
    let (told, endpoint) = mpsc::channel();
    let ended = Arc::new(AtomicBool::new(false));
    let until = ended.clone();
    let sending = thread::spawn(move || {
        let radio = libzmq(SocketKind::Radio);
        told.send(radio.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
        while !until.load(Ordering::Relaxed) {
            let mut message = Msg::new(b"theirs").unwrap();
            message.set_group("news").unwrap();
            radio.send_msg(message, false).unwrap();
            thread::yield_now();
        }
    });
    let dish = ["dish", "--connect", &endpoint.recv().unwrap(), "--group", "news", "-n", "1"];
    assert_eq!(run(dish).well(), "news\ttheirs\n");
    ended.store(true, Ordering::Relaxed);
    sending.join().unwrap();
}

#[test]
fn libzmq_takes_what_scatter_and_channel_send() {
    let gather = libzmq(SocketKind::Gather);
    let endpoint = gather.bind("tcp://127.0.0.1:*").unwrap();
    run(["scatter", "--connect", &endpoint, "-m", "work"]).well();
    assert_eq!(gather.recv().unwrap(), [b"work"]);

    let channel = libzmq(SocketKind::Channel);
    let endpoint = channel.bind("tcp://127.0.0.1:*").unwrap();
    let ours = Zmq::start(["channel", "--connect", &endpoint, "-m", "ping", "-n", "1"]);
    assert_eq!(channel.recv().unwrap(), [b"ping"]);
    channel.send(&["pong"]).unwrap();
    assert_eq!(ours.end().well(), "pong\n");
}

#[test]
fn libzmq_peer_is_answered() {
    let (_peer, endpoint) = Zmq::bind(["peer", "--bind", FREE, "--reply", "yes"]);
    let theirs = libzmq(SocketKind::Peer);
    let id = theirs.connect_peer(&endpoint).unwrap();
    let mut message = Msg::new(b"well?").unwrap();
    message.set_routing_id(id).unwrap();
    theirs.send_msg(message, false).unwrap();
    assert_eq!(theirs.recv_msg().unwrap().to_vec(), b"yes");
}

#[test]
fn proxy_forwards_gather_to_scatter() {
    let sides = ["gather", "scatter"].map(|kind| format!("{kind}:bind:{FREE}"));
    let mut proxy = Zmq::start(["proxy", "--frontend", &sides[0], "--backend", &sides[1]]);
    let [front, back] = [(); 2].map(|()| proxy.bound());
    run(["scatter", "--connect", &front, "-m", "x"]).well();
    assert_eq!(run(["gather", "--connect", &back, "-n", "1"]).well(), "x\n");
    for kind in ["server", "peer", "radio", "dish", "dgram", "stream"] {
        let side = format!("{kind}:bind:{FREE}");
        assert_misused(&["proxy", "--frontend", &side, "--backend", &side], "--frontend");
    }
}
