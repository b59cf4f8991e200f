//! 48/RADIO-DISH, clause by clause: the visible behaviour of RADIO and DISH. Clauses are cited by
//! socket, list and position.

use std::collections::BTreeSet;

use support::{
    ANY_PORT, RawPeer, ReservedPort, disconnected, event, fast_reconnect, huge_frame, within,
};
use zeromq_async::{
    Context, DisconnectReason, DishSocket, Frame, Group, GroupError, MembershipError, Message,
    RadioSocket, SendErrorKind, SocketEvent, SocketType, SubscriptionsExceeded,
};
use zmtp::wire::Command;

fn group(name: &str) -> Group {
    Group::new(name.to_owned()).unwrap()
}

fn grouped(name: &str, body: &str) -> Message {
    Message::multipart([name, body])
}

/// A JOIN or LEAVE as a frame.
fn command(name: &str, group: &[u8]) -> Vec<u8> {
    let mut wire = Vec::new();
    let group = group.to_vec().into();
    let command = match name {
        "JOIN" => Command::Join { group },
        _ => Command::Leave { group },
    };
    command.encode(&mut wire);
    wire
}

async fn recv(dish: &DishSocket) -> (Group, Frame) {
    within("a message", dish.recv()).await.unwrap()
}

async fn send(radio: &RadioSocket, name: &str, body: impl Into<Frame>) {
    within("the RADIO to send", radio.send_to(group(name), body)).await.unwrap();
}

/// A RADIO and a raw DISH that is in the group.
async fn radio_and_raw_dish(name: &str) -> (RadioSocket, RawPeer) {
    let radio = RadioSocket::new();
    let endpoint = radio.bind(ANY_PORT).await.unwrap();
    let mut dish = RawPeer::connect(&endpoint, SocketType::Dish).await;
    dish.write_bytes(&command("JOIN", name.as_bytes())).await;
    radio.wait_for_members(name, 1).await;
    (radio, dish)
}

// ---- overall ----

/// 48/RADIO-DISH: overall goals: a message has one frame, and its group travels in front.
#[tokio::test]
async fn messages_are_group_and_one_frame() {
    let (radio, mut dish) = radio_and_raw_dish("a").await;
    for body in ["", "hello", "\u{1}"] {
        send(&radio, "a", body).await;
        assert_eq!(dish.recv().await, grouped("a", body));
    }
    send(&radio, "a", huge_frame()).await;
    assert_eq!(dish.recv().await.frame_count(), 2);
}

// ---- RADIO, general ----

/// 48/RADIO-DISH: RADIO, general 1.
#[tokio::test]
async fn radio_general_1_sends_to_many_dishes() {
    let radio = RadioSocket::new();
    let tcp = radio.bind(ANY_PORT).await.unwrap();
    let inproc = radio.bind("inproc://radio-general-1").await.unwrap();
    let bound = DishSocket::new();
    radio.connect(bound.bind(ANY_PORT).await.unwrap()).unwrap();
    let dishes = [DishSocket::new(), DishSocket::new(), DishSocket::new(), bound];
    for dish in &dishes {
        dish.join("a").unwrap();
    }
    dishes[0].connect(&tcp).unwrap();
    dishes[1].connect(&tcp).unwrap();
    dishes[2].connect(&inproc).unwrap();
    radio.wait_for_members("a", 4).await;
    send(&radio, "a", "hello").await;
    for dish in &dishes {
        assert_eq!(recv(dish).await, (group("a"), "hello".into()));
    }
}

/// 48/RADIO-DISH: RADIO, general 2: each peer has a queue of its own.
#[tokio::test]
async fn radio_general_2_slow_dish_delays_no_other() {
    let radio = RadioSocket::builder().send_high_water_mark(2).build();
    let endpoint = radio.bind(ANY_PORT).await.unwrap();
    let mut slow = RawPeer::connect(&endpoint, SocketType::Dish).await;
    slow.write_bytes(&command("JOIN", b"a")).await;
    radio.wait_for_members("a", 1).await;
    for _ in 0..8 {
        send(&radio, "a", huge_frame()).await;
    }
    let mut quick = RawPeer::connect(&endpoint, SocketType::Dish).await;
    quick.write_bytes(&command("JOIN", b"b")).await;
    radio.wait_for_members("b", 1).await;
    send(&radio, "b", "quick").await;
    assert_eq!(quick.recv().await, grouped("b", "quick"));
}

