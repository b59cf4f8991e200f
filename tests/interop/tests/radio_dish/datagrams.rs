//! RADIO, DISH and DGRAM over udp.

use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicU32, Ordering};

use interop::{libzmq, within};
use libzmq_peer::SocketKind;
use zeromq_async::{DgramSocket, DishSocket, Endpoint, RadioSocket};

use crate::peers::{Binds, GROUP, Pair, bodies, endpoint_of, group, numbers, send};

const UNICAST: &str = "udp://127.0.0.1:";
const MULTICAST: &str = "udp://127.0.0.1;239.255.9.1:";

/// Up to a datagram of 8,192 bytes: with the group and its length.
const SIZES: &[usize] = &[0, 1, 255, 256, 1472, 4096, 8192 - 1 - GROUP.len()];

/// A place at a port that is free now. libzmq does not tell which one it has bound. The port is below those
/// that the system gives out, so no socket that connects has it meanwhile.
fn place(start: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let number =
            std::process::id().wrapping_mul(64).wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = u16::try_from(20_000 + number % 10_000).unwrap();
        if UdpSocket::bind(("0.0.0.0", port)).is_ok() {
            return format!("{start}{port}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn radio_and_dish_over_udp() {
    for start in [UNICAST, MULTICAST] {
        for pair in [
            Pair::sends(&place(start), Binds::Dish, false).await,
            Pair::receives(&place(start), Binds::Dish, false).await,
        ] {
            pair.pass(&bodies(SIZES), 1).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_datagrams_stay_in_order() {
    for start in [UNICAST, MULTICAST] {
        for pair in [
            Pair::sends(&place(start), Binds::Dish, false).await,
            Pair::receives(&place(start), Binds::Dish, false).await,
        ] {
            pair.pass(&numbers(10_000), 20).await;
        }
    }
}

/// Either side goes and comes back, and the other goes on.
#[tokio::test]
async fn datagrams_arrive_after_restart() {
    let Pair::Sends(radio, dish) = Pair::sends(&place(UNICAST), Binds::Dish, false).await else {
        unreachable!()
    };
    let at = endpoint_of(&dish);
    dish.stop().await.unwrap();
    for _ in 0..10 {
        radio.send_to(group(), "into the void").await.unwrap();
    }
    radio.flush().await.unwrap();
    let dish = libzmq(SocketKind::Dish, move |socket| {
        socket.join(GROUP)?;
        socket.bind(&at).map(drop)
    });
    let pair = Pair::Sends(radio, dish);
    pair.until_heard().await;
    pair.pass(&numbers(10), 5).await;

    let Pair::Receives(radio, dish) = Pair::receives(&place(UNICAST), Binds::Dish, false).await
    else {
        unreachable!()
    };
    let at = dish.last_endpoint().unwrap();
    dish.close().await;
    radio.run(|socket| send(socket, GROUP, b"into the void")).await.unwrap();
    let dish = DishSocket::new();
    dish.join(GROUP).unwrap();
    dish.bind(&at).await.unwrap();
    let pair = Pair::Receives(radio, dish);
    // libzmq may send what went into the void only now.
    pair.until_heard().await;
    pair.pass(&numbers(10), 5).await;
}

/// libzmq sends each group; the DISH sorts out what it has not joined.
#[tokio::test]
async fn dish_sorts_out_groups_of_libzmq() {
    let pair = Pair::receives(&place(UNICAST), Binds::Dish, false).await;
    let Pair::Receives(radio, dish) = &pair else { unreachable!() };
    radio
        .run(|socket| {
            send(socket, "other", b"not ours")?;
            send(socket, "", b"not ours")?;
            send(socket, &"x".repeat(255), b"not ours")
        })
        .await
        .unwrap();
    pair.pass(&numbers(1), 1).await;
    assert_eq!(dish.stats().discarded.filtered, 3);
}

/// A RADIO of each library, one DISH of each at the same group of the network.
#[tokio::test]
async fn both_libraries_share_a_multicast_group() {
    let at = place(MULTICAST);
    let theirs = at.clone();
    let theirs = libzmq(SocketKind::Dish, move |socket| {
        socket.join(GROUP)?;
        socket.bind(&theirs).map(drop)
    });
    let ours = DishSocket::new();
    ours.join(GROUP).unwrap();
    ours.bind(&at).await.unwrap();
    let radio = RadioSocket::new();
    radio.connect(&at).unwrap();
    let pair = Pair::Sends(Box::new(radio), theirs);
    pair.until_heard().await;
    while within("the last of them", ours.recv()).await.unwrap().1 != "last" {}
    let Pair::Sends(radio, theirs) = pair else { unreachable!() };
    for number in 0..20 {
        radio.send_to(group(), number.to_string()).await.unwrap();
        let heard = theirs.run(|socket| socket.recv_msg().map(|mut msg| msg.to_vec()));
        let heard = within("libzmq to hear it", heard).await.unwrap();
        assert_eq!(heard, number.to_string().into_bytes());
        let (_, heard) = within("our DISH to hear it", ours.recv()).await.unwrap();
        assert_eq!(&heard[..], number.to_string().as_bytes());
    }
}

/// libzmq's DGRAM names its peers in text.
#[tokio::test]
async fn dgrams_exchange_datagrams_with_libzmq() {
    let at = place(UNICAST);
    let to: SocketAddr = at.trim_start_matches("udp://").parse().unwrap();
    let theirs = libzmq(SocketKind::Dgram, move |socket| socket.bind(&at).map(drop));
    let ours = DgramSocket::new();
    let Endpoint::Udp(udp) = ours.bind("udp://127.0.0.1:*").await.unwrap() else { panic!() };
    // libzmq binds after `zmq_bind` has returned, and sends after that.
    let name = format!("127.0.0.1:{}", udp.port());
    theirs.send([&name, "bound"]).await.unwrap();
    assert_eq!(&within("libzmq to be bound", ours.recv()).await.unwrap().1[..], b"bound");
    for size in [0, 1, 1472, 8191] {
        let body = vec![b'x'; size];
        ours.send_to(to, body.clone()).await.unwrap();
        let received = within("libzmq to receive", theirs.recv()).await.unwrap();
        assert_eq!(received, [format!("{name}\0").into_bytes(), body.clone()]);
        theirs.send([name.clone().into_bytes(), body.clone()]).await.unwrap();
        let (from, frame) = within("a datagram", ours.recv()).await.unwrap();
        assert_eq!((from, &frame[..]), (to, &body[..]));
    }
}
