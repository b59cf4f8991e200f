//! Every pattern with each of its sides ours, each side bound, over tcp and ipc, with bodies of
//! every kind of size, alone and in threes, with routing ids chosen and made up.

use std::fmt;

use interop::{End, Frames, IPC, Place, Setup, TCP};
use libzmq_peer::SocketKind::{
    self, Dealer, Pair, Pub, Pull, Push, Rep, Req, Router, Sub, Xpub, Xsub,
};

const REQUEST_REPLY: &[(SocketKind, SocketKind)] = &[
    (Req, Rep),
    (Req, Router),
    (Dealer, Rep),
    (Dealer, Router),
    (Dealer, Dealer),
    (Router, Router),
];

const PUBLISH_SUBSCRIBE: &[(SocketKind, SocketKind)] =
    &[(Pub, Sub), (Xpub, Sub), (Pub, Xsub), (Xpub, Xsub)];

const PIPELINE_AND_PAIR: &[(SocketKind, SocketKind)] = &[(Push, Pull), (Pair, Pair)];

/// Nothing, the ends of short frames, what libzmq reads at once, and much more than that.
const SIZES: [usize; 6] = [0, 1, 255, 256, 8192, 1_048_576];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn request_reply_over_tcp() {
    run(REQUEST_REPLY, TCP).await;
}