/// 48/RADIO-DISH: RADIO, general 3. Groups arrive with the connection, so nothing can wait before.
#[tokio::test]
async fn radio_general_3_keeps_reconnecting_peer() {
    let port = ReservedPort::new();
    let radio = RadioSocket::builder().reconnect(fast_reconnect()).build();
    radio.connect(port.endpoint()).unwrap();
    let id = radio.stats().peers[0].peer;
    for round in ["first", "second"] {
        let dish = DishSocket::new();
        dish.join("a").unwrap();
        within("the address to be free", dish.bind(port.endpoint())).await.unwrap();
        radio.wait_for_members("a", 1).await;
        send(&radio, "a", round).await;
        assert_eq!(recv(&dish).await.1, round);
        let mut events = radio.events();
        drop(dish);
        disconnected(&mut events).await;
        send(&radio, "a", "for no member").await;
    }
    let stats = radio.stats();
    assert_eq!((stats.peers[0].peer, stats.dropped.unsubscribed), (id, 2));
}

/// 48/RADIO-DISH: RADIO, general 4.
#[tokio::test]
async fn radio_general_4_drops_queue_of_gone_dish() {
    let (radio, dish) = radio_and_raw_dish("a").await;
    let mut events = radio.events();
    for _ in 0..8 {
        send(&radio, "a", huge_frame()).await;
    }
    drop(dish);
    assert!(disconnected(&mut events).await > 0);
    assert!(radio.stats().peers.is_empty());
}

/// 48/RADIO-DISH: RADIO, general 5, and processing 5 and 6: a full queue drops, and is counted.
#[tokio::test]
async fn radio_general_5_queue_has_a_limit() {
    let radio = RadioSocket::builder().send_high_water_mark(2).build();
    let endpoint = radio.bind(ANY_PORT).await.unwrap();
    let mut dish = RawPeer::connect(&endpoint, SocketType::Dish).await;
    dish.write_bytes(&command("JOIN", b"a")).await;
    radio.wait_for_members("a", 1).await;
    for _ in 0..20 {
        send(&radio, "a", huge_frame()).await;
    }
    let stats = radio.stats();
    assert!(stats.dropped.full >= 10, "{stats:?}");
    assert_eq!(stats.sent + stats.queued + stats.dropped.full, 20);
}

/// 48/RADIO-DISH: RADIO, general 6.
#[tokio::test]
async fn radio_general_6_drops_what_dishes_send() {
    let (radio, mut dish) = radio_and_raw_dish("a").await;
    dish.send(grouped("a", "not for a RADIO")).await;
    dish.sync().await;
    assert_eq!(radio.stats().discarded.unheard, 1);
    send(&radio, "a", "goes on").await;
    assert_eq!(dish.recv().await, grouped("a", "goes on"));
}

/// 48/RADIO-DISH: RADIO, general 7 and 8.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn radio_general_7_and_8_many_tasks_send() {
    let (radio, mut dish) = radio_and_raw_dish("a").await;
    dish.write_bytes(&command("JOIN", b"b")).await;
    radio.wait_for_members("b", 1).await;
    let tasks = ["a", "b"].map(|name| {
        let radio = radio.clone();
        tokio::spawn(async move {
            for number in 0..100 {
                send(&radio, name, number.to_string()).await;
            }
        })
    });
    let mut received = BTreeSet::new();
    for _ in 0..200 {
        received.insert(dish.recv().await.to_string());
    }
    assert_eq!(received.len(), 200);
    for task in tasks {
        task.await.unwrap();
    }
}

// ---- RADIO, processing outgoing messages ----

/// 48/RADIO-DISH: RADIO, outgoing 1, 3 and 4.
#[tokio::test]
async fn radio_outgoing_3_and_4_groups_match_exactly() {
    let (radio, mut dish) = radio_and_raw_dish("news").await;
    for name in ["", "new", "news.", "News", "sport"] {
        send(&radio, name, "for no member").await;
    }
    send(&radio, "news", "unchanged \u{0}").await;
    assert_eq!(dish.recv().await, grouped("news", "unchanged \u{0}"));
    assert_eq!(radio.stats().dropped.unsubscribed, 5);

    dish.write_bytes(&command("JOIN", b"")).await;
    radio.wait_for_members("", 1).await;
    send(&radio, "", "the empty group").await;
    assert_eq!(dish.recv().await, grouped("", "the empty group"));
}

