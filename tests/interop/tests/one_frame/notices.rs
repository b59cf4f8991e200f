//! Messages that sockets send and receive on their own when peers connect and disconnect: the same from
//! both libraries.

use interop::{Attach, TCP};
use libzmq_peer::SocketKind::{Client, Peer, Server};

use crate::end::{End, Setup};

/// `ZMQ_HELLO_MSG`: before everything, from CLIENT, SERVER and PEER.
#[tokio::test]
async fn hello_frame_precedes_everything() {
    let setup = Setup { hello: Some("HELLO"), ..Setup::default() };
    for ours in [true, false] {
        let what = format!("greets: {ours}");
        let (client, at, _) = End::new(Client, ours, setup, Attach::Bind(TCP)).await;
        let (server, ..) = End::new(Server, !ours, Setup::default(), Attach::Connect(&at)).await;
        assert_eq!(server.recv(&what).await.1, b"HELLO", "{what}");
        client.send(&what, 0, b"next").await;
        assert_eq!(server.recv(&what).await.1, b"next", "{what}");

        let (server, at, _) = End::new(Server, ours, setup, Attach::Bind(TCP)).await;
        let (client, ..) = End::new(Client, !ours, Setup::default(), Attach::Connect(&at)).await;
        client.send(&what, 0, b"request").await;
        let (from, _) = server.recv(&what).await;
        server.send(&what, from, b"reply").await;
        assert_eq!(client.recv(&what).await.1, b"HELLO", "{what}");
        assert_eq!(client.recv(&what).await.1, b"reply", "{what}");

        let (bound, at, _) = End::new(Peer, ours, setup, Attach::Bind(TCP)).await;
        let (connected, _, to_bound) =
            End::new(Peer, !ours, Setup::default(), Attach::Connect(&at)).await;
        assert_eq!(connected.recv(&what).await, (to_bound, b"HELLO".to_vec()), "{what}");
        connected.send(&what, to_bound, b"next").await;
        assert_eq!(bound.recv(&what).await.1, b"next", "{what}");
    }
}

/// `ZMQ_DISCONNECT_MSG`: the last message of each lost peer that had connected, under its address.
#[tokio::test]
async fn disconnect_frame_follows_a_lost_peer() {
    let setup = Setup { disconnect_message: Some("GONE"), ..Setup::default() };
    for ours in [true, false] {
        for (kind, other) in [(Server, Client), (Peer, Peer)] {
            let what = format!("{kind:?}, ours: {ours}");
            let (bound, at, _) = End::new(kind, ours, setup, Attach::Bind(TCP)).await;
            let (lost, _, to_bound) =
                End::new(other, !ours, Setup::default(), Attach::Connect(&at)).await;
            lost.send(&what, to_bound, b"the last").await;
            let (from, last) = bound.recv(&what).await;
            assert_eq!(last, b"the last", "{what}");
            lost.stop().await;
            assert_eq!(bound.recv(&what).await, (from, b"GONE".to_vec()), "{what}");
        }
    }
}

/// `ZMQ_HICCUP_MSG`: received when the connection is lost to a peer that this side connected to.
#[tokio::test]
async fn hiccup_frame_tells_of_a_lost_connection() {
    let setup = Setup { hiccup_message: Some("HICCUP"), ..Setup::default() };
    for ours in [true, false] {
        for (kind, other) in [(Client, Server), (Peer, Peer)] {
            let what = format!("{kind:?}, ours: {ours}");
            let (lost, at, _) = End::new(other, !ours, Setup::default(), Attach::Bind(TCP)).await;
            let (connected, _, to_lost) = End::new(kind, ours, setup, Attach::Connect(&at)).await;
            connected.send(&what, to_lost, b"hello").await;
            assert_eq!(lost.recv(&what).await.1, b"hello", "{what}");
            lost.stop().await;
            assert_eq!(connected.recv(&what).await, (to_lost, b"HICCUP".to_vec()), "{what}");
        }
    }
}
