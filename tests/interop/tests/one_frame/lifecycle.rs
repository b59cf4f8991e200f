//! A side that stops and comes again, and sockets that connect before the other binds.

use interop::{Attach, Directory, ReservedPort};
use libzmq_peer::SocketKind::{self, Channel, Client, Gather, Peer, Scatter, Server};

use crate::end::{End, Setup};

/// The side that connects first and stays, and the side that binds late and is restarted.
const PAIRS: [(SocketKind, SocketKind); 5] =
    [(Client, Server), (Server, Client), (Scatter, Gather), (Peer, Peer), (Channel, Channel)];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_frame_sockets_resume_after_restart() {
    for (stays, restarts) in PAIRS {
        for ours_stays in [true, false] {
            let (port, directory) = (ReservedPort::new(), Directory::new());
            for endpoint in [port.endpoint(), directory.endpoint()] {
                run(stays, restarts, ours_stays, &endpoint).await;
            }
        }
    }
}

async fn run(stays: SocketKind, restarts: SocketKind, ours_stays: bool, endpoint: &str) {
    let what = format!("{stays:?} stays (ours: {ours_stays}), {restarts:?} restarts, {endpoint}");
    let setup = Setup::default();
    let (staying, _, to_other) =
        End::new(stays, ours_stays, setup, Attach::Connect(endpoint)).await;
    for round in 0..3 {
        let what = format!("{what}, round {round}");
        let messages: Vec<_> = (0..100).map(|n| format!("{round} {n}").into_bytes()).collect();
        let has_queue = !matches!(stays, Server);
        if has_queue {
            // Queued while there is no peer.
            staying.send_all(&what, to_other, messages.clone()).await;
        }
        let (restarting, ..) = End::new(restarts, !ours_stays, setup, Attach::Bind(endpoint)).await;
        let to_staying = if has_queue {
            let (from, received) = restarting.recv_all(&what, 100).await;
            assert!(received == messages, "{what}: {received:?}");
            from
        } else {
            0
        };
        if restarts != Gather {
            restarting.send(&what, to_staying, b"back").await;
            let (from, back) = staying.recv(&what).await;
            assert_eq!(back, b"back", "{what}");
            if to_other != 0 {
                assert_eq!(from, to_other, "{what}: the address of a connected peer stays");
            }
            if stays == Server {
                staying.send(&what, from, b"and again").await;
                assert_eq!(restarting.recv(&what).await.1, b"and again", "{what}");
            }
        }
        staying.lose(&what, restarting).await;
    }
}

/// A SERVER sees clients that come and go, each under an address of its own.
#[tokio::test]
async fn each_client_has_an_address_of_its_own() {
    for ours_serves in [true, false] {
        let setup = Setup::default();
        let (server, at, _) =
            End::new(Server, ours_serves, setup, Attach::Bind(interop::TCP)).await;
        let mut addresses = std::collections::BTreeSet::new();
        for life in 0..20 {
            let what = format!("client {life}, ours serves: {ours_serves}");
            let (client, ..) = End::new(Client, !ours_serves, setup, Attach::Connect(&at)).await;
            client.send(&what, 0, b"hello").await;
            let (from, hello) = server.recv(&what).await;
            assert_eq!(hello, b"hello", "{what}");
            assert!(from != 0 && addresses.insert(from), "{what}: {from} of {addresses:?}");
            server.send(&what, from, b"welcome").await;
            assert_eq!(client.recv(&what).await.1, b"welcome", "{what}");
            client.stop().await;
        }
    }
}
