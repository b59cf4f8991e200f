//! jszmq 0.1.2 in Node, as the client and as the server.

#![allow(clippy::unwrap_used, reason = "a test may fail when something goes wrong")]

use std::process::Stdio;

use support::within;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use zeromq_async::{
    DealerSocket, Message, PubSocket, PullSocket, PushSocket, RepSocket, ReqSocket, RouterSocket,
    SubSocket, XPubSocket,
};

const WS: &str = "ws://127.0.0.1:*";

/// A socket of jszmq in a process of its own.
struct Jszmq {
    _child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Jszmq {
    fn start(node: &str, arguments: [&str; 3]) -> Self {
        let mut child = Command::new(node)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/node/peer.js"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let input = child.stdin.take().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { _child: child, input, output }
    }

    fn connected(node: &str, kind: &str, endpoint: impl ToString) -> Self {
        Self::start(node, [kind, "connect", &endpoint.to_string()])
    }

    /// A bound socket and its endpoint.
    async fn bound(node: &str, kind: &str) -> (Self, String) {
        let mut this = Self::start(node, [kind, "bind", "/jszmq"]);
        let line = this.line().await;
        let endpoint = line.strip_prefix("bound ").expect("it is bound").to_owned();
        (this, endpoint)
    }

    async fn say(&mut self, line: &str) {
        self.input.write_all(format!("{line}\n").as_bytes()).await.unwrap();
    }

    async fn line(&mut self) -> String {
        within("a line of jszmq", self.output.next_line()).await.unwrap().expect("it still runs")
    }

    async fn expect(&mut self, line: &str) {
        assert_eq!(self.line().await, line);
    }
}

fn x(count: usize) -> String {
    "x".repeat(count)
}

/// Sizes with every form of a WebSocket length.
const SIZES: [usize; 6] = [101, 125, 126, 65_534, 65_535, 1 << 20];

#[tokio::test]
async fn jszmq_req_asks_our_rep() {
    let Some(node) = browser::node() else { return };
    let mut rep = RepSocket::new();
    let mut req = Jszmq::connected(node, "req", rep.bind(WS).await.unwrap());
    for size in SIZES {
        req.say(&format!("send *{size}")).await;
        assert!(within("the request", rep.recv()).await.unwrap() == *x(size));
        rep.send(x(size)).await.unwrap();
        req.expect(&format!("got *{size}")).await;
    }
    req.say("send a b").await;
    let request = within("the request", rep.recv()).await.unwrap();
    assert_eq!(request, Message::multipart(["a", "b"]));
    rep.send(Message::multipart(["c", "", "d"])).await.unwrap();
    req.expect("got c \"\" d").await;
}

#[tokio::test]
async fn jszmq_sub_hears_our_pub() {
    let Some(node) = browser::node() else { return };
    let mut publisher = PubSocket::new();
    let mut sub = Jszmq::connected(node, "sub", publisher.bind(WS).await.unwrap());
    sub.say("subscribe a").await;
    within("the subscription", publisher.wait_for_subscribers("a", 1)).await;
    for number in 0..100 {
        publisher.send(Message::multipart([format!("a{number}"), "body".into()])).await.unwrap();
        publisher.send("b").await.unwrap();
    }
    for number in 0..100 {
        sub.expect(&format!("got a{number} body")).await;
    }
}

#[tokio::test]
async fn jszmq_dealer_talks_to_our_router() {
    let Some(node) = browser::node() else { return };
    let mut router = RouterSocket::new();
    let mut dealer = Jszmq::connected(node, "dealer", router.bind(WS).await.unwrap());
    for number in 0..100 {
        dealer.say(&format!("send {number} two")).await;
        let request = within("the request", router.recv()).await.unwrap();
        assert_eq!(request.frames()[1], *number.to_string());
        router.send(request).await.unwrap();
        dealer.expect(&format!("got {number} two")).await;
    }
}

#[tokio::test]
async fn jszmq_pushes_and_pulls() {
    let Some(node) = browser::node() else { return };
    let (mut pull, mut push) = (PullSocket::new(), PushSocket::new());
    let mut pushing = Jszmq::connected(node, "push", pull.bind(WS).await.unwrap());
    let mut pulling = Jszmq::connected(node, "pull", push.bind(WS).await.unwrap());
    for size in SIZES {
        pushing.say(&format!("send *{size} {size}")).await;
        let message = within("a message", pull.recv()).await.unwrap();
        assert_eq!((message.frames()[0].len(), message.frames().len()), (size, 2));
        push.send(message).await.unwrap();
        pulling.expect(&format!("got *{size} {size}")).await;
    }
}

#[tokio::test]
async fn jszmq_publishes_to_our_xpub_and_leaves() {
    let Some(node) = browser::node() else { return };
    let mut xpub = XPubSocket::new();
    let mut sub = Jszmq::connected(node, "sub", xpub.bind(WS).await.unwrap());
    sub.say("subscribe t").await;
    assert_eq!(within("the subscription", xpub.recv()).await.unwrap(), "\x01t");
    sub.say("close").await;
    assert_eq!(within("the end of it", xpub.recv()).await.unwrap(), "\0t");
}

#[tokio::test]
async fn our_req_asks_jszmq_rep() {
    let Some(node) = browser::node() else { return };
    let (mut rep, endpoint) = Jszmq::bound(node, "rep").await;
    let mut req = ReqSocket::new();
    req.connect(endpoint).unwrap();
    for size in SIZES {
        req.send(x(size)).await.unwrap();
        rep.expect(&format!("got *{size}")).await;
        rep.say(&format!("send *{size}")).await;
        assert!(within("the reply", req.recv()).await.unwrap() == *x(size));
    }
}

#[tokio::test]
async fn our_sub_hears_jszmq_pub() {
    let Some(node) = browser::node() else { return };
    let (mut publisher, endpoint) = Jszmq::bound(node, "pub").await;
    let mut sub = SubSocket::builder().subscribe("a").build();
    sub.connect(endpoint).unwrap();
    // A PUB of jszmq does not say when it has a subscriber.
    let publishing = async {
        loop {
            publisher.say("send b").await;
            publisher.say("send a body").await;
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        () = publishing => {}
        message = within("a message", sub.recv()) => {
            assert_eq!(message.unwrap(), Message::multipart(["a", "body"]));
        }
    }
}

#[tokio::test]
async fn our_dealer_talks_to_jszmq_router() {
    let Some(node) = browser::node() else { return };
    let (mut router, endpoint) = Jszmq::bound(node, "router").await;
    let mut dealer = DealerSocket::builder().routing_id("me").unwrap().build();
    dealer.connect(endpoint).unwrap();
    for number in 0..20 {
        dealer.send(format!("{number}")).await.unwrap();
        router.expect(&format!("got {number}")).await;
        router.say(&format!("send re {number}")).await;
        let reply = within("the reply", dealer.recv()).await.unwrap();
        assert_eq!(reply, Message::multipart(["re".to_owned(), number.to_string()]));
    }
}
