//! The exchange between two sockets of either library, for each pattern.

use interop::{End, Frames};
use libzmq_peer::SocketKind::{Dealer, Pair, Pub, Pull, Push, Rep, Req, Router, Sub, Xpub, Xsub};

use super::Cell;

/// The routing ids, if assigned.
pub(crate) const FIRST_ID: &str = "first";
pub(crate) const SECOND_ID: &str = "second";

/// Empty, the limits of short frames, libzmq's read size, and much more.
const SIZES: [usize; 7] = [0, 1, 255, 256, 8192, 65_536, 1_048_576];

/// Exchanges messages between two kinds of sockets.
pub(crate) async fn exchange(cell: Cell, first: &mut End, second: &mut End) {
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
    // libzmq probes only during a call.
    let (of_first, of_second) =
        tokio::join!(probed(cell, second, FIRST_ID), probed(cell, first, SECOND_ID));
    for body in bodies() {
        let (to_second, from_first) = (behind(&[&of_second], &body), behind(&[&of_first], &body));
        pass(cell, first, &to_second, second, &from_first).await;
        pass(cell, second, &from_first, first, &to_second).await;
    }
}

/// The routing id of the other ROUTER, from its probe.
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
        let attending = subscriber.keep_receiving();
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

/// A PUB does not report when it has a subscriber, so it publishes until the subscriber receives.
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

/// Sends a message to a ROUTER. Returns the routing id of the sender.
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

/// A message of each size, single and in threes.
fn bodies() -> impl Iterator<Item = Frames> {
    let all = [1_u8, 3].into_iter().flat_map(|count| SIZES.map(|size| (count, size)));
    all.map(|(count, size)| (0..count).map(|frame| bytes(frame, size)).collect())
}

/// Bytes that differ by position and never begin like a subscription.
fn bytes(frame: u8, size: usize) -> Vec<u8> {
    let some: Vec<u8> = (2..=251).map(|byte: u8| byte.rotate_left(frame.into()) | 2).collect();
    let mut bytes = some.repeat(size.div_ceil(some.len()));
    bytes.truncate(size);
    bytes
}

fn describe(message: &Frames) -> String {
    let frames: Vec<String> = message
        .iter()
        .map(|frame| match frame.len() {
            0..=16 => format!("{:?}", String::from_utf8_lossy(frame)),
            more => format!("{more} bytes from {:?}", &frame[..4]),
        })
        .collect();
    format!("a message of [{}]", frames.join(", "))
}