/// 48/RADIO-DISH: RADIO, outgoing 2: over UDP, all messages to all.
#[tokio::test]
async fn radio_outgoing_2_sends_all_groups_over_udp() {
    let raw = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let radio = RadioSocket::new();
    radio.connect(format!("udp://{}", raw.local_addr().unwrap())).unwrap();
    let mut buffer = [0; 64];
    for (name, datagram) in [("a", &b"\x01ahello"[..]), ("", b"\0hello"), ("bcd", b"\x03bcdhello")]
    {
        send(&radio, name, "hello").await;
        let size = within("a datagram", raw.recv(&mut buffer)).await.unwrap();
        assert_eq!(&buffer[..size], datagram);
    }
}

/// 48/RADIO-DISH: RADIO, outgoing 6: not even without a peer.
#[tokio::test]
async fn radio_outgoing_6_send_never_waits() {
    let radio = RadioSocket::builder().send_high_water_mark(1).build();
    send(&radio, "a", "no peer").await;
    radio.connect("inproc://nowhere").unwrap();
    send(&radio, "a", "no member").await;
    radio.connect("udp://127.0.0.1:9").unwrap();
    for _ in 0..10 {
        radio.try_send_to(group("a"), "a datagram").unwrap();
    }
    assert_eq!(radio.stats().dropped.unsubscribed, 2);
}

// ---- RADIO, processing commands ----

/// 48/RADIO-DISH: RADIO, commands 1 and 2. A second JOIN changes nothing, and one LEAVE ends it.
#[tokio::test]
async fn radio_commands_1_join_and_leave_take_effect() {
    let (radio, mut dish) = radio_and_raw_dish("a").await;
    dish.write_bytes(&command("JOIN", b"a")).await;
    dish.sync().await;
    send(&radio, "a", "once").await;
    dish.write_bytes(&command("LEAVE", b"a")).await;
    dish.write_bytes(&command("LEAVE", b"never joined")).await;
    dish.write_bytes(&command("JOIN", b"b")).await;
    radio.wait_for_members("b", 1).await;
    send(&radio, "a", "left").await;
    send(&radio, "b", "last").await;
    assert_eq!(dish.recv().await, grouped("a", "once"));
    assert_eq!(dish.recv().await, grouped("b", "last"));
}

/// A peer's groups are limited, as subscriptions are. Other peers stay.
#[tokio::test]
async fn dish_with_too_many_groups_is_disconnected() {
    let radio = RadioSocket::builder().max_groups_per_peer(3).build();
    let mut events = radio.events();
    let endpoint = radio.bind(ANY_PORT).await.unwrap();
    let (one, greedy) = (DishSocket::new(), DishSocket::new());
    one.join("1").unwrap();
    one.connect(&endpoint).unwrap();
    radio.wait_for_members("1", 1).await;
    for number in 0..4 {
        greedy.join(number.to_string()).unwrap();
    }
    greedy.connect(&endpoint).unwrap();
    let reason = event(&mut events, "a disconnect", |event| match event {
        SocketEvent::Disconnected { reason, .. } => Some(reason),
        _ => None,
    });
    let limit = SubscriptionsExceeded::Groups { limit: 3 };
    assert!(matches!(reason.await, DisconnectReason::Subscriptions(why) if why == limit));
    send(&radio, "1", "goes on").await;
    assert_eq!(recv(&one).await.1, "goes on");
}

/// A JOIN with an invalid group ends that connection alone.
#[tokio::test]
async fn invalid_join_ends_its_connection_alone() {
    for name in [&[b'x'; 256][..], b"a\0b"] {
        let (radio, mut good) = radio_and_raw_dish("a").await;
        let mut events = radio.events();
        let endpoint = radio.last_endpoint().unwrap();
        let mut bad = RawPeer::connect(&endpoint, SocketType::Dish).await;
        bad.write_bytes(&command("JOIN", name)).await;
        bad.closed().await;
        let reason = event(&mut events, "a disconnect", |event| match event {
            SocketEvent::Disconnected { reason, .. } => Some(reason),
            _ => None,
        });
        assert!(matches!(reason.await, DisconnectReason::Protocol(_)));
        send(&radio, "a", "goes on").await;
        assert_eq!(good.recv().await, grouped("a", "goes on"));
    }
}

// ---- DISH, general ----

