use std::net::{Ipv4Addr, SocketAddr};

use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::time::timeout;
use zmtp::SocketType;

use super::*;
use crate::engine::Names;
use crate::options::{ReconnectBackoff, SocketOptions};
use crate::pipe::PeerSet;
use crate::transport::{Resolving, Transports};

const DEADLINE: Duration = Duration::from_secs(20);

fn engine(socket_type: SocketType, transports: Transports) -> Arc<Engine> {
    let reconnect = Some(ReconnectBackoff::new(Duration::from_millis(1)));
    let options = SocketOptions { reconnect, ..SocketOptions::default() };
    let (names, transports) = (Arc::<Names>::default(), Arc::new(transports));
    Engine::new(socket_type, options, names, transports, Arc::new(PeerSet::new(None)), Arc::new(()))
}

/// The names of two addresses, of which the first accepts and is no peer.
#[tokio::test]
async fn every_address_of_a_name_is_tried() {
    let wrong = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = wrong.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = wrong.accept().await {
            let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.6, and more to fill a greeting").await;
        }
    });
    let right = engine(SocketType::Pull, Transports::default());
    let address: SocketAddr = (Ipv4Addr::new(127, 0, 0, 2), port).into();
    right.bind(Endpoint::from(address)).await.unwrap();

    let addresses = vec![(Ipv4Addr::LOCALHOST, 0).into(), (Ipv4Addr::new(127, 0, 0, 2), 0).into()];
    let mut transports = Transports::default();
    transports.add("tcp", Resolving::to(addresses)).unwrap();
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
