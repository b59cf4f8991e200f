//! RADIO and DISH over tcp, ipc and ws.

use interop::{IPC, TCP, WS, disconnected, libzmq, while_called, within};
use libzmq_peer::SocketKind;
use zeromq_async::{DishSocket, RadioSocket};

use crate::peers::{Binds, GROUP, HEARTBEAT, Pair, bodies, group, numbers, send};

/// Empty, the limits of short frames, libzmq's read size, and much more.
const SIZES: &[usize] = &[0, 1, 255, 256, 8192, 65_536, 1_048_576];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn radio_and_dish_over_streams() {
    for place in [TCP, IPC, WS] {
        for binds in [Binds::Radio, Binds::Dish] {
            for pair in
                [Pair::sends(place, binds, false).await, Pair::receives(place, binds, false).await]
            {
                pair.pass(&bodies(SIZES), 1).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_messages_stay_in_order() {
    for place in [TCP, IPC, WS] {
        for pair in [
            Pair::sends(place, Binds::Radio, false).await,
            Pair::receives(place, Binds::Dish, false).await,
        ] {
            pair.pass(&numbers(10_000), 500).await;
        }
    }
}

/// Traffic and silence, with heartbeats from both sides.
#[tokio::test]
async fn heartbeats_lose_no_message_of_a_group() {
    for binds in [Binds::Radio, Binds::Dish] {
        let pair = Pair::receives(TCP, binds, true).await;
        for _ in 0..5 {
            pair.pass(&numbers(200), 50).await;
            tokio::time::sleep(HEARTBEAT * 3).await;
        }
    }
}

/// libzmq's DISH takes the PING of a RADIO for a message without a group, and ends the connection. So
/// does it with libzmq's own RADIO.
#[tokio::test]
async fn libzmq_dish_ends_at_a_heartbeat() {
    let radio = RadioSocket::builder().heartbeat_interval(HEARTBEAT).build();
    let mut events = radio.events();
    let endpoint = radio.bind(TCP).await.unwrap().to_string();
    let theirs = libzmq(SocketKind::Dish, move |socket| {
        socket.join(GROUP)?;
        socket.connect(&endpoint)
    });
    while_called(&theirs, within("libzmq to join", radio.wait_for_members(GROUP, 1))).await;
    let ended = within("the end of the connection", disconnected(&mut events));
    while_called(&theirs, ended).await;
}

/// libzmq hears the groups again when our RADIO comes back, and we tell them when its RADIO does.
#[tokio::test]
async fn groups_are_joined_again_after_restart() {
    let first = RadioSocket::new();
    let endpoint = first.bind(TCP).await.unwrap().to_string();
    let to = endpoint.clone();
    let theirs = libzmq(SocketKind::Dish, move |socket| {
        socket.join(GROUP)?;
        socket.connect(&to)
    });
    while_called(&theirs, within("libzmq to join", first.wait_for_members(GROUP, 1))).await;
    first.close().await;
    let second = RadioSocket::new();
    second.bind(&endpoint).await.unwrap();
    let joined = within("libzmq to join again", second.wait_for_members(GROUP, 1));
    while_called(&theirs, joined).await;
    Pair::Sends(Box::new(second), theirs).pass(&numbers(3), 1).await;

    let dish = DishSocket::new();
    dish.join(GROUP).unwrap();
    let mut place = TCP.to_owned();
    for round in 0..2 {
        let at = place.clone();
        let radio = libzmq(SocketKind::Radio, move |socket| socket.bind(&at).map(drop));
        if round == 0 {
            place = radio.endpoint().to_owned();
            dish.connect(&place).unwrap();
        }
        within("our DISH to join", async {
            while dish.try_recv().is_err() {
                radio.run(|socket| send(socket, GROUP, b"hello")).await.unwrap();
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        })
        .await;
        radio.stop().await.unwrap();
    }
}

/// libzmq's DISH leaves a group, and comes back to it.
#[tokio::test]
async fn libzmq_leaves_and_joins() {
    let pair = Pair::sends(TCP, Binds::Radio, false).await;
    pair.pass(&numbers(3), 1).await;
    let Pair::Sends(radio, dish) = &pair else { unreachable!() };
    let before = radio.stats().dropped.unsubscribed;
    dish.run(|socket| socket.leave(GROUP)).await.unwrap();
    within("libzmq to leave", async {
        while radio.stats().dropped.unsubscribed == before {
            radio.send_to(group(), "left").await.unwrap();
            tokio::task::yield_now().await;
        }
    })
    .await;
    dish.run(|socket| socket.join("another")).await.unwrap();
    while_called(dish, within("libzmq to join", radio.wait_for_members("another", 1))).await;
    radio.send_to(zeromq_async::Group::new("another").unwrap(), "hello").await.unwrap();
    let heard = dish.run(|socket| socket.recv_msg().map(|mut msg| msg.to_vec()));
    assert_eq!(within("libzmq to hear it", heard).await.unwrap(), b"hello");
}