/// 48/RADIO-DISH: DISH, general 1 and 2, and incoming 2: radios are received from in turn.
#[tokio::test]
async fn dish_general_1_receives_from_many_fairly() {
    let dish = DishSocket::new();
    dish.join("a").unwrap();
    let endpoint = dish.bind(ANY_PORT).await.unwrap();
    let mut radios = Vec::new();
    for _ in 0..3 {
        let mut radio = RawPeer::connect(&endpoint, SocketType::Radio).await;
        assert_eq!(radio.command().await, Command::Join { group: "a".into() });
        radios.push(radio);
    }
    for (number, radio) in radios.iter_mut().enumerate() {
        for _ in 0..10 {
            radio.send(grouped("a", &number.to_string())).await;
        }
        radio.sync().await;
    }
    let mut turns = Vec::new();
    for _ in 0..30 {
        turns.push(recv(&dish).await.1);
    }
    for turn in turns.chunks(3) {
        let turn: BTreeSet<_> = turn.iter().map(ToString::to_string).collect();
        assert_eq!(turn.len(), 3, "{turns:?}");
    }
}

/// 48/RADIO-DISH: DISH, general 3 and commands 1: groups are told again over each connection.
#[tokio::test]
async fn dish_general_3_joins_again_after_reconnect() {
    let port = ReservedPort::new();
    let dish = DishSocket::new();
    dish.connect(port.endpoint()).unwrap();
    dish.join("a").unwrap();
    dish.join("b").unwrap();
    dish.leave("a").unwrap();
    for round in ["first", "second"] {
        let radio = RadioSocket::new();
        radio.bind(port.endpoint()).await.unwrap();
        within("the DISH to join again", radio.wait_for_members("b", 1)).await;
        send(&radio, "a", "left").await;
        send(&radio, "b", round).await;
        assert_eq!(recv(&dish).await, (group("b"), round.into()));
        radio.close().await;
    }
}

/// 48/RADIO-DISH: DISH, general 4: unlike the clause, what has arrived is still received.
#[tokio::test]
async fn dish_general_4_gone_radio_leaves_messages() {
    let dish = DishSocket::new();
    dish.join("a").unwrap();
    let mut events = dish.events();
    let mut radio = RawPeer::connect(&dish.bind(ANY_PORT).await.unwrap(), SocketType::Radio).await;
    radio.send(grouped("a", "the last")).await;
    radio.sync().await;
    drop(radio);
    disconnected(&mut events).await;
    assert_eq!(recv(&dish).await.1, "the last");
    assert!(dish.stats().peers.is_empty());
}

/// 48/RADIO-DISH: DISH, general 5. A RADIO waits then; its own queue drops.
#[tokio::test]
async fn dish_general_5_queue_has_a_limit() {
    let dish = DishSocket::builder().receive_high_water_mark(3).build();
    dish.join("a").unwrap();
    let endpoint = dish.bind(ANY_PORT).await.unwrap();
    let mut radio = RawPeer::connect(&endpoint, SocketType::Radio).await;
    for number in 0..10 {
        radio.send(grouped("a", &number.to_string())).await;
    }
    for number in 0..10 {
        assert!(dish.stats().unread <= 3);
        assert_eq!(recv(&dish).await.1, Frame::from(number.to_string()));
    }
}

/// 48/RADIO-DISH: DISH, general 6 and 7.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dish_general_6_and_7_many_tasks_receive() {
    let (radio, dish) = (RadioSocket::new(), DishSocket::new());
    dish.join("a").unwrap();
    dish.connect(radio.bind(ANY_PORT).await.unwrap()).unwrap();
    radio.wait_for_members("a", 1).await;
    let tasks = [(); 4].map(|()| {
        let dish = dish.clone();
        tokio::spawn(async move { recv(&dish).await })
    });
    for number in 0..4 {
        send(&radio, "a", number.to_string()).await;
    }
    let mut received = BTreeSet::new();
    for task in tasks {
        let (name, body) = task.await.unwrap();
        assert_eq!(name, "a");
        received.insert(body.to_string());
    }
    assert_eq!(received.len(), 4);
}

// ---- DISH, processing incoming messages ----

/// 48/RADIO-DISH: DISH, incoming 4: what a RADIO sends of other groups is not received.
#[tokio::test]
async fn dish_incoming_4_filters_exactly() {
    let dish = DishSocket::new();
    dish.join("news").unwrap();
    let mut radio = RawPeer::connect(&dish.bind(ANY_PORT).await.unwrap(), SocketType::Radio).await;
    for name in ["new", "news.", "", "sport"] {
        radio.send(grouped(name, "other")).await;
    }
    radio.send(grouped("news", "ours")).await;
    assert_eq!(recv(&dish).await, (group("news"), "ours".into()));
    assert_eq!(dish.stats().discarded.filtered, 4);
    dish.leave("news").unwrap();
    radio.send(grouped("news", "left")).await;
    radio.sync().await;
    assert!(dish.try_recv().is_err());
}

