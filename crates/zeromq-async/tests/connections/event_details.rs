//! Event fields: both addresses of a connection, its descriptor, and their text.

use std::time::Duration;

use support::{ANY_PORT, address, event, within};
use zeromq_async::{
    Endpoint, PairSocket, PeerAddress, PullSocket, PushSocket, ReconnectBackoff, SocketEvent,
};

fn socket_address(address: &PeerAddress) -> Endpoint {
    let PeerAddress::Tcp(address) = address else { panic!("{address}") };
    Endpoint::from(*address)
}

#[tokio::test]
async fn both_ends_of_a_connection_are_told() {
    for place in ["tcp://127.0.0.1:*", "tcp://0.0.0.0:*", "tcp://[::1]:*"] {
        let (push, pull) = (PushSocket::new(), PullSocket::new());
        let (mut connecting, mut binding) = (push.events(), pull.events());
        let bound = pull.bind(place).await.unwrap();
        let to: Endpoint = bound.to_string().replace("0.0.0.0", "127.0.0.1").parse().unwrap();
        push.connect(&to).unwrap();
        let there = event(&mut connecting, "a connection", |event| match event {
            SocketEvent::Connected { address, local, .. } => Some((address, local.unwrap())),
            _ => None,
        });
        let here = event(&mut binding, "a connection", |event| match event {
            SocketEvent::Accepted { address, local, .. } => Some((address, local)),
            _ => None,
        });
        let ((to_address, from), (from_address, at)) = tokio::join!(there, here);
        assert_eq!((socket_address(&to_address), &from), (at, &socket_address(&from_address)));
        assert_eq!(address(&to), address(&socket_address(&to_address)));
    }
}

#[cfg(unix)]
#[tokio::test]
async fn ipc_peer_is_accepted_at_its_endpoint() {
    let (push, pull) = (PushSocket::new(), PullSocket::new());
    let (mut connecting, mut binding) = (push.events(), pull.events());
    let bound = pull.bind("ipc://*").await.unwrap();
    push.connect(&bound).unwrap();
    event(&mut binding, "a connection", |event| match event {
        SocketEvent::Accepted { local, .. } => {
            assert_eq!(local, bound);
            Some(())
        }
        _ => None,
    })
    .await;
    event(&mut connecting, "a connection", |event| match event {
        SocketEvent::Connected { local, descriptor, .. } => {
            assert_eq!(local, None);
            assert!(descriptor.is_some());
            Some(())
        }
        _ => None,
    })
    .await;
}

/// `/proc` shows the socket of a descriptor.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn descriptors_are_those_of_sockets() {
    let is_socket = |descriptor: Option<i32>| {
        let link = format!("/proc/self/fd/{}", descriptor.unwrap());
        std::fs::read_link(link).unwrap().to_string_lossy().starts_with("socket:")
    };
    for place in [ANY_PORT, "ipc://*"] {
        let (push, pull) = (PushSocket::new(), PullSocket::new());
        let (mut connecting, mut binding) = (push.events(), pull.events());
        push.connect(pull.bind(place).await.unwrap()).unwrap();
        let mut found = Vec::new();
        event(&mut binding, "a connection", |event| match event {
            SocketEvent::Listening { descriptor, .. } => {
                found.push(descriptor);
                None
            }
            SocketEvent::Accepted { descriptor, .. } => {
                found.push(descriptor);
                Some(())
            }
            _ => None,
        })
        .await;
        event(&mut connecting, "a connection", |event| match event {
            SocketEvent::Connected { descriptor, .. } => {
                found.push(descriptor);
                Some(())
            }
            _ => None,
        })
        .await;
        assert!(found.iter().all(|descriptor| is_socket(*descriptor)), "{found:?}");
        found.sort_unstable();
        found.dedup();
        assert_eq!(found.len(), 3, "{found:?}");
    }
}

#[tokio::test]
async fn events_are_told_in_words() {
    let pull = PullSocket::new();
    let mut binding = pull.events();
    let bound = pull.bind(ANY_PORT).await.unwrap();
    let backoff = ReconnectBackoff::new(Duration::from_millis(1));
    let mut push = PushSocket::builder().reconnect(backoff).build();
    let mut connecting = push.events();
    push.connect(&bound).unwrap();
    within("the peer", push.wait_for_peers(1)).await;
    within("the peer", pull.wait_for_peers(1)).await;
    push.send("x").await.unwrap();
    push.flush().await.unwrap();
    pull.close().await;
    let mut words = Vec::new();
    while let Some(event) = within("the end", binding.next()).await {
        words.push(event.to_string());
    }
    let text = words.join("\n");
    for expected in [
        format!("listening at {bound}"),
        "accepted a connection from 127.0.0.1:".to_owned(),
        format!(" is ready at {bound}: a PUSH"),
        format!("no longer listening at {bound}"),
        format!(" at {bound} has left: this socket closed the connection"),
    ] {
        assert!(text.contains(&expected), "{expected} is not in\n{text}");
    }
    let mut words = Vec::new();
    while !words.iter().any(|word: &String| word.contains("failed")) {
        words.push(within("an event", connecting.next()).await.unwrap().to_string());
    }
    let text = words.join("\n");
    for expected in [
        format!("connected to {bound}, which is 127.0.0.1:"),
        format!(" at {bound} has left: the peer closed the connection"),
        format!("to connect to {bound} follows in"),
        format!("attempt 1 to connect to {bound} failed: "),
    ] {
        assert!(text.contains(&expected), "{expected} is not in\n{text}");
    }
}

#[tokio::test]
async fn a_peer_turned_away_is_told_in_words() {
    let pair = PairSocket::new();
    let bound = pair.bind("inproc://told-in-words").await.unwrap();
    let mut events = pair.events();
    let (first, second) = (PairSocket::new(), PairSocket::new());
    first.connect(&bound).unwrap();
    second.connect(&bound).unwrap();
    let words = event(&mut events, "a refusal", |event| {
        matches!(event, SocketEvent::Rejected { .. }).then(|| event.to_string())
    })
    .await;
    assert!(words.starts_with("rejected a peer at inproc://told-in-words: "), "{words}");
}