#[tokio::test]
async fn request_reply_over_ipc() {
    run(REQUEST_REPLY, IPC).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn publish_subscribe_over_tcp() {
    run(PUBLISH_SUBSCRIBE, TCP).await;
}

#[tokio::test]
async fn publish_subscribe_over_ipc() {
    run(PUBLISH_SUBSCRIBE, IPC).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pipeline_and_pair_over_tcp() {
    run(PIPELINE_AND_PAIR, TCP).await;
}

#[tokio::test]
async fn pipeline_and_pair_over_ipc() {
    run(PIPELINE_AND_PAIR, IPC).await;
}

/// One pair of sockets.
#[derive(Clone, Copy)]
struct Cell {
    kinds: (SocketKind, SocketKind),
    first_is_ours: bool,
    first_binds: bool,
    place: &'static str,
    named: bool,
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = |ours: bool, binds: bool| {
            format!(
                "{} {}",
                if ours { "ours" } else { "libzmq's" },
                if binds { "binds" } else { "connects" }
            )
        };
        let scheme = self.place.split(':').next().unwrap_or_default();
        let (first, second) = self.kinds;
        let one = side(self.first_is_ours, self.first_binds);
        let other = side(!self.first_is_ours, !self.first_binds);
        let named = if self.named { ", with routing ids" } else { "" };
        write!(f, "{first:?} ({one}) and {second:?} ({other}) over {scheme}{named}")
    }
}

async fn run(pairs: &[(SocketKind, SocketKind)], place: &'static str) {
    for &kinds in pairs {
        let sides: &[bool] = if kinds.0 == kinds.1 { &[true] } else { &[true, false] };
        let has_id = |kind| matches!(kind, Req | Rep | Dealer | Router);
        let names: &[bool] = if has_id(kinds.0) { &[false, true] } else { &[false] };
        for &first_is_ours in sides {
            for first_binds in [true, false] {
                for &named in names {
                    cell(Cell { kinds, first_is_ours, first_binds, place, named }).await;
                }
            }
        }
    }
}

/// All bodies through one fresh pair of sockets.
async fn cell(cell: Cell) {
    let (first, second) = cell.kinds;
    // Two ROUTERs learn of each other by probing: neither could speak first otherwise.
    let probe = cell.kinds == (Router, Router);
    let routing_id = |id| cell.named.then_some(id);
    let first = Setup { kind: first, routing_id: routing_id(FIRST_ID), probe };
    let second = Setup { kind: second, routing_id: routing_id(SECOND_ID), probe };

    let (mut first, mut second) = if cell.first_binds {
        let (one, endpoint) = end(first, cell.first_is_ours, Place::Bind(cell.place)).await;
        let (other, _) = end(second, !cell.first_is_ours, Place::Connect(&endpoint)).await;
        (one, other)
    } else {
        let (other, endpoint) = end(second, !cell.first_is_ours, Place::Bind(cell.place)).await;
        let (one, _) = end(first, cell.first_is_ours, Place::Connect(&endpoint)).await;
        (one, other)
    };
    exchange(cell, &mut first, &mut second).await;
}

const FIRST_ID: &str = "first";
const SECOND_ID: &str = "second";

async fn end(setup: Setup, ours: bool, place: Place<'_>) -> (End, String) {
    if ours { End::ours(setup, place).await } else { End::theirs(setup, place) }
}

/// Says everything there is to say between two kinds of sockets.
async fn exchange(cell: Cell, first: &mut End, second: &mut End) {
    match cell.kinds {
        (Req, Rep) | (Dealer, Dealer) | (Pair, Pair) => {
            for body in bodies() {
                pass(cell, first, &body, second, &body).await;
                pass(cell, second, &body, first, &body).await;
            }
        }
        (Dealer, Rep) => {
            for body in bodies() {
                let enveloped = behind(&[b""], &body);
                pass(cell, first, &enveloped, second, &body).await;
                pass(cell, second, &body, first, &enveloped).await;
            }
        }
        (Req, Router) => {
            for body in bodies() {
                let id = pass_to_router(cell, first, &body, second, &[b""]).await;
                pass(cell, second, &behind(&[&id, b""], &body), first, &body).await;
            }
        }
        (Dealer, Router) => {
            for body in bodies() {
                let id = pass_to_router(cell, first, &body, second, &[]).await;
                pass(cell, second, &behind(&[&id], &body), first, &body).await;
            }
        }
        (Router, Router) => routers(cell, first, second).await,
        (Pub | Xpub, Sub | Xsub) => publish(cell, first, second).await,
        (Push, Pull) => {
            for body in bodies() {
                pass(cell, first, &body, second, &body).await;
            }
        }
        _ => panic!("{cell}: no script"),
    }
}

async fn routers(cell: Cell, first: &mut End, second: &mut End) {
    let of_first = probed(cell, second, FIRST_ID).await;
    let of_second = probed(cell, first, SECOND_ID).await;
    for body in bodies() {
        let (to_second, from_first) = (behind(&[&of_second], &body), behind(&[&of_first], &body));
        pass(cell, first, &to_second, second, &from_first).await;
        pass(cell, second, &from_first, first, &to_second).await;
    }
}

/// The routing id by which a ROUTER knows the other that probes it.
async fn probed(cell: Cell, router: &mut End, chosen: &str) -> Vec<u8> {
    let probe = router.recv(&format!("{cell}: the probe of {chosen}")).await;
    let [id, empty] = &probe[..] else { panic!("{cell}: the probe is {probe:?}") };
    assert_eq!(empty, b"", "{cell}: a probe is empty");
    check_id(cell, id, chosen);
    id.clone()
}

async fn publish(cell: Cell, publisher: &mut End, subscriber: &mut End) {
    let (publishes, subscribes) = cell.kinds;
    if subscribes == Xsub {
        subscriber.send(&format!("{cell}: a subscription"), vec![vec![1]]).await;
    }
    if publishes == Xpub {
        let attending = subscriber.attend();
        let subscription = publisher.recv(&format!("{cell}: the subscription")).await;
        drop(attending);
        assert_eq!(subscription, [[1]], "{cell}: the subscription");
    } else {
        synchronise(cell, publisher, subscriber).await;
    }
    for body in bodies() {
        pass(cell, publisher, &body, subscriber, &body).await;
        if (publishes, subscribes) == (Xpub, Xsub) {
            pass(cell, subscriber, &body, publisher, &body).await;
        }
    }
}

/// A PUB does not tell when it has a subscriber: it publishes until the subscriber says so.
async fn synchronise(cell: Cell, publisher: &mut End, subscriber: &mut End) {
    const BEGIN: &[u8] = b"begin";
    const END: &[u8] = b"end";
    let what = format!("{cell}: the first message that the subscriber gets");
    let publishing = async {
        loop {
            publisher.send(&what, vec![BEGIN.to_vec()]).await;
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    };
    tokio::select! {
        first = subscriber.recv(&what) => assert_eq!(first, [BEGIN], "{what}"),
        () = publishing => {}
    }
    publisher.send(&what, vec![END.to_vec()]).await;
    while subscriber.recv(&what).await != [END] {}
}

/// Sends a message one way.
async fn pass(cell: Cell, from: &mut End, sent: &Frames, to: &mut End, expected: &Frames) {
    let what = format!("{cell}: {}", describe(sent));
    from.send(&what, sent.clone()).await;
    let received = to.recv(&what).await;
    assert!(received == *expected, "{what} came as {}", describe(&received));
}

/// Sends a message to a ROUTER, and gives the routing id that it came with.
async fn pass_to_router(
    cell: Cell,
    from: &mut End,
    body: &Frames,
    router: &mut End,
    envelope: &[&[u8]],
) -> Vec<u8> {
    let what = format!("{cell}: {}", describe(body));
    from.send(&what, body.clone()).await;
    let mut received = router.recv(&what).await;
    let id = received.remove(0);
    check_id(cell, &id, FIRST_ID);
    assert!(received == behind(envelope, body), "{what} came as {}", describe(&received));
    id
}

fn check_id(cell: Cell, id: &[u8], chosen: &str) {
    if cell.named {
        assert_eq!(id, chosen.as_bytes(), "{cell}: the routing id that was chosen");
    } else {
        assert_eq!((id.len(), id[0]), (5, 0), "{cell}: {id:?} is a routing id made up by a ROUTER");
    }
}

fn behind(envelope: &[&[u8]], body: &[Vec<u8>]) -> Frames {
    envelope.iter().map(|frame| frame.to_vec()).chain(body.iter().cloned()).collect()
}

/// A message of each size, alone and in threes.
fn bodies() -> impl Iterator<Item = Frames> {
    let all = [1_u8, 3].into_iter().flat_map(|count| SIZES.map(|size| (count, size)));
    all.map(|(count, size)| (0..count).map(|frame| octets(frame, size)).collect())
}

/// Octets that tell one place from another, and never begin like a subscription.
fn octets(frame: u8, size: usize) -> Vec<u8> {
    (2..=251).cycle().map(|octet: u8| octet.rotate_left(frame.into()) | 2).take(size).collect()
}

fn describe(message: &Frames) -> String {
    let frames: Vec<String> = message
        .iter()
        .map(|frame| match frame.len() {
            0..=16 => format!("{:?}", String::from_utf8_lossy(frame)),
            more => format!("{more} octets from {:?}", &frame[..4]),
        })
        .collect();
    format!("a message of [{}]", frames.join(", "))
}
