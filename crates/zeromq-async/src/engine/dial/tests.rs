use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::time::timeout;
use zmtp::SocketType;

use super::*;
use crate::engine::{Engine, InprocRegistry};
use crate::options::{ReconnectBackoff, SocketOptions};
use crate::pipe::PeerSet;
use crate::transport::{Resolving, TWO_ADDRESSES, Transports, listeners_on_one_port};

const DEADLINE: Duration = Duration::from_secs(20);

fn engine(socket_type: SocketType, transports: Transports) -> Engine {
    let reconnect = Some(ReconnectBackoff::new(Duration::from_millis(1)));
    let options = SocketOptions { reconnect, ..SocketOptions::default() };
    let (inproc, transports) = (Arc::<InprocRegistry>::default(), Arc::new(transports));
    Engine::new(
        socket_type,
        options,
        inproc,
        transports,
        Arc::new(PeerSet::new(None)),
        Arc::new(()),
    )
}

/// The name has two addresses. The first accepts and is not a peer.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn every_address_of_a_name_is_tried() {
    let ([wrong, right_listener], port) = listeners_on_one_port();
    wrong.set_nonblocking(true).unwrap();
    let wrong = TcpListener::from_std(wrong).unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = wrong.accept().await {
            let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.6, and more to fill a greeting").await;
        }
    });
    let right = engine(SocketType::Pull, Transports::default());
    right.bind_listener(right_listener).unwrap();

    let mut transports = Transports::default();
    transports.add("tcp", Resolving::to(TWO_ADDRESSES.into())).unwrap();
    let push = engine(SocketType::Push, transports);
    let mut events = push.listen();
    push.connect(format!("tcp://two:{port}").parse().unwrap(), None).unwrap();
    let greeted = async {
        loop {
            match events.next().await.expect("an open socket") {
                SocketEvent::HandshakeSucceeded { .. } => return,
                SocketEvent::HandshakeFailed { attempt: Some(3..), .. } => panic!("never left"),
                _ => {}
            }
        }
    };
    timeout(DEADLINE, greeted).await.expect("the second address");
}