/// A message that is not a group and one frame ends that connection alone, with an event.
#[tokio::test]
async fn ungrouped_message_ends_its_connection_alone() {
    let long = "x".repeat(256);
    for message in [
        Message::from("no group"),
        Message::multipart(["a", "body", "more"]),
        Message::multipart([&long[..], "body"]),
    ] {
        let dish = DishSocket::new();
        dish.join("a").unwrap();
        let mut events = dish.events();
        let endpoint = dish.bind(ANY_PORT).await.unwrap();
        let mut good = RawPeer::connect(&endpoint, SocketType::Radio).await;
        let mut bad = RawPeer::connect(&endpoint, SocketType::Radio).await;
        bad.send(grouped("a", "before")).await;
        bad.sync().await;
        bad.send(message).await;
        bad.closed().await;
        let reason = event(&mut events, "a disconnect", |event| match event {
            SocketEvent::Disconnected { reason, .. } => Some(reason),
            _ => None,
        });
        assert!(matches!(reason.await, DisconnectReason::Protocol(_)));
        good.send(grouped("a", "goes on")).await;
        assert_eq!(recv(&dish).await.1, "before");
        assert_eq!(recv(&dish).await.1, "goes on");
    }
}

/// 48/RADIO-DISH: DISH, commands 1.
#[tokio::test]
async fn dish_commands_1_sends_join_and_leave() {
    let dish = DishSocket::new();
    dish.join("before").unwrap();
    let mut radio = RawPeer::connect(&dish.bind(ANY_PORT).await.unwrap(), SocketType::Radio).await;
    assert_eq!(radio.command().await, Command::Join { group: "before".into() });
    dish.join("after").unwrap();
    assert_eq!(radio.command().await, Command::Join { group: "after".into() });
    dish.leave("before").unwrap();
    assert_eq!(radio.command().await, Command::Leave { group: "before".into() });
}

// ---- group ----

/// 48/RADIO-DISH: group 1 and 2.
#[tokio::test]
async fn group_1_and_2_have_255_bytes_without_zero() {
    assert_eq!(Group::new(vec![b'x'; 256]), Err(GroupError::TooLong(256)));
    assert_eq!(Group::new("a\0"), Err(GroupError::Zero));
    let dish = DishSocket::new();
    assert_eq!(dish.join("a\0"), Err(MembershipError::InvalidGroup(GroupError::Zero)));

    let context = Context::new();
    let radio = RadioSocket::builder_in(&context).build();
    let dish = DishSocket::builder_in(&context).build();
    radio.bind("inproc://longest").await.unwrap();
    dish.connect("inproc://longest").unwrap();
    let longest = Group::new(vec![0xff; 255]).unwrap();
    dish.join(&longest).unwrap();
    radio.send_to(&longest, "hello").await.unwrap();
    assert_eq!(recv(&dish).await, (longest.clone(), "hello".into()));
    assert_eq!(dish.join(&longest), Err(MembershipError::AlreadyJoined(longest.clone())));
    dish.leave(&longest).unwrap();
    assert_eq!(dish.leave(&longest), Err(MembershipError::NotJoined(longest)));
}

/// `no_drop` waits for the member without room, as a publisher's does.
#[tokio::test]
async fn no_drop_radio_waits_for_room() {
    let radio = RadioSocket::builder().no_drop(true).send_high_water_mark(2).build();
    let dish = DishSocket::builder().receive_high_water_mark(2).build();
    dish.join("a").unwrap();
    radio.bind("inproc://no-drop-radio").await.unwrap();
    dish.connect("inproc://no-drop-radio").unwrap();
    for number in 0..4 {
        radio.try_send_to(group("a"), number.to_string()).unwrap();
    }
    let full = radio.try_send_to(group("a"), "no room").unwrap_err();
    assert_eq!(full.kind(), &SendErrorKind::Full);
    assert_eq!(full.into_frame().unwrap(), "no room");
    let waiting = tokio::spawn({
        let radio = radio.clone();
        async move { radio.send_to(group("a"), "waited").await }
    });
    for number in 0..4 {
        assert_eq!(recv(&dish).await.1, Frame::from(number.to_string()));
    }
    assert_eq!(recv(&dish).await.1, "waited");
    waiting.await.unwrap().unwrap();
}
